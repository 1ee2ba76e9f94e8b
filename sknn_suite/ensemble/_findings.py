"""StackFindings: what a fitted stack shows of its members."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknn_suite.doors import import_optional
from sknn_suite.ensemble._final import Layer, weigh
from sknn_suite.ensemble._out_of_fold import OutOfFold, mean_and_spread
from sknn_suite.ensemble._splits import Splits
from sknn_suite.ensemble._target import Target


class StackFindings:
    """Tables of a fitted stack, made when they are asked for."""

    members_: dict[str, Any]
    weights_: dict[str, float] | None
    fold_scores_: np.ndarray
    scoring_: str
    mean_fold_scores_: np.ndarray
    _oof: OutOfFold
    _splits: Splits
    _extra_seconds: float
    final_step_: str
    _target: Target
    _y: np.ndarray

    def _layer(self) -> Layer:
        """Out-of-fold predictions of the members."""
        raise NotImplementedError

    @property
    def score_table_(self) -> Any:
        """Out-of-fold scores of each member, of their mean, and of the stack."""
        check_is_fitted(self)
        pandas: Any = import_optional(
            "pandas", needed_by="score_table_", extra="frames"
        )
        rows = {}
        weights = self.weights_ or {}
        for name, member in self.members_.items():
            seconds = float(member._seconds.sum())
            rows[name] = _row(member.fold_scores_, weights.get(name, np.nan), seconds)
        total = float(sum(member._seconds.sum() for member in self.members_.values()))
        total += self._extra_seconds
        rows["mean"] = _row(self.mean_fold_scores_, np.nan, np.nan)
        rows["stack"] = _row(self.fold_scores_, np.nan, total)
        folds = [f"fold {i}" for i in range(len(self.mean_fold_scores_))]
        names = [self.scoring_, "spread", "weight", "seconds", *folds]
        table = pandas.DataFrame.from_dict(rows, orient="index", columns=names)
        table.index.name = "model"
        return table

    @property
    def error_correlation_(self) -> Any:
        """Correlation of the members' out-of-fold errors."""
        check_is_fitted(self)
        self._oof.check_there("error_correlation_")
        pandas: Any = import_optional(
            "pandas", needed_by="error_correlation_", extra="frames"
        )
        layer, rows = self._layer(), self._splits.predicted
        errors = self._target.errors(layer.scores[:, rows], self._y[rows])
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.atleast_2d(np.corrcoef(errors))
        return pandas.DataFrame(found, index=layer.names, columns=layer.names)

    @property
    def gains_(self) -> dict[str, float]:
        """What each member adds to the score of the weighted stack, out of fold."""
        check_is_fitted(self)
        self._oof.check_there("gains_")
        layer = self._layer()
        how = self.final_step_ if self.weights_ is not None else "greedy"
        whole = mean_and_spread(weigh(how, layer).values)[0]
        gains = {}
        for name in layer.names if len(layer.names) > 1 else ():
            values = weigh(how, layer.without(name)).values
            gains[name] = whole - mean_and_spread(values)[0]
        return gains


def _row(values: np.ndarray, weight: float, seconds: float) -> list[float]:
    mean, spread = mean_and_spread(values)
    return [mean, spread, weight, seconds, *values.tolist()]
