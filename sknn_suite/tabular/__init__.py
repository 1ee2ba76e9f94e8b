"""Estimators for tables: of numbers, and of mixed columns."""

from sknn_suite.tabular._classifier import MLPClassifier
from sknn_suite.tabular._mixed_classifier import TabularClassifier
from sknn_suite.tabular._mixed_regressor import TabularRegressor
from sknn_suite.tabular._regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "TabularClassifier", "TabularRegressor"]
