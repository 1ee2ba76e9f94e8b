"""Estimators for images."""

from sknn_suite.images._classifier import CNNClassifier
from sknn_suite.images._copies import change_copies, strengths_for_copies

__all__ = ["CNNClassifier", "change_copies", "strengths_for_copies"]
