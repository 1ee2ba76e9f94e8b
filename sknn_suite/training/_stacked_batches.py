"""StackedBatches: the batches of several nets, gathered side by side."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from sknn_suite.data import BundleBatches

# Rows of all nets are gathered in blocks of about this many bytes.
BLOCK_BYTES = 1 << 20


class Part(NamedTuple):
    """Batches of one size, of consecutive nets.

    Parameters
    ----------
    first, last : int
        The nets ``first`` to ``last - 1``.
    x, target : Tensor
        Their rows, with the axis of nets in front.
    weight : Tensor or None
        Weights of the rows.
    """

    first: int
    last: int
    x: Tensor
    target: Tensor
    weight: Tensor | None

    @property
    def n_rows(self) -> int:
        """Rows of each batch."""
        return self.x.shape[1]


class StackedBatches:
    """Batches of several nets, each in the order of its own shuffling.

    Parameters
    ----------
    batches : sequence of BundleBatches
        Batches of each net, of one size or each of all its rows, with dense rows of one
        shape; nets with more rows come first.
    """

    def __init__(self, batches: Sequence[BundleBatches]) -> None:
        self.batches = batches
        self.n_rows = [len(each.bundle) for each in batches]
        self.batch_size = max(each.batch_size for each in batches)
        bundle = batches[0].bundle
        self.n_steps = -(-self.n_rows[0] // self.batch_size)
        bytes_per_step = len(batches) * self.batch_size * bundle.bytes_per_row
        per_block = min(max(BLOCK_BYTES // bytes_per_step, 1), self.n_steps)
        self._block_rows = min(per_block * self.batch_size, self.n_rows[0])
        self._x = self._memory(bundle.inputs["x"])
        self._target = self._memory(bundle.target)
        self._weight = None if bundle.weight is None else self._memory(bundle.weight)
        self._per_block = -(-self._block_rows // self.batch_size)
        # The parts of each step; they are views of the memory.
        self._steps = [self._parts(step) for step in range(self.n_steps)]

    def _memory(self, like: Tensor) -> Tensor:
        return like.new_empty(len(self.batches), self._block_rows, *like.shape[1:])

    def _parts(self, step: int) -> list[Part]:
        start = step % self._per_block * self.batch_size
        return [self._part(start, *run) for run in self.sizes(step)]

    @property
    def all_sizes(self) -> list[list[float]]:
        """Rows of each batch of each net."""
        return [
            [
                float(min(self.batch_size, n_rows - start))
                for start in range(0, n_rows, self.batch_size)
            ]
            for n_rows in self.n_rows
        ]

    def sizes(self, step: int) -> list[tuple[int, int, int]]:
        """List runs of nets with batches of one size: first, last, size."""
        runs: list[tuple[int, int, int]] = []
        start = step * self.batch_size
        for net, n_rows in enumerate(self.n_rows):
            size = min(self.batch_size, n_rows - start)
            if size <= 0:
                break
            if runs and runs[-1][2] == size:
                runs[-1] = (runs[-1][0], net + 1, size)
            else:
                runs.append((net, net + 1, size))
        return runs

    def __iter__(self) -> Iterator[list[Part]]:
        """Shuffle, and yield the parts of each step."""
        orders = [_rows_of(each) for each in self.batches]
        for step, parts in enumerate(self._steps):
            if step % self._per_block == 0:
                self._gather(orders, step * self.batch_size)
            yield parts

    def _part(self, start: int, first: int, last: int, size: int) -> Part:
        rows = slice(start, start + size)
        weight = self._weight
        return Part(
            first,
            last,
            self._x[first:last, rows],
            self._target[first:last, rows],
            None if weight is None else weight[first:last, rows],
        )

    def _gather(self, orders: list[Tensor], start: int) -> None:
        for net, (each, order) in enumerate(zip(self.batches, orders)):
            rows = order[start : start + self._block_rows]
            bundle = each.bundle
            _take(bundle.inputs["x"], rows, self._x[net])
            _take(bundle.target, rows, self._target[net])
            if self._weight is not None:
                assert bundle.weight is not None  # all nets have weights, or none
                _take(bundle.weight, rows, self._weight[net])


def _rows_of(batches: BundleBatches) -> Tensor:
    """Shuffle for a new pass; return the numbers of its rows."""
    bundle = batches.begin()
    if bundle.rows is not None:
        return bundle.rows
    return torch.arange(len(bundle), device=bundle.device)


def _take(x: Tensor, rows: Tensor, out: Tensor) -> None:
    torch.index_select(x, 0, rows, out=out[: len(rows)])
