"""Which jobs train in one pack, and how many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import torch

from sknn_suite.device import cache_bytes, fits, free_bytes
from sknn_suite.modules import onednn_multiplies
from sknn_suite.training._activation_pass import has_pass
from sknn_suite.training._callbacks import watches_steps
from sknn_suite.training._checkpoint import Checkpoint
from sknn_suite.training._job import Job
from sknn_suite.training._kept_net import KeptNet
from sknn_suite.training._plan import FitPlan

# Fewest and most networks of a pack. Fewer do not pay for the calls of a step, and more
# gain nothing.
FEWEST, MOST = 8, 32

# Multiply-adds of a forward pass of a whole pack. With fewer, the calls of a step take
# longer than the arithmetic; then they take little beside it.
CALLS_WORK, PACK_WORK = 5e6, 2e7

# Most networks of a pack on a GPU, and the share of its free memory for a pack.
MOST_ON_GPU = 256
MEMORY_SHARE = 0.25


def _config(job: Job) -> dict[str, Any]:
    return job.plan.network.config


# What a job must not have to train in a pack, with the reason. This is the one list of
# all that trains by itself.
EXCEPTIONS: dict[str, Callable[[Job], bool]] = {
    "only the passes of MLPs are stacked": lambda job: job.plan.network.kind != "mlp",
    "batch norms keep statistics of their own": lambda job: _config(job)["batch_norm"],
    "its activation has parameters, or is random": lambda job: (
        not has_pass(_config(job)["activation"])
    ),
    "sparse rows are not stacked": lambda job: not job.plan.train.is_dense,
    "its rows do not fit on the device": lambda job: not _has_room(job.plan),
    "L-BFGS is one run of SciPy": lambda job: job.plan.settings.solver == "lbfgs",
    "frozen layers have no gradient": lambda job: job.plan.settings.freeze is not None,
    "batches are cut into parts": lambda job: job.plan.settings.accumulate > 1,
    "batches are changed at random": lambda job: job.plan.augment is not None,
    "its time is limited": lambda job: job.plan.settings.max_time is not None,
    "an epoch may be repeated": lambda job: (
        job.plan.settings.on_divergence == "recover"
    ),
    "its net is kept, or was kept": lambda job: (
        job.keeps_net or isinstance(job.plan.start.state, KeptNet)
    ),
    "in bfloat16 a net fills a core": lambda job: job.plan.place.mixed,
    "by oneDNN a net fills a core": lambda job: _fills_a_core(job.plan),
    "its state is written to a file": lambda job: any(
        isinstance(callback, Checkpoint) for callback in job.callbacks
    ),
    "a callback looks at each step": lambda job: any(
        watches_steps(callback) for callback in job.callbacks
    ),
}


def reason_apart(job: Job) -> str | None:
    """Why a job trains by itself; None if it can train in a pack."""
    for reason, has in EXCEPTIONS.items():
        if has(job):
            return reason
    return None


def is_packable(job: Job) -> bool:
    """Whether a job can train in a pack."""
    return reason_apart(job) is None


def _has_room(plan: FitPlan) -> bool:
    """Whether the rows are on the device of the plan, or will be."""
    device = plan.place.device
    return plan.train.device == device or fits(plan.train, device)


def _widths(plan: FitPlan) -> list[int]:
    config = plan.network.config
    return [config["n_inputs"], *config["hidden_layer_sizes"], config["n_outputs"]]


def _fills_a_core(plan: FitPlan) -> bool:
    """Whether a net has products that oneDNN multiplies: calls cost it nothing."""
    widths = _widths(plan)
    largest = max(n_in * n_out for n_in, n_out in pairwise(widths))
    n_rows = min(plan.batch_size, len(plan.train))
    place = plan.place
    return onednn_multiplies(n_rows * largest, place.dtype, place.device)


def _rows_per_step(plan: FitPlan) -> int | None:
    """Rows of a batch; None if one batch holds all rows."""
    return plan.batch_size if len(plan.train) > plan.batch_size else None


def _shape(plan: FitPlan) -> tuple:
    """Collect what must be the same in a pack, beside the program."""
    settings, target = plan.settings, plan.train.target
    rates = settings.learning_rate_init
    return (
        _rows_per_step(plan),
        plan.train.inputs["x"].dtype,
        target.dtype,
        target.shape[1:],
        plan.loss.knows_gradient,
        plan.train.weight is None,
        plan.train.device,
        # These decide the order of the parameters in the buffer.
        settings.decay_biases,
        tuple(rates) if isinstance(rates, tuple | list) else None,
    )


def _program(plan: FitPlan) -> FitPlan:
    """Forget how much dropout there is: each net has its own."""
    network = plan.network
    config = network.config | {"dropout": bool(network.config["dropout"])}
    return plan.change(network=replace(network, config=config))


def _length(plan: FitPlan) -> tuple[int, int]:
    """Largest number of epochs, and rows: nets that end together pack well."""
    return plan.n_epochs, len(plan.train)


def group_by_program(
    trajectories: Sequence[Mapping[int, Job]],
) -> list[list[dict[int, Job]]]:
    """Group packable trajectories whose nets are one program.

    Within a group, nets that take equally many steps and share their settings are
    neighbours.
    """
    groups: list[list[dict[int, Job]]] = []
    for jobs in trajectories:
        plan = _longest(jobs)
        for group in groups:
            other = _longest(group[0])
            same_shape = _shape(plan) == _shape(other)
            if same_shape and _program(plan).is_compatible(_program(other)):
                group.append(dict(jobs))
                break
        else:
            groups.append([dict(jobs)])
    for group in groups:
        group.sort(key=lambda jobs: _length(_longest(jobs)), reverse=True)
    return groups


def _longest(jobs: Mapping[int, Job]) -> FitPlan:
    return max((job.plan for job in jobs.values()), key=lambda plan: plan.n_epochs)


def suited_size(
    group: Sequence[Mapping[int, Job]], max_networks: int | None = None
) -> int:
    """Choose the size of the packs of a group.

    On a CPU, calls of a small net take as long as its arithmetic, so packs are large;
    those of a large net take no time beside it, and what it touches fills the cache. A
    GPU takes many nets at once.
    """
    plan = _longest(group[0])
    widths = _widths(plan)
    n_rows = min(plan.batch_size, len(plan.train))
    n_parameters = sum(n_in * n_out for n_in, n_out in pairwise(widths))
    # The parameters with gradient and two moments, the batch, and the hidden layers.
    n_bytes = plan.place.dtype.itemsize * (
        4 * n_parameters + n_rows * (widths[0] + 2 * sum(widths[1:]))
    )
    n_threads = torch.get_num_threads()
    if plan.place.device.type == "cpu":
        work = n_rows * n_parameters
        fewest = min(max(int(CALLS_WORK / work), FEWEST), MOST)
        fitting = min(max(cache_bytes() // n_bytes, fewest), MOST)
        fitting = min(fitting, max(int(PACK_WORK / work), 1))
    else:
        free = MEMORY_SHARE * free_bytes(plan.place.device)
        fitting = int(min(max(free / n_bytes, 1), MOST_ON_GPU))
        n_threads = 1  # a GPU does one thing after another
    if max_networks is not None:
        fitting = min(fitting, max_networks)
    # Equal packs, at least one for each thread.
    n_packs = -(-len(group) // fitting)
    n_packs = -(-n_packs // n_threads) * n_threads
    return max(-(-len(group) // n_packs), 1)
