"""Rows of any shape: chosen by number, or as flat numbers that a sampler can mix."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_array

from sknn_suite.checks import list_some
from sknn_suite.doors import (
    RawColumn,
    append_rows,
    column_names,
    densify,
    is_frame,
    read_columns,
    to_numpy,
)
from sknn_suite.encoding import ReversibleTable
from sknn_suite.exceptions import DataError
from sknn_suite.imbalance._labels import take_rows

# Samplers that look at labels only, and so work for all rows.
COPIES = "RandomOverSampler or RandomUnderSampler"


class Rows:
    """The rows of X.

    Parameters
    ----------
    X : object
        What the user passed, or an array of it.
    """

    # Columns that a table has; None for rows that are no table.
    n_columns: int | None = None

    def __init__(self, X: Any) -> None:
        self.X = X

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.X.shape[0] if hasattr(self.X, "shape") else len(self.X)

    def take(self, index: np.ndarray) -> Any:
        """Rows by number, in the type of X."""
        return take_rows(self.X, index)

    def flat(self, name: str) -> Any:
        """Rows as a table of numbers, for the sampler `name`.

        Raises
        ------
        DataError
            If there are no numbers between two such rows.
        """
        raise NotImplementedError

    def with_made(self, made: Any) -> "Rows":
        """Append the rows that a sampler made of flat ones."""
        raise NotImplementedError

    def columns(self, name: str) -> list[RawColumn]:
        """Columns of a table, for the sampler `name`.

        Raises
        ------
        DataError
            If X is no table.
        """
        raise DataError(
            f"X is no dense table, and {name} makes rows column by column. Expected a "
            "data frame or an array of shape (n_samples, n_features). Use toarray() "
            f"if X is sparse, and AnyShape({name}()) for images."
        )

    def with_columns(self, columns: Sequence[np.ndarray]) -> "Rows":
        """Append rows with these values, column by column."""
        raise NotImplementedError


class ArrayRows(Rows):
    """An array of numbers with two or more axes, or a list of rows of one shape.

    Parameters
    ----------
    X : ndarray
        The numbers.
    make_list : callable, default=None
        Turns an array into the list that the user passed.
    """

    def __init__(self, X: np.ndarray, make_list: Callable | None = None) -> None:
        super().__init__(X)
        self.make_list = make_list
        self.n_columns = X.shape[1] if X.ndim == 2 else None

    def take(self, index: np.ndarray) -> Any:
        rows = self.X[index]
        return rows if self.make_list is None else self.make_list(rows)

    def flat(self, name: str) -> np.ndarray:
        try:
            # Differences of unsigned bytes would wrap around.
            is_short = self.X.dtype.itemsize < 4 or self.X.dtype == np.float32
            numbers = self.X.astype(np.float32 if is_short else np.float64)
        except ValueError as error:
            raise DataError(
                f"X has words, and {name} mixes rows or measures distances between "
                "them. Expected numbers, or a data frame with categories. Pass one, "
                f"or use {COPIES}."
            ) from error
        if not np.isfinite(numbers).all():
            raise DataError(
                f"X has NaN or infinite values, which {name} cannot mix. Expected "
                "numbers. Fill the gaps first, for example with SimpleImputer, or use "
                f"{COPIES}."
            )
        return numbers.reshape(self.n, -1)

    def columns(self, name: str) -> list[RawColumn]:
        if self.n_columns is None:
            return super().columns(name)
        try:
            numbers = self.X.astype(np.float64)
        except ValueError as error:
            raise DataError(
                f"X is an array with words, and {name} cannot tell its numbers from "
                "its categories. Expected numbers, or a data frame, whose columns "
                "have types. Pass a data frame."
            ) from error
        dtype = str(self.X.dtype)
        columns = [RawColumn(j, "number", x, dtype) for j, x in enumerate(numbers.T)]
        for column in columns:
            refuse_infinite(column.values, column.name)
        return columns

    def with_columns(self, columns: Sequence[np.ndarray]) -> "ArrayRows":
        return self.with_made(np.column_stack(columns))

    def with_made(self, made: np.ndarray) -> "ArrayRows":
        dtype = self.X.dtype
        if dtype.kind in "iub":
            made = np.rint(made)
        if self.n_columns is None and self.n:  # images and sequences keep their range
            made = np.clip(made, self.X.min(), self.X.max())
        made = made.reshape(len(made), *self.X.shape[1:])
        rows = np.concatenate([self.X, made.astype(dtype)])
        return ArrayRows(rows, self.make_list)


class SparseRows(Rows):
    """A sparse matrix."""

    def __init__(self, X: Any) -> None:
        super().__init__(X)
        self.n_columns = X.shape[1]

    def flat(self, name: str) -> Any:
        numbers = check_array(self.X, accept_sparse="csr", dtype="numeric")
        return sparse.csr_array(numbers)

    def with_made(self, made: Any) -> "SparseRows":
        rows = sparse.vstack([self.X, made], format="csr")
        return SparseRows(type(self.X)(rows.astype(self.X.dtype)))


class FrameRows(Rows):
    """A data frame of pandas or polars; its columns are numbers, words or dates."""

    def __init__(self, X: Any) -> None:
        super().__init__(X)
        self.n_columns = X.shape[1]
        self._table: ReversibleTable | None = None

    def columns(self, name: str) -> list[RawColumn]:
        columns = read_columns(densify(self.X))
        for column in columns:
            if column.type == "number":
                refuse_infinite(column.values, column.name)
        return columns

    def flat(self, name: str) -> np.ndarray:
        columns = self.columns(name)
        if all(c.type == "number" and not np.isnan(c.values).any() for c in columns):
            return np.column_stack([column.values for column in columns])
        self._table = ReversibleTable().fit(columns)
        return self._table.transform(columns)

    def with_made(self, made: np.ndarray) -> "FrameRows":
        if self._table is not None:
            return self.with_columns(self._table.inverse_transform(made))
        columns = self.columns("")
        is_whole = [np.all(c.values == np.rint(c.values)) for c in columns]
        return self.with_columns(
            [np.rint(x) if whole else x for whole, x in zip(is_whole, made.T)]
        )

    def with_columns(self, columns: Sequence[np.ndarray]) -> "FrameRows":
        return FrameRows(append_rows(self.X, columns))


class ListRows(Rows):
    """Rows without a common shape: texts, paths, sequences of unequal length.

    Parameters
    ----------
    X : list or ndarray of shape (n_samples,)
        The rows.
    kind : str
        What they are, for error texts.
    way : str
        What helps, for error texts.
    """

    def __init__(self, X: Any, kind: str, way: str) -> None:
        super().__init__(X)
        self.kind = kind
        self.way = way

    def flat(self, name: str) -> np.ndarray:
        raise DataError(
            f"X has {self.kind}, and {name} mixes rows or measures distances between "
            f"them, which {self.kind} do not have. Expected rows of numbers. {self.way}"
            f", or use {COPIES}, which copy and drop whole rows."
        )


def read_rows(X: Any, estimator: Any) -> Rows:
    """Find out what X is.

    Raises
    ------
    DataError
        If images differ in size, or X is nothing that a sampler can choose from.
    """
    X, _ = to_numpy(X)
    if sparse.issparse(X):
        how = {"dtype": None, "ensure_all_finite": False, "estimator": estimator}
        return SparseRows(check_array(X, accept_sparse=("csr", "csc"), **how))
    if isinstance(X, np.ndarray):
        return _read_array(X, estimator)
    if hasattr(X, "columns") and is_frame(X):
        _check_frame(X)
        return FrameRows(X)
    if hasattr(X, "tolist") or not isinstance(X, list | tuple):
        # a column of a frame
        return _read_array(np.asarray(X), estimator, X)
    return _read_list(list(X), estimator)


def refuse_infinite(values: np.ndarray, name: Any) -> None:
    """Raise an error for infinite numbers of a column."""
    if np.isinf(values).any():
        raise DataError(
            f"Column {name!r} of X has infinite values. Expected finite numbers, or "
            "NaN for gaps. Replace them."
        )


def _check_frame(X: Any) -> None:
    names = column_names(X)
    repeated = sorted({str(name) for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"X has several columns of the names {list_some(repeated)}. Expected a "
            "name for each column. Rename them."
        )
    if not names:
        raise DataError(
            f"X has 0 feature(s) (shape={X.shape}) while a minimum of 1 is required. "
            "Expected columns. Pass a frame that has some."
        )


def _read_array(X: np.ndarray, estimator: Any, own: Any = None) -> Rows:
    if X.ndim == 1 and X.dtype.kind in "OUST":
        return _read_list(X if own is None else own, estimator)
    X = check_array(
        X,
        dtype=None,
        allow_nd=True,
        ensure_all_finite=False,
        estimator=estimator,
    )
    return ArrayRows(X)


def _read_list(X: Any, estimator: Any) -> Rows:
    if len(X) == 0:
        check_array(np.empty((0, 1)), estimator=estimator)  # raises
    first = next(iter(X))
    if isinstance(first, os.PathLike):
        return ListRows(X, "paths of files", "Read the files")
    if isinstance(first, str | bytes):
        return ListRows(X, "texts", "Turn them into numbers, as TfidfVectorizer does")
    shapes = {np.shape(row) for row in X} if not np.isscalar(first) else set()
    if len(shapes) == 1:
        array = np.asarray(X if isinstance(X, list) else list(X))
        of_lists = isinstance(first, list | tuple)
        return ArrayRows(
            _read_array(array, estimator).X, np.ndarray.tolist if of_lists else list
        )
    if not shapes:
        return _read_array(np.asarray(X), estimator)  # raises: numbers in one row
    _refuse_sizes(list(X), shapes)
    return ListRows(X, "sequences of unequal length", "Pad them to one length")


def _refuse_sizes(X: list, shapes: set[tuple[int, ...]]) -> None:
    """Raise an error for images of several sizes; sequences may be of any length."""
    is_image = any(len(s) > 2 for s in shapes) or len({s[1:] for s in shapes}) > 1
    if not is_image:
        return
    some = [np.shape(row) for row in X]
    other = next(i for i, shape in enumerate(some) if shape != some[0])
    raise DataError(
        f"Row {other} of X is an image of shape {some[other]}, and row 0 of shape "
        f"{some[0]}. Expected images of one size. Resize them, or pass the paths of "
        "the files, which CNNClassifier resizes when it reads them."
    )
