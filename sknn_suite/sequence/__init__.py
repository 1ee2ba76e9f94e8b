"""Estimators for sequences of numbers, and what those for texts share with them."""

from sknn_suite.sequence._classifier import RNNClassifier
from sknn_suite.sequence._parameters import RecurrentParameters
from sknn_suite.sequence._task import RecurrentTask

__all__ = ["RNNClassifier", "RecurrentParameters", "RecurrentTask"]
