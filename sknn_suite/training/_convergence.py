"""When training ends, and which weights it ends with."""

import math
from collections.abc import Callable
from typing import Any

from skorch.callbacks import Callback

from sknn_suite.training._net import TensorNet
from sknn_suite.training._progress import Progress
from sknn_suite.training._state import weights_of


class ValidationScore(Callback):
    """Record ``valid_score``, the `score` of the net; larger is better."""

    def __init__(self, score: Callable[[TensorNet], float]) -> None:
        self.score = score

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        with net.averaged_weights():
            net.row_["valid_score"] = self.score(net)


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
        Epochs without improvement that are allowed.
    monitor_score : bool
        Whether the validation score decides; the best weights are then kept in
        `progress`.
    on_plateau : callable, default=None
        Called instead of stopping; training stops only if it returns True.
    """

    def __init__(
        self,
        progress: Progress,
        *,
        tol: float,
        n_iter_no_change: float,
        monitor_score: bool,
        on_plateau: Callable[[], bool] | None = None,
    ) -> None:
        self.progress = progress
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.monitor_score = monitor_score
        self.on_plateau = on_plateau

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        if self.monitor_score:
            self._count_score(net)
            what = "Validation score"
        else:
            self._count_loss(net.row_["train_loss"])
            what = "Training loss"
        progress = self.progress
        if progress.no_improvement_count <= self.n_iter_no_change:
            return
        if self.on_plateau is not None and not self.on_plateau():
            progress.no_improvement_count = 0
            return
        net.stop(
            f"{what} did not improve more than tol={self.tol:f} "
            f"for {self.n_iter_no_change} consecutive epochs. Stopping."
        )

    def _count_score(self, net: TensorNet) -> None:
        progress, score = self.progress, net.row_["valid_score"]
        is_number = math.isfinite(score)  # scorers may give NaN, which is no score
        self._count(improved=is_number and score >= progress.best_score + self.tol)
        if is_number and score > progress.best_score:
            progress.best_score = score
            progress.best_epoch = net.epoch_
            with net.averaged_weights():
                progress.best_weights = weights_of(net.module_, copy=True)

    def _count_loss(self, loss: float) -> None:
        progress = self.progress
        self._count(improved=not loss > progress.best_loss - self.tol)
        progress.best_loss = min(progress.best_loss, loss)

    def _count(self, *, improved: bool) -> None:
        count = self.progress.no_improvement_count
        self.progress.no_improvement_count = 0 if improved else count + 1


class FollowSchedule(Callback):
    """Set the learning rate of each epoch, and unfreeze layers that are due.

    Does nothing for a constant rate, so that the user's own callbacks can set it.
    """

    def on_epoch_begin(self, net: TensorNet, **kwargs: Any) -> None:
        recipe = net.recipe
        if recipe.groups.unfreeze_every is not None:
            recipe.groups.thaw(net.module_, net.epoch_ - 1)
            net.follow_schedule()
        elif recipe.schedule.changes:
            net.follow_schedule()

    def on_epoch_end(
        self, net: TensorNet, dataset_train: Any = None, **kwargs: Any
    ) -> None:
        row = net.row_
        score = row.get("valid_score")
        monitored = row["train_loss"] if score is None else -score
        net.recipe.schedule.after_epoch(len(dataset_train), monitored)
