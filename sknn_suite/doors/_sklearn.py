"""All imports of private names of scikit-learn are here."""

import sys

from sklearn.base import _fit_context as fit_context
from sklearn.utils import _safe_indexing as rows_of
from sklearn.utils._array_api import (
    _is_numpy_namespace as is_numpy_namespace,
)
from sklearn.utils._array_api import (
    get_namespace_and_device,
    move_to,
)
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    RealNotInt,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.metaestimators import _BaseComposition as EstimatorList
from sklearn.utils.metaestimators import _safe_split as split_of_rows
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call as check_partial_fit_first_call,
)
from sklearn.utils.optimize import _check_optimize_result as check_optimize_result
from sklearn.utils.validation import _check_method_params as params_of_rows
from sklearn.utils.validation import _check_n_features as check_n_features
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

__all__ = [
    "EstimatorList",
    "HasMethods",
    "Interval",
    "Options",
    "RealNotInt",
    "StrOptions",
    "asks_for_parts",
    "check_n_features",
    "check_optimize_result",
    "check_partial_fit_first_call",
    "check_sample_weight",
    "fit_context",
    "get_namespace_and_device",
    "is_numpy_namespace",
    "move_to",
    "params_of_rows",
    "rows_of",
    "split_of_rows",
    "validate_parameter_constraints",
]


def asks_for_parts() -> bool:
    """Whether an ensemble asks a backend for the number of parts to split it into.

    Others ask the same question to split rows or sums, whose last bits depend on the
    answer. They call joblib's function, which calls the backend's, which calls this.
    """
    frame = sys._getframe(2).f_back
    return frame is not None and frame.f_code.co_name == "_partition_estimators"
