"""Rows that were made, appended to a data frame in the types of its columns.

`_frames` reads columns as NumPy arrays that know no library; this is the way back, for
pandas and polars.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn_suite.doors._frames import read_columns
from sknn_suite.doors._optional import import_optional
from sknn_suite.exceptions import DataError

WRITABLE = ("pandas", "polars")

# The parts of a second that dates are written in.
MICROSECONDS = 1e6


def append_rows(frame: Any, columns: Sequence[np.ndarray]) -> Any:
    """Append rows to a data frame; each column keeps its dtype.

    Parameters
    ----------
    frame : data frame of pandas or polars
        The frame, which is not changed.
    columns : sequence of ndarray
        Values of the new rows for each column, as `read_columns` gives them: float64
        with NaN for gaps, dates as seconds since 1970, words as objects with None.

    Returns
    -------
    data frame
        A new frame with an index that counts from zero.

    Raises
    ------
    DataError
        If the frame is of another library.
    """
    library = _library_of(frame)
    types = [column.type for column in read_columns(densify(frame))]
    if library.__name__ == "pandas":
        made = [
            _pandas_values(library, values, frame.iloc[:, j].dtype, types[j])
            for j, values in enumerate(columns)
        ]
        rows = library.concat(dict(enumerate(made)), axis=1)
        rows.columns = frame.columns
        return library.concat([frame, rows], ignore_index=True)
    made = [
        _polars_values(library, values, frame[name], types[j])
        for j, (name, values) in enumerate(zip(frame.columns, columns))
    ]
    return library.concat([frame, library.DataFrame(made)])


def densify(frame: Any) -> Any:
    """Make pandas' sparse columns dense, which `read_columns` cannot read."""
    if type(frame).__module__.partition(".")[0] != "pandas":
        return frame
    dtypes = dict(enumerate(frame.dtypes))
    subtypes = {j: getattr(d, "subtype", None) for j, d in dtypes.items()}
    sparse = {j for j, d in dtypes.items() if str(d).startswith("Sparse")}
    if not sparse:
        return frame
    dense = frame.copy()
    dense.columns = range(dense.shape[1])
    dense = dense.astype({j: subtypes[j] for j in sparse})
    dense.columns = frame.columns
    return dense


def _library_of(frame: Any) -> Any:
    name = type(frame).__module__.partition(".")[0]
    if name not in WRITABLE:
        raise DataError(
            f"X is a data frame of '{name}', to which no rows can be added. Expected "
            f"one of {' or '.join(WRITABLE)}. Convert it first."
        )
    return import_optional(name, needed_by="A data frame as X", extra="dev")


def _pandas_values(pd: Any, values: np.ndarray, dtype: Any, kind: str) -> Any:
    if kind == "date":
        stamps = pd.Series(pd.to_datetime(_ticks(values), unit="us"))
        zone = getattr(dtype, "tz", None)
        return (stamps if zone is None else stamps.dt.tz_localize(zone)).astype(dtype)
    if str(dtype).startswith("timedelta"):
        return pd.Series(pd.to_timedelta(_ticks(values), unit="us")).astype(dtype)
    if kind == "boolean":
        cells = [None if np.isnan(v) else bool(v) for v in values]
        return pd.Series(cells, dtype=object).astype(dtype)
    return pd.Series(values).astype(dtype)


def _polars_values(pl: Any, values: np.ndarray, like: Any, kind: str) -> Any:
    name, dtype = like.name, like.dtype
    if kind == "words":
        return pl.Series(name, values.tolist(), dtype=dtype)
    if kind == "boolean":
        cells = [None if np.isnan(v) else bool(v) for v in values]
        return pl.Series(name, cells, dtype=dtype)
    if kind == "date":
        stamps = pl.Series(name, _ticks(values)).cast(pl.Datetime("us"))
        zone = getattr(dtype, "time_zone", None)
        return (stamps if zone is None else stamps.dt.replace_time_zone(zone)).cast(
            dtype
        )
    if dtype == pl.Duration:
        return pl.Series(name, _ticks(values)).cast(pl.Duration("us")).cast(dtype)
    return pl.Series(name, values, nan_to_null=True).cast(dtype)


def _ticks(seconds: np.ndarray) -> list[int | None]:
    """Whole microseconds, None for gaps."""
    return [None if np.isnan(s) else round(s * MICROSECONDS) for s in seconds.tolist()]
