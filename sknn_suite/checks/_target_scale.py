"""Decide whether the scale of the target kept a network from learning."""

from typing import Literal

import numpy as np

# Initial weights give predictions of unit size, and each step of a solver changes them
# by a share of that. Ten times as far, the steps of a usual fit are spent on the way.
FAR = 10.0

# A network that explains more than half of the variance has arrived.
ARRIVED = 0.5

# With the loss of a constant prediction below this many times `tol`, training ends
# before the network has learnt what varies.
FEW_STEPS = 10.0


def blame_target_scale(
    y: np.ndarray,
    predicted: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    tol: float = 1e-4,
    arrived: float = ARRIVED,
) -> Literal["large", "small"] | None:
    """Say whether numbers to predict are too large or too small for the network.

    They are if predictions of training rows explain less than `arrived` of the
    variance, and y is far from unit size. Noise explains a low R2 as well; but even
    then a loss in large units never changes by less than `tol`, and one in small units
    always does.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Targets of training rows, in the units that the network learns.
    predicted : ndarray of the same shape
        What the network predicts.
    weight : ndarray of shape (n_samples,), default=None
        Weights of the rows.
    tol : float, default=1e-4
        Smallest improvement of the loss that counts.
    arrived : float, default=0.5
        Share of the variance that a network explains if the scale did no harm.

    Returns
    -------
    {"large", "small"} or None
        What is wrong with any of the columns of y; None if the cause is another one.
    """
    y, predicted = (np.float64(a).reshape(len(a), -1) for a in (y, predicted))
    with np.errstate(all="ignore"):
        mean = np.average(y, axis=0, weights=weight)
        variance = np.average((y - mean) ** 2, axis=0, weights=weight)
        error = np.average((y - predicted) ** 2, axis=0, weights=weight)
        missed = ~(error < (1 - arrived) * variance) & (variance > 0)
        size = np.maximum(np.abs(mean), np.sqrt(variance))
    if (missed & (size > FAR)).any():
        return "large"
    if (missed & (variance / 2 < FEW_STEPS * tol)).any():
        return "small"
    return None
