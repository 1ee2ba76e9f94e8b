"""Criteria: what a decision should be good at, from counts or from any scorer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from sknn_suite.decision._outcomes import Outcomes, ratio
from sknn_suite.decision._tallies import Tallies
from sknn_suite.exceptions import DataError


class Criterion(ABC):
    """What a threshold is chosen by: a number for each, the largest is best.

    Values of -inf mark thresholds that are not allowed.
    """

    # Whether it can judge more than two classes.
    for_several_classes = False

    @abstractmethod
    def values(self, outcomes: Outcomes) -> np.ndarray:
        """Value of each threshold."""

    def values_of_classes(self, tallies: Tallies) -> np.ndarray:
        """Value of each decision between several classes."""
        raise NotImplementedError

    def check(self, n_classes: int, n_rows: float) -> None:
        """Refuse to judge so many classes, or so few rows.

        Raises
        ------
        ValueError
            If it cannot.
        """
        if n_classes > 2 and not self.for_several_classes:
            raise ValueError(
                f"{self} decides between two classes, but there are {n_classes}. "
                "Expected the name of a scorer, such as 'f1_macro', or a cost matrix. "
                "Choose one, or fit one class against the rest."
            )

    def as_share(self, n_rows: float) -> "Criterion":
        """Turn numbers of `n_rows` rows into shares, for parts of these rows."""
        return self

    def explain(self, outcomes: Outcomes) -> str:
        """Say why no threshold is allowed."""
        return f"No threshold is allowed by {self}. Expected one at least. Change it."


@dataclass(frozen=True)
class CostMatrix(Criterion):
    """Decide for the lowest cost.

    Parameters
    ----------
    costs : array-like of shape (n_classes, n_classes)
        Cost of each decision: a row for each true class, a column for each decision,
        both in the order of `classes_`. No mistake may cost less than the right
        decision. A plain array-like is taken for a cost matrix too.

    See Also
    --------
    Capacity : Flag as many rows as somebody can look at.

    Examples
    --------
    A missed fraud costs 50, a false alarm costs 1:

    >>> from sknn_suite.decision import CostMatrix, find_threshold
    >>> costs = CostMatrix([[0, 1], [50, 0]])
    >>> find_threshold([0, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.6, 0.9], costs).threshold
    0.25
    """

    costs: Any
    for_several_classes = True

    def __post_init__(self) -> None:
        try:
            costs = np.asarray(self.costs, dtype=np.float64)
        except (TypeError, ValueError):
            costs = np.zeros(0)
        square = costs.ndim == 2 and costs.shape[0] == costs.shape[1] >= 2
        if not (square and np.isfinite(costs).all()):
            raise ValueError(
                f"The costs {self.costs!r} are not a square matrix of finite numbers. "
                "Expected a row for each true class and a column for each decision. "
                "Write [[0, 1], [10, 0]] if a missed row costs 10 and a false alarm 1."
            )
        cheaper = np.argwhere(costs < np.diag(costs)[:, None])
        if len(cheaper):
            true, decided = cheaper[0]
            raise ValueError(
                f"The cost of deciding for class {decided} where {true} is true is "
                f"{costs[true, decided]:g}, less than {costs[true, true]:g}, the cost "
                "of the right decision. Expected no mistake that pays. Write costs, "
                "not gains, with the true class in rows."
            )
        # A tuple, so that the criterion is a plain value that compares and pickles.
        object.__setattr__(self, "costs", tuple(map(tuple, costs.tolist())))

    def __str__(self) -> str:
        return f"the cost matrix {[list(row) for row in self.costs]}"

    def check(self, n_classes: int, n_rows: float) -> None:
        if len(self.costs) != n_classes:
            raise ValueError(
                f"The cost matrix has {len(self.costs)} rows, but there are "
                f"{n_classes} classes. Expected a row and a column for each class, in "
                "the order of `classes_`. Pass such a matrix."
            )

    def values(self, outcomes: Outcomes) -> np.ndarray:
        (tn, fp), (fn, tp) = self.costs
        o = outcomes
        cost = tn * o.tn + fp * o.fp + fn * o.fn + tp * o.tp
        return -cost / o.total

    def values_of_classes(self, tallies: Tallies) -> np.ndarray:
        return -tallies.cost / tallies.total


@dataclass(frozen=True)
class Capacity(Criterion):
    """Flag as many rows as somebody can look at, the most suspicious ones.

    Parameters
    ----------
    n_rows : int
        Largest number of flagged rows, >= 1. A row of weight 2 counts as two.

    out_of : int or None, default=None
        The number of rows among which so many are flagged, such as the rows of a day.
        The threshold is the one that flags the same share of the rows that it is
        chosen on. None means those rows themselves.

    See Also
    --------
    CostMatrix : Decide for the lowest cost.

    Examples
    --------
    >>> from sknn_suite.decision import Capacity
    >>> Capacity(2).flag([0.1, 0.9, 0.3, 0.8])
    array([False,  True, False,  True])
    """

    n_rows: int
    out_of: int | None = None

    def __post_init__(self) -> None:
        given = {"n_rows": self.n_rows, "out_of": self.out_of}
        if self.out_of is None:
            del given["out_of"]
        for name, value in given.items():
            whole = isinstance(value, Integral) and not isinstance(value, bool)
            if not whole or int(value) < 1:  # type: ignore[arg-type]
                raise ValueError(
                    f"{name}={value!r} of Capacity is not a number of rows. Expected "
                    "a whole number >= 1. Change it."
                )
        if self.out_of is not None and self.n_rows > self.out_of:
            self._refuse(self.out_of)

    def _refuse(self, n_rows: float) -> None:
        raise ValueError(
            f"The capacity of {self.n_rows} is larger than the number of rows, "
            f"{n_rows:g}. Expected a capacity that leaves rows out. Lower it, or name "
            f"the rows among which you flag: Capacity({self.n_rows}, out_of=...)."
        )

    def __str__(self) -> str:
        return f"a capacity of {self.n_rows}"

    def check(self, n_classes: int, n_rows: float) -> None:
        super().check(n_classes, n_rows)
        if self.out_of is None and self.n_rows > n_rows:
            self._refuse(n_rows)

    def as_share(self, n_rows: float) -> "Capacity":
        if self.out_of is not None:
            return self
        return Capacity(self.n_rows, out_of=max(int(n_rows), self.n_rows))

    def values(self, outcomes: Outcomes) -> np.ndarray:
        limit: float = self.n_rows
        if self.out_of is not None:
            limit = self.n_rows / self.out_of * outcomes.total
        fits = outcomes.flagged <= limit * (1 + 1e-12)
        return np.where(fits, outcomes.flagged, -np.inf)

    def flag(self, scores: Any) -> np.ndarray:
        """Flag the rows with the highest scores, here and now.

        Parameters
        ----------
        scores : array-like of shape (n_samples,)
            Scores of the rows, such as probabilities of the positive class.

        Returns
        -------
        ndarray of bool, of shape (n_samples,)
            Exactly `n_rows` flagged rows; of equal scores the first ones.
        """
        scores = np.asarray(scores, dtype=np.float64)
        self.check(2, len(scores))
        flags = np.zeros(len(scores), dtype=bool)
        flags[np.argsort(-scores, kind="stable")[: self.n_rows]] = True
        return flags


@dataclass(frozen=True)
class FBeta(Criterion):
    """Decide for the best F-score with a weight of recall.

    Parameters
    ----------
    beta : float
        How many times as important recall is as precision, > 0. 1 is the F1 score.

    Examples
    --------
    >>> from sknn_suite.decision import FBeta, find_threshold
    >>> choice = find_threshold([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], FBeta(2))
    >>> round(choice.value, 3)
    0.909
    """

    beta: float

    def __post_init__(self) -> None:
        if not (isinstance(self.beta, Real) and 0 < self.beta < np.inf):
            raise ValueError(
                f"beta={self.beta!r} is no weight of recall. Expected a finite number "
                "> 0. Write 1 for F1, and 2 if recall is twice as important."
            )

    def __str__(self) -> str:
        return f"F-beta with beta={self.beta:g}"

    def values(self, outcomes: Outcomes) -> np.ndarray:
        return f_beta(outcomes, self.beta)


@dataclass(frozen=True)
class RecallAtPrecision(Criterion):
    """Decide for the highest recall among thresholds that are precise enough.

    Parameters
    ----------
    precision : float
        Smallest precision, in (0, 1].

    See Also
    --------
    PrecisionAtRecall : The highest precision among those that find enough.

    Examples
    --------
    >>> from sknn_suite.decision import RecallAtPrecision, find_threshold
    >>> y, scores = [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]
    >>> find_threshold(y, scores, RecallAtPrecision(0.6)).value
    1.0
    """

    precision: float

    def __post_init__(self) -> None:
        _check_share("precision", self.precision)

    def __str__(self) -> str:
        return f"a precision of {self.precision:g} at least"

    def values(self, outcomes: Outcomes) -> np.ndarray:
        reached = outcomes.precision >= self.precision - 1e-12
        return np.where(reached, outcomes.recall, -np.inf)

    def explain(self, outcomes: Outcomes) -> str:
        return (
            f"No threshold has {self}; the highest is {outcomes.precision.max():.3g}. "
            "Expected one that reaches it on these rows. Lower the precision."
        )


@dataclass(frozen=True)
class PrecisionAtRecall(Criterion):
    """Decide for the highest precision among thresholds that find enough.

    Parameters
    ----------
    recall : float
        Smallest recall, in (0, 1].

    See Also
    --------
    RecallAtPrecision : The highest recall among those that are precise enough.

    Examples
    --------
    >>> from sknn_suite.decision import PrecisionAtRecall, find_threshold
    >>> y, scores = [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]
    >>> find_threshold(y, scores, PrecisionAtRecall(0.5)).value
    1.0
    """

    recall: float

    def __post_init__(self) -> None:
        _check_share("recall", self.recall)

    def __str__(self) -> str:
        return f"a recall of {self.recall:g} at least"

    def values(self, outcomes: Outcomes) -> np.ndarray:
        reached = outcomes.recall >= self.recall - 1e-12
        return np.where(reached, outcomes.precision, -np.inf)


def f_beta(o: Outcomes, beta: float = 1.0) -> np.ndarray:
    """F-score of each threshold."""
    hits = (1 + beta**2) * o.tp
    return ratio(hits, hits + beta**2 * o.fn + o.fp)


def _check_share(name: str, value: Any) -> None:
    if not (isinstance(value, Real) and 0 < float(value) <= 1):
        raise DataError(
            f"{name}={value!r} is no share of rows. Expected a number in (0, 1]. "
            "Change it."
        )
