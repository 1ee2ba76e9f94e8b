"""All imports of private names of scikit-learn are here."""

import sys
from typing import Any

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

from sknn_suite.doors._optional import import_optional

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
    "tree_parts",
    "validate_parameter_constraints",
]


def asks_for_parts() -> bool:
    """Whether an ensemble asks a backend for the number of parts to split it into.

    Others ask the same question to split rows or sums, whose last bits depend on the
    answer. They call joblib's function, which calls the backend's, which calls this.
    """
    frame = sys._getframe(2).f_back
    return frame is not None and frame.f_code.co_name == "_partition_estimators"


def tree_parts() -> tuple[Any, Any]:
    """Type of a node, and the class that follows nodes, of HistGradientBoosting.

    They are imported when trees are used, since networks need none.
    """
    package = "sklearn.ensemble._hist_gradient_boosting."
    common: Any = import_optional(f"{package}common", needed_by="Trees", extra="")
    predictor: Any = import_optional(f"{package}predictor", needed_by="Trees", extra="")
    return common.PREDICTOR_RECORD_DTYPE, predictor.TreePredictor
