"""Who trains the jobs of a thread: the thread itself, unless a trainer has been set."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sknn_suite.training._job import Job
from sknn_suite.training._train import Trained, train

Trainer = Callable[[Job], Trained]


class _OfThread(threading.local):
    trainer: Trainer | None = None


_of_thread = _OfThread()


def train_job(job: Job) -> Trained:
    """Train a job, or leave it to the trainer of this thread; see `train`."""
    if _of_thread.trainer is not None:
        return _of_thread.trainer(job)
    return train_alone(job)


def trains_itself() -> bool:
    """Whether this thread trains its jobs itself."""
    return _of_thread.trainer is None


def train_alone(job: Job) -> Trained:
    """Train a job in this thread."""
    return train(
        job.plan, score=job.score, callbacks=job.callbacks, keeps_net=job.keeps_net
    )


@contextmanager
def trained_by(trainer: Trainer | None) -> Iterator[None]:
    """Leave the jobs of this thread to a trainer; None means the thread itself."""
    before = _of_thread.trainer
    _of_thread.trainer = trainer
    try:
        yield
    finally:
        _of_thread.trainer = before


def _train_alone_from_now_on() -> None:
    _of_thread.trainer = None


if hasattr(os, "register_at_fork"):  # in a forked process no trainer goes on
    os.register_at_fork(after_in_child=_train_alone_from_now_on)
