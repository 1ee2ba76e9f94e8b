"""Tallies: how decisions between several classes turned out, many at once."""

from dataclasses import dataclass

import numpy as np

from sknn_suite.decision._outcomes import Outcomes, ratio


@dataclass(frozen=True)
class Tallies:
    """Weighted counts of several decisions between the same classes.

    Parameters
    ----------
    right : ndarray of shape (n_decisions, n_classes)
        Weight of the rows of each class that were given it.
    decided : ndarray of shape (n_decisions, n_classes)
        Weight of all rows that were given each class.
    true : ndarray of shape (n_classes,)
        Weight of the rows of each class.
    cost : ndarray of shape (n_decisions,)
        Sum of the costs, 0 without a cost matrix.
    """

    right: np.ndarray
    decided: np.ndarray
    true: np.ndarray
    cost: np.ndarray

    @classmethod
    def of_two(cls, o: Outcomes) -> "Tallies":
        """Arrange the outcomes of thresholds."""
        right = np.stack([o.tn, o.tp], axis=1)
        decided = np.stack([o.tn + o.fn, o.flagged], axis=1)
        true = np.array([o.negatives, o.positives])
        return cls(right, decided, true, np.zeros(len(right)))

    @property
    def total(self) -> float:
        """Weight of all rows."""
        return float(self.true.sum())

    def accuracy(self) -> np.ndarray:
        """Share of right decisions."""
        return self.right.sum(1) / self.total

    def balanced_accuracy(self) -> np.ndarray:
        """Mean recall of the classes that occur."""
        return ratio(self.right, self.true).sum(1) / (self.true > 0).sum()

    def f1(self) -> np.ndarray:
        """F1 score of each class, (n_decisions, n_classes)."""
        return ratio(2 * self.right, self.true + self.decided)

    def f1_macro(self) -> np.ndarray:
        """Mean F1 score of the classes."""
        return self.f1().mean(1)

    def f1_weighted(self) -> np.ndarray:
        """Mean F1 score, weighted by the classes."""
        return (self.f1() * self.true).sum(1) / self.total

    def matthews_corrcoef(self) -> np.ndarray:
        """Correlation between truth and decision."""
        true, decided = self.true / self.total, self.decided / self.total
        shared = self.right.sum(1) / self.total - (true * decided).sum(1)
        below = (1 - (true**2).sum()) * (1 - (decided**2).sum(1))
        return np.divide(
            shared,
            np.sqrt(np.maximum(below, 0)),
            out=np.zeros(len(below)),
            where=below > 1e-14,  # rounding leaves a trace where all rows get one class
        )
