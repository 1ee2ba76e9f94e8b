"""SeenRows: recognises training rows without keeping them."""

import hashlib
import pickle
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from sknn_suite.doors import import_optional
from sknn_suite.exceptions import DataError


class SeenRows:
    """Out-of-fold scores of training rows, found again by a digest of each row.

    A row that occurs several times has the mean of its scores, by weight.

    Parameters
    ----------
    keys : ndarray of uint64, of shape (n_samples,)
        Digests of the training rows, see `keys_of_rows`.
    scores : ndarray of shape (n_samples, n_columns)
        Their scores; NaN if a row was not predicted.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    """

    def __init__(
        self, keys: np.ndarray, scores: np.ndarray, weight: np.ndarray | None
    ) -> None:
        self.keys = keys
        weight = np.ones(len(scores)) if weight is None else weight
        known = (weight > 0) & np.isfinite(scores).all(axis=1)
        self._sorted, place = np.unique(self.keys[known], return_inverse=True)
        self._scores = np.zeros((len(self._sorted), scores.shape[1]))
        np.add.at(self._scores, place, scores[known] * weight[known, None])
        total = np.bincount(place, weight[known], minlength=len(self._sorted))
        self._scores /= total[:, None]

    def refuse_others(self, keys: np.ndarray) -> None:
        """Refuse rows that are not the training rows, in their order.

        Raises
        ------
        ValueError
            If these are not their digests.
        """
        if not np.array_equal(keys, self.keys):
            raise DataError(
                f"X is not the X of fit, which had {len(self.keys)} rows. Expected the "
                "same rows in the same order, so that folds agree. Pass them."
            )

    def replace(self, X: Any, scores: np.ndarray) -> np.ndarray:
        """Put the out-of-fold scores in place of those of training rows."""
        if not len(self._sorted):
            return scores
        keys = keys_of_rows(X)
        place = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        is_known = self._sorted[place] == keys
        scores = scores.copy()
        scores[is_known] = self._scores[place[is_known]]
        return scores


def keys_of_rows(X: Any) -> np.ndarray:
    """Digest of each row, as uint64; equal for equal numbers of other types."""
    if issparse(X):
        return _of_sparse(csr_array(X))
    if hasattr(X, "iloc"):
        pandas: Any = import_optional("pandas", needed_by="rows", extra="frames")
        columns = [X] if X.ndim == 1 else [X[name] for name in X.columns]
        if not all(pandas.api.types.is_numeric_dtype(column) for column in columns):
            return _of_objects(zip(*(column.tolist() for column in columns)))
        X = X.to_numpy(dtype=np.float64, na_value=np.nan)
    elif hasattr(X, "rows") and hasattr(X, "columns"):  # polars
        return _of_objects(X.rows())
    try:
        array = np.asarray(X)
    except ValueError:  # rows of unequal length
        return _of_objects(X)
    if array.dtype.kind not in "biuf" or array.ndim == 0:
        return _of_objects(array.tolist() if array.ndim else [array.item()])
    array = np.ascontiguousarray(array, dtype=np.float64) + 0.0  # -0.0 becomes 0.0
    return np.fromiter((_digest(row.tobytes()) for row in array), np.uint64, len(array))


def _of_sparse(X: Any) -> np.ndarray:
    X = X.astype(np.float64)
    X.sum_duplicates()
    X.eliminate_zeros()
    ends = zip(X.indptr[:-1], X.indptr[1:])
    indices = X.indices.astype(np.int64)
    return np.array(
        [
            _digest(indices[a:b].tobytes() + X.data[a:b].tobytes() + bytes([X.ndim]))
            for a, b in ends
        ],
        dtype=np.uint64,
    )


def _of_objects(rows: Any) -> np.ndarray:
    return np.array([_digest(_bytes(row)) for row in rows], dtype=np.uint64)


def _bytes(row: Any) -> bytes:
    if isinstance(row, str):
        return row.encode("utf-8", "surrogatepass")
    if isinstance(row, np.ndarray):
        return np.ascontiguousarray(row).tobytes()
    if isinstance(row, tuple | list):
        return b"\0".join(_bytes(part) for part in row)
    if isinstance(row, int | float):
        return repr(float(row)).encode()
    try:
        return pickle.dumps(row)
    except (pickle.PicklingError, TypeError, AttributeError):
        return repr(row).encode("utf-8", "surrogatepass")


def _digest(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
