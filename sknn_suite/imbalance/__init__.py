"""Training on rare classes: whatever changes which rows an estimator sees."""

from sknn_suite.imbalance._balanced_ensemble import BalancedEnsembleClassifier

__all__ = ["BalancedEnsembleClassifier"]
