"""TensorBundle: the data format between encoder, net and predictions."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor


def as_tensor(array: np.ndarray, dtype: torch.dtype | None = None) -> Tensor:
    """Make a tensor that shares the memory of `array`; convert only to another `dtype`.

    Read-only arrays (memory maps, pandas) are shared too, because this package never
    writes into its inputs.
    """
    array = np.asarray(array)
    if not array.flags.writeable:
        # torch.from_numpy warns about read-only memory at every call.
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        holder = _ArrayInterface(interface, owner=array)
        array = np.asarray(holder)
    if not array.dtype.isnative or array.dtype.itemsize > 8:
        array = array.astype(np.float64 if array.dtype.kind == "f" else np.int64)
    if any(stride < 0 for stride in array.strides):
        array = array.copy()
    tensor = torch.from_numpy(array)
    return tensor if dtype is None else tensor.to(dtype)


class _ArrayInterface:
    """Interface for another NumPy view of memory that `owner` keeps alive."""

    def __init__(self, interface: dict, owner: np.ndarray) -> None:
        self.__array_interface__ = interface
        self.owner = owner


# torch warns once per process that its sparse CSR tensors are in beta. This package
# uses two operations on them, both tested, and the user cannot avoid the warning.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)
    torch.sparse_csr_tensor([0], [], [], size=(0, 0))


class LazyRows:
    """Rows that become a tensor only when a batch of them is gathered."""

    def __len__(self) -> int:
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        """Device on which batches are gathered."""
        raise NotImplementedError

    @property
    def bytes_per_row(self) -> int:
        """Mean memory of a row."""
        raise NotImplementedError

    @property
    def n_bytes(self) -> int:
        """Memory that goes along when the rows move to another device."""
        return self.bytes_per_row * len(self)

    def to(self, device: torch.device) -> "LazyRows":
        """Gather on `device` in future."""
        raise NotImplementedError

    def index_select(self, dim: int, index: Tensor) -> Any:
        """Gather the rows `index`."""
        raise NotImplementedError

    def prefetch(self, index: Tensor) -> None:
        """Prepare to gather the rows `index` next; this may do nothing."""

    def content(self) -> tuple[Tensor | None, ...]:
        """Tensors that identify the rows: the same rows give the same tensors."""
        raise NotImplementedError

    def __getitem__(self, rows: slice) -> Any:
        index = torch.arange(*rows.indices(len(self)), device=self.device)
        return self.index_select(0, index)


def _entries(starts: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Find the rows `index` among rows that are stored end to end.

    Returns the starts of the chosen rows, end to end, and the index of each entry.
    """
    first = starts[index]
    lengths = starts[index + 1] - first
    new_starts = torch.zeros(len(index) + 1, dtype=torch.int64, device=starts.device)
    torch.cumsum(lengths, 0, out=new_starts[1:])
    # Position k of the result belongs to row r and is entry k - new_starts[r] of it.
    shift = torch.repeat_interleave(first - new_starts[:-1], lengths)
    return new_starts, shift + torch.arange(len(shift), device=starts.device)


@dataclass(frozen=True)
class SparseRows(LazyRows):
    """Compressed sparse rows whose batches become torch's sparse CSR tensors.

    Shape
    -----
    starts : (n_rows + 1,), int64
    columns, values : (n_nonzero,), int64 and float
    """

    starts: Tensor
    columns: Tensor
    values: Tensor
    n_columns: int

    @classmethod
    def from_scipy(cls, X: "sparse.csr_array", dtype: torch.dtype) -> "SparseRows":
        """Share the memory of the values of `X` if the type allows it."""
        return cls(
            starts=as_tensor(X.indptr, torch.int64),
            columns=as_tensor(X.indices, torch.int64),
            values=as_tensor(X.data, dtype),
            n_columns=X.shape[1],
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def device(self) -> torch.device:
        """Device of the values."""
        return self.values.device

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), self.n_columns

    @property
    def bytes_per_row(self) -> int:
        """Mean memory of a row: its values and columns."""
        return 12 * len(self.values) // max(len(self), 1)

    def to(self, device: torch.device) -> "SparseRows":
        """Move to `device`."""
        return SparseRows(
            self.starts.to(device),
            self.columns.to(device),
            self.values.to(device),
            self.n_columns,
        )

    def index_select(self, dim: int, index: Tensor) -> Tensor:
        """Gather the rows `index` as a sparse CSR tensor."""
        starts, where = _entries(self.starts, index)
        return torch.sparse_csr_tensor(
            starts,
            self.columns[where],
            self.values[where],
            size=(len(index), self.n_columns),
            check_invariants=False,
        )

    def content(self) -> tuple[Tensor, ...]:
        return self.starts, self.columns, self.values


@dataclass(frozen=True)
class CodedRows:
    """A batch of integer codes, and the table that they index.

    Shape
    -----
    codes : (n_rows, longest), integers
    table : (n_entries, width), or rows of unequal length
    """

    codes: Tensor
    table: Any

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def device(self) -> torch.device:
        """Device of the codes."""
        return self.codes.device

    def to(self, device: torch.device) -> "CodedRows":
        """Move to `device`."""
        return CodedRows(self.codes.to(device), self.table.to(device))

    def __getitem__(self, rows: slice) -> "CodedRows":
        return CodedRows(self.codes[rows], self.table)


@dataclass(frozen=True)
class RaggedRows(LazyRows):
    """Rows of unequal length, end to end; a batch is padded with zeros on the right.

    Parameters
    ----------
    starts : Tensor of shape (n_rows + 1,), int64
        Where each row begins in `values`.
    values : Tensor of shape (n_values, ...)
        Values of the rows.
    table : Tensor of shape (n_entries, width) or RaggedRows, default=None
        The table that `values` index; batches are then `CodedRows`.

    Shape
    -----
    batch : (n_rows, longest, ...)
    """

    starts: Tensor
    values: Tensor
    table: Any = None

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def device(self) -> torch.device:
        """Device of the values."""
        return self.values.device

    @property
    def lengths(self) -> Tensor:
        """Length of each row."""
        return self.starts.diff()

    @property
    def bytes_per_row(self) -> int:
        """Mean memory of a row, without padding."""
        values = self.values
        return values.element_size() * values.numel() // max(len(self), 1)

    def to(self, device: torch.device) -> "RaggedRows":
        """Move to `device`."""
        table = None if self.table is None else self.table.to(device)
        return RaggedRows(self.starts.to(device), self.values.to(device), table)

    def choose(self, index: Tensor | None) -> "RaggedRows":
        """Copy the rows `index`, all if None, without padding."""
        if index is None:
            return self
        starts, where = _entries(self.starts, index)
        return RaggedRows(starts, self.values[where], self.table)

    def index_select(self, dim: int, index: Tensor) -> Tensor | CodedRows:
        """Gather the rows `index`, padded to the longest of them."""
        first = self.starts[index]
        lengths = self.starts[index + 1] - first
        longest = int(lengths.max()) if len(index) else 0
        steps = torch.arange(longest, device=self.device)
        beyond = steps >= lengths[:, None]
        where = (first[:, None] + steps).masked_fill_(beyond, 0)
        batch = self.values[where]
        batch[beyond] = 0
        return batch if self.table is None else CodedRows(batch, self.table)

    def content(self) -> tuple[Tensor | None, ...]:
        table = self.table
        below = table.content() if isinstance(table, RaggedRows) else (table,)
        return self.starts, self.values, *below


@dataclass(frozen=True)
class TensorBundle:
    """Rows as tensors: named inputs, target and weight, on one device.

    Parameters
    ----------
    inputs : dict of str to Tensor or LazyRows
        The module's keyword arguments, each of length n_rows.
    target : Tensor of shape (n_rows, ...), default=None
        Target of the loss.
    weight : Tensor of shape (n_rows,), default=None
        Weight of each row in the loss; None means all ones.
    rows : Tensor of int64, default=None
        The selected rows; None means all. Selection copies nothing.
    """

    inputs: dict
    target: Any = None  # Tensor or None; a net that trains on bundles has targets
    weight: Tensor | None = None
    rows: Tensor | None = None

    def __len__(self) -> int:
        if self.rows is not None:
            return self.rows.shape[0]
        for x in self.inputs.values():  # len of a tensor is a slow Python function
            return x.shape[0] if isinstance(x, Tensor) else len(x)
        return 0

    def __iter__(self) -> Iterator:
        """Yield inputs and target, because skorch unpacks a batch like this."""
        yield self.inputs
        yield self.target

    @property
    def device(self) -> torch.device:
        """Device of the inputs."""
        return next(iter(self.inputs.values())).device

    @property
    def is_dense(self) -> bool:
        """Whether all inputs are dense tensors."""
        return all(isinstance(x, Tensor) for x in self.inputs.values())

    @property
    def lengths(self) -> Tensor | None:
        """Length of each selected row, if rows have unequal lengths."""
        for x in self.inputs.values():
            if isinstance(x, RaggedRows):
                return x.lengths if self.rows is None else x.lengths[self.rows]
        return None

    @property
    def bytes_per_row(self) -> int:
        """Size in bytes of one row; for sparse and unequal rows the mean size."""
        total = 0
        for x in self.inputs.values():
            if isinstance(x, Tensor):
                total += x.element_size() * (x.numel() // max(x.shape[0], 1))
            else:
                total += x.bytes_per_row
        return max(total, 1)

    @property
    def n_bytes(self) -> int:
        """Memory of all inputs, selected or not."""
        return sum(
            x.element_size() * x.numel() if isinstance(x, Tensor) else x.n_bytes
            for x in self.inputs.values()
        )

    @property
    def targets(self) -> Tensor:
        """Targets of the selected rows."""
        return self.target if self.rows is None else self.target[self.rows]

    @property
    def weights(self) -> Tensor:
        """Weights of the selected rows; the bundle must have weights."""
        assert self.weight is not None
        return self.weight if self.rows is None else self.weight[self.rows]

    @property
    def total_weight(self) -> int | Tensor:
        """Sum of the weights; the bundle must have no selection."""
        return len(self) if self.weight is None else self.weight.sum()

    def select(self, rows: Tensor | None) -> "TensorBundle":
        """Choose rows without copying them; None chooses all."""
        if rows is None:
            return self
        if self.rows is not None:
            rows = self.rows[rows]
        return replace(self, rows=rows)

    def take(self, index: Tensor) -> "TensorBundle":
        """Gather the rows `index` of the whole bundle."""
        return TensorBundle(
            {name: x.index_select(0, index) for name, x in self.inputs.items()},
            None if self.target is None else self.target.index_select(0, index),
            None if self.weight is None else self.weight.index_select(0, index),
        )

    def weighted(self, weight: Tensor) -> "TensorBundle":
        """Give the selected rows other weights."""
        if self.rows is not None:
            everywhere = weight.new_zeros(len(replace(self, rows=None)))
            everywhere[self.rows] = weight
            weight = everywhere
        return replace(self, weight=weight)

    def prefetch(self, index: Tensor) -> None:
        """Tell lazy inputs which rows come next."""
        for x in self.inputs.values():
            if isinstance(x, LazyRows) and len(index):
                x.prefetch(index)

    def slice(self, rows: slice) -> "TensorBundle":
        """View of consecutive rows; the bundle must have no selection."""
        return TensorBundle(
            {name: _slice(x, rows) for name, x in self.inputs.items()},
            None if self.target is None else self.target[rows],
            None if self.weight is None else self.weight[rows],
        )

    def to(self, device: torch.device) -> "TensorBundle":
        """Move all tensors to `device`."""
        return TensorBundle(
            {name: x.to(device) for name, x in self.inputs.items()},
            None if self.target is None else self.target.to(device),
            None if self.weight is None else self.weight.to(device),
            None if self.rows is None else self.rows.to(device),
        )


def _slice(x: Any, rows: slice) -> Tensor:
    """Slice consecutive rows, because torch does not slice sparse CSR tensors."""
    if not isinstance(x, Tensor) or x.layout != torch.sparse_csr:
        return x[rows]
    start, stop, _ = rows.indices(len(x))
    starts = x.crow_indices()[start : stop + 1]
    entries = slice(int(starts[0]), int(starts[-1]))
    return torch.sparse_csr_tensor(
        starts - starts[0],
        x.col_indices()[entries],
        x.values()[entries],
        size=(stop - start, x.shape[1]),
        check_invariants=False,
    )
