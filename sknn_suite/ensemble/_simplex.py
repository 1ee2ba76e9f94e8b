"""Weights that are >= 0 and sum to one, and are best for the training loss."""

import numpy as np
from scipy.optimize import minimize

from sknn_suite.ensemble._scoring import EPS

# Steps of the search for labels, which ends earlier once weights stand still.
MOST_STEPS = 1000
STILL = 1e-8


def weights_for_labels(
    scores: np.ndarray, codes: np.ndarray, weight: np.ndarray | None
) -> np.ndarray:
    """Find the mixture of probabilities with the smallest log-loss.

    Expectation maximisation for the shares of a mixture: each step lowers the loss, and
    stays on the simplex, without a step size.

    Parameters
    ----------
    scores : ndarray of shape (n_models, n_samples[, n_classes])
        Probabilities of the second class, or of each class.
    codes : ndarray of int, of shape (n_samples,)
        The classes.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    """
    if scores.ndim == 2:
        likelihood = np.where(codes == 1, scores, 1 - scores)
    else:
        likelihood = scores[:, np.arange(len(codes)), codes]
    likelihood = np.maximum(likelihood, EPS)
    share = np.full(len(codes), 1.0) if weight is None else weight
    share = share / share.sum()
    found = np.full(len(scores), 1 / len(scores))
    for _ in range(MOST_STEPS):
        before = found
        found = before * (likelihood @ (share / (before @ likelihood)))
        if np.abs(found - before).max() < STILL:
            break
    return found / found.sum()


def weights_for_numbers(
    scores: np.ndarray, y: np.ndarray, weight: np.ndarray | None
) -> np.ndarray:
    """Find the weights with the smallest squared error.

    Parameters
    ----------
    scores : ndarray of shape (n_models, n_samples)
        Predictions.
    y : ndarray of shape (n_samples,)
        What is true.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    """
    errors = scores - y
    weighted = errors if weight is None else errors * weight
    products = weighted @ errors.T
    scale = np.trace(products)
    start = np.full(len(scores), 1 / len(scores))
    if not scale > 0:
        return start
    products /= scale / len(scores)
    result = minimize(
        lambda w: w @ products @ w,
        start,
        jac=lambda w: 2 * products @ w,
        method="SLSQP",
        bounds=[(0, 1)] * len(scores),
        constraints={
            "type": "eq",
            "fun": lambda w: w.sum() - 1,
            "jac": np.ones_like,
        },
        options={"maxiter": MOST_STEPS, "ftol": 1e-12},
    )
    found = np.clip(result.x, 0, 1)
    return found / found.sum()
