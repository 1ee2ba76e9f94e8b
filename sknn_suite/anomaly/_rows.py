"""What the training rows are: how they are distributed, and which are repeated."""

import numpy as np

from sknn_suite.exceptions import DataError

# Rows that are looked at before the whole table is.
BLOCK_ROWS = 4096


def merge_repeated(
    X: np.ndarray, weight: np.ndarray | None, limit: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Merge equal rows into one that weighs as much, in an order of their own.

    Noise, batches and references are drawn per row. After this a weight of 2 is, to
    the last bit, the same as the row twice, and the order of the rows is of no
    consequence. With more than `limit` different rows they do not share a batch, where
    that could not be had anyway; they stay as they are.
    """
    if weight is not None:
        X, weight = X[weight > 0], weight[weight > 0]
    head = X[: 4 * limit]
    if len(np.unique(head, axis=0)) > limit:
        return X, weight
    different, index = np.unique(X, axis=0, return_inverse=True)
    if len(different) > limit:
        return X, weight
    if len(different) == len(X) and weight is None:
        return different, None
    return different, np.bincount(index.ravel(), weights=weight).astype(float)


def choose_distribution(X: np.ndarray, real: str) -> str:
    """Choose a distribution by the values of a table; `real` is that of numbers."""
    low, high, whole = _ranges(X)
    if low < 0:
        return real
    if high <= 1:
        return "bernoulli"
    return "poisson" if whole else real


def check_distribution(X: np.ndarray, distribution: str) -> None:
    """Check that a distribution can have made the values of a table.

    Raises
    ------
    DataError
        If it cannot.
    """
    if distribution not in ("bernoulli", "poisson", "categorical"):
        return
    low, high, whole = _ranges(X)
    if distribution == "bernoulli" and (low < 0 or high > 1):
        raise DataError(
            f"X has values from {low:g} to {high:g}, which distribution='bernoulli' "
            "cannot describe. Expected values in [0, 1]. Scale X "
            "(MinMaxScaler), or choose distribution='auto'."
        )
    if distribution == "poisson" and (low < 0 or not whole):
        raise DataError(
            f"X has values from {low:g} to {high:g}, not all of them counts, which "
            "distribution='poisson' cannot describe. Expected whole numbers >= 0. "
            "Choose distribution='auto'."
        )


def find_blocks(X: np.ndarray) -> tuple[int, ...]:
    """Sizes of the one-hot blocks of a table, from left to right.

    A block ends as soon as each row has a single 1 in it.

    Raises
    ------
    DataError
        If the columns do not fall into such blocks.
    """
    sizes: list[int] = []
    start = 0
    total = np.zeros(len(X))
    for j in range(X.shape[1]):
        column = X[:, j]
        if not np.isin(column, (0, 1)).all() or (total + column > 1).any():
            break
        total = total + column
        if (total == 1).all():
            sizes.append(j + 1 - start)
            start, total = j + 1, np.zeros(len(X))
    if start < X.shape[1]:
        raise DataError(
            f"Column {start} of X does not begin a one-hot block, which "
            "distribution='categorical' needs. Expected neighbouring columns of 0 and "
            "1 with a single 1 in each row. Encode X with OneHotEncoder, or choose "
            "distribution='auto'."
        )
    return tuple(sizes)


def _ranges(X: np.ndarray) -> tuple[float, float, bool]:
    """Smallest and largest number of a table, and whether all are whole."""
    whole = all(
        (X[i : i + BLOCK_ROWS] == np.floor(X[i : i + BLOCK_ROWS])).all()
        for i in range(0, len(X), BLOCK_ROWS)
    )
    return float(X.min()), float(X.max()), whole
