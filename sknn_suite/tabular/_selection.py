"""Choose members and their weights by validation rows, and the temperature."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from sknn_suite.modules import mean_of_models

# Steps of the greedy choice.
MOST_STEPS = 25

# Temperatures that are tried.
SHARPNESS = np.exp(np.linspace(np.log(0.4), np.log(2.5), 61))


def choose_greedily(
    raw: Tensor, loss: Callable[[Tensor], float], link: str
) -> np.ndarray:
    """Weights of members: one after another is added that lowers the loss most.

    A member may be added several times; the best prefix is kept.

    Parameters
    ----------
    raw : Tensor of shape (n_models, n_samples, n_outputs)
        Raw scores of each member.
    loss : callable
        Loss of raw scores, (n_samples, n_outputs).
    link : str
        A name in `LINKS`.

    Returns
    -------
    ndarray of shape (n_models,)
        Weights; their sum is one.

    References
    ----------
    Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004.
    """
    n_models = len(raw)
    counts, best_counts, best = np.zeros(n_models), np.ones(n_models), np.inf
    for _ in range(MOST_STEPS):
        losses = []
        for m in range(n_models):
            tried = counts + (np.arange(n_models) == m)
            share = torch.as_tensor(tried / tried.sum(), dtype=raw.dtype)
            losses.append(loss(mean_of_models(raw, share, link)))
        if not np.isfinite(losses).any():
            break
        chosen = int(np.nanargmin(losses))
        counts[chosen] += 1
        if losses[chosen] < best:
            best, best_counts = losses[chosen], counts.copy()
    return best_counts / best_counts.sum()


def choose_sharpness(raw: Tensor, loss: Callable[[Tensor], float]) -> float:
    """Factor of raw scores with the smallest loss: the inverse of a temperature.

    References
    ----------
    Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks", ICML
    2017.
    """
    losses = [loss(raw * factor) for factor in SHARPNESS]
    if not np.isfinite(losses).any():
        return 1.0
    return float(SHARPNESS[int(np.nanargmin(losses))])
