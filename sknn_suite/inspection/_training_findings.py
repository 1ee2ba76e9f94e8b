"""Findings about the course of training: too few epochs, an end that came too early."""

from typing import Any

import numpy as np

from sknn_suite.inspection._finding import Finding, percent

# Training was too short if the loss still fell in its last tenth, by this share of its
# whole fall, where an even pace is a tenth; and by this share of its value.
OF_WHOLE_FALL, OF_VALUE = 0.02, 0.005

# At half of an even pace it has hardly begun to learn.
HALF_OF_EVEN = 0.05

# The best epoch of early stopping is among the last, if it is after this share.
LATE = 0.8

# Early stopping came too early if the loss of the validation rows fell by this share
# while their score did not improve, within so few epochs. Later, a loss that falls
# without a better score mostly makes right predictions surer.
STILL_FELL, FEW = 0.05, 30

# Schedules that end with the training.
PLANNED = ("cosine", "log_cosine", "one_cycle", "warm_restarts")


def find_in_training(estimator: Any) -> list[Finding]:
    """Find that training ended while the loss, or the score, was still improving."""
    return [
        *_find_few_epochs(estimator),
        *_find_cut_schedule(estimator),
        *_find_early_end(estimator),
    ]


def _epochs_of(estimator: Any) -> list[dict[str, Any]]:
    """Give the records of all epochs, of earlier calls too if each continues."""
    if getattr(estimator, "warm_start", False):
        return estimator.history_
    return estimator.history_[-estimator.n_iter_ :]


def _find_few_epochs(estimator: Any) -> list[Finding]:
    epochs = _epochs_of(estimator)
    schedule, planned = (
        getattr(estimator, name, None) for name in ("schedule_", "max_iter_")
    )
    ended_early = estimator.n_iter_ < (planned or estimator.n_iter_)
    if schedule in PLANNED or (ended_early and estimator.max_time is None):
        return []
    losses = np.array([row["train_loss"] for row in epochs])
    n = max(len(losses) // 10, 1)
    if len(losses) < 3:
        return []
    last, before = losses[-n:].mean(), losses[-2 * n : -n].mean()
    fall, whole = before - last, losses[0] - last
    if not fall > max(OF_WHOLE_FALL * whole, OF_VALUE * abs(last)):
        return []
    best = getattr(estimator, "best_epoch_", None)
    if best is not None and best - epochs[0]["epoch"] + 1 < LATE * len(epochs):
        return []
    remedy = f"raise {'max_time' if ended_early else 'max_iter'}"
    calls = ""
    if len(epochs) > estimator.n_iter_:
        calls = f" ({estimator.n_iter_} of them in the last call)"
        remedy += ", or call fit once more"
    sentence = (
        f"Training ended after {len(epochs)} epochs{calls} while the loss still fell, "
        f"by {percent(fall / max(abs(before), 1e-300))} in the last tenth; {remedy}."
    )
    is_steep = fall > HALF_OF_EVEN * whole
    return [Finding("few epochs" if is_steep else "slow end", sentence)]


def _find_cut_schedule(estimator: Any) -> list[Finding]:
    """Find that time was up in the middle of a schedule, while epochs got better."""
    planned, n = getattr(estimator, "max_iter_", None), estimator.n_iter_
    is_planned = getattr(estimator, "schedule_", None) in PLANNED
    if not is_planned or estimator.max_time is None or not planned or n >= planned:
        return []
    best = getattr(estimator, "best_epoch_", None)
    first = len(estimator.history_) - n
    if best is None or best - first < LATE * n:
        return []
    sentence = (
        f"max_time ended training after {n} of {planned} epochs, while the score of "
        "the validation rows still rose; raise max_time, or lower max_iter, by which "
        "the schedule is planned."
    )
    return [Finding("few epochs", sentence)]


def _find_early_end(estimator: Any) -> list[Finding]:
    """Find that few validation rows, or a score in large steps, ended training."""
    best = getattr(estimator, "best_epoch_", None)
    if best is None or estimator.early_stopping_scoring == "loss":
        return []
    epochs = _epochs_of(estimator)
    planned = getattr(estimator, "max_iter_", None) or estimator.n_iter_
    waited = epochs[-1]["epoch"] - best
    was_stopped = estimator.n_iter_ < planned and waited >= estimator.n_iter_no_change
    if not was_stopped or len(epochs) > FEW:
        return []
    losses = {row["epoch"]: row.get("valid_loss", np.nan) for row in epochs}
    then, last = losses.get(best, np.nan), losses[epochs[-1]["epoch"]]
    fall = (then - last) / max(abs(then), 1e-300)
    if not fall > STILL_FELL:
        return []
    remedies = ["raise n_iter_no_change", "set early_stopping_scoring='loss'"]
    if "early_stopping" in estimator.get_params(deep=False):
        remedies.append("leave early_stopping out")
    listed = ", ".join(remedies[:-1]) + f", or {remedies[-1]}"
    sentence = (
        f"Early stopping ended training after {len(epochs)} epochs, although the loss "
        f"of the validation rows still fell from the best epoch, {best}, on, by "
        f"{percent(fall)}; {listed}."
    )
    return [Finding("early end", sentence)]
