"""Folds that AutoClassifier and AutoRegressor choose by the number of rows."""

from typing import Any

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
)
from sklearn.utils import column_or_1d

from sknn_suite.ensemble._splits import Splits, make_splits
from sknn_suite.exceptions import DataError

# From so many rows on there are three folds, and a single part is left out. Networks of
# texts and images learn more from fewer folds with more time for each.
ROWS_FOR_THREE, ROWS_FOR_ONE = 20_000, 100_000
ROWS_FOR_THREE_IF_SLOW = 1_000

# Splitters that leave a part out once.
_ONCE = (ShuffleSplit, GroupShuffleSplit)


def split_rows(
    cv: Any,
    y: np.ndarray,
    groups: Any,
    *,
    is_label: bool,
    is_slow: bool,
    seed: int,
) -> Splits:
    """Split rows into folds.

    Parameters
    ----------
    cv : "auto", "time", int, splitter or iterable
        See `AutoClassifier`.
    y : ndarray of shape (n_samples,)
        Class codes, or numbers.
    groups : array-like of shape (n_samples,) or None
        Rows of a group stay together.
    is_label : bool
        Whether y holds classes.
    is_slow : bool
        Whether there are texts or images.
    seed : int
        Seed of folds that are drawn.
    """
    given = {} if groups is None else {"groups": column_or_1d(groups)}
    if isinstance(cv, str) and cv == "time":
        rows = np.zeros((len(y), 1))
        return Splits(list(TimeSeriesSplit(5).split(rows)), len(y))
    few = ROWS_FOR_THREE_IF_SLOW if is_slow else ROWS_FOR_THREE
    n_folds = 5 if len(y) < few else 3
    if isinstance(cv, str) and is_label and not given:
        return _stratified(y, n_folds, seed)
    if isinstance(cv, str):
        cv = _choose_folds(y, n_folds, groups is not None, is_label, seed)
        if isinstance(cv, _ONCE):
            rows = np.zeros((len(y), 1))
            return Splits(list(cv.split(rows, y, **given)), len(y))
    return make_splits(cv, np.zeros((len(y), 1)), y, given, of_labels=is_label)


def _stratified(y: np.ndarray, n_folds: int, seed: int) -> Splits:
    """Keep the shares of classes in all folds; classes of one row are only learnt."""
    counts = np.bincount(y)
    single = np.flatnonzero(counts[y] == 1)
    others = np.flatnonzero(counts[y] > 1)
    if not len(others):
        raise DataError(
            f"Each of the {len(y)} rows has a class of its own. Expected classes with "
            "several rows. Add rows, or use AutoRegressor if y is a number."
        )
    n_folds = min(n_folds, int(counts[counts > 1].min()))
    cv: Any = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    if len(y) >= ROWS_FOR_ONE:
        cv = StratifiedShuffleSplit(1, test_size=0.2, random_state=seed)
    pairs = [
        (np.sort(np.append(others[train], single)), np.sort(others[test]))
        for train, test in cv.split(others, y[others])
    ]
    return Splits(pairs, len(y))


def _choose_folds(
    y: np.ndarray, n_folds: int, has_groups: bool, is_label: bool, seed: int
) -> Any:
    """Choose folds by the number of rows, for groups and for numbers."""
    if len(y) >= ROWS_FOR_ONE:
        kind: Any = GroupShuffleSplit if has_groups else ShuffleSplit
        return kind(1, test_size=0.2, random_state=seed)
    n_folds = max(min(n_folds, len(y)), 2)
    if has_groups:
        return StratifiedGroupKFold(n_folds) if is_label else GroupKFold(n_folds)
    return KFold(n_folds, shuffle=True, random_state=seed)
