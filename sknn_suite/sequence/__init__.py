"""Estimators for texts and for sequences of numbers."""

from sknn_suite.sequence._classifier import RNNClassifier
from sknn_suite.sequence._text_classifier import TextRNNClassifier

__all__ = ["RNNClassifier", "TextRNNClassifier"]
