"""Packs of networks as tasks of Ray, on this machine or on a cluster."""

from collections.abc import Callable, Sequence
from typing import Any

from sknn_suite.doors import import_optional
from sknn_suite.training import Job, Trained, train_many

Result = Trained | BaseException


class RayTrainer:
    """Trains jobs as tasks of Ray; one program goes to as many tasks as there are CPUs.

    If Ray is not connected, it starts on this machine.
    """

    def __init__(self) -> None:
        self._ray: Any = import_optional(
            "ray", needed_by="train_together(backend='ray')", extra="ray"
        )
        if not self._ray.is_initialized():
            self._ray.init(include_dashboard=False, log_to_driver=False)
        self._train = self._ray.remote(num_cpus=1)(train_many)

    def __call__(
        self,
        jobs: Sequence[Job],
        *,
        max_networks: int | None = None,
        report: Callable[[int, Trained], None] | None = None,
    ) -> list[Result]:
        """Train jobs; see `train_many`."""
        n_tasks = max(int(self._ray.cluster_resources().get("CPU", 1)), 1)
        parts = share_out(jobs, n_tasks)
        tasks = [
            self._train.remote([jobs[i] for i in part], max_networks=max_networks)
            for part in parts
        ]
        results: dict[int, Result] = {}
        try:
            part_of = dict(zip(tasks, parts))
            while part_of:
                (task,), _ = self._ray.wait(list(part_of), num_returns=1)
                found = dict(zip(part_of.pop(task), self._ray.get(task)))
                results |= found
                for i, result in found.items():
                    if report is not None and isinstance(result, Trained):
                        report(i, result)
        except BaseException:  # such as Ctrl-C
            for task in tasks:
                self._ray.cancel(task)
            raise
        return [results[i] for i in range(len(jobs))]


def share_out(jobs: Sequence[Job], n_parts: int) -> list[list[int]]:
    """Share jobs out, so that those of one program stay together.

    Parameters
    ----------
    jobs : sequence of Job
        The jobs.
    n_parts : int
        Largest number of parts per program.

    Returns
    -------
    list of list of int
        Indices of the jobs of each part.
    """
    programs: list[list[int]] = []
    for i, job in enumerate(jobs):
        for program in programs:
            if job.plan.is_compatible(jobs[program[0]].plan):
                program.append(i)
                break
        else:
            programs.append([i])
    parts = []
    for program in programs:
        n_each = -(-len(program) // n_parts)
        parts += [program[i : i + n_each] for i in range(0, len(program), n_each)]
    return parts
