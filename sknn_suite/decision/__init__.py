"""Decisions from scores; knows no network, and every classifier may use it."""

from sknn_suite.decision._criteria import (
    Capacity,
    CostMatrix,
    Criterion,
    FBeta,
    PrecisionAtRecall,
    RecallAtPrecision,
)
from sknn_suite.decision._prior import prior_correction, prior_shift
from sknn_suite.decision._recalibrator import Recalibrator
from sknn_suite.decision._rule import DecisionRule, choose_rule, settle_rule
from sknn_suite.decision._scorer import make_criterion
from sknn_suite.decision._threshold import (
    DecisionCurve,
    ThresholdChoice,
    find_threshold,
)
from sknn_suite.decision._tuner import ThresholdTuner

__all__ = [
    "Capacity",
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
    "choose_rule",
    "find_threshold",
    "make_criterion",
    "prior_correction",
    "prior_shift",
    "settle_rule",
]
