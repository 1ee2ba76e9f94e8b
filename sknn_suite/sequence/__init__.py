"""Estimators for sequences of numbers."""

from sknn_suite.sequence._classifier import RNNClassifier
from sknn_suite.sequence._recurrent import RecurrentEstimator

__all__ = ["RNNClassifier", "RecurrentEstimator"]
