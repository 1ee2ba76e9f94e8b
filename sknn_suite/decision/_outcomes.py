"""Outcomes: what every possible threshold would find, counted in one sort."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Outcomes:
    """Weighted counts at each threshold, the one that flags nothing first.

    Parameters
    ----------
    thresholds : ndarray of shape (n_thresholds,)
        In descending order. A row is flagged if its score is at least the threshold.
        The first is inf, which flags nothing, and the last -inf, which flags all; the
        others lie halfway between two neighbouring scores.
    tp, fp : ndarray of shape (n_thresholds,)
        Weight of the flagged rows that are positive, and that are negative.
    positives, negatives : float
        Weight of all positive and of all negative rows.
    """

    thresholds: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    positives: float
    negatives: float

    @property
    def fn(self) -> np.ndarray:
        """Weight of the positive rows that are not flagged."""
        return self.positives - self.tp

    @property
    def tn(self) -> np.ndarray:
        """Weight of the negative rows that are not flagged."""
        return self.negatives - self.fp

    @property
    def flagged(self) -> np.ndarray:
        """Weight of the flagged rows."""
        return self.tp + self.fp

    @property
    def total(self) -> float:
        """Weight of all rows."""
        return self.positives + self.negatives

    @property
    def precision(self) -> np.ndarray:
        """Share of the flagged rows that are positive, 0 where nothing is flagged."""
        return ratio(self.tp, self.flagged)

    @property
    def recall(self) -> np.ndarray:
        """Share of the positive rows that are flagged."""
        return ratio(self.tp, self.positives)

    def take(self, index: np.ndarray) -> "Outcomes":
        """Choose thresholds."""
        thresholds, tp, fp = (p[index] for p in (self.thresholds, self.tp, self.fp))
        return Outcomes(thresholds, tp, fp, self.positives, self.negatives)


def count_outcomes(
    positive: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None
) -> Outcomes:
    """Count outcomes at every distinct score, in n log n.

    Parameters
    ----------
    positive : ndarray of bool, of shape (n_samples,)
        Which rows are positive.
    score : ndarray of shape (n_samples,)
        Their scores, finite.
    weight : ndarray of shape (n_samples,), default=None
        Their weights, >= 0. Rows of weight 0 have no threshold of their own.
    """
    score = np.asarray(score, dtype=np.float64)
    if weight is not None:
        counts = weight > 0
        positive, score, weight = positive[counts], score[counts], weight[counts]
    order = np.argsort(score)[::-1]
    score, positive = score[order], positive[order]
    hits = np.cumsum(positive if weight is None else weight[order] * positive)
    misses = np.cumsum(~positive if weight is None else weight[order] * ~positive)
    last = np.flatnonzero(np.diff(score, append=-np.inf))  # of each distinct score
    upper, lower = score[last[:-1]], score[last[1:]]
    middle = lower + (upper - lower) / 2
    # Between two neighbouring floats there is no middle.
    middle = np.where(middle > lower, middle, upper)
    zero = np.zeros(1)
    tp = np.concatenate([zero, hits[last]])
    fp = np.concatenate([zero, misses[last]])
    thresholds = np.concatenate([[np.inf], middle, [-np.inf]])
    return Outcomes(thresholds, tp, fp, float(tp[-1]), float(fp[-1]))


def ratio(part: np.ndarray, whole: np.ndarray | float) -> np.ndarray:
    """Divide; 0 where there is nothing to divide by, as scikit-learn's scores do."""
    part, whole = np.broadcast_arrays(np.asarray(part, np.float64), whole)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
