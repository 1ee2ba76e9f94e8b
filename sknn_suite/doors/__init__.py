"""Access to other packages that may change, other array types, and randomness."""

from sknn_suite.doors._arrays import Home, check_same_home, home_name, to_home, to_numpy
from sknn_suite.doors._callers import (
    is_first_call,
    is_one_of_many_fits,
    waits_for_one_fit,
)
from sknn_suite.doors._frames import RawColumn, column_names, is_frame, read_columns
from sknn_suite.doors._made_rows import append_rows, densify
from sknn_suite.doors._optional import import_optional
from sknn_suite.doors._random import (
    copy_random_state,
    own_random_state,
    torch_generator,
)
from sknn_suite.doors._sklearn import (
    HasMethods,
    Interval,
    Options,
    RealNotInt,
    StrOptions,
    asks_for_parts,
    check_n_features,
    check_optimize_result,
    check_partial_fit_first_call,
    check_sample_weight,
    fit_context,
    params_of_rows,
    rows_of,
    split_of_rows,
    validate_parameter_constraints,
)
from sknn_suite.doors._torch import (
    derive_relu,
    derive_sigmoid,
    derive_tanh,
    fused_adam,
    onednn_linear_operator,
    onednn_takes_bfloat16,
    processor_has_bfloat16_units,
    undecorated,
)
from sknn_suite.doors._warnings import (
    WarningState,
    set_warning_state,
    warn_user,
    warning_state,
)

__all__ = [
    "HasMethods",
    "Home",
    "Interval",
    "Options",
    "RawColumn",
    "RealNotInt",
    "StrOptions",
    "WarningState",
    "append_rows",
    "asks_for_parts",
    "check_n_features",
    "check_optimize_result",
    "check_partial_fit_first_call",
    "check_same_home",
    "check_sample_weight",
    "column_names",
    "copy_random_state",
    "densify",
    "derive_relu",
    "derive_sigmoid",
    "derive_tanh",
    "fit_context",
    "fused_adam",
    "home_name",
    "import_optional",
    "is_first_call",
    "is_frame",
    "is_one_of_many_fits",
    "onednn_linear_operator",
    "onednn_takes_bfloat16",
    "own_random_state",
    "params_of_rows",
    "processor_has_bfloat16_units",
    "read_columns",
    "rows_of",
    "set_warning_state",
    "split_of_rows",
    "to_home",
    "to_numpy",
    "torch_generator",
    "undecorated",
    "validate_parameter_constraints",
    "waits_for_one_fit",
    "warn_user",
    "warning_state",
]
