"""Checks of mixed tables: data frames of any library, arrays and lists."""

from collections import Counter
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array

from sknn_suite.checks._cells import column_of_cells
from sknn_suite.data import Column, ColumnTable
from sknn_suite.doors import (
    RawColumn,
    check_n_features,
    column_names,
    is_frame,
    read_columns,
    warn_user,
)
from sknn_suite.exceptions import DataError

# Names that an error lists before it stops.
MOST_NAMES = 5


def check_columns(
    estimator: BaseEstimator, X: Any, *, reset: bool, min_rows: int = 1
) -> ColumnTable:
    """Check the rows of a mixed table.

    Names and number of columns are learnt with `reset`, else compared: columns in
    another order are matched by name.

    Raises
    ------
    DataError
        If names repeat, a column is unknown or missing, a cell cannot be encoded, or a
        number is infinite.
    """
    if isinstance(X, ColumnTable):  # checked before
        return X
    if is_frame(X):
        names = column_names(X)
        _refuse_repeated(names)
        _refuse_empty(estimator, X.shape, min_rows)
        columns = [_column(column) for column in read_columns(X)]
        is_float32 = False
    else:
        table = _check_array(estimator, X, min_rows)
        columns = list(_of_array(table))
        names, is_float32 = None, table.dtype == np.float32
    columns = _match(estimator, columns, names, reset=reset)
    for column in columns:
        _refuse_infinite(column)
    return ColumnTable(tuple(columns), is_float32)


def _check_array(estimator: BaseEstimator, X: Any, min_rows: int) -> np.ndarray:
    """Check an array or a list of rows by scikit-learn's rules, and in its words."""
    is_plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype == np.float64
    if is_plain and len(X) >= min_rows and X.size:
        return X  # as it is, without looking at each number twice
    if sparse.issparse(X):
        check_array(X, accept_sparse=False, estimator=estimator)  # raises
    return check_array(
        X,
        dtype=None,
        ensure_all_finite=False,
        ensure_min_samples=min_rows,
        estimator=estimator,
        input_name="X",
    )


def _of_array(table: np.ndarray) -> Any:
    for j in range(table.shape[1]):
        name, values = f"x{j}", table[:, j]
        if table.dtype.kind in "iuf":
            yield Column(name, "number", values.astype(np.float64))
        elif table.dtype.kind == "b":
            yield Column(name, "boolean", values.astype(np.float64))
        elif table.dtype.kind == "M":
            missing = np.isnat(values)
            seconds = values.astype("datetime64[us]").astype(np.int64) / 1e6
            yield Column(name, "date", np.where(missing, np.nan, seconds))
        else:
            yield column_of_cells(name, values.astype(object), is_category=False)


def _column(raw: RawColumn) -> Column:
    name = str(raw.name)
    if raw.type == "other":
        raise DataError(
            f"Column {name!r} of X has dtype {raw.dtype}, which cannot be encoded. "
            "Expected numbers, booleans, dates, strings or categories. Drop the column "
            "or turn it into one of these before fit."
        )
    if raw.type == "words":
        return column_of_cells(name, raw.values, raw.is_category)
    return Column(name, raw.type, raw.values)


def _match(
    estimator: Any, columns: list[Column], names: list | None, *, reset: bool
) -> list[Column]:
    """Learn the names of the columns, or bring the columns into the order of fit."""
    are_strings = names is not None and all(isinstance(name, str) for name in names)
    if reset:
        estimator.n_features_in_ = len(columns)
        if are_strings:
            estimator.feature_names_in_ = np.array(names, dtype=object)
        else:  # of an earlier fit
            vars(estimator).pop("feature_names_in_", None)
        return columns
    known = getattr(estimator, "feature_names_in_", None)
    kind = type(estimator).__name__
    if are_strings and known is not None:
        return _in_order(columns, list(known), kind)
    if are_strings != (known is not None):
        has, had = (
            ("has", "without") if are_strings else ("does not have valid", "with")
        )
        warn_user(
            f"X {has} feature names, but {kind} was fitted {had} feature names",
            UserWarning,
        )
    _check_width(estimator, len(columns))
    return columns


def _check_width(estimator: Any, n_columns: int) -> None:
    check_n_features(estimator, np.empty((1, n_columns)), reset=False)


def _in_order(columns: list[Column], known: list[str], kind: str) -> list[Column]:
    by_name = {column.name: column for column in columns}
    new = [name for name in by_name if name not in set(known)]
    gone = [name for name in known if name not in by_name]
    if new or gone:
        told = []
        if new:
            told.append(f"Feature names unseen at fit time: {_list(new)}.")
        if gone:
            told.append(
                f"Feature names seen at fit time, yet now missing: {_list(gone)}."
            )
        raise DataError(
            "The feature names should match those that were passed during fit.\n"
            + "\n".join(told)
            + f"\nExpected the {len(known)} columns that {kind} was fitted on, in any "
            "order. Rename, add or drop columns."
        )
    return [by_name[name] for name in known]


def _list(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return shown + (f" and {more} more" if more > 0 else "")


def _refuse_repeated(names: list) -> None:
    repeated = [str(name) for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise DataError(
            f"X has several columns of the name {_list(repeated)}. Expected each name "
            "once, since columns are matched by name. Rename or drop columns."
        )


def _refuse_empty(estimator: Any, shape: tuple[int, int], min_rows: int) -> None:
    sizes = ((shape[1], 1, "feature"), (shape[0], min_rows, "sample"))
    for size, least, what in sizes:
        if size < least:
            raise DataError(
                f"Found array with {size} {what}(s) (shape={shape}) while a minimum of "
                f"{least} is required by {type(estimator).__name__}. Expected a table "
                "with rows and columns. Pass one."
            )


def _refuse_infinite(column: Column) -> None:
    if column.levels is None and np.isinf(column.values).any():
        row = int(np.isinf(column.values).argmax())
        raise DataError(
            f"Input X contains infinity: column {column.name!r} has "
            f"{column.values[row]} in row {row}. Expected finite numbers, or NaN for "
            "gaps. Replace infinite numbers, for example with NaN."
        )
