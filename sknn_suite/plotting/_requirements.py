"""Checks of an estimator and a target before a Display is drawn."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, column_or_1d

from sknn_suite.exceptions import DataError


def require_method(
    estimator: Any, names: tuple[str, ...], *, display: str, expected: str
) -> None:
    """Check that an estimator has the methods and attributes that a Display needs.

    Parameters
    ----------
    estimator : object
        The estimator.
    names : tuple of str
        Methods and attributes. Fitted attributes, which end in ``_``, are checked only
        after the check that the estimator is fitted.
    display : str
        Name of the Display, for the message.
    expected : str
        What it can show, for the message.

    Raises
    ------
    TypeError
        If one is missing.
    NotFittedError
        If the estimator is not fitted.
    """
    for of_fit in (False, True):
        for name in names:
            if name.endswith("_") is of_fit and not hasattr(estimator, name):
                raise TypeError(
                    f"{type(estimator).__name__} has no {name!r}, which {display} "
                    f"needs. Expected {expected}. Pass a fitted one."
                )
        if not of_fit:
            check_is_fitted(estimator)


def check_labels_of_rows(y: Any, n_rows: int) -> np.ndarray:
    """Check that y has one label or number per row; return it as a 1-D array.

    Raises
    ------
    DataError
        If there are more or fewer values than rows.
    """
    y = column_or_1d(y)
    if len(y) != n_rows:
        raise DataError(
            f"y has {len(y)} values for {n_rows} rows. Expected one per row. Pass the "
            "y that belongs to X."
        )
    return y
