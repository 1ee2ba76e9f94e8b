"""Averages of the weights during training."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from sknn_suite.data import BundleBatches, TensorBundle, make_batches
from sknn_suite.device import RowLimit
from sknn_suite.training._flat import FlatParameters
from sknn_suite.training._norms import batch_norms, is_frozen, set_training


class WeightAverage:
    """Running average of a flat parameter buffer.

    Parameters
    ----------
    kind : {"ema", "swa"}
        "ema" moves towards the weights by 1 - decay after each step (Polyak & Juditsky,
        1992), faster in its first steps, where it is (1 + t) / (10 + t) if that is
        less; "swa" is the plain mean of the weights at the end of each epoch
        (Izmailov et al., UAI 2018).
    decay : float
        Of "ema", in [0, 1).
    start : int
        First epoch, counted from 1, that is averaged.

    Attributes
    ----------
    value : Tensor of shape (n_parameters,) or None
        The average; None before `start`.
    """

    def __init__(self, kind: str, decay: float, start: int) -> None:
        self.kind = kind
        self.decay = decay
        self.start = start
        self.value: Tensor | None = None
        self.count = 0
        self.takes_steps = False

    def begin_epoch(self, epoch: int) -> None:
        """Note which epoch begins; steps before `start` are not averaged."""
        self.takes_steps = self.kind == "ema" and epoch >= self.start

    def after_step(self, data: Tensor) -> None:
        """Add the weights after a step."""
        if not self.takes_steps:
            return
        if self.value is None:
            self.value = data.clone()
        else:
            # A young average forgets faster, or it would stay at the initial weights.
            decay = min(self.decay, (1 + self.count) / (10 + self.count))
            self.value.lerp_(data, 1 - decay)
        self.count += 1

    def after_epoch(self, data: Tensor, epoch: int) -> None:
        """Add the weights after an epoch."""
        if self.kind != "swa" or epoch < self.start:
            return
        self.count += 1
        if self.value is None:
            self.value = data.clone()
        else:
            self.value.lerp_(data, 1 / self.count)

    def state_dict(self) -> dict[str, Any]:
        """State to continue from."""
        return {"value": self.value, "count": self.count}

    def copy_state(self) -> dict[str, Any]:
        """State as of now, which later steps do not change."""
        value = None if self.value is None else self.value.clone()
        return {"value": value, "count": self.count}

    def load_state_dict(self, state: dict[str, Any], like: Tensor) -> None:
        """Continue from a state, on the device and in the type of `like`."""
        value = state["value"]
        self.value = None if value is None else value.to(like, copy=True)
        self.count = state["count"]


@torch.no_grad()
def update_batch_norm(module: nn.Module, batches: Any) -> None:
    """Recompute running statistics of batch norms for the module's present weights.

    Does what ``torch.optim.swa_utils.update_bn`` does, for bundles; frozen norms stay.
    """
    norms = [norm for norm in batch_norms(module) if not is_frozen(norm)]
    if not norms:
        return
    was_training = module.training
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative: every batch counts the same
    module.eval()
    for norm in norms:
        norm.train()
    batch: TensorBundle
    try:
        for batch in batches:
            module(**batch.inputs)
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
        set_training(module, was_training)


class AveragedWeights:
    """Puts averaged weights in place of the trained ones.

    Parameters
    ----------
    average : WeightAverage or None
        The average; without one nothing is ever replaced.
    module : nn.Module
        The module in training.
    flat : FlatParameters
        The buffer of its parameters.
    row_limit : RowLimit
        Rows at once in passes without a gradient.
    """

    def __init__(
        self,
        average: WeightAverage | None,
        module: nn.Module,
        flat: FlatParameters,
        row_limit: RowLimit,
    ) -> None:
        self.average = average
        self.module = module
        self.flat = flat
        self.row_limit = row_limit
        # Epoch and buffers of the last recomputation of batch-norm statistics.
        self._adapted: tuple[int, list[Tensor]] | None = None

    @contextmanager
    def in_place(self, batches: BundleBatches, epoch: int) -> Iterator[None]:
        """Give the module the averaged weights for a while, if there are any.

        Parameters
        ----------
        batches : BundleBatches
            The training rows, to which batch norms adapt.
        epoch : int
            The epoch; batch norms adapt once in it.
        """
        if self.average is None or self.average.value is None:
            yield
            return
        raw = self.flat.data.clone()
        buffers = [buffer.clone() for buffer in self.module.buffers()]
        try:
            self.adopt(batches, epoch)
            yield
        finally:
            self.flat.data.copy_(raw)
            for buffer, value in zip(self.module.buffers(), buffers):
                buffer.copy_(value)

    def adopt(self, batches: BundleBatches, epoch: int) -> None:
        """Leave the averaged weights in the module, if there are any."""
        if self.average is not None and self.average.value is not None:
            self.flat.data.copy_(self.average.value)
            self._adapt_batch_norms(batches, epoch)

    def _adapt_batch_norms(self, batches: BundleBatches, epoch: int) -> None:
        """Set running statistics to those of the averaged weights, once an epoch."""
        if self._adapted is None or self._adapted[0] != epoch:
            size, device = batches.batch_size, batches.device
            rows = make_batches(batches.bundle, size, device=device)
            while not self._update_batch_norm(rows):
                self.row_limit.halve(
                    rows.batch_size,
                    "Statistics of batch norms are means over these smaller parts.",
                )
            values = [buffer.clone() for buffer in self.module.buffers()]
            self._adapted = (epoch, values)
        for buffer, value in zip(self.module.buffers(), self._adapted[1]):
            buffer.copy_(value)

    def _update_batch_norm(self, rows: BundleBatches) -> bool:
        """Recompute the statistics; return whether memory was enough."""
        limit = self.row_limit.rows
        rows.batch_size = min(rows.batch_size, limit or rows.batch_size)
        try:
            update_batch_norm(self.module, rows)
        except torch.OutOfMemoryError:
            if rows.batch_size == 1:
                raise
            return False
        return True
