"""Neural networks as true scikit-learn estimators."""

from sknn_suite.tabular import MLPClassifier, MLPRegressor

__version__ = "0.1.0"

__all__ = ["MLPClassifier", "MLPRegressor"]
