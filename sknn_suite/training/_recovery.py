"""What to do when the loss becomes NaN or infinite: go back and slow down."""

from dataclasses import dataclass
from typing import Any

import torch
from skorch.callbacks import Callback
from torch import Tensor

from sknn_suite.doors import warn_user
from sknn_suite.exceptions import DivergedError, SuiteWarning
from sknn_suite.training._net import TensorNet

# Each recovery halves the rate; after this many it is a millionth.
MAX_RECOVERIES = 20


@dataclass
class Kept:
    """State of the best epoch: parameters, buffers, and the average if there is one."""

    data: Tensor
    buffers: list[Tensor]
    average: dict[str, Any] | None


class Recovery(Callback):
    """Keep the weights of the best epoch; return to them at half the rate.

    Attributes
    ----------
    n_recoveries_ : int
        How often that was necessary.
    """

    def initialize(self) -> "Recovery":
        self.n_recoveries_ = 0
        self.best_loss_: float | None = None
        self.kept_: Kept | None = None
        return self

    def on_train_begin(self, net: TensorNet, **kwargs: Any) -> None:
        if self.kept_ is None:  # not restored from a checkpoint
            self._keep(net)

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        loss = net.history[-1]["train_loss"]
        if self.best_loss_ is None:  # an epoch must beat the initial weights first
            self.best_loss_ = net.first_loss_
        if loss < self.best_loss_:
            self.best_loss_ = loss
            self._keep(net)

    def recover(self, net: TensorNet, error: DivergedError) -> None:
        """Put the best weights back, forget momenta, halve the rate, and warn.

        Raises
        ------
        DivergedError
            `error`, if it has happened too often.
        """
        if self.n_recoveries_ == MAX_RECOVERIES:
            raise error
        self.n_recoveries_ += 1
        kept, average = self.kept_, net.recipe.average
        assert kept is not None  # since training began
        with torch.no_grad():
            net.flat_.data.copy_(kept.data)
            for buffer, value in zip(net.module_.buffers(), kept.buffers):
                buffer.copy_(value)
        if average is not None and kept.average is not None:
            average.load_state_dict(kept.average, net.flat_.data)
        net.optimizer_.state.clear()
        net.recipe.schedule.scale(0.5)
        net.follow_schedule()
        warn_user(
            f"The loss became NaN or infinite in epoch {net.epoch_}. Training goes on "
            f"from the best weights so far at half the learning rate, {net.rate_:g}. "
            "Lower learning_rate_init or scale X to avoid this.",
            SuiteWarning,
        )

    def _keep(self, net: TensorNet) -> None:
        average = net.recipe.average
        self.kept_ = Kept(
            net.flat_.data.clone(),
            [buffer.clone() for buffer in net.module_.buffers()],
            None if average is None else average.copy_state(),
        )

    def state_dict(self) -> dict[str, Any]:
        """State to continue from."""
        kept = None if self.kept_ is None else vars(self.kept_)
        return {"n": self.n_recoveries_, "best_loss": self.best_loss_, "kept": kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self.n_recoveries_, self.best_loss_ = state["n"], state["best_loss"]
        self.kept_ = None if state["kept"] is None else Kept(**state["kept"])
