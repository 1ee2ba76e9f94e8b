"""Blocks of rows of unequal length: what is large is there for one block only."""

from collections.abc import Iterator

import numpy as np

# Letters that are worked on at a time, which take some hundred bytes each.
BLOCK_LETTERS = 1 << 16


def split_blocks(starts: np.ndarray, size: int) -> Iterator[tuple[int, int]]:
    """First and last rows, plus one, of blocks that hold `size` values or one row.

    Parameters
    ----------
    starts : ndarray of shape (n_rows + 1,)
        Where each row begins among the values.
    size : int
        Most values of a block of several rows.
    """
    first, n_rows = 0, len(starts) - 1
    while first < n_rows:
        stop = int(np.searchsorted(starts, starts[first] + size, "right")) - 1
        stop = max(stop, first + 1)
        yield first, stop
        first = stop


def starts_of(lengths: np.ndarray) -> np.ndarray:
    """Where rows of these lengths begin, end to end, and where the last one ends."""
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts
