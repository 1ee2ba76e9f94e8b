"""Choose weights of members, and how sharp their mean is, by validation rows."""

import numpy as np
from torch import Tensor

from sknn_suite.tabular._judge import Judge

# Steps of the greedy choice.
MOST_STEPS = 25

# Inverse temperatures that are tried.
SHARPNESS = np.exp(np.linspace(np.log(0.4), np.log(2.5), 61))


def choose_greedily(raw: Tensor, judge: Judge) -> np.ndarray:
    """Weights of members: one after another is added that lowers the loss most.

    A member may be added several times; the best prefix is kept.

    Parameters
    ----------
    raw : Tensor of shape (n_members, n_samples, n_outputs)
        Raw scores of each member for the validation rows.
    judge : Judge
        Gives the loss of weights.

    Returns
    -------
    ndarray of shape (n_members,)
        Weights; their sum is one.

    References
    ----------
    Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004.
    """
    n_members = len(raw)
    counts, best_counts, best = np.zeros(n_members), np.ones(n_members), np.inf
    for _ in range(MOST_STEPS):
        tried = counts + np.eye(n_members)
        losses = np.array([judge.of_mean(raw, own / own.sum()) for own in tried])
        if not np.isfinite(losses).any():
            break
        chosen = int(np.nanargmin(losses))
        counts[chosen] += 1
        if losses[chosen] < best:
            best, best_counts = losses[chosen], counts.copy()
    return best_counts / best_counts.sum()


def choose_sharpness(raw: Tensor, share: np.ndarray, judge: Judge) -> float:
    """Factor of the mean's raw scores with the smallest loss.

    References
    ----------
    Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks", ICML
    2017; the factor is the inverse of their temperature.
    """
    scores, rows = judge.mean(raw, share)
    losses = [judge.of_scores(scores * factor, rows) for factor in SHARPNESS]
    if not np.isfinite(losses).any():
        return 1.0
    return float(SHARPNESS[int(np.nanargmin(losses))])
