"""What jobs have in common: rows, and whole trainings."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from sknn_suite.data import TensorBundle
from sknn_suite.device import fits
from sknn_suite.training._fingerprint import Describer, IndescribableError
from sknn_suite.training._job import Job
from sknn_suite.training._observers import OF_STOPPING
from sknn_suite.training._plan import FitPlan

# Schedules that are planned for all epochs.
PLANNED = ("cosine", "one_cycle")


class KnownTensors:
    """Tensors of equal content become one, on each device."""

    def __init__(self) -> None:
        self._known: dict[tuple, list[Tensor]] = {}
        self._brought: dict[tuple[int, torch.device], Tensor] = {}

    def __call__(self, tensor: Tensor) -> Tensor:
        """Return the first tensor of this content."""
        kind = (tensor.shape, tensor.dtype, tensor.device)
        known = self._known.setdefault(kind, [])
        for other in known:
            if _is_same(tensor, other) or torch.equal(tensor, other):
                return other
        known.append(tensor)
        return tensor

    def of_bundle(self, bundle: TensorBundle) -> TensorBundle:
        """Return the bundle with known tensors in place of its own."""
        return _with_each(bundle, self)

    def bring(self, bundle: TensorBundle, device: torch.device) -> TensorBundle:
        """Move a bundle of known tensors, as `bring` does; each tensor moves once."""
        if bundle.device == device or not bundle.is_dense:
            return bundle
        is_there = all((id(x), device) in self._brought for x in bundle.inputs.values())
        if not is_there and not fits(bundle, device):
            return bundle

        def move(tensor: Tensor) -> Tensor:
            key = id(tensor), device
            if key not in self._brought:
                self._brought[key] = tensor.to(device)
            return self._brought[key]

        return _with_each(bundle, move)


def _with_each(
    bundle: TensorBundle, change: Callable[[Tensor], Tensor]
) -> TensorBundle:
    """Change each tensor of a bundle; rows that are gathered later stay."""
    inputs = {
        name: change(x) if isinstance(x, Tensor) else x
        for name, x in bundle.inputs.items()
    }
    parts = {
        name: change(part)
        for name in ("target", "weight", "rows")
        if (part := getattr(bundle, name)) is not None
    }
    return replace(bundle, inputs=inputs, **parts)


def _is_same(tensor: Tensor, other: Tensor) -> bool:
    """Whether two tensors of one shape are the same memory."""
    return tensor.data_ptr() == other.data_ptr() and tensor.stride() == other.stride()


def share_rows_of(jobs: Sequence[Job]) -> list[Job]:
    """Let rows of equal content be the same tensors in all jobs, where they train.

    Each fold of each candidate of a search brings a copy of its rows.
    """
    known = KnownTensors()

    def share(bundle: TensorBundle, device: torch.device) -> TensorBundle:
        return known.bring(known.of_bundle(bundle), device)

    shared = []
    for job in jobs:
        plan = job.plan
        device = plan.place.device
        train = share(plan.train, device)
        valid = None if plan.valid is None else share(plan.valid, device)
        shared.append(replace(job, plan=plan.change(train=train, valid=valid)))
    return shared


def share_trajectories(jobs: Sequence[Job]) -> list[list[int]]:
    """Group the numbers of jobs that are one training, looked at several times."""
    describer = Describer()
    alike: dict[Any, list[int]] = {}
    for number, job in enumerate(jobs):
        alike.setdefault(_glance(job), []).append(number)
    groups: list[list[int]] = []
    for numbers in alike.values():
        if len(numbers) == 1:
            groups.append(numbers)
            continue
        same: dict[Any, list[int]] = {}
        for number in numbers:
            try:
                key: Any = _training_of(jobs[number], describer)
            except IndescribableError:
                key = None
            same.setdefault(number if key is None else key, []).append(number)
        groups += same.values()
    return groups


def _glance(job: Job) -> tuple:
    """Describe a job in short: jobs that share their steps are alike in this."""
    plan = job.plan
    settings = replace(plan.settings, **dict.fromkeys(OF_STOPPING))
    first = (w.ravel()[:4].tobytes() for w in plan.weights.values())
    return repr(settings), plan.batch_size, _rows_of(plan), *first


def _rows_of(plan: FitPlan) -> tuple:
    """Say where the rows of a plan are in memory."""
    return tuple(
        (part.data_ptr(), part.stride(), part.shape)
        for bundle in (plan.train, plan.valid)
        if bundle is not None
        for part in (*bundle.inputs.values(), bundle.target, bundle.weight, bundle.rows)
        if isinstance(part, Tensor)
    )


def _training_of(job: Job, describer: Describer) -> Any:
    """Describe the steps of a job; None if no other job can share them."""
    plan = job.plan
    if job.score is not None or len(job.callbacks) or job.keeps_net:
        return None
    if plan.settings.solver == "lbfgs" or plan.settings.max_time is not None:
        return None
    settings = plan.settings
    ends: Any = None
    if settings.learning_rate == "adaptive":
        ends = [getattr(settings, name) for name in OF_STOPPING]
    settings = replace(settings, **dict.fromkeys(OF_STOPPING))
    return describer.digest(
        [
            vars(settings),
            ends,
            plan.network.kind,
            plan.network.config,
            plan.weights,
            type(plan.loss),
            plan.loss,
            str(plan.place),
            plan.batch_size,
            plan.class_shares,
            (plan.n_epochs, plan.planned_epochs) if _reads_length(plan) else None,
            plan.random_state.get_state(legacy=False),
            plan.augment,
            plan.score,
            plan.valid_rows,
            plan.start,
            _rows_of(plan),
        ]
    )


def _reads_length(plan: FitPlan) -> bool:
    """Whether steps depend on how many epochs are planned."""
    settings, params = plan.settings, plan.settings.schedule_params or {}
    kind = settings.learning_rate
    plans_schedule = kind in PLANNED or (
        kind == "piecewise" and params.get("milestones") is None
    )
    start = settings.averaging_start
    plans_average = settings.averaging is not None and (
        isinstance(start, float) or (start is None and settings.averaging == "swa")
    )
    return plans_schedule or plans_average or plan.loss.follows_progress
