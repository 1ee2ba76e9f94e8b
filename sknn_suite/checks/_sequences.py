"""Rows of unequal length in NumPy, and the checks of the user's sequences."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from sknn_suite.checks._words import words_named
from sknn_suite.doors import to_numpy
from sknn_suite.exceptions import DataError

_TYPES = (np.float64, np.float32)


@dataclass(frozen=True)
class Sequences:
    """Sequences of vectors, stored end to end.

    Parameters
    ----------
    starts : ndarray of shape (n_rows + 1,)
        Start of each sequence.
    values : ndarray of shape (n_steps, n_channels)
        The steps of all sequences.
    """

    starts: np.ndarray
    values: np.ndarray

    @property
    def shape(self) -> tuple[int]:
        """Number of sequences."""
        return (len(self),)

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers."""
        return self.values.dtype

    @property
    def n_channels(self) -> int:
        """Number of values per step."""
        return self.values.shape[1]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: Any) -> "Sequences":
        """Choose sequences."""
        index = np.arange(len(self))[index]
        first, lengths = self.starts[index], np.diff(self.starts)[index]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        where = np.repeat(first - starts[:-1], lengths) + np.arange(starts[-1])
        return Sequences(starts, self.values[where])


def check_sequences(estimator: BaseEstimator, X: Any, *, reset: bool) -> Sequences:
    """Check sequences of numbers: arrays of two or three axes, or lists of arrays.

    NaN may fill the end of a row; it is removed.
    """
    if isinstance(X, Sequences):  # already checked
        return X
    X, _ = to_numpy(X)
    sequences, is_table = _read(estimator, X, reset)
    if reset:
        if not is_table:
            estimator.n_features_in_ = sequences.n_channels
            if hasattr(estimator, "feature_names_in_"):
                del estimator.feature_names_in_
        estimator._fixed_length = is_table
        estimator._n_channels = sequences.n_channels
    elif sequences.n_channels != estimator._n_channels:
        raise DataError(
            f"X has {sequences.n_channels} features per step, but "
            f"{type(estimator).__name__} is expecting {estimator._n_channels} features "
            "as input. Expected the channels of fit. Pass the same channels."
        )
    return sequences


def _read(estimator: BaseEstimator, X: Any, reset: bool) -> tuple[Sequences, bool]:
    """Sequences, and whether they came from the rows of a table."""
    if _is_ragged(X):
        return _from_list(X), False
    n_axes = max(getattr(X, "ndim", 0), _depth(X))
    if n_axes > 3:
        raise DataError(
            f"X has {n_axes} axes. Expected (n, n_steps) or (n, n_steps, n_channels). "
            "Reshape it."
        )
    check: dict[str, Any] = {"dtype": _TYPES, "ensure_all_finite": "allow-nan"}
    if n_axes == 3:
        X = check_array(X, allow_nd=True, estimator=estimator, input_name="X", **check)
        return _from_array(X), False
    with words_named(X):
        if reset or getattr(estimator, "_fixed_length", False):
            X = validate_data(estimator, X, reset=reset, **check)
        else:
            X = check_array(X, estimator=estimator, input_name="X", **check)
    return _from_array(X[:, :, None]), True


def _depth(X: Any) -> int:
    """How deep lists are nested, up to four, because a list may contain itself."""
    depth = 0
    while isinstance(X, list | tuple) and len(X) and depth < 4:
        X, depth = X[0], depth + 1
    return depth


def _is_ragged(X: Any) -> bool:
    """Whether X is a list of sequences of different lengths."""
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and len(X) > 0 and np.ndim(X[0]) > 0
    if not isinstance(X, list | tuple) or not X:
        return False
    if any(hasattr(row, "shape") and np.ndim(row) > 0 for row in X):
        return True
    lengths = {len(row) if isinstance(row, list | tuple) else -1 for row in X}
    return len(lengths) > 1 and -1 not in lengths


def _from_list(X: Any) -> Sequences:
    parts: list[np.ndarray] = []
    for number, row in enumerate(X):
        try:
            part = np.asarray(row)
            if part.dtype not in _TYPES:
                part = part.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"Row {number} of X is not a sequence of numbers: {error}. "
                "Expected numbers of shape (n_steps,) or (n_steps, n_channels). "
                "Convert it."
            ) from error
        if part.ndim == 1:
            part = part[:, None]
        if part.ndim != 2 or (parts and part.shape[1] != parts[0].shape[1]):
            raise DataError(
                f"Row {number} of X has the shape {np.shape(row)}. Expected "
                "(n_steps, n_channels) with the same channels in every row. "
                "Give all rows the same number of channels."
            )
        parts.append(part)
    dtype = np.result_type(*parts)
    lengths = [len(part) for part in parts]
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return _cut_padding(starts, np.concatenate(parts).astype(dtype, copy=False))


def _from_array(X: np.ndarray) -> Sequences:
    n_rows, n_steps, n_channels = X.shape
    starts = np.arange(n_rows + 1) * n_steps
    return _cut_padding(starts, X.reshape(n_rows * n_steps, n_channels))


def _cut_padding(starts: np.ndarray, values: np.ndarray) -> Sequences:
    """Remove steps of NaN from the end of each row; NaN elsewhere is an error."""
    _refuse_empty(np.diff(starts))
    infinite = np.isinf(values).any(axis=1)
    if infinite.any():
        row = np.searchsorted(starts, np.argmax(infinite), "right") - 1
        raise DataError(
            f"Input X contains infinity, in row {row}. Expected finite numbers. "
            "Replace or remove the value."
        )
    missing = np.isnan(values)
    if not missing.any():
        return Sequences(starts, values)
    there = np.flatnonzero(~missing.all(axis=1))
    n_before = np.searchsorted(there, starts)
    _refuse_empty(np.diff(n_before))
    lengths = there[n_before[1:] - 1] + 1 - starts[:-1]
    new_starts = np.concatenate([[0], np.cumsum(lengths)])
    where = np.repeat(starts[:-1] - new_starts[:-1], lengths) + np.arange(
        new_starts[-1]
    )
    gaps = np.flatnonzero(missing[where].any(axis=1))
    if len(gaps):
        row = np.searchsorted(new_starts, gaps[0], "right") - 1
        raise DataError(
            f"Input X contains NaN within row {row}, at step "
            f"{where[gaps[0]] - starts[row]}. Expected NaN only after the last step, "
            "where it pads a shorter row. Fill the gap, for example by "
            "interpolation."
        )
    return Sequences(new_starts, values[where])


def _refuse_empty(lengths: np.ndarray) -> None:
    empty = np.flatnonzero(lengths <= 0)
    if len(empty):
        raise DataError(
            f"Row {empty[0]} of X has no steps. Expected at least one number in every "
            "row. Remove empty rows."
        )
