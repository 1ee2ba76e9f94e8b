"""Rows appended to data frames keep the types of all columns."""

import numpy as np
import pytest

from sknn_suite.doors import append_rows, densify, read_columns
from sknn_suite.exceptions import DataError


def values_of(frame):
    return [column.values[:2] for column in read_columns(densify(frame))]


def test_pandas_keeps_every_dtype():
    pd = pytest.importorskip("pandas")
    start = pd.Timestamp("2024-05-01 12:30:15.250")
    frame = pd.DataFrame(
        {
            "int8": np.array([1, 2, 3], np.int8),
            "nullable": pd.array([1, None, 3], "Int64"),
            "float": [0.5, np.nan, 1.5],
            "bool": [True, False, True],
            "boolean": pd.array([True, None, False], "boolean"),
            "category": pd.Categorical(["a", None, "b"], ["b", "a", "c"]),
            "string": pd.array(["x", None, "y"], "string"),
            "object": ["x", None, "y"],
            "date": pd.date_range(start, periods=3),
            "zone": pd.date_range(start, periods=3, tz="Europe/Rome"),
            "span": pd.to_timedelta([1, 2, 3], unit="h"),
            "sparse": pd.arrays.SparseArray([0.0, 0.0, 2.0]),
        },
        index=[7, 8, 9],
    )
    frame["object"] = frame["object"].astype(object)
    more = append_rows(frame, values_of(frame))
    assert list(more.dtypes) == list(frame.dtypes)
    assert list(more.index) == [0, 1, 2, 3, 4]
    expected = frame.iloc[[0, 1, 2, 0, 1]].reset_index(drop=True)
    pd.testing.assert_frame_equal(more, expected)


def test_polars_keeps_every_dtype():
    pl = pytest.importorskip("polars")
    dates = ["2024-05-01", None, "2024-05-03"]
    frame = pl.DataFrame(
        {
            "uint8": pl.Series([1, 2, 3], dtype=pl.UInt8),
            "float": [0.5, None, 1.5],
            "bool": [True, None, False],
            "word": ["x", None, "y"],
            "category": pl.Series(["a", None, "b"], dtype=pl.Categorical),
            "enum": pl.Series(["a", "b", "b"], dtype=pl.Enum(["b", "a"])),
            "day": pl.Series(dates).str.to_date(),
            "time": pl.Series(dates).str.to_datetime("%Y-%m-%d"),
        }
    )
    frame = frame.with_columns(
        pl.col("time").dt.replace_time_zone("Asia/Tokyo").alias("zone"),
        (pl.col("time") - pl.col("time").min()).alias("span"),
    )
    more = append_rows(frame, values_of(frame))
    assert more.schema == frame.schema
    assert more.equals(frame[[0, 1, 2, 0, 1]])


def test_a_frame_of_another_library_is_refused():
    arrow = pytest.importorskip("pyarrow")
    frame = arrow.table({"x": [1, 2]})
    with pytest.raises(DataError, match="data frame of 'pyarrow'"):
        append_rows(frame, [np.array([1.0])])
