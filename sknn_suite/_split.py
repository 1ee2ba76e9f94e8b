"""Validation rows, set aside before anything is learnt."""

import numpy as np
from sklearn.model_selection import train_test_split


def split_rows(
    index: np.ndarray,
    strata: np.ndarray | None,
    fraction: float,
    random_state: np.random.RandomState,
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

    Raises
    ------
    ValueError
        If fewer than two rows are left for validation, or a named class has only one.
    """
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
