"""plan_fit: from checked rows to a FitPlan, with nothing left to choose."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from sknn_suite.data import TensorBundle, as_tensor
from sknn_suite.device import Place, choose_place, free_bytes, rows_that_fit
from sknn_suite.doors import warn_user
from sknn_suite.estimator._initial import init_from
from sknn_suite.estimator._memory import Before
from sknn_suite.estimator._rows import Data, Rows
from sknn_suite.estimator._split import split_rows
from sknn_suite.estimator._task import Task
from sknn_suite.modules import give_body, n_parameters, values_per_row
from sknn_suite.parameters import settle
from sknn_suite.training import FitPlan, Start, weights_of

CPU = torch.device("cpu")


class Planned(NamedTuple):
    """A plan, and what it does not hold.

    Parameters
    ----------
    plan : FitPlan
        The plan.
    encoder : object
        The encoder that made its bundles.
    held_out : Rows or None
        Its validation rows as checked, for scorers.
    work_per_row : float
        See FittedNet.
    """

    plan: FitPlan
    encoder: Any
    held_out: Rows | None
    work_per_row: float


def plan_fit(
    task: Task,
    data: Data,
    random_state: np.random.RandomState,
    before: Before | None = None,
    n_epochs: int | None = None,
) -> Planned:
    """Plan a fit.

    Parameters
    ----------
    task : Task
        How the rows are treated; it has checked them.
    data : Data
        The rows.
    random_state : RandomState
        Source of all randomness; it is advanced.
    before : Before, default=None
        What the estimator continues from; None for a new start.
    n_epochs : int, default=None
        Epochs that partial_fit trains, None for a fit.
    """
    of, rows, partial = task.of, data.rows, n_epochs is not None
    parts = _split(task, data, random_state) if task.encoder_learns else None
    encoder = before.net.encoder if before is not None else None
    if encoder is None:
        encoder = task.encoder().fit(rows.X, parts and parts[0], rows.weight)
    augment = task.augment(rows, random_state)
    network = task.network(encoder)
    module = network.skeleton()
    work = task.work_per_row(encoder, network, n_parameters(module))
    place = choose_place(
        of.device,
        of.precision,
        is_float64=not task.computes_float32(rows.X),
        work=rows.n * work,
        width=task.product_width(module, network, task.rows_per_batch(rows.n, CPU)),
    )
    if before is not None:
        weights = _fitted_weights(before, module, type(of).__name__)
    else:
        give_body(module, CPU, place.dtype)
        weights = _draw(task, module, encoder, random_state)
    if parts is None:
        parts = _split(task, data, random_state)
    held_out = data.held_out
    if held_out is None and parts[1] is not None:
        held_out = rows.take(parts[1].numpy())
    task.settle(rows, parts[0], held_out)
    train, valid = _bundle_parts(task, encoder, rows, parts, place.dtype)
    if data.held_out is not None:
        valid = task.encode(encoder, data.held_out, place.dtype)
    if valid is not None and held_out is not None and task.class_shares() is not None:
        held_out = task.weigh_as_drawn(held_out)
        if held_out.weight is not None:
            valid = valid.weighted(as_tensor(held_out.weight, place.dtype))
    batch_size = task.rows_per_batch(len(train), place.device)
    if of.batch_size == "auto":
        batch_size = _limit_by_memory(batch_size, train, module, place)
    elif of.batch_size > len(train):
        warn_user(
            "Got `batch_size` less than 1 or larger than sample size. "
            "It is going to be clipped",
            UserWarning,
        )
    planned = of.max_iter
    if planned == "auto":
        updates = -(-len(train) // (batch_size * of.accumulate))
        planned = task.n_epochs(encoder, len(train), updates)
    plan = FitPlan(
        network=network,
        weights=weights,
        loss=task.loss(),
        settings=settle(of, **task.recipe(len(train), partial=partial)),
        train=train,
        valid=None if valid is None else task.arrange(valid),
        place=place,
        batch_size=batch_size,
        n_epochs=n_epochs or int(planned),
        planned_epochs=int(planned),
        random_state=random_state,
        augment=augment,
        score=task.score(),
        valid_rows=task.rows_at_once(network) or 1024,
        class_shares=task.class_shares(),
        start=Start() if before is None else before.start(of, partial=partial),
    )
    return Planned(plan, encoder, held_out, work)


def _split(
    task: Task, data: Data, random_state: np.random.RandomState
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Numbers of the training and validation rows; None means all, and none."""
    rows = data.rows
    index = np.arange(rows.n)
    if rows.weight is not None:
        index = index[rows.weight > 0]  # a weight of 0 is the same as no row
    train: torch.Tensor | None = None if len(index) == rows.n else as_tensor(index)
    valid = None
    share = task.share_aside(len(index)) if data.held_out is None else None
    if share is not None:
        strata = None if rows.y is None else task.strata(rows.y[index])
        groups = None if data.groups is None else data.groups[index]
        chosen = split_rows(index, strata, share, random_state, groups=groups)
        train, valid = (as_tensor(part) for part in chosen)
    return task.choose(train, valid, rows.n, random_state)


def _bundle_parts(
    task: Task,
    encoder: Any,
    rows: Rows,
    parts: tuple[torch.Tensor | None, torch.Tensor | None],
    dtype: torch.dtype,
) -> tuple[TensorBundle, TensorBundle | None]:
    """Encode training and validation rows; of a large table only those chosen."""
    train, valid = parts
    n_chosen = sum(len(part) for part in parts if part is not None)
    if train is None or 2 * n_chosen >= rows.n:
        bundle = task.encode(encoder, rows, dtype)
        return bundle.select(train), None if valid is None else bundle.select(valid)
    first = task.encode(encoder, rows.take(train.numpy()), dtype)
    if valid is None:
        return first, None
    return first, task.encode(encoder, rows.take(valid.numpy()), dtype)


def _draw(
    task: Task,
    module: nn.Module,
    encoder: Any,
    random_state: np.random.RandomState,
) -> dict[str, np.ndarray]:
    """Draw the initial weights, and copy those of another estimator."""
    task.draw(module, encoder, random_state)
    if task.of.init_from is not None:
        task.of.init_matched_ = init_from(module, task.of.init_from)
    return weights_of(module, copy=False)


def _fitted_weights(
    before: Before, module: nn.Module, name: str
) -> dict[str, np.ndarray]:
    """Weights to continue from, if they still fit the network."""
    weights = before.net.weights
    then = {key: array.shape for key, array in weights.items()}
    now = {key: tuple(part.shape) for key, part in module.state_dict().items()}
    for key in [*now, *then]:
        if then.get(key) != now.get(key):
            raise ValueError(
                f"{name} cannot go on with its fitted weights: "
                f"'{key}' has another shape now, is new, or is gone. Expected the "
                "architecture of the last fit. Set warm_start=False to start anew."
            )
    return weights


def _limit_by_memory(
    batch_size: int, train: TensorBundle, module: nn.Module, place: Place
) -> int:
    """Lower a batch size to what fits into the free memory of the device."""
    size = place.dtype.itemsize
    # Training adds a copy of the weights, a gradient and two moments.
    free = free_bytes(place.device) - 4 * size * n_parameters(module)
    per_row = 2 * train.bytes_per_row + size * values_per_row(module)
    return rows_that_fit(free, per_row, batch_size)
