"""Validation rows, set aside before anything is learnt."""

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
        Classes whose shares both parts keep. Given as codes (int), classes with a
        single row stay in training, and with fewer validation rows than classes the
        split is not stratified; given as names (str), both are errors.
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
        if np.ceil(fraction * len(index)) < (counts > 1).sum():
            strata = None
        else:
            alone, index, strata = index[is_alone], index[~is_alone], strata[~is_alone]
    train, valid = train_test_split(
        index, test_size=fraction, random_state=random_state, stratify=strata
    )
    if len(valid) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' "
            "or the size of your dataset."
        )
    return np.concatenate([train, alone]), valid
