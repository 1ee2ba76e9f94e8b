"""Estimators for images."""

from sknn_suite.images._classifier import CNNClassifier

__all__ = ["CNNClassifier"]
