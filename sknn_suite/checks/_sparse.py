"""Checks of sparse matrices whose arrays were changed by hand.

SciPy and torch do not check: an index out of range reads or writes foreign memory.
"""

from typing import Any

import numpy as np
from scipy import sparse

from sknn_suite.exceptions import DataError


def check_indices(X: Any, name: str = "X") -> None:
    """Check that all indices of a sparse matrix are in range; ignore other data.

    Raises
    ------
    DataError
        If an index is out of range, or the row pointers are damaged.
    """
    if not sparse.issparse(X) or X.ndim != 2:
        return
    kind = X.format
    if kind == "coo":
        _check_range(X.row, X.shape[0], "row", name)
        _check_range(X.col, X.shape[1], "column", name)
    elif kind in ("csr", "csc", "bsr"):
        block = X.blocksize if kind == "bsr" else (1, 1)
        words, sizes = ["row", "column"], [n // b for n, b in zip(X.shape, block)]
        if kind == "csc":
            words, sizes = words[::-1], sizes[::-1]
        _check_pointers(X, sizes[0], words[0], name)
        _check_range(X.indices[: X.indptr[-1]], sizes[1], words[1], name)


def _check_pointers(X: Any, n_parts: int, word: str, name: str) -> None:
    pointers, n_values = X.indptr, min(len(X.indices), len(X.data))
    if (
        len(pointers) != n_parts + 1
        or pointers[0] != 0
        or pointers[-1] > n_values
        or (pointers[1:] < pointers[:-1]).any()
    ):
        raise DataError(
            f"The indptr of {name} is damaged, so its {word}s are not in order. "
            f"Expected {n_parts + 1} numbers that rise from 0 to at most {n_values}. "
            f"Create {name} again from coordinates, for example with coo_array."
        )


def _check_range(index: np.ndarray, size: int, word: str, name: str) -> None:
    if len(index) == 0:
        return
    least, largest = index.min(), index.max()
    if least < 0 or largest >= size:
        raise DataError(
            f"{name} has a value in {word} {least if least < 0 else largest}, but only "
            f"{size} {word}s. "
            f"Expected indices from 0 to {size - 1}. "
            f"Create {name} again from coordinates, for example with coo_array."
        )
