"""train_many: many plans at once, as few programs."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import torch
from skorch.callbacks import Callback

from sknn_suite.device import one_thread
from sknn_suite.training._job import Job
from sknn_suite.training._observers import Trajectory
from sknn_suite.training._pack import Pack
from sknn_suite.training._packing import group_by_program, is_packable, suited_size
from sknn_suite.training._sharing import share_rows_of, share_trajectories
from sknn_suite.training._train import Trained, train

Results = dict[int, Trained | BaseException]


def train_many(
    jobs: Sequence[Job], *, max_networks: int | None = None
) -> list[Trained | BaseException]:
    """Train many plans, each with the result of ``train(job.plan, ...)``.

    Plans of one program train side by side, as packs. Plans that differ only in when
    they end are one training, at which each looks when its own rule ends it. What
    cannot be packed trains by itself, see `is_packable`. Packs and single nets are
    shared out to as many Python threads as torch has, with one OpenMP thread each.

    Results are those of `train` in one thread, bit for bit. Large nets, which `train`
    computes in several threads, agree to 1e-12 in float64.

    Parameters
    ----------
    jobs : sequence of Job
        Calls of `train`.
    max_networks : int, default=None
        Most networks of a pack; None chooses by the size of the processor's cache.

    Returns
    -------
    list of Trained or BaseException
        The result of each job; an error is the result of its own job alone.

    Raises
    ------
    KeyboardInterrupt
        If it comes while the jobs train.
    """
    jobs = share_rows_of(jobs)
    stop = threading.Event()
    tasks: list[Callable[[], Results]] = []
    packable: list[dict[int, Job]] = []
    for numbers in share_trajectories(jobs):
        same = {number: jobs[number] for number in numbers}
        first = jobs[numbers[0]]
        if is_packable(first):
            packable.append(same)
        elif len(same) > 1:
            tasks.append(partial(_train_trajectory, same, stop))
        else:
            tasks.append(partial(_train_alone, numbers[0], first, stop))
    packs: list[Callable[[], Results]] = []
    for group in group_by_program(packable):
        size = suited_size(group, max_networks)
        packs += [
            partial(_train_pack, group[start : start + size], stop)
            for start in range(0, len(group), size)
        ]
    found: Results = {}
    for results in _run_side_by_side([*packs, *tasks], stop):
        found |= results
    return [found[number] for number in range(len(jobs))]


def _train_pack(pack: Sequence[dict[int, Job]], stop: threading.Event) -> Results:
    """Train a pack of trajectories."""
    results: Results = {}
    trajectories: list[Trajectory] = []
    for jobs in pack:
        try:
            trajectories.append(Trajectory(jobs, packed=True))
        except Exception as error:
            results |= dict.fromkeys(jobs, error)
    try:
        Pack(trajectories, stop).train()
    except torch.OutOfMemoryError:
        failed = True
    else:
        failed = False
    if failed:  # one by one they may fit; outside of except the pack's memory is freed
        del trajectories
        for jobs in pack:
            for number, job in jobs.items():
                results |= _train_alone(number, job, stop)
        return results
    for trajectory in trajectories:
        results |= trajectory.results
    return results


def _train_trajectory(jobs: dict[int, Job], stop: threading.Event) -> Results:
    """Train one net for several fits."""
    try:
        trajectory = Trajectory(jobs)
    except Exception as error:
        return dict.fromkeys(jobs, error)
    trajectory.train(stop)
    return trajectory.results


def _train_alone(number: int, job: Job, stop: threading.Event) -> Results:
    """Train one job as `train` does."""
    callbacks = [*job.callbacks, EndWhenAsked(stop)]
    try:
        trained = train(
            job.plan, score=job.score, callbacks=callbacks, keeps_net=job.keeps_net
        )
    except Exception as error:
        return {number: error}
    if trained.interrupted:
        raise KeyboardInterrupt
    return {number: trained}


class EndWhenAsked(Callback):
    """End a training when another thread was interrupted.

    Parameters
    ----------
    stop : threading.Event
        Set when it should end.
    """

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        if self.stop.is_set():
            raise KeyboardInterrupt


def _run_side_by_side(
    tasks: Sequence[Callable[[], Results]], stop: threading.Event
) -> Iterable[Results]:
    """Run tasks in as many threads as torch has, each with one OpenMP thread."""
    n_threads = min(torch.get_num_threads(), len(tasks))
    if n_threads <= 1:
        return [task() for task in tasks]

    def work(task: Callable[[], Results]) -> Results:
        with one_thread():
            try:
                return {} if stop.is_set() else task()
            except BaseException:
                stop.set()
                raise

    with ThreadPoolExecutor(n_threads) as pool:
        try:
            return list(pool.map(work, tasks))
        except BaseException:
            stop.set()
            raise
