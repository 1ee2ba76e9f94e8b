"""The area under the ROC curve, exact and fast enough for thousands of calls."""

import numpy as np

from sknn_suite.ensemble._judge import Judge

# Rows of one sort; the type of its keys.
KEY = np.uint64


class AreaUnderRoc(Judge):
    """The share of pairs of a positive and a negative row that scores put in order.

    Pairs of equal scores count as half. The value is that of scikit-learn's
    `roc_auc_score`. Without weights nothing but numbers is sorted: a score that is not
    negative leaves the sign bit of its float free, and the label takes the place.

    Parameters
    ----------
    positive : ndarray of bool, of shape (n_samples,)
        Which rows are positive.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows, >= 0.
    """

    def __init__(self, positive: np.ndarray, weight: np.ndarray | None = None) -> None:
        self.positive = positive
        self.weight = np.ones(len(positive)) if weight is None else weight
        self.n_positive = int(positive.sum())
        self.n_negative = len(positive) - self.n_positive
        self._label = None if weight is not None else positive.astype(KEY)
        self._keys = np.empty(len(positive), KEY)

    def __call__(self, scores: np.ndarray) -> float:
        """Judge scores of the positive class; NaN if there is only one class."""
        if self.n_positive == 0 or self.n_negative == 0:
            return np.nan
        scores = np.ascontiguousarray(scores, dtype=np.float64)
        if self._label is None or scores.min() < 0:
            return self._by_order(scores)
        np.add(scores, 0.0, out=self._keys.view(np.float64))  # -0.0 becomes 0.0
        keys = self._keys
        keys <<= KEY(1)
        keys |= self._label
        return self._by_keys(np.sort(keys))

    def _by_keys(self, keys: np.ndarray) -> float:
        """Count pairs in sorted keys; of equal scores the negative rows come first."""
        places = np.flatnonzero(keys & KEY(1))
        n = self.n_positive
        before = float(places.sum()) - n * (n - 1) / 2
        # A negative row right before a positive one of the same score.
        mixed = (keys[places] - keys[places - 1]) == KEY(1)
        if places[0] == 0:
            mixed[0] = False  # places - 1 has gone round to the last row
        if mixed.any():
            before -= self._ties(keys, places, mixed) / 2
        return before / (n * self.n_negative)

    def _ties(self, keys: np.ndarray, places: np.ndarray, mixed: np.ndarray) -> float:
        """Count pairs of equal scores."""
        of_positive = keys[places[mixed]]
        of_negative = of_positive - KEY(1)
        n_positive = _count(keys, of_positive)
        n_negative = _count(keys, of_negative)
        return float((n_positive * n_negative).sum())

    def _by_order(self, scores: np.ndarray) -> float:
        order = np.argsort(scores)
        sorted_scores, weight = scores[order], self.weight[order]
        positive = self.positive[order]
        last = np.flatnonzero(np.diff(sorted_scores, append=np.inf))
        hits = np.diff(np.cumsum(weight * positive)[last], prepend=0.0)
        misses = np.diff(np.cumsum(weight * ~positive)[last], prepend=0.0)
        below = np.cumsum(misses) - misses
        whole = hits.sum() * misses.sum()
        if not whole > 0:
            return np.nan
        return float((hits * (below + misses / 2)).sum() / whole)


def _count(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Count how often each wanted key occurs among sorted ones."""
    first = np.searchsorted(keys, wanted, side="left")
    return np.searchsorted(keys, wanted, side="right") - first
