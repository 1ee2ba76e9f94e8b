"""Weights of logarithms of probabilities: they mend what is too sure, or too little."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

# What a smaller probability says is no more than this: a member that is wrong once and
# has given zero would otherwise get no weight at all.
LEAST = 1e-5

# Weights lie around those of the mean, shifts around zero, half a unit to each side:
# where rows are few, they say little else.
SPREAD = 0.5

# Newton steps, which end when the next one would gain nothing to speak of.
MOST_STEPS = 50
MOST_HALVES = 30
STILL = 1e-10


@dataclass(frozen=True)
class LogitWeights:
    """Weights of members' log-probabilities, and a shift of each class.

    Parameters
    ----------
    weights : ndarray of shape (n_models,)
        They are >= 0, and need not sum to one: less than one makes the result less
        sure, more makes it surer.
    shifts : ndarray of shape (n_classes,)
        What is added for each class.
    """

    weights: np.ndarray
    shifts: np.ndarray

    @classmethod
    def find(
        cls, scores: np.ndarray, codes: np.ndarray, weight: np.ndarray | None
    ) -> "LogitWeights":
        """Find those with the smallest log-loss.

        Parameters
        ----------
        scores : ndarray of shape (n_models, n_samples, n_classes)
            Probabilities of each class.
        codes : ndarray of int, of shape (n_samples,)
            The classes.
        weight : ndarray of shape (n_samples,) or None
            Weights of the rows.
        """
        problem = _LogLoss(_logs(scores), codes, weight)
        n_models = len(scores)
        point, value = problem.usual, problem.value(problem.usual)
        for _ in range(MOST_STEPS):
            slope, curve = problem.slope_and_curve(point)
            free = np.ones(len(point), dtype=bool)
            free[:n_models] = (point[:n_models] > 0) | (slope[:n_models] < 0)
            step = np.zeros(len(point))
            step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
            if slope @ step < STILL * (1 + abs(value)):
                break
            for halved in range(MOST_HALVES):
                new = point - step / 2**halved
                new[:n_models] = np.maximum(new[:n_models], 0)
                found = problem.value(new)
                if found < value:
                    break
            else:
                break
            point, value = new, found
        return cls(point[:n_models], point[n_models:])

    def combine(self, parts: np.ndarray) -> np.ndarray:
        """Make one probability per class of those of all models, on the last axis."""
        return softmax(
            np.tensordot(self.weights, _logs(parts), axes=1) + self.shifts, axis=-1
        )


class _LogLoss:
    """Log-loss of the rows, with what holds weights and shifts back.

    Parameters
    ----------
    logs : ndarray of shape (n_models, n_samples, n_classes)
        Logarithms of probabilities.
    codes : ndarray of int, of shape (n_samples,)
        The classes.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    """

    def __init__(
        self, logs: np.ndarray, codes: np.ndarray, weight: np.ndarray | None
    ) -> None:
        n_models, n_rows, n_classes = logs.shape
        self.logs = logs
        self.true = np.arange(n_rows), codes
        self.share = np.ones(n_rows) if weight is None else weight
        self.usual = np.r_[np.full(n_models, 1 / n_models), np.zeros(n_classes)]

    def _log_proba(self, point: np.ndarray) -> np.ndarray:
        n_models = len(self.logs)
        found = np.tensordot(point[:n_models], self.logs, axes=1) + point[n_models:]
        found -= found.max(axis=1, keepdims=True)
        return found - np.log(np.exp(found).sum(axis=1, keepdims=True))

    def value(self, point: np.ndarray) -> float:
        """Say how large the loss is; a point has weights, then shifts."""
        away = (point - self.usual) / SPREAD
        return float(away @ away / 2 - self.share @ self._log_proba(point)[self.true])

    def slope_and_curve(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and second derivatives."""
        n_models = len(self.logs)
        proba = np.exp(self._log_proba(point))
        counted = proba * self.share[:, None]
        means = (self.logs * proba).sum(axis=2)  # of each model, in each row
        rest = counted.copy()
        rest[self.true] -= self.share
        by_model = np.tensordot(self.logs, rest, axes=((1, 2), (0, 1)))
        slope = np.r_[by_model, rest.sum(axis=0)]
        slope += (point - self.usual) / SPREAD**2
        away = (self.logs - means[:, :, None]).reshape(n_models, -1)
        curve = np.empty((len(point), len(point)))
        curve[:n_models, :n_models] = (away * counted.ravel()) @ away.T
        cross = (away.reshape(self.logs.shape) * counted).sum(axis=1)
        curve[:n_models, n_models:], curve[n_models:, :n_models] = cross, cross.T
        curve[n_models:, n_models:] = np.diag(counted.sum(axis=0)) - counted.T @ proba
        curve[np.diag_indices(len(point))] += 1 / SPREAD**2
        return slope, curve


def _logs(scores: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(scores, LEAST))
