"""A fit, step by step: from the user's data to fitted attributes."""

from sknn_suite.estimator._base import NeuralEstimator
from sknn_suite.estimator._classifier import Classifier
from sknn_suite.estimator._fit import Call, plan_call
from sknn_suite.estimator._fitted import FittedNet, LiveModule, is_float32, same_objects
from sknn_suite.estimator._memory import Memory
from sknn_suite.estimator._objective import Classification, Objective
from sknn_suite.estimator._regression import Regression
from sknn_suite.estimator._regressor import Regressor
from sknn_suite.estimator._rows import Rows
from sknn_suite.estimator._settled import SETTLED
from sknn_suite.estimator._snapshot import with_attributes
from sknn_suite.estimator._supervised import (
    SupervisedEstimator,
    can_partial_fit,
    refuse_early_stopping,
)
from sknn_suite.estimator._task import SupervisedTask, Task
from sknn_suite.estimator._together import predict_each, predicts_as_usual

__all__ = [
    "SETTLED",
    "Call",
    "Classification",
    "Classifier",
    "FittedNet",
    "LiveModule",
    "Memory",
    "NeuralEstimator",
    "Objective",
    "Regression",
    "Regressor",
    "Rows",
    "SupervisedEstimator",
    "SupervisedTask",
    "Task",
    "can_partial_fit",
    "is_float32",
    "plan_call",
    "predict_each",
    "predicts_as_usual",
    "refuse_early_stopping",
    "same_objects",
    "with_attributes",
]
