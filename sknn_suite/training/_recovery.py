"""What to do when the loss becomes NaN or infinite: go back and slow down."""

from typing import Any

import torch
from skorch.callbacks import Callback

from sknn_suite._warnings import warn_user
from sknn_suite.exceptions import DivergedError, SuiteWarning
from sknn_suite.training._net import TensorNet

# Each recovery halves the rate; after this many it is a thousandth.
MAX_RECOVERIES = 10


class Recovery(Callback):
    """Keep the weights of the best epoch; return to them at half the rate.

    Attributes
    ----------
    n_recoveries_ : int
        How often that was necessary.
    """

    def on_train_begin(self, net: TensorNet, **kwargs: Any) -> None:
        self.n_recoveries_ = 0
        self.best_loss_ = float("inf")
        self._keep(net)

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        loss = net.history[-1]["train_loss"]
        if loss < self.best_loss_:
            self.best_loss_ = loss
            self._keep(net)

    def recover(self, net: TensorNet, error: DivergedError) -> None:
        """Put the best weights back, forget momenta, halve the rate, and say so.

        Raises
        ------
        DivergedError
            `error`, if it has happened too often.
        """
        if self.n_recoveries_ == MAX_RECOVERIES:
            raise error
        self.n_recoveries_ += 1
        with torch.no_grad():
            net.flat_.data.copy_(self.data_)
            for buffer, kept in zip(net.module_.buffers(), self.buffers_):
                buffer.copy_(kept)
        net.optimizer_.state.clear()
        net.recipe.schedule.scale(0.5)
        net.follow_schedule()
        warn_user(
            f"The loss became NaN or infinite in epoch {net.epoch_}. Training goes on "
            f"from the best weights so far at half the learning rate, {net.rate_:g}. "
            "Lower learning_rate_init or scale X to avoid the detour.",
            SuiteWarning,
        )

    def _keep(self, net: TensorNet) -> None:
        self.data_ = net.flat_.data.clone()
        self.buffers_ = [buffer.clone() for buffer in net.module_.buffers()]
