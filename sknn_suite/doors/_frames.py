"""Data frames of any library, column by column as NumPy arrays.

scikit-learn needs narwhals, which reads pandas, polars, Arrow and others alike. What
differs between them beyond that (nullable types, categories, time zones) is settled
here, so that the same table gives the same arrays.
"""

from typing import Any, NamedTuple

import numpy as np

from sknn_suite.doors._optional import import_optional


def _narwhals() -> Any:
    # Imported when a data frame comes: arrays need none.
    return import_optional(
        "narwhals.stable.v2", needed_by="A data frame as X", extra="dev"
    )


class RawColumn(NamedTuple):
    """A column as arrays that know no library.

    Parameters
    ----------
    name : object
        Its name; a string, or what the library uses.
    type : {"number", "boolean", "date", "words", "other"}
        What its dtype says; "other" is for dtypes that no table of cells has.
    values : ndarray
        float64 with NaN for gaps; dates are seconds since 1970. For "words", object
        with None for gaps.
    dtype : str
        Its dtype, for error texts.
    is_category : bool
        Whether the dtype says that it holds categories.
    """

    name: Any
    type: str
    values: np.ndarray
    dtype: str
    is_category: bool = False


def is_frame(X: Any) -> bool:
    """Whether X is a data frame, eager, of a library that narwhals knows."""
    if isinstance(X, np.ndarray | list | tuple):
        return False
    nw = _narwhals()
    try:
        frame = nw.from_native(X, eager_only=True, pass_through=True)
    except nw.exceptions.DuplicateError:
        return True
    return isinstance(frame, nw.DataFrame)


def column_names(X: Any) -> list[Any]:
    """Names of the columns of a data frame; they may repeat in pandas."""
    names = getattr(X, "column_names", None)  # Arrow's `columns` are the data
    return list(X.columns if names is None else names)


def read_columns(X: Any) -> list[RawColumn]:
    """Read all columns of a data frame, whose names differ."""
    names = column_names(X)
    if not all(isinstance(name, str) for name in names):
        X = X.set_axis([str(i) for i in range(len(names))], axis=1)  # only pandas
    frame = _narwhals().from_native(X, eager_only=True)
    return [_read(name, series) for name, series in zip(names, frame.iter_columns())]


def _read(name: Any, series: Any) -> RawColumn:
    nw, dtype = _narwhals(), series.dtype
    told = str(dtype)
    if dtype == nw.Boolean:
        return RawColumn(name, "boolean", _numbers(series), told)
    if dtype.is_numeric():
        return RawColumn(name, "number", _numbers(series), told)
    if dtype == nw.Datetime or dtype == nw.Date:
        return RawColumn(name, "date", _seconds(series), told)
    if dtype == nw.Duration:
        return RawColumn(name, "number", _duration(series), told)
    is_category = dtype == nw.Categorical or dtype == nw.Enum
    if is_category or dtype in (nw.String, nw.Object, nw.Unknown):
        return RawColumn(name, "words", _objects(series), told, is_category)
    return RawColumn(name, "other", np.empty(0, object), told)


def _numbers(series: Any) -> np.ndarray:
    """float64 with NaN for gaps."""
    numbers = series.cast(_narwhals().Float64).to_numpy()
    return np.array(numbers, dtype=np.float64)


def _seconds(series: Any) -> np.ndarray:
    """Seconds since 1970 on the clock of the column's own time zone."""
    if series.dtype == _narwhals().Datetime and series.dtype.time_zone is not None:
        series = series.dt.replace_time_zone(None)
    missing = series.is_null().to_numpy()
    stamps = np.array(series.to_numpy(), dtype="datetime64[us]").astype(np.int64)
    return np.where(missing, np.nan, stamps / 1e6)


def _duration(series: Any) -> np.ndarray:
    missing = series.is_null().to_numpy()
    spans = np.array(series.to_numpy(), dtype="timedelta64[us]").astype(np.int64)
    return np.where(missing, np.nan, spans / 1e6)


def _objects(series: Any) -> np.ndarray:
    """Objects with None for gaps."""
    cells = np.empty(len(series), dtype=object)
    cells[:] = series.to_list()
    cells[series.is_null().to_numpy().astype(bool)] = None
    return cells
