"""Findings about validation rows that are copies of training rows."""

from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

from sknn_suite.checks import Sequences
from sknn_suite.inspection._evidence import Evidence, columns_of
from sknn_suite.inspection._finding import Finding, percent
from sknn_suite.inspection._module import count_rows

# Rows that are looked at, among this many others.
N_LOOKED_AT, MOST_ROWS = 256, 50_000

# A row that a sampler made is on the line between two of so many nearest neighbours.
N_NEIGHBOURS = 30

# Distance from the line, as a share of its length, and of the precision of numbers.
ON_LINE, ROUNDING = 1e-6, 16.0

# From this share of the rows on, the score of the validation rows is too good.
MANY = 0.05

# Rows of few different values, such as grades and categories, repeat by chance: columns
# of real numbers have more different values than this share of the different rows.
DIFFERENT = 0.5


def find_copies(evidence: Evidence) -> list[Finding]:
    """Find that validation rows were set aside among copies of training rows.

    Samplers such as SMOTE copy rows, or make new ones between two of them. If they run
    before validation rows are set aside, these are no new rows.
    """
    if not _sets_aside(evidence.estimator, count_rows(evidence.X)):
        return []
    rows = evidence.checked
    if isinstance(rows, np.ndarray) and rows.dtype.kind == "O":
        share, how = _share_of_equal_texts(rows), "copies of other rows"
    else:
        table = _rows_side_by_side(rows)
        if table is None:
            return []
        share, how = _share_of_copies(table, np.finfo(_float_type(rows)).eps)
    if share < MANY:
        return []
    sentence = (
        f"{percent(share)} of the rows are {how}, as samplers make them, so the "
        "validation rows that early_stopping sets aside are not new; split first, "
        "sample the training part only, and pass the other part as X_val and y_val."
    )
    return [Finding("copies", sentence)]


def _sets_aside(estimator: Any, n_rows: int) -> bool:
    """Whether the fit has set validation rows aside from rows such as these."""
    if not estimator.early_stopping or getattr(estimator, "solver_", None) == "lbfgs":
        return False
    if not hasattr(estimator, "classes_") and estimator._net.target is None:
        return False  # samplers need a target
    n_trained = estimator.t_ / max(len(estimator.history_), 1)
    # Rows that the user passed as X_val leave all rows of X for training.
    return abs(n_trained - n_rows * (1 - estimator.validation_fraction)) <= 2


def _rows_side_by_side(rows: Any) -> np.ndarray | None:
    """Each row as a vector; None for files and for rows of unequal length."""
    n_rows = rows.shape[0]
    if isinstance(rows, Sequences):
        if len(set(np.diff(rows.starts).tolist())) > 1:
            return None
        return rows.values.reshape(n_rows, -1)
    if isinstance(rows, np.ndarray) and rows.dtype.kind in "fiub":
        return rows.reshape(n_rows, -1)
    return columns_of(rows)


def _float_type(rows: Any) -> np.dtype:
    return rows.dtype if rows.dtype.kind == "f" else np.dtype(np.float64)


def _share_of_equal_texts(texts: np.ndarray) -> float:
    """Share of long texts that occur again; short ones repeat by chance."""
    long = np.array([str(text) for text in texts if len(str(text).split()) > 5])
    if len(long) < N_NEIGHBOURS:
        return 0.0
    _, index, counts = np.unique(long, return_inverse=True, return_counts=True)
    return float((counts[index] > 1).mean()) * len(long) / len(texts)


def _share_of_copies(table: np.ndarray, resolution: float) -> tuple[float, str]:
    """Share of rows that are copies of others, or between two others; and which."""
    step = -(-len(table) // MOST_ROWS)
    table = np.asarray(table[::step], np.float64)
    different, index, counts = np.unique(
        table, axis=0, return_inverse=True, return_counts=True
    )
    n_values = max(len(np.unique(column)) for column in different.T)
    if n_values < DIFFERENT * len(different):
        return 0.0, ""
    copied = float((counts[index] > 1).mean())
    if copied >= MANY:
        return copied, "copies of other rows"
    return _share_between(different, resolution), "mixtures of two other rows"


def _share_between(rows: np.ndarray, resolution: float) -> float:
    """Share of rows on the line between two of their nearest neighbours."""
    n_rows, n_columns = rows.shape
    if n_columns < 2 or n_rows < 2 * N_NEIGHBOURS:
        return 0.0
    looked_at = rows[:: -(-n_rows // N_LOOKED_AT)]
    near = NearestNeighbors(n_neighbors=N_NEIGHBOURS + 1, algorithm="brute").fit(rows)
    numbers = near.kneighbors(looked_at, return_distance=False)[:, 1:]
    first, second = np.triu_indices(N_NEIGHBOURS, k=1)
    fewest = min(n_columns, 3)  # rows of a grid differ in one column or two
    between = [
        _is_between(row, rows[own], first, second, fewest, resolution)
        for row, own in zip(looked_at, numbers)
    ]
    return float(np.mean(between))


def _is_between(
    row: np.ndarray,
    around: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    fewest: int,
    resolution: float,
) -> bool:
    """Whether a row is on the line between two of the rows around it."""
    to = around - row  # (k, d)
    length = np.linalg.norm(to, axis=1)
    if not (length > 0).all():
        return False
    # Of two directions, opposite ones have the cosine -1.
    direction = to / length[:, None]
    opposite = np.linalg.norm(direction[first] + direction[second], axis=1)
    slack = ON_LINE + ROUNDING * resolution * np.abs(row).max() / length.min()
    moves = (to != 0).sum(axis=1)
    many = np.minimum(moves[first], moves[second]) >= fewest
    return bool((many & (opposite < slack)).any())
