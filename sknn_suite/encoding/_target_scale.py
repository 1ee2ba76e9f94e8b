"""TargetScale: numbers to predict in units that a network learns well, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class TargetScale:
    """Mean and deviation of each column of y, or of its logarithm.

    Counts are divided by their mean only, see `of_counts`.

    Parameters
    ----------
    log : bool
        Whether the logarithm is taken first.
    mean, deviation : ndarray of shape (n_outputs,)
        Weighted mean, and the deviation from it; 1 for a constant column.
    """

    log: bool
    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def learn(
        cls, kind: bool | str, y: np.ndarray, weight: np.ndarray | None
    ) -> "TargetScale":
        """Learn from training rows; `kind` is the parameter `scale_target`."""
        log = kind == "log"
        columns = _columns(y, log)
        # Divided by the largest number first, the squares of none overflow.
        largest = np.abs(columns).max(axis=0)
        largest[largest == 0] = 1.0
        parts = columns / largest
        mean = np.average(parts, axis=0, weights=weight)
        variance = np.average((parts - mean) ** 2, axis=0, weights=weight)
        deviation = np.sqrt(variance)
        # A constant column has the variance of its rounding errors.
        deviation[deviation <= 10 * np.finfo(np.float64).eps] = 0.0
        mean, deviation = mean * largest, deviation * largest
        deviation[deviation == 0] = 1.0
        return cls(log, mean, deviation)

    @classmethod
    def of_counts(cls, y: np.ndarray, weight: np.ndarray | None) -> "TargetScale":
        """Learn the means alone, so that zero stays zero."""
        scale = cls.learn(True, y, weight)
        deviation = np.where(scale.mean > 0, scale.mean, 1.0)
        return cls(False, np.zeros_like(scale.mean), deviation)

    def apply(self, y: np.ndarray) -> np.ndarray:
        """Standardised columns of y, (n_samples, n_outputs), float64."""
        return (_columns(y, self.log) - self.mean) / self.deviation

    def undo(self, values: Any) -> np.ndarray:
        """Predictions in the units of y, in their own type."""
        # In float64, since float32 would round a mean that is far from zero. A
        # prediction beyond the largest number is infinite.
        with np.errstate(over="ignore"):
            numbers = np.float64(values) * self.deviation + self.mean
            numbers = np.exp(numbers) if self.log else numbers
            return numbers.astype(np.asarray(values).dtype)


def _columns(y: np.ndarray, log: bool) -> np.ndarray:
    columns = y.reshape(len(y), -1).astype(np.float64)
    return np.log(columns) if log else columns
