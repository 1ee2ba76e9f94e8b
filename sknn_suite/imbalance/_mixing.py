"""Samplers that make rows, on flat numbers; weights are mixed as the rows are."""

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

# Size of the column of weights beside the rows: it is too small to change a distance,
# and is mixed like every other column.
TINY = 1e-9


class Mixed(NamedTuple):
    """What a sampler has made of flat rows.

    Parameters
    ----------
    order : ndarray of shape (n_new,)
        Number of each row; those of made rows go on after the last given one.
    made : {ndarray, sparse array} of shape (n_made, n_columns)
        The rows that were not there before.
    labels : ndarray of shape (n_new,)
        Label of each row.
    weight : ndarray of shape (n_new,) or None
        Weight of each row.
    """

    order: np.ndarray
    made: Any
    labels: np.ndarray
    weight: np.ndarray | None


def mix(sampler: Any, flat: Any, y: np.ndarray, weight: np.ndarray | None) -> Mixed:
    """Let a sampler of imbalanced-learn resample flat rows.

    The weights go through the sampler as one more column, of numbers so small that
    they change no distance. So they are mixed by the sampler's own coefficients,
    whatever it does.

    Parameters
    ----------
    sampler : sampler
        It is fitted.
    flat : {ndarray, sparse array} of shape (n_samples, n_columns)
        The rows.
    y : ndarray of shape (n_samples,)
        Their labels.
    weight : ndarray of shape (n_samples,) or None
        Their weights.
    """
    n, n_columns = flat.shape
    unit = 0.0
    given: Any = flat
    if weight is not None:
        largest = abs(flat).max()
        unit = TINY * (float(largest) or 1.0) / weight.max()
        stack = sparse.hstack if sparse.issparse(flat) else np.hstack
        given = stack([flat.astype(np.float64), weight[:, None] * unit])
        given = given.tocsr() if sparse.issparse(flat) else given
    rows, labels = sampler.fit_resample(given, y)
    rows = rows.tocsr() if sparse.issparse(rows) else rows
    order = _find(given, rows)
    is_new = order < 0
    order[is_new] = n + np.arange(is_new.sum())
    made, mixed = rows[is_new][:, :n_columns], None
    if weight is not None:
        column = rows[:, [n_columns]]
        column = column.toarray() if sparse.issparse(column) else column
        mixed = np.maximum(column[:, 0] / unit, 0)
        mixed[~is_new] = weight[order[~is_new]]  # exactly
    return Mixed(order, made, np.asarray(labels), mixed)


def _find(given: Any, rows: Any) -> np.ndarray:
    """Find the given row that equals each row; -1 where there is none.

    Of several equal ones each is used in turn.
    """
    places: dict[bytes, list[int]] = {}
    for i, key in enumerate(_keys(given)):
        places.setdefault(key, []).append(i)
    used: dict[bytes, int] = {}
    found = np.full(rows.shape[0], -1)
    for j, key in enumerate(_keys(rows)):
        there = places.get(key)
        if there:
            turn = used.get(key, 0)
            found[j] = there[turn % len(there)]
            used[key] = turn + 1
    return found


def _keys(rows: Any) -> list[bytes]:
    if not sparse.issparse(rows):
        return [row.tobytes() for row in np.ascontiguousarray(rows)]
    rows = sparse.csr_array(rows)
    rows.sort_indices()
    parts = zip(rows.indptr[:-1], rows.indptr[1:])
    return [
        rows.indices[a:b].astype(np.int64).tobytes() + rows.data[a:b].tobytes()
        for a, b in parts
    ]
