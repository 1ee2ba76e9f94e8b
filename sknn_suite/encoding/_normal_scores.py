"""Numbers as normal scores, and back."""

import numpy as np
from scipy.special import ndtr, ndtri

# Knots of the map; a column with fewer different values keeps them all.
MOST_KNOTS = 1000

# Part of a value's own interval of ranks that maps back to exactly the value.
INSIDE = 0.9


class NormalScores:
    """Map a column to standard normal numbers by its ranks, and back by its quantiles.

    A value becomes the normal quantile of its rank, the middle one for values that
    repeat. The way back never leaves the range of the column, and returns a value that
    fills part of the column, such as a zero in half of the rows, for all the scores of
    its ranks, not only for one of them.

    Attributes
    ----------
    ranks_, values_ : ndarray of shape (n_knots,)
        Ranks in (0, 1), and the values there; both rise.
    middles_, distinct_ : ndarray of shape (n_distinct,)
        The middle rank of each knot, and its value.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.encoding import NormalScores
    >>> scores = NormalScores().fit(np.array([0.0, 0.0, 0.0, 5.0]))
    >>> z = scores.transform(np.array([0.0, 5.0]))
    >>> z.round(2).tolist(), scores.inverse_transform(z).tolist()
    ([-0.32, 1.15], [0.0, 5.0])
    """

    ranks_: np.ndarray
    values_: np.ndarray
    middles_: np.ndarray
    distinct_: np.ndarray

    def fit(self, x: np.ndarray, weight: np.ndarray | None = None) -> "NormalScores":
        """Learn from the values of a column without gaps, of shape (n,)."""
        values, place = np.unique(x, return_inverse=True)
        share = np.bincount(place, weight, minlength=len(values))
        values, share = values[share > 0], share[share > 0]
        share = share / share.sum()
        until = np.cumsum(share)
        if len(values) > MOST_KNOTS:
            # Even steps in rank, the ends, and values that fill a whole step.
            at = np.linspace(0, 1, MOST_KNOTS)
            chosen = np.searchsorted(until, at).clip(max=len(values) - 1)
            filled = np.flatnonzero(share > 2 / MOST_KNOTS)
            chosen = np.unique(np.concatenate([[0], chosen, filled]))
            values, until, share = values[chosen], until[chosen], share[chosen]
        low, high = until - share * (1 + INSIDE) / 2, until - share * (1 - INSIDE) / 2
        self.distinct_, self.middles_ = values, until - share / 2
        self.ranks_ = np.stack([low, high], axis=1).ravel()
        self.values_ = np.repeat(values, 2)
        return self

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Turn values into normal scores, in float64."""
        return ndtri(np.interp(x, self.distinct_, self.middles_))

    def inverse_transform(self, z: np.ndarray) -> np.ndarray:
        """Turn normal scores into values."""
        return np.interp(ndtr(z), self.ranks_, self.values_)
