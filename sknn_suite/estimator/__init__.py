"""The straight way of a fit, from the user's data to fitted attributes."""

from sknn_suite.estimator._base import NeuralEstimator, transactional
from sknn_suite.estimator._classifier import ClassifierHalf
from sknn_suite.estimator._prediction import BoundModule, is_float32
from sknn_suite.estimator._regressor import RegressorHalf
from sknn_suite.estimator._rows import Rows, Run
from sknn_suite.estimator._supervised import can_partial_fit, refuse_early_stopping

__all__ = [
    "BoundModule",
    "ClassifierHalf",
    "NeuralEstimator",
    "RegressorHalf",
    "Rows",
    "Run",
    "can_partial_fit",
    "is_float32",
    "refuse_early_stopping",
    "transactional",
]
