"""Workshop: trains the networks of a search, and those that are known already."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sknn_suite.doors import warn_user
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.search._identity import RowDigests
from sknn_suite.search._signs import Signs
from sknn_suite.search._store import Store
from sknn_suite.training import Job, Trained, is_packable, train_alone, train_many

Result = Trained | BaseException


@dataclass(frozen=True)
class Outcome:
    """What became of a job, and its share of the seconds that all jobs took."""

    result: Result
    seconds: float


class Workshop:
    """Trains jobs together, and keeps what has been trained.

    Parameters
    ----------
    store : Store
        Trainings that have ended, from which others go on.
    signs : Signs
        Is told of networks that have been trained.
    train : callable, default=train_many
        Trains several jobs.
    max_networks : int or None, default=None
        Networks in one program, at most.
    """

    def __init__(
        self,
        store: Store,
        signs: Signs,
        train: Callable[..., list[Result]] = train_many,
        max_networks: int | None = None,
    ) -> None:
        self.store = store
        self.signs = signs
        self._train = train
        self._max_networks = max_networks

    def takes(self, job: Job) -> bool:
        """Whether a job can be trained with others, in another thread than its own.

        What watches a training is called where its task runs.
        """
        is_watched = job.callbacks or job.score is not None or job.keeps_net
        return not is_watched or is_packable(job)

    def train_alone(self, job: Job) -> Trained:
        """Train a job by itself, in this thread; `train_job` comes here in a block."""
        known = self.store.look_up(job)
        if known.trained is not None:
            return known.trained
        trained = train_alone(replace(job, plan=known.plan))
        self.store.keep(known, trained)
        return trained

    def train(self, jobs: Sequence[Job], n_to_come: int = 0) -> list[Outcome]:
        """Train jobs together.

        Parameters
        ----------
        jobs : sequence of Job
            The jobs.
        n_to_come : int, default=0
            Tasks of which nothing is known yet, for the time left.

        Raises
        ------
        KeyboardInterrupt
            If the user has interrupted one of the trainings: a search of which one
            candidate has had less time than the others would rank them wrongly.
        """
        digest_rows = RowDigests()
        known = [self.store.look_up(job, digest_rows) for job in jobs]
        places = [i for i, found in enumerate(known) if found.trained is None]
        results: list[Result | None] = [found.trained for found in known]
        self.signs.begin(len(jobs), n_to_come)
        began = time.perf_counter()
        todo = [replace(jobs[i], plan=known[i].plan) for i in places]
        kept: set[int] = set()

        def keep(number: int, result: Trained) -> None:
            kept.add(number)
            self.store.keep(known[places[number]], result)

        for number, result in enumerate(self._train_together(todo, keep)):
            if isinstance(result, KeyboardInterrupt):
                raise result
            if isinstance(result, Trained):
                if result.interrupted:
                    raise KeyboardInterrupt
                if number not in kept:
                    keep(number, result)
            results[places[number]] = result
        seconds = time.perf_counter() - began
        work = {i: _work(known[i], results[i]) for i in places}
        total = sum(work.values()) or 1.0
        self.signs.end(len(jobs))
        return [
            Outcome(result, seconds * work.get(i, 0.0) / total)
            for i, result in enumerate(results)
            if result is not None
        ]

    def _train_together(
        self, jobs: list[Job], keep: Callable[[int, Trained], None]
    ) -> list[Result]:
        if not jobs:
            return []
        how: dict[str, Any] = {"max_networks": self._max_networks}
        if self.store.folder is not None:  # what has ended outlives a search that ends
            how["report"] = keep
        try:
            return self._train(jobs, **how)
        except Exception as error:  # such as too little memory for a pack
            warn_user(
                f"{len(jobs)} networks could not be trained together: {error}. "
                "Each is trained by itself, with the same result. "
                "Lower max_networks of train_together if memory is short.",
                SuiteWarning,
            )
        return [_try_alone(job) for job in jobs]


def _try_alone(job: Job) -> Result:
    try:
        return train_alone(job)
    except Exception as error:
        return error


def _work(known: Any, result: Result | None) -> float:
    """Multiply-adds of a training, up to a factor that all have in common."""
    plan = known.plan
    n_weights = sum(array.size for array in plan.weights.values())
    n_epochs = len(result.history) if isinstance(result, Trained) else 1
    return float(max(n_epochs - known.n_before, 1) * len(plan.train) * n_weights)
