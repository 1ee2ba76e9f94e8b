"""Conformal calibration of quantiles: how far validation rows say they are off."""

import math

import numpy as np

# Rounding must not push a level beyond the last row.
ROUNDING = 1e-9


def fewest_rows(levels: np.ndarray) -> int:
    """Count the rows that calibration of these quantiles needs at least.

    With n rows, the largest error bounds the next one with probability n / (n + 1).
    """
    tail = float(np.minimum(levels, 1 - levels).min())
    return math.ceil((1 - tail) / tail - ROUNDING)


def conformal_shift(
    levels: np.ndarray,
    predicted: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray | None,
) -> np.ndarray:
    """Find the shift of each quantile that validation rows ask for.

    Each tail is calibrated by itself (theorem 2 of [1]_). So each shifted quantile has
    its share of future rows below it, and two of them contain the share between them:
    that of theorem 1, and at most 2 / (n_samples + 1) more.

    Parameters
    ----------
    levels : ndarray of shape (n_columns,)
        The quantiles, in (0, 1).
    predicted : ndarray of shape (n_samples, n_columns)
        Their predictions for validation rows.
    y : ndarray of shape (n_samples, n_columns) or (n_samples, 1)
        The true values.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows; those of weight 0 are left out.

    Returns
    -------
    ndarray of shape (n_columns,)
        Added to a prediction, it is calibrated.

    References
    ----------
    .. [1] Romano, Patterson & Candès, "Conformalized Quantile Regression", NeurIPS
       2019.
    """
    errors = y.astype(np.float64) - predicted.astype(np.float64)
    weights = np.ones(len(errors)) if weight is None else weight.astype(np.float64)
    counts = weights > 0
    errors, weights = errors[counts], weights[counts]
    return np.array(
        [
            _bound(error, level, weights)
            if level >= 0.5
            else -_bound(-error, 1 - level, weights)
            for error, level in zip(errors.T, levels)
        ]
    )


def _bound(errors: np.ndarray, level: float, weight: np.ndarray) -> float:
    """Return the error that the next one does not exceed, with probability `level`."""
    order = errors.argsort()
    share = weight[order].cumsum() / weight.sum()
    wanted = level * (1 + 1 / len(errors)) - ROUNDING
    return float(errors[order[min(share.searchsorted(wanted), len(errors) - 1)]])
