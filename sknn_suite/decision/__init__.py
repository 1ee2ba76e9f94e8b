"""Decisions from scores; knows no network, and every classifier may use it."""

from sknn_suite.decision._criteria import (
    Capacity,
    CostMatrix,
    Criterion,
    FBeta,
    PrecisionAtRecall,
    RecallAtPrecision,
)
from sknn_suite.decision._prior import prior_correction
from sknn_suite.decision._recalibrator import Recalibrator, fit_counted
from sknn_suite.decision._remainder import remaining_shift
from sknn_suite.decision._rule import DecisionRule
from sknn_suite.decision._threshold import (
    DecisionCurve,
    ThresholdChoice,
    find_threshold,
)
from sknn_suite.decision._tuner import ThresholdTuner
from sknn_suite.decision._wrapper import ClassifierWrapper

__all__ = [
    "Capacity",
    "ClassifierWrapper",
    "CostMatrix",
    "Criterion",
    "DecisionCurve",
    "DecisionRule",
    "FBeta",
    "PrecisionAtRecall",
    "Recalibrator",
    "RecallAtPrecision",
    "ThresholdChoice",
    "ThresholdTuner",
    "find_threshold",
    "fit_counted",
    "prior_correction",
    "remaining_shift",
]
