"""Parameters, each declared once, and those of training that all estimators have."""

from sknn_suite.parameters._declaration import param, parameters, redefault
from sknn_suite.parameters._settings import Settings, settle
from sknn_suite.parameters._training import (
    OPTIMIZER_NAMES,
    SCHEDULE_NAMES,
    OneCycleParameters,
    TrainingParameters,
)

__all__ = [
    "OPTIMIZER_NAMES",
    "SCHEDULE_NAMES",
    "OneCycleParameters",
    "Settings",
    "TrainingParameters",
    "param",
    "parameters",
    "redefault",
    "settle",
]
