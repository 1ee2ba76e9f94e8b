"""The best weights of each member during training."""

from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback
from torch import Tensor

from sknn_suite.training import TensorNet, weights_of


class BestOfEach(Callback):
    """Keep the weights of the best epoch of each member, by its own loss.

    They take the place of the best weights of the whole. Any prefix of a training is an
    ensemble.

    Attributes
    ----------
    losses_ : ndarray of shape (n_models,)
        Smallest validation loss of each member.
    """

    losses_: np.ndarray
    _kept: dict[str, np.ndarray] | None

    def on_train_begin(self, net: TensorNet, **kwargs: Any) -> None:
        self.losses_ = np.full(net.models_.n, np.inf)
        self._kept = None

    def on_epoch_end(
        self, net: TensorNet, dataset_valid: Any = None, **kwargs: Any
    ) -> None:
        if dataset_valid is None:
            return
        losses = losses_of_models(net, dataset_valid)
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


def losses_of_models(net: TensorNet, valid: Any) -> np.ndarray:
    """Loss of each member on the validation rows, from the scores of this epoch."""
    raw: Tensor = net.valid_raw_
    weight = None if valid.weight is None else valid.weights
    with torch.no_grad():
        losses = net.criterion_(raw, valid.targets, weight)
    return np.atleast_1d(losses.cpu().double().numpy())
