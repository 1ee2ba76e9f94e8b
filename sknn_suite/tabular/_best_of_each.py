"""The best weights of each member during training, and members that leave it."""

from typing import Any

import numpy as np
from skorch.callbacks import Callback
from torch import Tensor

from sknn_suite.modules import Network
from sknn_suite.tabular._fewer_models import network_of, part_of
from sknn_suite.tabular._judge import Judge
from sknn_suite.tabular._roster import Roster
from sknn_suite.training import TensorNet, go_on_with, weights_of

# The loss of a member on few rows is noise: it counts together with the mean of all
# members, as if this had so many rows.
ROWS_OF_MEAN = 500


class BestOfEach(Callback):
    """Keep the weights of the best epoch of each member, and end with those.

    They take the place of the best weights of the whole. So any prefix of a training is
    an ensemble. Members that leave the training (`Roster`) keep theirs, and cost
    nothing from then on.

    Parameters
    ----------
    judge : Judge
        Gives the loss of each member.
    network : Network
        The network of all members.
    roster : Roster
        Says which members are in training; changed in place.

    Attributes
    ----------
    losses_ : ndarray of shape (n_members,)
        Smallest loss of each member, as far as the mean counts.
    """

    losses_: np.ndarray
    _kept: dict[str, np.ndarray] | None
    _raw: Tensor

    def __init__(self, judge: Judge, network: Network, roster: Roster) -> None:
        self.judge = judge
        self.network = network
        self.roster = roster

    def on_train_begin(self, net: TensorNet, **kwargs: Any) -> None:
        self.losses_ = np.full(net.models_.n, np.inf)
        self._kept = None
        self._module: Any = net.module_
        self._loss: Any = net.criterion_

    def scores_of_all(self, net: TensorNet) -> Tensor:
        """Raw scores of validation rows by all members, those that have left too."""
        if len(self.roster.going) == len(self.losses_):
            return net.valid_raw_
        return self.roster.scores_of_all(net.valid_raw_, self._raw)

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        raw = self.scores_of_all(net)
        losses = self._judge(raw)
        best = np.flatnonzero(losses < self.losses_)
        self.losses_[best] = losses[best]
        if self._kept is None:
            self._kept = weights_of(self._module, copy=True)
            self._raw = raw.clone()
        self._raw[best] = raw[best]
        self._keep(net, best)
        net.progress.best_weights = self._kept
        stay = self.roster.end_epoch(net.epoch_, self.losses_)
        if stay is not None:
            self._close_up(net, stay)

    def on_train_end(self, net: TensorNet, **kwargs: Any) -> None:
        net.module_ = self._module
        if self._kept is not None:
            net.progress.best_weights = self._kept

    def _keep(self, net: TensorNet, best: np.ndarray) -> None:
        """Keep the weights that some members have now."""
        assert self._kept is not None
        going, module = np.array(self.roster.going), net.module_
        now = module.stacked()
        for name, (_, n_models) in self._module.stacked().items():
            if name in now:
                tensor, n_own = now[name]
                own = tensor.detach().cpu().numpy().reshape(n_own, -1)
                rows = np.flatnonzero(np.isin(going[:n_own], best))
                then = self._kept[name].reshape(n_models, -1)
                then[going[rows]] = own[rows]

    def _close_up(self, net: TensorNet, stay: list[int]) -> None:
        """Let the net go on with the members that are still in training.

        `stay` are their places among those that were.
        """
        going = self.roster.going
        if not going:
            net.stop("No network has had a better epoch of late.")
            return
        module: Any = net.module_
        n_of = {name: n for name, (_, n) in module.stacked().items()}

        def part(name: str, tensor: Tensor) -> Tensor:
            return part_of(tensor, n_of[name], stay)

        fewer = network_of(self.network, going).build(net.place.device, net.place.dtype)
        go_on_with(net, fewer, self._loss.of_models(going), part)

    def _judge(self, raw: Tensor) -> np.ndarray:
        """Loss of each member, drawn to the mean of all."""
        losses = self.judge.of_members(raw)
        known = np.isfinite(losses)
        if not known.any():
            return losses
        mean = losses[known].mean()
        n_rows = np.where(known, self.judge.n_rows, 0.0)
        own = np.where(known, losses, 0.0)
        drawn = (own * n_rows + mean * ROWS_OF_MEAN) / (n_rows + ROWS_OF_MEAN)
        return np.where(np.isinf(losses), np.inf, drawn)
