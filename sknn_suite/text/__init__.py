"""Estimators for texts."""

from sknn_suite.encoding import Tokenizer
from sknn_suite.text._classifier import TextRNNClassifier

__all__ = [
    "TextRNNClassifier",
    "Tokenizer",
]
