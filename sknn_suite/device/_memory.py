"""Compute rows in chunks that fit into the memory of a device."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sknn_suite.device._threads import one_thread, share_rows, suited_threads
from sknn_suite.doors import warn_user
from sknn_suite.exceptions import SuiteWarning

# Rows per chunk, so that hidden layers fit into the processor's cache.
CHUNK_ROWS = 2048

# Threads gain nothing for a chunk with fewer multiply-adds, because they wait for each
# other between the products while one of them runs Python.
SHARED_WORK = 1e8

# Part of the free memory that all rows of a fit may take.
ROWS_SHARE = 0.5

# Fraction of the free memory that a batch may use; the rest is a reserve.
BATCH_SHARE = 0.5


def free_bytes(device: torch.device) -> float:
    """Memory in bytes that this process can still use on a GPU; inf elsewhere."""
    if device.type != "cuda":
        return math.inf
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + unused


def rows_that_fit(free: float, bytes_per_row: float, n_rows: int) -> int:
    """Largest batch that fits into `free` bytes, a power of two below `n_rows`.

    Parameters
    ----------
    free : float
        Free memory in bytes.
    bytes_per_row : float
        Memory per row of a batch.
    n_rows : int
        The wanted batch size.
    """
    room = BATCH_SHARE * max(free, 0.0) / bytes_per_row
    if room >= n_rows:
        return n_rows
    return 1 << (max(int(room), 1).bit_length() - 1)


def bring(bundle: Any, device: torch.device) -> Any:
    """Move a bundle to a device, if that leaves most of its memory free.

    Else the bundle stays where it is, and its batches move one by one.
    """
    if bundle is None or bundle.device == device:
        return bundle
    return bundle.to(device) if fits(bundle, device) else bundle


def fits(bundle: Any, device: torch.device) -> bool:
    """Whether a bundle leaves most of a device's memory free."""
    return bundle.n_bytes <= ROWS_SHARE * free_bytes(device)


def free_memory(device: torch.device) -> None:
    """Release the memory of a failed attempt; call it outside of the except block.

    Inside the block the traceback still holds the tensors of the attempt.
    """
    if device.type == "cuda":
        torch.cuda.empty_cache()


@dataclass
class RowLimit:
    """Largest number of rows to compute at once, halved when memory runs out.

    For passes without a gradient, in which rows do not depend on each other.

    Parameters
    ----------
    device : torch.device
        The device with the memory.
    rows : int or None, default=None
        The limit; None until memory has run out.
    """

    device: torch.device
    rows: int | None = None
    has_warned: bool = False

    def map(
        self, function: Callable[[slice], Tensor], n_rows: int, dim: int = 0
    ) -> Tensor:
        """Concatenate the results of `function` for slices of ``range(n_rows)``.

        The rows are the axis `dim` of the results.
        """
        parts: list[Tensor] = []
        start = 0
        while start < n_rows:
            stop = min(start + (self.rows or n_rows), n_rows)
            try:
                parts.append(function(slice(start, stop)))
            except torch.OutOfMemoryError:
                if stop - start == 1:
                    raise
                failed = True
            else:
                failed, start = False, stop
            if failed:
                self.halve(stop - start)
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim)

    def halve(
        self, n_rows: int, consequence: str = "The results are the same."
    ) -> None:
        """Compute half of `n_rows` at once in future; warn the first time."""
        free_memory(self.device)
        self.rows = -(-n_rows // 2)
        if not self.has_warned:
            self.has_warned = True
            warn_user(
                f"{n_rows} rows at once do not fit into the memory of {self.device}. "
                f"They are computed in smaller parts from now on. {consequence}",
                SuiteWarning,
            )


def map_rows(
    begin: Callable[[], Callable[[slice], Tensor]],
    n_rows: int,
    device: torch.device,
    *,
    work: float,
    dim: int = 0,
) -> Tensor:
    """Compute a function of all rows without a gradient, and concatenate the results.

    Parameters
    ----------
    begin : callable
        Returns a function of a slice of ``range(n_rows)``. It is called once per
        thread, so that the function may reuse memory between chunks.
    n_rows : int
        Number of rows.
    device : torch.device
        Device of the computation; the results are on the host.
    work : float
        Multiply-adds per row in the largest product.
    dim : int, default=0
        Axis of the rows in what the function returns.
    """

    def part(first: int, last: int) -> Tensor:
        function = begin()

        def chunk(rows: slice) -> Tensor:
            return function(slice(first + rows.start, first + rows.stop))

        return RowLimit(device, CHUNK_ROWS).map(chunk, last - first, dim)

    with torch.inference_mode():
        if device.type != "cpu" or n_rows <= CHUNK_ROWS:
            with suited_threads(n_rows * work):
                return part(0, n_rows)
        if work * CHUNK_ROWS < SHARED_WORK:
            with one_thread():
                return part(0, n_rows)
        return share_rows(part, n_rows, CHUNK_ROWS, dim)
