"""Rows of unequal length, as NumPy holds them, and the check of the user's."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from sknn_suite.exceptions import DataError

_TYPES = (np.float64, np.float32)


@dataclass(frozen=True)
class Sequences:
    """Sequences of vectors, end to end.

    Parameters
    ----------
    starts : ndarray of shape (n_rows + 1,)
        Where each sequence begins.
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
        """Numbers per step."""
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

    NaN may fill up the head or the tail of a row of an array; it is cut off.
    """
    if isinstance(X, Sequences):  # as an earlier check has left it
        return X
    if _is_ragged(X):
        sequences = _from_list(X)
        if reset:
            estimator.n_features_in_ = sequences.n_channels
            _forget_names(estimator)
    elif np.ndim(X) == 3:
        X = check_array(
            X,
            dtype=_TYPES,
            allow_nd=True,
            ensure_all_finite="allow-nan",
            estimator=estimator,
            input_name="X",
        )
        sequences = _from_array(X)
        if reset:
            estimator.n_features_in_ = sequences.n_channels
            _forget_names(estimator)
    else:
        fitted_on_table = reset or getattr(estimator, "_fixed_length", False)
        check = {"dtype": _TYPES, "ensure_all_finite": "allow-nan"}
        if fitted_on_table:
            X = validate_data(estimator, X, reset=reset, **check)
        else:
            X = check_array(X, estimator=estimator, input_name="X", **check)
        sequences = _from_array(X[:, :, None])
    if reset:
        estimator._fixed_length = np.ndim(X) == 2 and not _is_ragged(X)
        estimator._n_channels = sequences.n_channels
    elif sequences.n_channels != estimator._n_channels:
        raise DataError(
            f"X has {sequences.n_channels} features per step, but "
            f"{type(estimator).__name__} is expecting {estimator._n_channels} features "
            "as input. Expected the channels of fit. Give the same ones."
        )
    return sequences


def _forget_names(estimator: Any) -> None:
    if hasattr(estimator, "feature_names_in_"):
        del estimator.feature_names_in_


def _is_ragged(X: Any) -> bool:
    """Whether X is a list of sequences that have lengths of their own."""
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and len(X) > 0 and np.ndim(X[0]) > 0
    if not isinstance(X, list | tuple) or not X:
        return False
    if any(hasattr(row, "shape") and np.ndim(row) > 0 for row in X):
        return True
    lengths = {len(row) if isinstance(row, list | tuple) else -1 for row in X}
    return len(lengths) > 1 and -1 not in lengths


def _from_list(X: Any) -> Sequences:
    parts = []
    for number, row in enumerate(X):
        try:
            part = np.asarray(row)
            if part.dtype not in _TYPES:
                part = part.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"Row {number} of X is no sequence of numbers: {error}. "
                "Expected numbers of shape (n_steps,) or (n_steps, n_channels). "
                "Convert it."
            ) from error
        if part.ndim == 1:
            part = part[:, None]
        if part.ndim != 2 or (parts and part.shape[1] != parts[0].shape[1]):
            raise DataError(
                f"Row {number} of X has the shape {np.shape(row)}. Expected "
                "(n_steps, n_channels) with the same channels in every row. "
                "Bring the rows to one number of channels."
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
    """Cut steps of NaN off the head and the tail of each row; elsewhere none may be."""
    lengths = np.diff(starts)
    _refuse_empty(lengths)
    if np.isinf(values).any():
        row = np.searchsorted(starts, np.flatnonzero(np.isinf(values).any(1))[0], "right")
        raise DataError(
            f"Input X contains infinity, in row {row - 1}. Expected finite numbers. "
            "Replace or remove the value."
        )
    missing = np.isnan(values)
    if not missing.any():
        return Sequences(starts, values)
    there = np.flatnonzero(~missing.all(axis=1))
    first = np.searchsorted(there, starts[:-1])
    last = np.searchsorted(there, starts[1:]) - 1
    _refuse_empty(last - first + 1)
    begins, ends = there[first], there[last] + 1
    inside = Sequences(starts, values)
    lengths = ends - begins
    new_starts = np.concatenate([[0], np.cumsum(lengths)])
    where = np.repeat(begins - new_starts[:-1], lengths) + np.arange(new_starts[-1])
    inside = Sequences(new_starts, values[where])
    gaps = np.flatnonzero(np.isnan(inside.values).any(axis=1))
    if len(gaps):
        row = int(np.searchsorted(new_starts, gaps[0], "right")) - 1
        raise DataError(
            f"Input X contains NaN within row {row}, at step "
            f"{where[gaps[0]] - starts[row]}. Expected NaN only before the first and "
            "after the last step, where it fills up a shorter row. "
            "Fill the gap, for example by interpolation."
        )
    return inside


def _refuse_empty(lengths: np.ndarray) -> None:
    empty = np.flatnonzero(lengths <= 0)
    if len(empty):
        raise DataError(
            f"Row {empty[0]} of X has no steps. Expected at least one number in every "
            "row. Remove empty rows."
        )


