"""Weights of the wide branch: logistic regression on n-grams, solved at once."""

from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from scipy.optimize import OptimizeResult, minimize
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from sknn_suite.data import RaggedRows, as_tensor
from sknn_suite.doors import warn_user
from sknn_suite.encoding import FIRST_GRAM, count_times
from sknn_suite.losses import Loss
from sknn_suite.modules import gram_values

# Strength of the L2 penalty, divided by the number of texts.
PENALTY = 0.03

# For a few hundred texts the solver converges in 30 to 60 iterations. After ENOUGH_ITER
# it stops when WINDOW iterations lower the loss by less than the fraction TOL. For
# 5,000 texts that is after 90 iterations. A longer fit does not improve predictions.
ENOUGH_ITER, MAX_ITER = 60, 300
WINDOW, TOL = 10, 0.01


class Counts(NamedTuple):
    """How much each text holds of each n-gram, as products of sparse matrices.

    Parameters
    ----------
    words : csr_array of shape (n_texts, n_words)
        1 for each word of a text.
    of_words : csr_array of shape (n_words, n_grams)
        The n-grams of each word, see `gram_values`.
    runs : csr_array of shape (n_texts, n_grams)
        1 for each run of words in a text.
    """

    words: sparse.csr_array
    of_words: sparse.csr_array
    runs: sparse.csr_array

    @classmethod
    def of(cls, words: RaggedRows, runs: RaggedRows, n_grams: int) -> "Counts":
        """Make the matrices from the output of the encoder."""
        of_words = _ones(words.table, n_grams)
        values = gram_values(words.table, torch.float64).numpy()
        of_words.data = values[: len(of_words.data)]
        return cls(_ones(words, len(words.table)), of_words, _ones(runs, n_grams))

    def squares(self) -> np.ndarray:
        """Sum of the squares of each text's values, word by word, (n_texts,)."""
        own, runs = self.of_words, self.runs
        own = sparse.csr_array((own.data**2, own.indices, own.indptr), shape=own.shape)
        return self.words @ own.sum(axis=1) + runs.sum(axis=1)

    def scale(self, rows: np.ndarray) -> None:
        """Multiply each text's counts by a number, in place."""
        for part in (self.words, self.runs):
            part.data *= np.repeat(rows, np.diff(part.indptr))

    def transposed(self) -> "Counts":
        """Make the transposed matrices."""
        return Counts(*(part.T.tocsr() for part in self))

    def times(self, w: np.ndarray) -> np.ndarray:
        """Multiply by (n_grams, n_outputs)."""
        return self.words @ (self.of_words @ w) + self.runs @ w

    def times_transposed(self, x: np.ndarray) -> np.ndarray:
        """Multiply the transposed of `transposed` by (n_texts, n_outputs)."""
        return self.of_words @ (self.words @ x) + self.runs @ x


def _ones(rows: RaggedRows, n_columns: int) -> sparse.csr_array:
    starts = rows.starts.numpy()
    if starts[-1] < 1 << 31:  # short indices take half the memory
        starts = starts.astype(np.int32)
    columns = rows.values.numpy()[: starts[-1]]
    return sparse.csr_array(
        (np.ones(len(columns)), columns, starts), shape=(len(rows), n_columns)
    )


class Solution(NamedTuple):
    """What a fit has found.

    Parameters
    ----------
    weight : Tensor of shape (n_grams, n_outputs)
        Weights of the n-grams.
    bias : Tensor of shape (n_outputs,)
        Bias of each raw score.
    n_iter : int
        Iterations that were done.
    loss : float
        Mean log-loss of the texts, penalty included.
    """

    weight: Tensor
    bias: Tensor
    n_iter: int
    loss: float


def fit_ngrams(
    words: RaggedRows,
    runs: RaggedRows,
    target: Tensor,
    weight: Tensor | None,
    n_grams: int,
    n_outputs: int,
    loss: Loss,
) -> Solution:
    """Fit a linear model over n-grams.

    A text is a vector of length one: each of its words and runs of words counts once,
    and so do all letter n-grams of a word together. Each n-gram is scaled by its
    log-count ratios, as in naive Bayes [1]_. So the penalty is smallest for n-grams
    that say much about the classes.

    Parameters
    ----------
    words, runs : RaggedRows
        Words of each text with the numbers of their n-grams, and those of its runs of
        words.
    target : Tensor
        As the loss takes it.
    weight : Tensor of shape (n_samples,) or None
        Weight of each text. 2 is the text twice; weights whose mean is below one, such
        as those that sum up to one, say only how texts relate to each other.
    n_grams, n_outputs : int
        Known n-grams, and raw scores.
    loss : Loss
        A log-loss that computes its gradient.

    References
    ----------
    .. [1] Wang & Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic
       Classification", ACL 2012.
    """
    counts = Counts.of(words, runs, n_grams + FIRST_GRAM)
    target = target.double() if target.is_floating_point() else target
    n_texts = float(len(words))
    if weight is None:
        weight = torch.ones(len(words))
    else:
        weight = weight.double()
        n_texts = float(count_times(weight.numpy()).sum())
    weight = weight.double() * (n_texts / weight.sum())
    scale = _ratios(counts, _one_hot(target, n_outputs), weight.numpy())
    scale[:FIRST_GRAM] = 0  # unknown n-grams have no weight
    counts.scale(1 / np.sqrt(np.maximum(counts.squares(), 1)))
    found = _solve(counts, scale, target, weight, n_texts, n_outputs, loss)
    return found._replace(weight=found.weight[FIRST_GRAM:])


def _one_hot(target: Tensor, n_outputs: int) -> np.ndarray:
    if target.is_floating_point():
        return target.numpy()
    return np.eye(n_outputs)[target.numpy()]


def _ratios(counts: Counts, Y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Root mean square of each n-gram's log-count ratios, (n_grams, 1)."""
    share = np.clip(np.average(Y, axis=0, weights=weight), 1e-6, 1 - 1e-6)
    back = counts.transposed()
    positive = back.times_transposed(Y * weight[:, None])
    negative = back.times_transposed((1 - Y) * weight[:, None])
    ratio = np.log((positive + share) / (negative + 1 - share))
    ratio -= np.log(share / (1 - share))
    return np.sqrt((ratio**2).mean(axis=1, keepdims=True))


def _solve(
    counts: Counts,
    scale: np.ndarray,
    target: Tensor,
    weight: Tensor,
    n_texts: float,
    n_outputs: int,
    loss: Loss,
) -> Solution:
    """Minimise log-loss plus penalty by L-BFGS, in float64."""
    n_grams = len(scale)
    n_weights = n_grams * n_outputs
    penalty = PENALTY / n_texts
    back = counts.transposed()

    def value_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat[:n_weights].reshape(n_grams, n_outputs)
        raw = counts.times(w * scale) + flat[n_weights:]
        value, by_raw = loss.value_and_gradient(as_tensor(raw), target, weight)
        delta = by_raw.numpy()
        by_w = back.times_transposed(delta) * scale + penalty * w
        total = float(value) + 0.5 * penalty * float((w**2).sum())
        return total, np.concatenate([by_w.ravel(), delta.sum(axis=0)])

    losses: list[float] = []

    def is_near(intermediate_result: OptimizeResult) -> None:
        losses.append(float(intermediate_result.fun))
        if len(losses) < max(ENOUGH_ITER, WINDOW + 1):
            return
        if losses[-1 - WINDOW] - losses[-1] < TOL * losses[-1]:
            raise StopIteration

    found = minimize(
        value_and_gradient,
        np.zeros(n_weights + n_outputs),
        jac=True,
        method="L-BFGS-B",
        callback=is_near,
        options={"maxiter": MAX_ITER, "maxcor": 6},
    )
    n_iter = int(found.nit)
    if n_iter >= MAX_ITER:
        warn_user(
            f"The n-gram model has not converged in {n_iter} iterations: the last "
            f"{WINDOW} lowered its loss by more than {TOL:.0%}. Expected them to lower "
            "it by less. Give it fewer n-grams (wide_ngrams=1, or wide_letters=False), "
            "look for extreme values in sample_weight or class_weight, or leave it out "
            "with wide=False.",
            ConvergenceWarning,
        )
    w = found.x[:n_weights].reshape(n_grams, n_outputs) * scale
    return Solution(
        as_tensor(w), as_tensor(found.x[n_weights:]), n_iter, float(found.fun)
    )
