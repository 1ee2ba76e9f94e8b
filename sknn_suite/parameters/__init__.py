"""Parameters, each declared once, and those of training that all estimators have."""

from sknn_suite.parameters._combinations import (
    not_read_by,
    refuse_combinations,
    refuse_for_arrays,
    refuse_for_network,
)
from sknn_suite.parameters._declaration import param, parameters, redefault
from sknn_suite.parameters._foreign_values import explain_value
from sknn_suite.parameters._groups import GROUPS, groups_of
from sknn_suite.parameters._settings import Settings, settle
from sknn_suite.parameters._training import (
    OPTIMIZER_NAMES,
    SCHEDULE_NAMES,
    OneCycleParameters,
    TrainingParameters,
)
from sknn_suite.parameters._values import check_schedule
from sknn_suite.parameters._words import (
    explain_attribute,
    words_of_fit,
    words_of_set_params,
)

__all__ = [
    "GROUPS",
    "OPTIMIZER_NAMES",
    "SCHEDULE_NAMES",
    "OneCycleParameters",
    "Settings",
    "TrainingParameters",
    "check_schedule",
    "explain_attribute",
    "explain_value",
    "groups_of",
    "not_read_by",
    "param",
    "parameters",
    "redefault",
    "refuse_combinations",
    "refuse_for_arrays",
    "refuse_for_network",
    "settle",
    "words_of_fit",
    "words_of_set_params",
]
