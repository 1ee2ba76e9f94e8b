"""Out-of-fold ensembles: no prediction that is judged is by a model that knows it."""

from sknn_suite.ensemble._automatic import AutoClassifier, AutoRegressor
from sknn_suite.ensemble._blend import blend
from sknn_suite.ensemble._cross_fit import CrossFitClassifier, CrossFitRegressor
from sknn_suite.ensemble._greedy import GreedyWeights, greedy_weights
from sknn_suite.ensemble._stacking import (
    CrossFitStackingClassifier,
    CrossFitStackingRegressor,
)

__all__ = [
    "AutoClassifier",
    "AutoRegressor",
    "CrossFitClassifier",
    "CrossFitRegressor",
    "CrossFitStackingClassifier",
    "CrossFitStackingRegressor",
    "GreedyWeights",
    "blend",
    "greedy_weights",
]
