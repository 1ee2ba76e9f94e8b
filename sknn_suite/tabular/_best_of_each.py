"""The best weights of each member during training."""

from typing import Any

import numpy as np
from skorch.callbacks import Callback

from sknn_suite.tabular._judge import Judge
from sknn_suite.training import TensorNet, weights_of

# The loss of a member on few rows is noise: it counts together with the mean of all
# members, as if this had so many rows.
ROWS_OF_MEAN = 500


class BestOfEach(Callback):
    """Keep the weights of the best epoch of each member.

    They take the place of the best weights of the whole. So any prefix of a training is
    an ensemble.

    Parameters
    ----------
    judge : Judge
        Gives the loss of each member.

    Attributes
    ----------
    losses_ : ndarray of shape (n_members,)
        Smallest loss of each member, as far as the mean counts.
    """

    losses_: np.ndarray
    _kept: dict[str, np.ndarray] | None

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def on_train_begin(self, net: TensorNet, **kwargs: Any) -> None:
        self.losses_ = np.full(net.models_.n, np.inf)
        self._kept = None

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        losses = self._judge(net)
        best = np.flatnonzero(losses < self.losses_)
        self.losses_[best] = losses[best]
        if self._kept is None:
            self._kept = weights_of(net.module_, copy=True)
        module: Any = net.module_
        for name, (tensor, n_models) in module.stacked().items():
            now = tensor.detach().cpu().numpy().reshape(n_models, -1)
            then = self._kept[name].reshape(n_models, -1)
            own = best[best < n_models]
            then[own] = now[own]
        net.progress.best_weights = self._kept

    def _judge(self, net: TensorNet) -> np.ndarray:
        """Loss of each member, drawn to the mean of all."""
        losses = self.judge.of_members(net.valid_raw_)
        known = np.isfinite(losses)
        if not known.any():
            return losses
        mean = losses[known].mean()
        n_rows = np.where(known, self.judge.n_rows, 0.0)
        own = np.where(known, losses, 0.0)
        drawn = (own * n_rows + mean * ROWS_OF_MEAN) / (n_rows + ROWS_OF_MEAN)
        return np.where(np.isinf(losses), np.inf, drawn)
