"""Findings about the course of training: too few epochs."""

from typing import Any

import numpy as np

from sknn_suite.inspection._finding import Finding, percent

# Training was too short if the loss still fell in its last tenth, by this share of its
# whole fall, where an even pace is a tenth; and by this share of its value.
OF_WHOLE_FALL, OF_VALUE = 0.02, 0.005

# The best epoch of early stopping is among the last, if it is after this share.
LATE = 0.8

# Schedules that end with the training.
PLANNED = ("cosine", "one_cycle", "warm_restarts")


def find_in_training(estimator: Any) -> list[Finding]:
    """Find that training ended while the loss, or the score, was still improving."""
    epochs = estimator.history_[-estimator.n_iter_ :]
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
    which = "max_time" if ended_early else "max_iter"
    sentence = (
        f"Training ended after {len(epochs)} epochs while the loss still fell, by "
        f"{percent(fall / max(abs(before), 1e-300))} in the last tenth; raise {which}."
    )
    return [Finding("few epochs", sentence)]
