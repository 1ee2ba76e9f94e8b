"""Estimators for tables of numbers."""

from sknn_suite.tabular._classifier import MLPClassifier
from sknn_suite.tabular._regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
