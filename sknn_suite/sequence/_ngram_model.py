"""Weights of the wide branch: logistic regression on n-grams, solved at once."""

import numpy as np
import torch
from scipy import sparse
from scipy.optimize import minimize
from torch import Tensor

from sknn_suite._bundle import RaggedRows, as_tensor
from sknn_suite.encoding import FIRST_GRAM
from sknn_suite.losses import Loss

# Strength of the L2 penalty, divided by the number of texts, and iterations.
PENALTY = 0.03
MAX_ITER = 60


def fit_ngrams(
    grams: RaggedRows,
    target: Tensor,
    weight: Tensor | None,
    n_grams: int,
    n_outputs: int,
    loss: Loss,
) -> tuple[Tensor, Tensor]:
    """Fit a linear model over n-grams, and return its weights and bias.

    An n-gram counts once per text, divided by the root of how many there are, and is
    scaled by its log-count ratios, as in naive Bayes [1]_: those that say much about
    the classes are the cheapest to use.

    Parameters
    ----------
    grams : RaggedRows
        Numbers of the n-grams of each text.
    target : Tensor
        As the loss takes it.
    weight : Tensor of shape (n_samples,) or None
        Weight of each text.
    n_grams, n_outputs : int
        Known n-grams, and raw scores.
    loss : Loss
        A log-loss that knows its gradient.

    References
    ----------
    .. [1] Wang & Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic
       Classification", ACL 2012.
    """
    lengths = grams.lengths.numpy()
    columns = grams.values.numpy()[: lengths.sum()] - FIRST_GRAM
    values = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths)
    A = sparse.csr_array(
        (values, columns, grams.starts.numpy()), shape=(len(lengths), n_grams)
    )
    target = target.double() if target.is_floating_point() else target
    if weight is None:
        weight = torch.ones(len(lengths))
    weight = weight.double() * (len(weight) / weight.sum())
    scale = _ratios(A, _one_hot(target, n_outputs), weight.numpy())
    return _solve(A.tocsr(), A.T.tocsr(), scale, target, weight, n_outputs, loss)


def _one_hot(target: Tensor, n_outputs: int) -> np.ndarray:
    if target.is_floating_point():
        return target.numpy()
    return np.eye(n_outputs)[target.numpy()]


def _ratios(A: sparse.csr_array, Y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Root mean square of each n-gram's log-count ratios, (n_grams, 1)."""
    share = np.clip(np.average(Y, axis=0, weights=weight), 1e-6, 1 - 1e-6)
    there = A.copy()
    there.data = np.ones_like(A.data)
    positive = there.T @ (Y * weight[:, None])
    negative = there.T @ ((1 - Y) * weight[:, None])
    ratio = np.log((positive + share) / (negative + 1 - share))
    ratio -= np.log(share / (1 - share))
    return np.sqrt((ratio**2).mean(axis=1, keepdims=True))


def _solve(
    A: sparse.csr_array,
    AT: sparse.csr_array,
    scale: np.ndarray,
    target: Tensor,
    weight: Tensor,
    n_outputs: int,
    loss: Loss,
) -> tuple[Tensor, Tensor]:
    """Minimise log-loss plus penalty by L-BFGS, in float64."""
    n_rows, n_grams = A.shape
    n_weights = n_grams * n_outputs
    penalty = PENALTY / n_rows

    def value_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat[:n_weights].reshape(n_grams, n_outputs)
        raw = A @ (w * scale) + flat[n_weights:]
        value, by_raw = loss.value_and_gradient(as_tensor(raw), target, weight)
        delta = by_raw.numpy()
        by_w = (AT @ delta) * scale + penalty * w
        total = float(value) + 0.5 * penalty * float((w**2).sum())
        return total, np.concatenate([by_w.ravel(), delta.sum(axis=0)])

    found = minimize(
        value_and_gradient,
        np.zeros(n_weights + n_outputs),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MAX_ITER, "maxcor": 6},
    )
    w = found.x[:n_weights].reshape(n_grams, n_outputs) * scale
    return as_tensor(w), as_tensor(found.x[n_weights:])
