"""TensorBundle: the one currency between encoder, net and predictions."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor


def as_tensor(array: np.ndarray, dtype: torch.dtype | None = None) -> Tensor:
    """Share `array`'s memory with a tensor, converting only if `dtype` asks for it.

    Read-only arrays (memory maps, pandas) are shared as well; the suite never writes
    into its inputs.
    """
    array = np.asarray(array)
    if not array.flags.writeable:
        # torch.from_numpy warns about read-only memory, at every call.
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
    """Give NumPy another view of memory that `owner` keeps alive."""

    def __init__(self, interface: dict, owner: np.ndarray) -> None:
        self.__array_interface__ = interface
        self.owner = owner


# torch says once per process that its sparse CSR tensors are in beta. The suite uses
# two operations on them, both tested; the user can do nothing about it.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)
    torch.sparse_csr_tensor([0], [], [], size=(0, 0))


@dataclass(frozen=True)
class SparseRows:
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
        """Share the memory of `X`'s values where the type allows it."""
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
        """Where the values are."""
        return self.values.device

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), self.n_columns

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
        first = self.starts[index]
        counts = self.starts[index + 1] - first
        starts = torch.zeros(len(index) + 1, dtype=torch.int64, device=self.device)
        torch.cumsum(counts, 0, out=starts[1:])
        # Position k of the result belongs to row r and is entry k - starts[r] of it.
        shift = torch.repeat_interleave(first - starts[:-1], counts)
        where = shift + torch.arange(len(shift), device=self.device)
        return torch.sparse_csr_tensor(
            starts,
            self.columns[where],
            self.values[where],
            size=(len(index), self.n_columns),
            check_invariants=False,
        )

    def __getitem__(self, rows: slice) -> Tensor:
        index = torch.arange(*rows.indices(len(self)), device=self.device)
        return self.index_select(0, index)


class LazyRows:
    """Rows that become a tensor only when a batch of them is gathered.

    A subclass has a length, a `device`, `bytes_per_row`, and the methods below.
    """

    device: torch.device

    @property
    def bytes_per_row(self) -> int:
        """Memory of a row once it is gathered."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def to(self, device: torch.device) -> "LazyRows":
        """Gather on `device` from now on."""
        raise NotImplementedError

    def index_select(self, dim: int, index: Tensor) -> Tensor:
        """Gather the rows `index`."""
        raise NotImplementedError

    def prefetch(self, index: Tensor) -> None:
        """Hear which rows will be gathered next, and perhaps begin."""

    def digest(self) -> Tensor:
        """Return bytes that are the same for the same rows."""
        raise NotImplementedError

    def __getitem__(self, rows: slice) -> Tensor:
        return self.index_select(0, torch.arange(*rows.indices(len(self))))


@dataclass(frozen=True)
class TensorBundle:
    """Rows as tensors: named inputs, target and weight, on one device.

    Parameters
    ----------
    inputs : dict of str to Tensor, SparseRows or LazyRows
        The module's keyword arguments, each of length n_rows.
    target : Tensor of shape (n_rows, ...), default=None
        What the loss compares with.
    weight : Tensor of shape (n_rows,), default=None
        Weight of each row in the loss, all ones if None.
    rows : Tensor of int64, default=None
        The selected rows; None selects all. Selection copies nothing.
    """

    inputs: dict
    target: Any = None  # Tensor or None; a net that is fed bundles has targets
    weight: Tensor | None = None
    rows: Tensor | None = None

    def __len__(self) -> int:
        if self.rows is not None:
            return len(self.rows)
        return len(next(iter(self.inputs.values())))

    def __iter__(self) -> Iterator:
        """Yield inputs and target, which is how skorch unpacks a batch."""
        yield self.inputs
        yield self.target

    @property
    def device(self) -> torch.device:
        """Where the inputs are."""
        return next(iter(self.inputs.values())).device

    @property
    def is_dense(self) -> bool:
        """Whether all inputs are dense tensors."""
        return all(isinstance(x, Tensor) for x in self.inputs.values())

    @property
    def bytes_per_row(self) -> int:
        """Size of one row of dense inputs; a sparse row counts as its stored part."""
        total = 0
        for x in self.inputs.values():
            if isinstance(x, SparseRows):
                total += 12 * len(x.values) // max(len(x), 1)
            elif isinstance(x, LazyRows):
                total += x.bytes_per_row
            else:
                total += x.element_size() * x[0].numel()
        return max(total, 1)

    @property
    def targets(self) -> Tensor:
        """Targets of the selected rows."""
        return self.target if self.rows is None else self.target[self.rows]

    @property
    def weights(self) -> Tensor:
        """Weights of the selected rows; there must be some."""
        assert self.weight is not None
        return self.weight if self.rows is None else self.weight[self.rows]

    @property
    def total_weight(self) -> int | Tensor:
        """Sum of the weights of a bundle without selection."""
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

    def prefetch(self, index: Tensor) -> None:
        """Tell lazy inputs which rows come next."""
        for x in self.inputs.values():
            if isinstance(x, LazyRows) and len(index):
                x.prefetch(index)

    def slice(self, rows: slice) -> "TensorBundle":
        """View of consecutive rows of a bundle without selection."""
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
    """Consecutive rows; torch does not slice its sparse CSR tensors."""
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
