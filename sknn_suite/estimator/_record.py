"""What an estimator shows of its training, under scikit-learn's names."""

import copy
from typing import Any

import numpy as np

from sknn_suite.doors import warn_user
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.training import FitPlan, Trained

# Attributes that L-BFGS lacks, since it has no epochs.
OF_EPOCHS = ("loss_curve_", "validation_scores_", "best_loss_")


def record(earlier: dict[str, Any], plan: FitPlan, trained: Trained) -> dict[str, Any]:
    """Fitted attributes of a training; they continue those of `earlier` calls.

    Parameters
    ----------
    earlier : dict
        Fitted attributes from which the call continues; empty for a new start.
    plan, trained : FitPlan and Trained
        The training.

    Returns
    -------
    dict
        All attributes, those of `earlier` included.
    """
    epochs, progress, scoring = trained.history, trained.progress, plan.settings
    history = list(earlier.get("history_", ()))
    first, n_epochs = len(history), len(epochs)
    shown = earlier | {
        "n_iter_": n_epochs,
        "t_": earlier.get("t_", 0) + n_epochs * len(plan.train),
        "loss_": epochs[-1]["train_loss"] if epochs else np.nan,
        "history_": history
        + [_plain(row, first + i) for i, row in enumerate(epochs, 1)],
        "out_activation_": plan.loss.out_activation,
    }
    if plan.settings.solver == "lbfgs":
        return {n: value for n, value in shown.items() if n not in OF_EPOCHS}
    watches = scoring.early_stopping
    n_before = len(progress.earlier)
    if progress.best_epoch is not None:
        shown["best_epoch_"] = first + n_before + progress.best_epoch
        shown["best_score_"] = progress.best_score
    elif epochs and progress.best_weights is None and watches:
        _warn_of_scores(scoring.early_stopping_scoring, epochs[-1])
        shown["best_epoch_"], shown["best_score_"] = first + n_epochs, np.nan
        progress.best_score = np.nan
    curve = [row["train_loss"] for row in epochs]
    shown["loss_curve_"] = list(earlier.get("loss_curve_", ())) + curve
    if watches:
        scores = [row["valid_score"] for row in epochs[n_before:]]
        shown["validation_scores_"] = (earlier.get("validation_scores_") or []) + scores
        shown["best_loss_"] = None
        shown["best_validation_score_"] = progress.best_score
    else:
        shown["validation_scores_"] = None
        shown["best_loss_"] = progress.best_loss
        shown["best_validation_score_"] = None
    return shown


def _warn_of_scores(scoring: Any, last: dict[str, Any]) -> None:
    warn_user(
        "No validation score was a finite number: early_stopping_scoring="
        f"{scoring!r} gave {last['valid_score']} in the "
        "last epoch. Expected a score in at least one epoch; the last "
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
