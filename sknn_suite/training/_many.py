"""train_many: many plans as one program, where they are one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sknn_suite.training._net import TensorNet
from sknn_suite.training._plan import FitPlan
from sknn_suite.training._train import Trained, train


@dataclass(frozen=True)
class Job:
    """One call of `train`: a plan, and what watches it.

    Parameters
    ----------
    plan, score, callbacks, keeps_net : object
        As `train` takes them.
    """

    plan: FitPlan
    score: Callable[[TensorNet], float] | None = None
    callbacks: Sequence[Any] = ()
    keeps_net: bool = False


def train_many(
    jobs: Sequence[Job], *, max_networks: int | None = None
) -> list[Trained | BaseException]:
    """Train each job; an exception takes the place of a result."""
    results: list[Trained | BaseException] = []
    for job in jobs:
        try:
            trained = train(
                job.plan,
                score=job.score,
                callbacks=job.callbacks,
                keeps_net=job.keeps_net,
            )
        except Exception as error:
            results.append(error)
            continue
        if trained.interrupted:
            raise KeyboardInterrupt
        results.append(trained)
    return results


def is_packable(job: Job) -> bool:
    """Whether a job can be trained beside others."""
    return not job.callbacks and job.score is None and not job.keeps_net
