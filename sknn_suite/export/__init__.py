"""Fitted models for programs that have neither this package nor scikit-learn."""

from sknn_suite.export._onnx import to_onnx
from sknn_suite.export._pipelines import register_converters
from sknn_suite.export._torch import to_torch

__all__ = ["register_converters", "to_onnx", "to_torch"]
