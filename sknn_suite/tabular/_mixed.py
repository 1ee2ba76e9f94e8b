"""What TabularClassifier and TabularRegressor share."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import TransformerTags
from sklearn.utils.metaestimators import available_if

from sknn_suite.doors import Interval, StrOptions
from sknn_suite.estimator import SupervisedEstimator
from sknn_suite.parameters import TrainingParameters, param, parameters, redefault
from sknn_suite.tabular._hidden_units import hidden_units

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


def _refuse_partial_fit(estimator: Any) -> bool:
    raise AttributeError(
        f"{type(estimator).__name__} has no partial_fit: its members are chosen once, by "
        "rows that they have not learnt from. Expected all rows in one call of fit. "
        "Fit again on old and new rows together, or use MLPClassifier or MLPRegressor."
    )


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
    n_iter_no_change: float = redefault("n_iter_no_change", TrainingParameters, np.inf)
    early_stopping_scoring: Any = redefault(
        "early_stopping_scoring", TrainingParameters, "loss"
    )

    @available_if(_refuse_partial_fit)
    def partial_fit(self, X, y, sample_weight=None):
        """Refuse to train in parts: the ensemble is chosen once, by held-out rows."""

    def transform(self, X):
        """Compute the last hidden layer of each member, to learn from elsewhere.

        Parameters
        ----------
        X : data frame, or array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_units)
            Units of all members side by side.
        """
        rows, _ = self._rows_to_predict(X, "transform")
        return hidden_units(self._fitted_net(), rows)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags = TransformerTags(preserves_dtype=["float64", "float32"])
        return tags
