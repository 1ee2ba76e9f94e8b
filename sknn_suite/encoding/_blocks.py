"""Blocks of rows of unequal length, so that large arrays exist for one block only."""

from collections.abc import Iterator

import numpy as np

# Letters to process at a time; each takes some hundred bytes.
BLOCK_LETTERS = 1 << 16


def split_blocks(starts: np.ndarray, size: int) -> Iterator[tuple[int, int]]:
    """Yield first row and end row of blocks of at most `size` values, or of one row.

    Parameters
    ----------
    starts : ndarray of shape (n_rows + 1,)
        Start of each row among the values.
    size : int
        Largest number of values in a block of several rows.
    """
    first, n_rows = 0, len(starts) - 1
    while first < n_rows:
        stop = int(np.searchsorted(starts, starts[first] + size, "right")) - 1
        stop = max(stop, first + 1)
        yield first, stop
        first = stop


def starts_of(lengths: np.ndarray) -> np.ndarray:
    """Compute where rows of these lengths start, end to end, and the last one ends."""
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts
