"""Splits: which rows each fold trains on, and which ones it predicts."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, check_cv

from sknn_suite.doors import warn_user
from sknn_suite.exceptions import DataError, SuiteWarning

Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Splits:
    """Checked folds.

    Parameters
    ----------
    pairs : list of (ndarray, ndarray)
        Numbers of the rows that a fold trains on, and of those that it predicts.
    n_rows : int
        Number of all rows.
    """

    pairs: list[Pair]
    n_rows: int

    @property
    def counts(self) -> np.ndarray:
        """How often each row is predicted."""
        tests = np.concatenate([test for _, test in self.pairs])
        return np.bincount(tests, minlength=self.n_rows)

    @property
    def predicted(self) -> np.ndarray:
        """Numbers of the rows that are predicted."""
        return np.flatnonzero(self.counts)

    @property
    def fold(self) -> np.ndarray:
        """Number of the first fold that predicts each row, -1 for none."""
        fold = np.full(self.n_rows, -1)
        for number, (_, test) in reversed(list(enumerate(self.pairs))):
            fold[test] = number
        return fold

    def among_predicted(self) -> "Splits":
        """Let each fold train on rows only that have been predicted."""
        known = self.counts > 0
        pairs = [(train[known[train]], test) for train, test in self.pairs]
        return Splits(pairs, self.n_rows)


def make_splits(
    cv: Any, X: Any, y: np.ndarray, given: dict[str, Any], *, of_labels: bool
) -> Splits:
    """Split rows by what the user wants.

    Parameters
    ----------
    cv : int, splitter or iterable
        The parameter.
    X, y : array-like and ndarray
        The rows.
    given : dict
        Arguments of `split`, such as `groups`.
    of_labels : bool
        Whether y has labels, whose shares are kept in all folds.

    Raises
    ------
    ValueError
        If the folds cannot be used.
    """
    n_rows = len(y)
    groups = given.get("groups")
    if groups is not None and len(groups) != n_rows:
        raise DataError(
            f"groups has {len(groups)} values for {n_rows} rows. Expected one per row. "
            "Pass the groups that belong to X."
        )
    if isinstance(cv, Integral):
        if of_labels and groups is None:
            _refuse_rare(y, int(cv))
        if groups is not None:
            kind = StratifiedGroupKFold if of_labels else GroupKFold
            cv = kind(int(cv))
    cv = check_cv(cv, y, classifier=of_labels)
    pairs = [
        (
            _as_places(train, n_rows, i, "trains on"),
            _as_places(test, n_rows, i, "predicts"),
        )
        for i, (train, test) in enumerate(cv.split(X, y, **given))
    ]
    splits = Splits(pairs, n_rows)
    _refuse_leaks(splits)
    _tell_unpredicted(splits)
    return splits


def _refuse_rare(y: np.ndarray, n_folds: int) -> None:
    classes, counts = np.unique(y, return_counts=True)
    rare = counts.argmin()
    if counts[rare] < n_folds:
        most = int(counts[rare])
        way = f"Set cv={most}" if most > 1 else "Add rows of that class"
        raise DataError(
            f"cv={n_folds}, but the class {classes[rare].item()!r} has {most} row(s). "
            f"Expected a row of each class in every fold. {way}, or pass a splitter."
        )


def _as_places(rows: Any, n_rows: int, fold: int, does: str) -> np.ndarray:
    """Read numbers of rows, or a mask."""
    places = np.asarray(rows)
    if places.dtype == bool:
        if len(places) != n_rows:
            raise DataError(
                f"Fold {fold} has a mask of {len(places)} values for {n_rows} rows. "
                "Expected one per row. Change the splitter."
            )
        places = np.flatnonzero(places)
    if len(places) == 0:
        raise DataError(
            f"Fold {fold} {does} no row. Expected one at least. Change the splitter."
        )
    if places.min() < 0 or places.max() >= n_rows:
        wrong = int(places[(places < 0) | (places >= n_rows)][0])
        raise DataError(
            f"Fold {fold} {does} row {wrong}, but X has {n_rows} rows, counted from 0. "
            "Expected numbers of rows of X. Change the splitter."
        )
    return places


def _refuse_leaks(splits: Splits) -> None:
    """Refuse folds that predict what they were trained on, or some rows more often."""
    for number, (train, test) in enumerate(splits.pairs):
        both = np.intersect1d(train, test)
        if len(both):
            raise DataError(
                f"Fold {number} predicts row {both[0]}, which it trains on"
                f"{_and_more(len(both))}. Expected predictions of rows that the model "
                "has not seen. Change the splitter."
            )
        if len(np.unique(test)) < len(test):
            values, counts = np.unique(test, return_counts=True)
            raise DataError(
                f"Fold {number} predicts row {values[counts > 1][0]} twice. Expected "
                "each row once in a fold. Change the splitter."
            )
    counts = splits.counts
    often = np.flatnonzero(counts == counts.max())
    once = np.flatnonzero((counts > 0) & (counts < counts.max()))
    if len(once):
        raise DataError(
            f"Row {often[0]} is predicted by {counts.max()} folds, row {once[0]} by "
            f"{counts[once[0]]}. Expected each row that is predicted as often as the "
            "others. Take a splitter whose folds share no row, such as KFold or "
            "RepeatedKFold."
        )


def _and_more(n: int) -> str:
    return "" if n == 1 else f", and {n - 1} more"


def _tell_unpredicted(splits: Splits) -> None:
    n_left = int((splits.counts == 0).sum())
    if n_left:
        warn_user(
            f"{n_left} of {splits.n_rows} rows are predicted by no fold. Their "
            "out-of-fold predictions are NaN, and scores, weights and thresholds leave "
            "them out. Choose another splitter if that is not what you want.",
            SuiteWarning,
        )
