"""What TabularClassifier and TabularRegressor share."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

from sknn_suite.doors import Interval, StrOptions
from sknn_suite.estimator import SupervisedEstimator
from sknn_suite.parameters import TrainingParameters, param, parameters, redefault

# Training parameters that the recipe settles.
_SETTLED: dict[str, Any] = {
    "solver": "adamw",
    "solver_params": {"weight_decay": 0.02},
    "beta_1": 0.9,
    "beta_2": 0.95,
    "epsilon": 1e-8,
    "learning_rate": "log_cosine",
    "schedule_params": None,
    "warmup": 0.0,
    "power_t": 0.5,
    "early_stopping": True,
    "n_iter_no_change": np.inf,
    "tol": 0.0,
    "alpha": 0.0,
    "l1_alpha": 0.0,
    "max_grad_norm": None,
    "max_grad_value": None,
    "max_norm": None,
    "mixup": 0.0,
    "averaging": None,
    "averaging_start": None,
    "ema_decay": 0.999,
    "decay_biases": False,
    "accumulate": 1,
    "momentum": 0.9,
    "nesterovs_momentum": True,
    "shuffle": True,
    "warm_start": False,
    "init_from": None,
    "freeze": None,
    "unfreeze_every": None,
    "on_divergence": "raise",
    "checkpoint": None,
    "checkpoint_every": 1,
    "max_fun": 15000,
}


@parameters(group="network", settles=_SETTLED)
class TabularEstimator(SupervisedEstimator):
    """Several small networks on tables of mixed columns."""

    n_members: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    hidden_layer_sizes: int | str | Sequence[int] = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Integral, 1, None, closed="left"),
        "array-like",
    )
    cv: int | str | None = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Integral, 2, None, closed="left"),
        None,
        group="stopping",
    )
    categorical_features: Any = param(None, "array-like", None, group="rows")
    numeric_features: Any = param(None, "array-like", None, group="rows")
    date_features: Any = param(None, "array-like", None, group="rows")
    text_features: str = param("ngrams", StrOptions({"ngrams", "drop"}), group="rows")
    learning_rate_init: float = redefault(
        "learning_rate_init", TrainingParameters, 0.04
    )
    max_iter: int | str = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Integral, 1, None, closed="left"),
        group="training",
    )
    early_stopping_scoring: Any = redefault(
        "early_stopping_scoring", TrainingParameters, "loss"
    )
