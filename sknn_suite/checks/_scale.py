"""Check that the user's validation rows have the scale of the training rows."""

from typing import Any

import numpy as np

from sknn_suite.doors import warn_user
from sknn_suite.exceptions import SuiteWarning

# A column is far if the median of its validation values is outside the range of all
# training values and more than this many deviations away, ...
FAR = 3.0
# ... or if the middle half of one is this many times as wide as that of the other, and
# there are at least this many rows.
MUCH_WIDER, FEWEST_ROWS = 10.0, 10
# Drifting data change some columns; another scale changes many.
SHARE_OF_COLUMNS = 1 / 3
# More rows do not change the result.
MOST_ROWS = 10_000


def warn_of_other_scale(X: Any, X_val: Any) -> None:
    """Warn if more than a third of the columns of X_val are far from those of X.

    By default a pipeline scales X but passes X_val on unchanged. The score of unscaled
    validation rows then stops training at the wrong time. Only dense tables are
    checked.
    """
    if not all(type(rows) is np.ndarray and rows.ndim == 2 for rows in (X, X_val)):
        return
    far = np.flatnonzero(far_columns(X, X_val))
    if len(far) <= SHARE_OF_COLUMNS * X.shape[1]:
        return
    shown = ", ".join(map(str, far[:5])) + (", ..." if len(far) > 5 else "")
    warn_user(
        f"X_val has another scale than X in {len(far)} of {X.shape[1]} columns "
        f"(numbers {shown}). Expected rows transformed like X, but a Pipeline "
        "transforms X only. Pass transform_input=['X_val'] to the Pipeline, or "
        "transform X_val yourself.",
        SuiteWarning,
    )


def far_columns(X: np.ndarray, X_val: np.ndarray) -> np.ndarray:
    """Find the columns whose validation values are far from the training values.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    X_val : ndarray of shape (n_validation_samples, n_features)
        Validation rows.

    Returns
    -------
    ndarray of bool of shape (n_features,)
        Constant columns of X are never far.
    """
    X, X_val = (_thin(rows).astype(np.float64, copy=False) for rows in (X, X_val))
    with np.errstate(all="ignore"):  # the largest numbers may overflow
        low, high, deviation = X.min(axis=0), X.max(axis=0), X.std(axis=0)
        middle = np.median(X_val, axis=0)
        away = np.maximum(middle - high, low - middle) > 0
        far = away & (np.abs(middle - X.mean(axis=0)) > FAR * deviation)
        if min(len(X), len(X_val)) >= FEWEST_ROWS:
            ratio = _middle_half(X_val) / _middle_half(X)
            told = np.isfinite(ratio) & (ratio > 0)
            far |= told & ((ratio > MUCH_WIDER) | (ratio < 1 / MUCH_WIDER))
    return far & (deviation > 0)


def _thin(rows: np.ndarray) -> np.ndarray:
    return rows[:: -(-len(rows) // MOST_ROWS)] if len(rows) > MOST_ROWS else rows


def _middle_half(rows: np.ndarray) -> np.ndarray:
    low, high = np.quantile(rows, (0.25, 0.75), axis=0)
    return high - low
