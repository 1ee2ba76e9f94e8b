"""What an estimator remembers of its training, under scikit-learn's names."""

import copy
from typing import Any

import numpy as np

from sknn_suite.doors import warn_user
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.training import Progress, TensorNet


class TrainingRecord:
    """Mixin that keeps the fitted attributes of training; continued by warm starts.

    Attributes
    ----------
    loss_ : float
        Loss of the last epoch, penalty included.

    best_loss_ : float or None
        Smallest loss of an epoch; None with early stopping.

    loss_curve_ : list of float
        Loss of each epoch.

    validation_scores_ : list of float or None
        Score of the validation rows after each epoch, with early stopping: accuracy or
        R2, unless early_stopping_scoring says otherwise.

    best_validation_score_ : float or None
        The best of these that is finite, NaN if there is none.

    best_epoch_, best_score_ : int and float
        The epoch whose weights were kept, counted as in `history_`, and its score;
        with early stopping only. If no score was finite they are the last epoch and
        NaN.

    init_matched_ : list of str
        The parameters that `init_from` initialised, if it was given.

    learning_rate_ : float
        The rate that training started with; found by a range test if
        learning_rate_init is "auto".

    n_iter_ : int
        Epochs of the last call, or iterations of lbfgs.

    t_ : int
        Training rows seen, all epochs added up.

    history_ : list of dict
        One record per epoch: epoch, train_loss, learning_rate, seconds, and with early
        stopping valid_loss and valid_score.
    """

    validation_scores_: list[float] | None
    best_loss_: float | None

    # set by the parameters
    solver: Any
    early_stopping: bool
    early_stopping_scoring: Any

    def _begin_record(self, *, resume: bool) -> Progress:
        """Prepare lists to append to, and say how far an earlier call has come."""
        stochastic = self.solver != "lbfgs"
        stopping = stochastic and self.early_stopping
        if not resume:
            self.t_ = 0
            for name in ("best_epoch_", "best_score_"):
                self.__dict__.pop(name, None)
        # New lists: a call that fails must not have appended to the old ones.
        self.history_: list[dict] = (
            list(getattr(self, "history_", ())) if resume else []
        )
        if not stochastic:
            for name in ("loss_curve_", "validation_scores_", "best_loss_"):
                self.__dict__.pop(name, None)
            return Progress()
        self.loss_curve_ = list(getattr(self, "loss_curve_", ())) if resume else []
        if stopping:
            old = getattr(self, "validation_scores_", None) if resume else None
            self.validation_scores_ = list(old or ())
        else:
            self.validation_scores_ = None
        if not resume:
            return Progress()
        best_loss = getattr(self, "best_loss_", None)
        best_score = getattr(self, "best_validation_score_", None)
        return Progress(
            np.inf if best_loss is None else best_loss,
            -np.inf if best_score is None or np.isnan(best_score) else best_score,
            getattr(self, "_no_improvement_count", 0),
        )

    def _record(self, net: TensorNet, n_rows: int) -> None:
        """Set the fitted attributes from a net that has trained."""
        progress = net.progress
        own = [row for row in net.history if "dur" in row]
        epochs = [*progress.earlier, *own]
        self.n_iter_ = len(epochs)
        self.t_ += self.n_iter_ * n_rows
        self.loss_ = epochs[-1]["train_loss"] if epochs else np.nan
        first = len(self.history_)
        if progress.best_epoch is not None:
            self.best_epoch_ = first + len(progress.earlier) + progress.best_epoch
            self.best_score_ = progress.best_score
        elif epochs and progress.best_weights is None and self._watches_score():
            self._warn_of_scores(epochs)
            self.best_epoch_, self.best_score_ = first + self.n_iter_, np.nan
            progress.best_score = np.nan
        self.history_ += [_plain(row, first + i) for i, row in enumerate(epochs, 1)]
        if self.solver == "lbfgs":
            return
        self.loss_curve_ += [row["train_loss"] for row in epochs]
        self._no_improvement_count = progress.no_improvement_count
        if self.validation_scores_ is None:
            self.best_loss_ = progress.best_loss
            self.best_validation_score_ = None
        else:
            self.validation_scores_ += [row["valid_score"] for row in own]
            self.best_loss_ = None
            self.best_validation_score_ = progress.best_score

    def _watches_score(self) -> bool:
        return getattr(self, "validation_scores_", None) is not None

    def _warn_of_scores(self, epochs: list[dict]) -> None:
        warn_user(
            "No validation score was a finite number: early_stopping_scoring="
            f"{self.early_stopping_scoring!r} gave {epochs[-1]['valid_score']} in the "
            "last epoch. Expected one epoch at least with a score, and the last "
            "weights are kept. Choose another scorer, or more validation rows.",
            SuiteWarning,
        )


def _plain(row: dict, epoch: int) -> dict:
    """Turn a record of skorch's history into ours."""
    names = {"lr": "learning_rate", "dur": "seconds"}
    skip = {"batches", "train_batch_count", "valid_batch_count"}
    record: dict[str, Any] = {
        names.get(key, key): copy.copy(value)
        for key, value in row.items()
        if key not in skip
    }
    record["epoch"] = epoch
    return record
