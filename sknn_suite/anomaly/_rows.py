"""How the training rows are distributed, and which are repeated."""

import math

import numpy as np
from scipy.special import gammaln, log_ndtr

from sknn_suite.exceptions import DataError

# Rows that are looked at before the whole table is.
BLOCK_ROWS = 4096

# Number of columns that are compared at a time.
BLOCK_COLUMNS = 64

# Longest code that n_components="auto" takes. The maps past the hidden layers have as
# many weights as features times this.
LONGEST_CODE = 64


def merge_repeated(
    X: np.ndarray, weight: np.ndarray | None, limit: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Merge equal rows into one with their total weight, in sorted order.

    Noise, batches and references are drawn per row. After this a weight of 2 is the
    same as the row twice to the last bit, and the order of the rows has no effect. More
    than `limit` different rows do not fit into one batch, so this is impossible; they
    stay as they are.
    """
    if weight is not None:
        X, weight = X[weight > 0], weight[weight > 0]
    head = X[: 4 * limit]
    if len(np.unique(_rank_rows(head))) > limit:
        return X, weight
    _, first, index = np.unique(_rank_rows(X), return_index=True, return_inverse=True)
    if len(first) > limit:
        return X, weight
    if len(first) == len(X) and weight is None:
        return X[first], None
    return X[first], np.bincount(index, weights=weight).astype(float)


def _rank_rows(X: np.ndarray) -> np.ndarray:
    """Places of rows in their lexicographic order; equal rows share one.

    Columns are read in blocks until all rows differ: NumPy sorts rows as records with a
    field per column, which is slow for many columns.
    """
    ranks: np.ndarray = np.zeros(len(X))
    for start in range(0, X.shape[1], BLOCK_COLUMNS):
        keys = np.column_stack([ranks, X[:, start : start + BLOCK_COLUMNS]])
        different, index = np.unique(keys, axis=0, return_inverse=True)
        ranks = index.ravel()
        if len(different) == len(X):
            break
    return ranks


def suited_code_length(n_features: int, n_rows: int) -> int:
    """Length of the code for n_components="auto".

    It grows with the square root of the number of features, and is less than that
    number and than the number of rows: a code of that length could tell all rows apart.
    """
    most = min(n_features - 1, n_rows - 1, LONGEST_CODE)
    return max(1, min(math.ceil(math.sqrt(n_features)) + 1, most))


def choose_distribution(
    X: np.ndarray, real: str, weight: np.ndarray | None = None
) -> str:
    """Choose a distribution by the values of a table.

    Not all whole numbers are counts: seconds since 1970, grades and pixels are whole as
    well. Counts are numbers that a Poisson distribution describes better than a normal
    one of the same mean and deviation. Not all numbers in [0, 1] are probabilities:
    fractions and scaled columns are in that range as well. Only zeros and ones count as
    such.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows.
    real : str
        The distribution of real numbers.
    weight : ndarray of shape (n_samples,) or None, default=None
        Weight of each row.

    Returns
    -------
    str
        "bernoulli", "poisson" or `real`.
    """
    low, high, whole = _ranges(X)
    if low < 0 or not whole:
        return real
    if high <= 1:
        return "bernoulli"
    return "poisson" if _are_counts(X, weight) else real


def _are_counts(X: np.ndarray, weight: np.ndarray | None) -> bool:
    """Whether a Poisson distribution describes whole numbers better than a normal one.

    The likelihoods of each column are compared; that of a normal one is for the
    interval of numbers that round to the value. Neither has more than two parameters,
    too few to matter in thousands of rows.
    """
    chosen = np.linspace(0, len(X) - 1, min(len(X), BLOCK_ROWS)).astype(int)
    some = np.asarray(X[chosen], np.float64)
    share = np.ones(len(some)) if weight is None else weight[chosen]
    share = share / share.sum()
    mean = share @ some
    deviation = np.sqrt(share @ (some - mean) ** 2)
    varies = deviation > 0
    some, mean, deviation = some[:, varies], mean[varies], deviation[varies]
    poisson = mean - share @ some * np.log(mean) + share @ gammaln(some + 1)
    # By symmetry in the lower tail, where logarithms of shares keep their digits.
    distance = np.abs(some - mean)
    near = log_ndtr((0.5 - distance) / deviation)
    far = log_ndtr((-0.5 - distance) / deviation)
    inside = -np.expm1(far - near)
    normal = -share @ (near + np.log(np.maximum(inside, np.finfo(float).tiny)))
    return bool(poisson.sum() < normal.sum())


def check_distribution(X: np.ndarray, distribution: str) -> None:
    """Check that a distribution can produce the values of a table.

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
