"""Validation rows, set aside before anything is learnt."""

import math

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, train_test_split


def split_rows(
    index: np.ndarray,
    strata: np.ndarray | None,
    fraction: float,
    random_state: np.random.RandomState,
    groups: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Split row numbers into training and validation rows.

    Parameters
    ----------
    index : ndarray of shape (n_rows,)
        The row numbers.
    strata : ndarray of shape (n_rows,) or None
        Classes whose shares both parts keep. With codes (int), a class with a single
        row stays in training, and the split is not stratified if a part has fewer rows
        than classes. With names (str), both are errors.
    fraction : float
        Part of the rows for validation.
    random_state : RandomState
        Source of the choice.
    groups : ndarray of shape (n_rows,), default=None
        Rows of one group stay together; the split is then not stratified.

    Raises
    ------
    ValueError
        If fewer than two rows are left for validation, a named class has only one, or
        there are too few groups.
    """
    if fraction == 0:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction', which is "
            "0.0, or set early_stopping=False."
        )
    if groups is not None:
        n_groups = len(np.unique(groups))
        if n_groups - np.ceil(fraction * n_groups) < 1:
            raise ValueError(
                f"groups holds {n_groups} group(s), of which none is left for training "
                f"when validation_fraction={fraction} of them is set aside. Expected "
                "more groups. Pass X_val and y_val, lower validation_fraction, or set "
                "early_stopping=False."
            )
        splitter = GroupShuffleSplit(1, test_size=fraction, random_state=random_state)
        train, valid = next(splitter.split(index, groups=groups))
        return index[train], index[valid]
    alone = np.array([], dtype=index.dtype)
    if strata is not None and strata.dtype.kind == "i":
        counts = np.bincount(strata)
        is_alone = counts[strata] == 1
        n_left, n_strata = int((~is_alone).sum()), int((counts > 1).sum())
        if n_strata and min(_sizes(n_left, fraction)) >= n_strata:
            alone, index, strata = index[is_alone], index[~is_alone], strata[~is_alone]
        else:
            strata = None
    _check_sizes(len(index), fraction, strata)
    train, valid = train_test_split(
        index, test_size=fraction, random_state=random_state, stratify=strata
    )
    return np.concatenate([train, alone]), valid


def _sizes(n_rows: int, fraction: float) -> tuple[int, int]:
    """Numbers of training and validation rows, as scikit-learn counts them."""
    n_valid = math.ceil(fraction * n_rows)
    return n_rows - n_valid, n_valid


def _check_sizes(n_rows: int, fraction: float, strata: np.ndarray | None) -> None:
    """Check that both parts have rows, of each class where `strata` names them."""
    n_train, n_valid = _sizes(n_rows, fraction)
    ways_out = "pass X_val, or set early_stopping=False."
    names, counts = np.array([]), np.array([2])
    if strata is not None:
        names, counts = np.unique(strata, return_counts=True)
    if counts.min() < 2:
        rare = [str(name) for name in names[counts < 2]]
        raise ValueError(
            "The least populated classes in y have only 1 member, which is too few to "
            f"set validation rows aside. Classes with too few members are: {rare}. "
            f"Expected 2 at least, one for each part. Add rows, {ways_out}"
        )
    if n_valid < 2 or n_train < 1:
        raise ValueError(
            f"The validation set is too small: validation_fraction={fraction:g} sets "
            f"{n_valid} row(s) of n_samples={n_rows} aside. Expected 2 at least, and 1 "
            "to train on. Increase 'validation_fraction' or the size of your dataset, "
            f"{ways_out}"
        )
    if min(n_train, n_valid) < len(names):
        raise ValueError(
            f"validation_fraction={fraction:g} sets {n_valid} of {n_rows} rows aside. "
            f"Expected a row of each of the {len(names)} classes in both parts. Change "
            f"'validation_fraction', {ways_out}"
        )
