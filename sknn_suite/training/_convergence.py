"""When training ends, and which weights it ends with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from skorch.callbacks import Callback
from torch import Tensor

from sknn_suite.training._net import TensorNet
from sknn_suite.training._state import weights_of


@dataclass
class Progress:
    """What convergence remembers between epochs, and between calls of partial_fit."""

    best_loss: float = np.inf
    best_score: float = -np.inf
    no_improvement_count: int = 0


class ValidationScore(Callback):
    """Record ``valid_score``: `score` of the raw scores of the validation rows."""

    def __init__(self, score: Callable[[Tensor], float]) -> None:
        self.score = score

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        net.history.record("valid_score", self.score(net.valid_raw_))


class Convergence(Callback):
    """Stop when the loss, or the validation score, no longer improves by `tol`.

    The counting is scikit-learn's: an epoch that does not beat the best so far by
    `tol` counts, one that does sets the count to zero, and training ends when the
    count exceeds `n_iter_no_change`.

    Parameters
    ----------
    progress : Progress
        Continued from an earlier call, and changed in place.
    tol : float
        Improvement that counts, in units of the loss or score.
    n_iter_no_change : int or inf
        Epochs without improvement that are borne.
    monitor_score : bool
        Whether the validation score decides; the best weights are then kept.
    on_plateau : callable, default=None
        Called with the net in place of stopping; True means stop nevertheless.

    Attributes
    ----------
    best_weights_ : dict of str to ndarray or None
        The weights of the best epoch, if the score decides.
    best_epoch_ : int
        The epoch of `best_weights_`, counted from 1 within this call.
    """

    def __init__(
        self,
        progress: Progress,
        *,
        tol: float,
        n_iter_no_change: float,
        monitor_score: bool,
        on_plateau: Callable[[TensorNet], bool] | None = None,
    ) -> None:
        self.progress = progress
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.monitor_score = monitor_score
        self.on_plateau = on_plateau

    def initialize(self) -> "Convergence":
        self.best_weights_: dict[str, np.ndarray] | None = None
        self.best_epoch_: int | None = None
        return self

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        if self.monitor_score:
            self._count_score(net)
            what = "Validation score"
        else:
            self._count_loss(net.history[-1]["train_loss"])
            what = "Training loss"
        progress = self.progress
        if progress.no_improvement_count <= self.n_iter_no_change:
            return
        if self.on_plateau is not None and not self.on_plateau(net):
            progress.no_improvement_count = 0
            return
        net.stop(
            f"{what} did not improve more than tol={self.tol:f} "
            f"for {self.n_iter_no_change} consecutive epochs. Stopping."
        )

    def _count_score(self, net: TensorNet) -> None:
        progress, score = self.progress, net.history[-1]["valid_score"]
        improved = not score < progress.best_score + self.tol
        self._count(improved)
        if score > progress.best_score:
            progress.best_score = score
            self.best_weights_ = weights_of(net.module_, copy=True)
            self.best_epoch_ = net.history[-1]["epoch"]

    def _count_loss(self, loss: float) -> None:
        progress = self.progress
        improved = not loss > progress.best_loss - self.tol
        self._count(improved)
        progress.best_loss = min(progress.best_loss, loss)

    def _count(self, improved: bool) -> None:
        count = self.progress.no_improvement_count
        self.progress.no_improvement_count = 0 if improved else count + 1
