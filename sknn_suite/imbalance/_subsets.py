"""Which rows each member of an ensemble gets."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from sknn_suite.exceptions import DataError


class Counted(NamedTuple):
    """The classes of the rows.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    rows : list of ndarray of int
        Numbers of the rows of each class that have a weight.
    shares : ndarray of shape (n_classes,)
        Share of each class, by weight.
    """

    classes: np.ndarray
    rows: list[np.ndarray]
    shares: np.ndarray

    @classmethod
    def of(cls, y: np.ndarray, weight: np.ndarray | None) -> "Counted":
        """Count labels; each class must have a row that counts."""
        classes, codes = np.unique(y, return_inverse=True)
        totals = np.bincount(codes, weight, minlength=len(classes))
        if not (totals > 0).all():
            raise DataError(
                f"sample_weight leaves the classes {classes[totals == 0].tolist()} "
                "without weight. Expected rows of every class that count. Change the "
                "weights, or drop the rows."
            )
        counts = np.ones(len(y), bool) if weight is None else weight > 0
        rows = [np.flatnonzero((codes == k) & counts) for k in range(len(classes))]
        return cls(classes, rows, totals / totals.sum())


def draw_subsets(
    rows: list[np.ndarray],
    n_subsets: int,
    ratio: float,
    random_state: np.random.RandomState,
) -> list[np.ndarray]:
    """Draw subsets with all rows of the rarest class, and some of the others.

    Parameters
    ----------
    rows : list of ndarray of int
        Numbers of the rows of each class.
    n_subsets : int
        How many.
    ratio : float
        Rows of each other class per row of the rarest, as far as it has them.
    random_state : RandomState
        Orders the rows of each class, which the subsets then take in turn.

    Returns
    -------
    list of ndarray of int
        Row numbers of each subset, in ascending order.
    """
    rarest = min(map(len, rows))
    sizes = [min(int(ratio * rarest), len(own)) for own in rows]
    queues = [random_state.permutation(own) for own in rows]
    subsets = []
    for turn in range(n_subsets):
        taken = [
            own[np.arange(turn * size, (turn + 1) * size) % len(own)]
            for own, size in zip(queues, sizes)
        ]
        subsets.append(np.sort(np.concatenate(taken)))
    return subsets


def check_one_label(y: Any) -> np.ndarray:
    """Check labels, one per row, of two or more classes."""
    assert_all_finite(y, input_name="y")
    kind = type_of_target(y, input_name="y", raise_unknown=True)
    if kind in ("multilabel-indicator", "multiclass-multioutput"):
        raise DataError(
            "Multilabel and multioutput targets are not supported. Expected one label "
            "per row, since a subset is balanced by one. Fit an ensemble per column."
        )
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    classes = np.unique(y)
    if len(classes) < 2:
        raise DataError(
            f"y has 1 class: {classes.tolist()}. Expected two or more, because there "
            "is nothing to balance. Pass rows of another class."
        )
    return y
