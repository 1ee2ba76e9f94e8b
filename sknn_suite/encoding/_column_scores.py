"""Numbers of a column as scores that networks learn well, and back."""

import numpy as np
from scipy.special import ndtri

# Knots of the map; a column with fewer different values keeps them all.
MOST_KNOTS = 1000

# Values of each tail that are knots.
N_TAIL = 50

# Part of a value's own interval of ranks that maps back to exactly the value.
INSIDE = 0.9

# Deviations beyond this are compressed by a logarithm.
FAR = 3.0

# Interquartile range of a standard normal distribution.
NORMAL_RANGE = 1.349


class ColumnScores:
    """Map a column to scores by its ranks and its distances, and back.

    A score is the mean of two: the normal quantile of the value's rank, which tames
    heavy tails and spreads crowded values, and its distance from the median, which
    keeps gaps between groups of values. The way back never leaves the range of the
    column, and returns a value that fills part of the column, such as a zero in half of
    the rows, for all the scores of its ranks, not only for one of them.

    Attributes
    ----------
    scores_, values_ : ndarray of shape (2 * n_knots,)
        Scores, and the values there; both rise.
    middles_, distinct_ : ndarray of shape (n_knots,)
        The middle score of each value, and the value.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.encoding import ColumnScores
    >>> scores = ColumnScores().fit(np.array([0.0, 0.0, 0.0, 5.0]))
    >>> z = scores.transform(np.array([0.0, 5.0]))
    >>> scores.inverse_transform(z).tolist(), scores.inverse_transform(z - 0.1).tolist()
    ([0.0, 5.0], [0.0, 5.0])
    """

    scores_: np.ndarray
    values_: np.ndarray
    middles_: np.ndarray
    distinct_: np.ndarray

    def fit(self, x: np.ndarray, weight: np.ndarray | None = None) -> "ColumnScores":
        """Learn from the values of a column without gaps, of shape (n,)."""
        values, place = np.unique(x, return_inverse=True)
        share = np.bincount(place, weight, minlength=len(values))
        values, share = values[share > 0], share[share > 0]
        share = share / share.sum()
        until = np.cumsum(share)
        distances = _distances(values, share, until)
        if len(values) > MOST_KNOTS:
            # Even steps in rank, both tails, whose values are far apart, and values
            # that fill a whole step.
            at = np.linspace(0, 1, MOST_KNOTS)
            even = np.searchsorted(until, at).clip(max=len(values) - 1)
            tail = np.arange(N_TAIL)
            filled = np.flatnonzero(share > 2 / MOST_KNOTS)
            ends = [tail, len(values) - 1 - tail]
            chosen = np.unique(np.concatenate([even, *ends, filled]))
            values, until, share = values[chosen], until[chosen], share[chosen]
            distances = distances[chosen]
        middle = (ndtri(until - share / 2) + distances) / 2
        low = (ndtri(until - share * (1 + INSIDE) / 2) + distances) / 2
        high = (ndtri(until - share * (1 - INSIDE) / 2) + distances) / 2
        self.distinct_, self.middles_ = values, middle
        self.scores_ = np.stack([low, high], axis=1).ravel()
        self.values_ = np.repeat(values, 2)
        return self

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Turn values into scores, in float64."""
        return np.interp(x, self.distinct_, self.middles_)

    def inverse_transform(self, z: np.ndarray) -> np.ndarray:
        """Turn scores into values."""
        return np.interp(z, self.scores_, self.values_)


def _distances(values: np.ndarray, share: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Distances from the median, in deviations; far ones are compressed."""
    low, middle, high = values[np.searchsorted(until, (0.25, 0.5, 0.75))]
    scale = (high - low) / NORMAL_RANGE
    if scale == 0:  # more than half of the values are the same
        unit = np.abs(values - middle).max() or 1.0  # squares of huge numbers overflow
        scale = unit * np.sqrt(share @ ((values - middle) / unit) ** 2) or 1.0
    with np.errstate(over="ignore"):
        z = np.clip((values - middle) / scale, -1e30, 1e30)
    size = np.abs(z)
    far = FAR + np.log1p(np.maximum(size - FAR, 0))
    return np.sign(z) * np.where(size <= FAR, size, far)
