"""Weights of logarithms of probabilities: they mend what is too sure, or too little."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, softmax

# What a smaller probability says is no more than this: a member that is wrong once and
# has given zero would otherwise get no weight at all.
LEAST = 1e-5

# Where rows are few, weights stay near those of the mean, and shifts near zero: half a
# unit to each side. How sure the result is, which is a factor of all weights, is free
# by one unit of its logarithm. The two are apart for labels without meaning, which make
# the factor small: that must not free the weights, since members that predicted the
# rows which choose them have seen the fold left out.
SPREAD = 0.5
SPREAD_OF_FACTOR = 1.0

# Shares of the models sum to one but for this, so that the factor is a factor.
SPREAD_OF_SUM = 0.05

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
        point = problem.usual
        value = problem.value(point)
        for _ in range(MOST_STEPS):
            slope, curve = problem.slope_and_curve(point)
            free = ~problem.bounded | (point > 0) | (slope < 0)
            step = np.zeros(len(point))
            step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
            if slope @ step < STILL * (1 + abs(value)):
                break
            for halved in range(MOST_HALVES):
                new = point - step / 2**halved
                new[problem.bounded] = np.maximum(new[problem.bounded], 0)
                found = problem.value(new)
                if found < value:
                    break
            else:
                break
            point, value = new, found
        return cls(*problem.read(point))

    def combine(self, parts: np.ndarray) -> np.ndarray:
        """Make one probability per class of those of all models, on the last axis."""
        return softmax(
            np.tensordot(self.weights, _logs(parts), axes=1) + self.shifts, axis=-1
        )


class _LogLoss:
    """Log-loss of the rows, and what holds weights and shifts back.

    A point has the logarithm of the factor, then a share for each model, then shifts.
    A weight is the factor times the share.

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
        others = n_models + n_classes
        self.usual = np.r_[0, np.full(n_models, 1 / n_models), np.zeros(n_classes)]
        self.hold = np.diag(np.r_[SPREAD_OF_FACTOR**-2, np.full(others, SPREAD**-2)])
        models = slice(1, 1 + n_models)
        self.hold[models, models] += SPREAD_OF_SUM**-2
        self.bounded = np.zeros(1 + others, dtype=bool)
        self.bounded[models] = True
        # The last point, and its result: curves are asked for where the value was.
        self._last: tuple[np.ndarray, np.ndarray] | None = None

    def read(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return weights and shifts."""
        n_models = len(self.logs)
        return np.exp(point[0]) * point[1 : 1 + n_models], point[1 + n_models :]

    def _log_proba(self, point: np.ndarray) -> np.ndarray:
        if self._last is None or self._last[0] is not point:
            weights, shifts = self.read(point)
            raw = np.tensordot(weights, self.logs, axes=1) + shifts
            self._last = point, log_softmax(raw, axis=1)
        return self._last[1]

    def value(self, point: np.ndarray) -> float:
        """Say how large the loss is."""
        away = point - self.usual
        gained = self.share @ self._log_proba(point)[self.true]
        return float(away @ self.hold @ away / 2 - gained)

    def slope_and_curve(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First derivatives, and second ones as if weights were straight in the point.

        So the curve is positive, and each step goes down.
        """
        n_models, n_classes = len(self.logs), self.logs.shape[2]
        proba = np.exp(self._log_proba(point))
        counted = proba * self.share[:, None]
        rest = counted.copy()
        rest[self.true] -= self.share
        by_model = np.tensordot(self.logs, rest, axes=((1, 2), (0, 1)))
        means = (self.logs * proba).sum(axis=2, keepdims=True)  # of each model and row
        away = self.logs - means
        flat = away.reshape(n_models, -1)
        cross = (away * counted).sum(axis=1)
        of_shifts = np.diag(counted.sum(axis=0)) - counted.T @ proba
        curve = np.block(
            [[(flat * counted.ravel()) @ flat.T, cross], [cross.T, of_shifts]]
        )
        weights, _ = self.read(point)
        turn = np.zeros((n_models + n_classes, len(point)))
        turn[:n_models, 0] = weights
        turn[:, 1:] = np.diag(
            np.r_[np.full(n_models, np.exp(point[0])), np.ones(n_classes)]
        )
        slope = np.r_[by_model, rest.sum(axis=0)] @ turn
        slope += self.hold @ (point - self.usual)
        return slope, turn.T @ curve @ turn + self.hold


def _logs(scores: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(scores, LEAST))
