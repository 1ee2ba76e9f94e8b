"""An estimator in the middle of training, as scorers and callbacks see it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn import config_context
from sklearn.metrics import check_scoring

from sknn_suite.checks import check_score, find_scorer
from sknn_suite.estimator._rows import Rows
from sknn_suite.training import SklearnBridge, TensorNet


@dataclass(frozen=True)
class ValidationScorer:
    """Score of the validation rows by the scorer that the user chose.

    Parameters
    ----------
    scoring : str or callable
        "loss", the name of a scikit-learn scorer, or a scorer.
    snapshot : callable
        Makes an estimator that predicts with a net as it is now.
    rows : Rows
        The validation rows, as the estimator's predict takes them.
    """

    scoring: Any
    snapshot: Callable[[TensorNet], Any]
    rows: Rows

    def __call__(self, net: TensorNet) -> float:
        if isinstance(self.scoring, str) and self.scoring == "loss":
            return -net.history[-1]["valid_loss"]
        if not net.valid_raw_.isfinite().all():
            return math.nan  # as in scikit-learn; scorers would raise
        model, rows = self.snapshot(net), self.rows
        model.__dict__.pop("feature_names_in_", None)  # the rows are an array by now
        weights = {} if rows.weight is None else {"sample_weight": rows.weight}
        with config_context(array_api_dispatch=False, enable_metadata_routing=False):
            told = f"early_stopping_scoring={self.scoring!r}"
            scorer = check_scoring(model, find_scorer(self.scoring, told))
            score = scorer(model, rows.X, rows.y, **weights)
        return check_score(score, self.scoring)


def with_attributes(estimator: Any, attributes: dict[str, Any]) -> Any:
    """Make an estimator of the same parameters with other fitted attributes."""
    kind: Any = type(estimator)
    model = kind.__new__(kind)
    model.__dict__.update(vars(estimator) | attributes)
    return model


def make_bridge(
    estimator: Any,
    snapshot: Callable[[TensorNet], Any],
    given: tuple[Any, Any, Any],
    n_epochs: int,
) -> SklearnBridge | None:
    """Open the context of scikit-learn's callbacks, if there are any.

    `given` are X, y and the weights as the user gave them.
    """
    if not hasattr(estimator, "_skl_callbacks"):
        return None
    X, y, weight = given
    metadata = None if weight is None else {"sample_weight": weight}
    return SklearnBridge(
        estimator._init_callback_context(max_subtasks=n_epochs),
        estimator,
        lambda net: vars(snapshot(net)),
        {"X": X, "y": y, "metadata": metadata},
    )
