"""Weights of logarithms of probabilities: they mend what is too sure, or too little."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

# What a smaller probability says is no more than this: a member that is wrong once and
# has given zero would otherwise get no weight at all.
LEAST = 1e-5

# Weights lie around those of the mean, shifts around zero, half a unit to each side:
# where rows are few, they say little else.
SPREAD = 0.5

MOST_STEPS = 200


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
        n_models, n_rows, n_classes = scores.shape
        logs = _logs(scores)
        share = np.ones(n_rows) if weight is None else weight
        true = np.arange(n_rows), codes
        usual = np.r_[np.full(n_models, 1 / n_models), np.zeros(n_classes)]

        def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
            weights, shifts = point[:n_models], point[n_models:]
            found = log_softmax(np.tensordot(weights, logs, axes=1) + shifts, axis=1)
            slope = np.exp(found)
            slope[true] -= 1
            slope *= share[:, None]
            away = (point - usual) / SPREAD**2
            value = (away @ (point - usual)) / 2 - share @ found[true]
            by_model = np.tensordot(logs, slope, axes=((1, 2), (0, 1)))
            return value, np.r_[by_model, slope.sum(axis=0)] + away

        bounds = [(0, None)] * n_models + [(None, None)] * n_classes
        found = minimize(
            loss,
            usual,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": MOST_STEPS},
        )
        return cls(found.x[:n_models], found.x[n_models:])

    def combine(self, parts: np.ndarray) -> np.ndarray:
        """Make one probability per class of those of all models, on the last axis."""
        return softmax(
            np.tensordot(self.weights, _logs(parts), axes=1) + self.shifts, axis=-1
        )


def _logs(scores: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(scores, LEAST))
