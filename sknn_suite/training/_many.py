"""train_many: many plans at once, as few programs."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from skorch.callbacks import Callback

from sknn_suite.device import one_thread
from sknn_suite.doors import set_user_line, user_line
from sknn_suite.training._job import Job
from sknn_suite.training._observers import Trajectory
from sknn_suite.training._pack import Pack
from sknn_suite.training._packing import group_by_program, is_packable, suited_size
from sknn_suite.training._processes import MOST_BYTES, PROCESSES
from sknn_suite.training._sharing import share_rows_of, share_trajectories
from sknn_suite.training._train import Trained, train

Results = dict[int, Trained | BaseException]

# Takes the number of a job and its result.
Report = Callable[[int, Trained], None]


def train_many(
    jobs: Sequence[Job],
    *,
    max_networks: int | None = None,
    in_processes: bool = True,
    report: Report | None = None,
) -> list[Trained | BaseException]:
    """Train many plans, each with the result of ``train(job.plan, ...)``.

    Plans of one program train side by side, as packs. Plans that differ only in when
    they end are one training, at which each looks when its own rule ends it. What
    cannot be packed trains by itself, see `is_packable`. Packs and single nets are
    shared out to as many threads or processes as torch has threads, with one OpenMP
    thread each; those of a GPU train one after another.

    Results are those of `train` in one thread, bit for bit. Large nets, which `train`
    computes in several threads, agree to 1e-12 in float64; so do nets on a GPU, whose
    batched products add up in another order.

    Parameters
    ----------
    jobs : sequence of Job
        Calls of `train`.
    max_networks : int, default=None
        Most networks of a pack; None chooses by the size of the processor's cache.
    in_processes : bool, default=True
        Whether other processes may help, see `Processes`; else only threads do.
    report : callable, default=None
        Called with the number of a job and its result when the pack of the job has
        ended; several threads of this process call it.

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
    tasks: list[Task] = []
    packable: list[dict[int, Job]] = []
    for numbers in share_trajectories(jobs):
        same = {number: jobs[number] for number in numbers}
        first = jobs[numbers[0]]
        if is_packable(first):
            packable.append(same)
        elif len(same) > 1:
            tasks.append(Task(_train_trajectory, [same]))
        else:
            tasks.append(Task(_train_alone, [same]))
    packs: list[Task] = []
    for group in group_by_program(packable):
        size = suited_size(group, max_networks)
        packs += [
            Task(_train_pack, group[start : start + size])
            for start in range(0, len(group), size)
        ]
    found: Results = {}
    # Whoever is done with the others helps with the short ones at the end.
    all_tasks = sorted(packs + tasks, key=_work, reverse=True)
    for results in _run_side_by_side(all_tasks, report, in_processes=in_processes):
        found |= results
    return [found[number] for number in range(len(jobs))]


@dataclass(frozen=True)
class Task:
    """Trajectories that one thread, or another process, trains.

    Parameters
    ----------
    function : callable
        Trains them, until an event is set.
    trajectories : list of dict of int to Job
        The jobs of each trajectory, by their numbers.
    """

    function: Callable[[Sequence[dict[int, Job]], threading.Event], Results]
    trajectories: Sequence[dict[int, Job]]

    def __call__(self, stop: threading.Event) -> Results:
        return self.function(self.trajectories, stop)

    @property
    def device(self) -> torch.device:
        """Where they train."""
        (first, *_) = self.trajectories[0].values()
        return first.plan.place.device

    @property
    def can_be_sent(self) -> bool:
        """Whether another process can do it: nothing watches, and its rows are few."""
        jobs = [job for same in self.trajectories for job in same.values()]
        if any(job.callbacks or job.score is not None for job in jobs):
            return False
        if self.device.type != "cpu" or any(job.keeps_net for job in jobs):
            return False
        bundles = {
            id(bundle.inputs): bundle.n_bytes
            for job in jobs
            for bundle in (job.plan.train, job.plan.valid)
            if bundle is not None
        }
        return sum(bundles.values()) <= MOST_BYTES


def _work(task: Task) -> int:
    """Multiply-adds of a task, roughly."""
    longest = [max(job.plan.n_epochs for job in s.values()) for s in task.trajectories]
    plans = [next(iter(same.values())).plan for same in task.trajectories]
    n_weights = sum(array.size for array in plans[0].weights.values())
    return sum(n * len(plan.train) for n, plan in zip(longest, plans)) * n_weights


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
                results |= _train_alone([{number: job}], stop)
        return results
    for trajectory in trajectories:
        results |= trajectory.results
    return results


def _train_trajectory(
    trajectories: Sequence[dict[int, Job]], stop: threading.Event
) -> Results:
    """Train one net for several fits."""
    (jobs,) = trajectories
    try:
        trajectory = Trajectory(jobs)
    except Exception as error:
        return dict.fromkeys(jobs, error)
    trajectory.train(stop)
    return trajectory.results


def _train_alone(
    trajectories: Sequence[dict[int, Job]], stop: threading.Event
) -> Results:
    """Train one job as `train` does."""
    (jobs,) = trajectories
    ((number, job),) = jobs.items()
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
    tasks: Sequence[Task], report: Report | None, *, in_processes: bool
) -> Iterable[Results]:
    """Run tasks in as many threads as torch has, each with one OpenMP thread.

    All threads but the first give their tasks to processes, once there are any.
    """
    began = time.perf_counter()
    stop = threading.Event()
    n_threads = min(_suited_threads(tasks), len(tasks))
    if n_threads <= 1:
        return [_reported(task(stop), report) for task in tasks]
    left = iter(tasks)
    line = user_line()

    def work(number: int) -> list[Results]:
        set_user_line(line)
        done = []
        with one_thread():
            try:
                for task in left:  # CPython's iterators of lists are safe in threads
                    if stop.is_set():
                        break
                    spent = time.perf_counter() - began
                    may_send = in_processes and number > 0 and task.can_be_sent
                    if may_send and PROCESSES.are_ready(n_threads - 1, spent):
                        results = _run_elsewhere(task, stop)
                    else:
                        results = task(stop)
                    done.append(_reported(results, report))
            except BaseException:
                stop.set()
                raise
        return done

    try:
        with ThreadPoolExecutor(n_threads) as pool:
            try:
                return list(chain.from_iterable(pool.map(work, range(n_threads))))
            except BaseException:
                stop.set()
                raise
    except BaseException:
        PROCESSES.end()  # it may be in the midst of a task
        raise
    finally:
        PROCESSES.note(time.perf_counter() - began)


def _suited_threads(tasks: Sequence[Task]) -> int:
    """As many threads as torch has; a GPU is kept busy by one."""
    devices = {task.device for task in tasks}
    if any(device.type == "cpu" for device in devices):
        return torch.get_num_threads()
    return len(devices)


def _reported(results: Results, report: Report | None) -> Results:
    """Report the trainings that went well."""
    if report is not None:
        for number, result in results.items():
            if isinstance(result, Trained):
                report(number, result)
    return results


def _run_elsewhere(task: Task, stop: threading.Event) -> Results:
    """Run a task in another process, or here if that fails."""
    try:
        return PROCESSES.run(task, stop)
    except CancelledError:
        return {}
    except Exception:  # such as a user's class that does not pickle
        return task(stop)
