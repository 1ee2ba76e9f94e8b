"""StackedBatches: the batches of several nets, gathered side by side."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sknn_suite.data import (
    ALIGNED_ROWS,
    BundleBatches,
    TensorBundle,
    batches_per_block,
)

# Rows of all nets are gathered in blocks of about this many bytes: those that stay in
# the cache of a CPU, and those that keep a GPU busy for a while.
BLOCK_BYTES = 1 << 20
BLOCK_BYTES_ON_GPU = 1 << 27

# Tables of all nets up to this many bytes become one, from which one call gathers.
TABLE_BYTES = 1 << 25


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


def by_net(
    n_nets: int, parts: Sequence[Part], values: Sequence[Tensor]
) -> list[list[float]]:
    """List what was computed for each net, from values of the nets of each part."""
    found: list[list[float]] = [[] for _ in range(n_nets)]
    if not parts:
        return found
    on_host = torch.cat(list(values)).cpu()
    start = 0
    for (first, last), equal in groupby(parts, key=lambda part: part[:2]):
        stop = start + len(list(equal)) * (last - first)
        columns = on_host[start:stop].unflatten(0, (-1, last - first)).T
        for net, column in enumerate(columns.tolist(), first):
            found[net] += column
        start = stop
    return found


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
        is_on_cpu = bundle.device.type == "cpu"
        most = BLOCK_BYTES if is_on_cpu else BLOCK_BYTES_ON_GPU
        most_rows = most // (len(batches) * bundle.bytes_per_row)
        self._per_block = batches_per_block(most_rows, self.batch_size)
        self._block_rows = self._per_block * self.batch_size
        if self._per_block >= self.n_steps:
            self._per_block = self.n_steps
            self._block_rows = -(-self.n_rows[0] // ALIGNED_ROWS) * ALIGNED_ROWS
        columns: list[list[Any]] = [
            [part(each.bundle) for each in batches] for part in (_x, _target, _weight)
        ]
        self._columns = [
            Column(column, self._block_rows)
            for column in columns
            if column[0] is not None
        ]
        # The order of each net; a whole number of blocks, whose last rows are not used.
        n_blocks = -(-self.n_rows[0] // self._block_rows)
        self._order = np.zeros((len(batches), n_blocks * self._block_rows), np.int64)
        self._selected = [
            None if each.bundle.rows is None else each.bundle.rows.cpu().numpy()
            for each in batches
        ]
        # The parts of the steps of each block; they are views of the memory.
        steps = [self._parts(step) for step in range(self.n_steps)]
        self._blocks = [
            steps[start : start + self._per_block]
            for start in range(0, self.n_steps, self._per_block)
        ]

    def _parts(self, step: int) -> list[Part]:
        start = step % self._per_block * self.batch_size
        return [self._part(start, *run) for run in self.sizes(step)]

    @cached_property
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

    def __iter__(self) -> Iterator[list[list[Part]]]:
        """Shuffle, and yield the steps of each block, and of each step its parts."""
        for own, each, selected in zip(self._order, self.batches, self._selected):
            new = each.next_rows()
            own[: len(new)] = new if selected is None else selected[new]
        order = torch.from_numpy(self._order)
        for number, block in enumerate(self._blocks):
            start = number * self._block_rows
            rows = order[:, start : start + self._block_rows]
            for column in self._columns:
                column.gather(rows)
            yield block

    def _part(self, start: int, first: int, last: int, size: int) -> Part:
        rows = slice(start, start + size)
        x, target, *weight = (
            column.block[first:last, rows] for column in self._columns
        )
        return Part(first, last, x, target, weight[0] if weight else None)


class Column:
    """Inputs, targets or weights of several nets.

    Parameters
    ----------
    tables : sequence of Tensor of shape (n_rows, ...)
        Those of each net; several nets may have the same.
    n_rows : int
        Rows that are gathered at a time.

    Attributes
    ----------
    block : Tensor of shape (n_nets, n_rows, ...)
        The gathered rows.
    """

    def __init__(self, tables: Sequence[Tensor], n_rows: int) -> None:
        first = tables[0]
        self.tables = tables
        self.block = first.new_empty(len(tables), n_rows, *first.shape[1:])
        distinct = {id(table): table for table in tables}
        n_bytes = sum(table.nbytes for table in distinct.values())
        self._all: Tensor | None = None
        if n_bytes <= TABLE_BYTES:
            starts, start = {}, 0
            for key, table in distinct.items():
                starts[key], start = start, start + len(table)
            several = list(distinct.values())
            self._all = torch.cat(several) if len(several) > 1 else first
            own = torch.tensor([starts[id(table)] for table in tables])
            self._starts = own.unsqueeze(1)

    def gather(self, rows: Tensor) -> None:
        """Gather rows to the block.

        Parameters
        ----------
        rows : Tensor of int64 of shape (n_nets, n_rows), on the CPU
            The rows of each net.
        """
        device = self.block.device
        if self._all is not None:
            index = (rows + self._starts).flatten().to(device)
            torch.index_select(self._all, 0, index, out=self.block.flatten(0, 1))
            return
        for table, own, out in zip(self.tables, rows.to(device), self.block):
            torch.index_select(table, 0, own, out=out)


def _x(bundle: TensorBundle) -> Tensor:
    return bundle.inputs["x"]


def _target(bundle: TensorBundle) -> Tensor:
    return bundle.target


def _weight(bundle: TensorBundle) -> Tensor | None:
    return bundle.weight
