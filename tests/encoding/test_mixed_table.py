"""Tables of mixed columns: what kind each is, and how it becomes numbers."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from sklearn.base import BaseEstimator

from sknn_suite.checks import check_columns
from sknn_suite.data import ColumnTable
from sknn_suite.encoding import (
    DateColumns,
    MixedTableEncoder,
    NumberColumns,
    StringColumns,
)
from sknn_suite.exceptions import DataError


def read(X) -> ColumnTable:
    return check_columns(BaseEstimator(), X, reset=True)


def kinds(X, **given):
    return dict(MixedTableEncoder(**given).fit(read(X)).kinds_)


def inputs(encoder, X):
    bundle = encoder.transform(read(X), torch.float64)
    return {name: tensor.numpy() for name, tensor in bundle.inputs.items()}


@pytest.fixture
def frame() -> pd.DataFrame:
    """Sixty rows of every kind, most with gaps."""
    source = np.random.RandomState(0)
    n = 60
    first = np.datetime64("2024-01-30T22:00")
    named = [f"{title} Number{i}" for i in range(20) for title in ("Mr", "Mrs", "Dr")]
    frame = pd.DataFrame(
        {
            "size": source.normal(size=n),
            "rooms": source.randint(1, 6, n).astype("int8"),
            "sold": first + source.randint(0, 10**6, n).astype("timedelta64[m]"),
            "is_new": source.rand(n) > 0.5,
            "place": source.choice(["town", "sea", "hill"], n),
            "street": source.choice([f"street {i}" for i in range(30)], n),
            "agent": named,
        }
    )
    frame.loc[3, ["size", "sold", "place"]] = None
    frame["street"] = frame["street"].astype("category")
    return frame


# -- kinds ---------------------------------------------------------------------------


def test_kinds_are_told_from_dtypes_and_values(frame):
    assert kinds(frame) == {
        "size": "number",
        "rooms": "number",
        "sold": "date",
        "is_new": "boolean",
        "place": "category",
        "street": "category",
        "agent": "text",
    }


COLUMNS = {
    "numbers": ([1.5, 2, None] * 10, "number"),
    "whole numbers that differ": (list(range(30)), "number"),
    "objects": ([1, 2.5, Decimal("3")] * 10, "number"),
    "numbers in strings": (["1.5", " ", "-2e3"] * 10, "number"),
    "numbers with commas": (["1,250", "900", "12,000.5"] * 10, "number"),
    "sums of money": (["$5", "-$1,000", "$ 2.50"] * 10, "number"),
    "sums in several moneys": (["$5", "3 €", "$2"] * 10, "category"),
    "percentages": (["5%", "12.5 %", ""] * 10, "number"),
    "percentages and numbers": (["5%", "0.2", "1"] * 10, "category"),
    "codes with zeros in front": (["007", "010", "100"] * 10, "category"),
    "booleans": ([True, False, None] * 10, "boolean"),
    "numbers and words": ([1, "two", 3.5] * 10, "category"),
    "dates": ([datetime.date(2024, 1, d) for d in range(1, 31)], "date"),
    "dates in strings": ([f"2024-01-{d:02}" for d in range(1, 31)], "date"),
    "no month": (["2024-13-01", "2024-01-01"] * 15, "category"),
    "tokens": ([f"{i:x}f" for i in range(30)], "identifier"),
    "sentences": ([f"to be or {i}" for i in range(30)], "text"),
    "constant": ([7] * 30, "constant"),
    "constant word": (["a"] * 30, "constant"),
    "gaps alone": ([None] * 30, "constant"),
    "a value or a gap": ([1.0, None] * 15, "category"),
    "id": (list(range(30)), "identifier"),
    "Customer ID": (list(range(30)), "identifier"),
    "humid": (list(range(30)), "number"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_kind_of_a_column(name):
    values, kind = COLUMNS[name]
    X = pd.DataFrame({"other": [0.5, 1.5, 2.5] * 10})
    X[name] = pd.Series(values, dtype=object)
    assert kinds(X)[name] == kind


def test_duplicates_are_left_out_and_named(frame):
    frame["size too"] = frame["size"]
    frame["spot"] = frame["place"].astype("category")
    found = MixedTableEncoder().fit(read(frame)).kinds_
    assert found.of("duplicate") == ["size too", "spot"]
    assert "left out: size too (duplicate), spot (duplicate)" in repr(found)
    assert repr(found).startswith("number: size, rooms\n")


def test_a_kind_can_be_chosen(frame):
    found = kinds(frame, given={"rooms": "category", "agent": "category"})
    assert found["rooms"] == found["agent"] == "category"
    assert kinds(frame, texts="drop")["agent"] == "dropped text"


def test_words_among_chosen_numbers_are_named(frame):
    with pytest.raises(DataError, match=r"'place' of X has the string 'hill'\. Expec"):
        kinds(frame, given={"place": "number"})


def test_a_table_of_constants_alone_is_refused():
    with pytest.raises(DataError, match="No column of X is left to learn from"):
        kinds(pd.DataFrame({"a": [1] * 5, "b": ["x"] * 5}))


# -- containers ----------------------------------------------------------------------


def as_polars(frame):
    return pl.from_pandas(frame)


def as_arrow(frame):
    return pa.Table.from_pandas(frame)


def as_objects(frame):
    return frame.astype(object)


def as_nullable(frame):
    return frame.convert_dtypes()


@pytest.mark.parametrize("convert", [as_polars, as_arrow, as_objects, as_nullable])
def test_the_same_table_in_another_library_gives_the_same_bits(frame, convert):
    encoder, other = MixedTableEncoder(), MixedTableEncoder()
    expected = inputs(encoder.fit(read(frame)), frame)
    got = inputs(other.fit(read(convert(frame))), convert(frame))
    assert encoder.kinds_ == other.kinds_
    for name, array in expected.items():
        np.testing.assert_array_equal(got[name], array, err_msg=name)


def test_an_object_array_is_read_like_a_frame(frame):
    frame = frame.drop(columns="sold")
    expected = inputs(MixedTableEncoder().fit(read(frame)), frame)
    array = frame.to_numpy(dtype=object)
    got = inputs(MixedTableEncoder().fit(read(array)), array)
    for name, values in expected.items():
        np.testing.assert_array_equal(got[name], values, err_msg=name)


def test_dates_keep_the_clock_of_their_time_zone():
    local = pd.date_range("2024-01-01 06:00", periods=30, freq="D", tz="Asia/Tokyo")
    naive = local.tz_localize(None)
    for X in (pd.DataFrame({"t": local}), as_polars(pd.DataFrame({"t": local}))):
        (column,) = read(X).columns
        (expected,) = read(pd.DataFrame({"t": naive})).columns
        np.testing.assert_array_equal(column.values, expected.values)


# -- values --------------------------------------------------------------------------


def test_seconds_since_1970_keep_their_seconds():
    seconds = 1_700_000_000 + np.arange(100.0)
    numbers, _ = NumberColumns().fit(seconds[:, None]).transform(seconds[:, None])
    steps = np.diff(numbers[:, 0])
    assert (steps > 0.01).all()


def test_heavy_tails_survive():
    values = np.exp(np.random.RandomState(0).normal(0, 4, size=(500, 1)))
    numbers, _ = NumberColumns().fit(values).transform(values)
    assert numbers.shape == (500, 2)
    assert np.abs(numbers).max() <= 3
    order = values[:, 0].argsort()
    largest = numbers[order[-20:], 1]
    assert np.ptp(largest) > 0.02  # where the clipped twin hardly differs
    assert np.ptp(numbers[order[-20:], 0]) < 0.02


def gains(n=300):
    """Zero for most rows, a few usual amounts, and one that hides them."""
    source = np.random.RandomState(0)
    return np.where(source.rand(n) < 0.8, 0.0, np.exp(source.normal(8, 1, n)))


def test_a_column_that_is_mostly_one_value_ranks_the_others():
    values = np.append(gains(), [9e6, np.nan])[:, None]
    numbers, flags = NumberColumns().fit(values).transform(values)
    assert numbers.shape == (302, 2)
    present = ~np.isnan(values[:, 0])
    other = present & (values[:, 0] != 0)
    assert flags.T.tolist() == [(~present).tolist(), other.tolist()]
    assert not numbers[~other, 1].any()
    usual = np.flatnonzero(other)[values[other, 0].argsort()][:-1]
    assert np.ptp(numbers[usual, 0]) < 0.1  # the huge one sets the scale
    assert (np.diff(numbers[usual, 1]) > 0).all()
    assert np.ptp(numbers[usual, 1]) > 3


def test_weights_count_among_the_others_of_a_column_that_is_mostly_one_value():
    values = gains()[:, None]
    weight = np.random.RandomState(1).randint(1, 4, len(values))
    weighted = NumberColumns().fit(values, weight)
    repeated = NumberColumns().fit(values.repeat(weight, axis=0))
    assert weighted.mostly_one_.tolist() == [0]
    np.testing.assert_allclose(weighted.ranks_, repeated.ranks_)


def test_flags_of_two_values_stay_flags():
    values = np.append(np.zeros(90), np.ones(10))[:, None]
    numbers, flags = NumberColumns().fit(values).transform(values)
    assert (numbers.shape[1], flags.shape[1]) == (0, 1)


def test_a_weight_of_two_is_the_row_twice():
    source = np.random.RandomState(0)
    values, weight = source.normal(size=(40, 2)), source.randint(1, 4, 40)
    weighted = NumberColumns().fit(values, weight)
    repeated = NumberColumns().fit(values.repeat(weight, axis=0))
    np.testing.assert_allclose(weighted.center_, repeated.center_)
    np.testing.assert_allclose(weighted.scale_, repeated.scale_)


def test_gaps_are_the_median_and_a_flag(frame):
    encoder = MixedTableEncoder().fit(read(frame))
    numbers, flags = (inputs(encoder, frame)[name] for name in ("numbers", "flags"))
    assert numbers[3, 0] == 0
    (flag,) = [k for k, origin in enumerate(encoder.origins["flags"]) if origin == 0]
    assert flags[:, flag].tolist() == [float(i == 3) for i in range(60)]


def test_gaps_that_training_has_not_seen_are_the_median(frame):
    whole = frame.dropna()
    encoder = MixedTableEncoder().fit(read(whole))
    got = inputs(encoder, frame)
    assert got["numbers"][3, 0] == 0
    place = encoder.origins["choices"].index(4)
    assert got["choices"][3, place] == 0


def test_an_unseen_category_moves_no_other_row(frame):
    encoder = MixedTableEncoder().fit(read(frame))
    before = inputs(encoder, frame)
    frame.loc[5, "place"] = "moon"
    after = inputs(encoder, frame)
    assert after["choices"][5, 0] == 0
    for name in before:
        others = np.delete(before[name], 5, axis=0)
        np.testing.assert_array_equal(np.delete(after[name], 5, axis=0), others)


def test_rows_are_encoded_one_by_one_as_together(frame):
    encoder = MixedTableEncoder().fit(read(frame))
    together = inputs(encoder, frame)
    alone = [inputs(encoder, frame.iloc[[i]]) for i in range(len(frame))]
    for name, array in together.items():
        parts = np.concatenate([row[name] for row in alone])
        np.testing.assert_allclose(parts, array, atol=1e-12, err_msg=name)


def test_rare_categories_share_a_code_and_many_are_embedded():
    words = [f"w{i % 12}" for i in range(120)] + ["once", "only"]
    X = pd.DataFrame({"word": words})
    encoder = MixedTableEncoder().fit(read(X))
    codes = inputs(encoder, X)["codes"]
    assert encoder.config["n_codes"] == (13,)
    assert codes[-2:].ravel().tolist() == [0, 0]
    assert len(np.unique(codes)) == 13


def test_a_hundred_thousand_levels_are_limited():
    words = np.repeat([f"w{i}" for i in range(50_000)], 2)
    X = pd.DataFrame(
        {"word": np.append(words, ["often"] * 50), "b": np.arange(100_050)}
    )
    encoder = MixedTableEncoder().fit(read(X), None)
    assert sum(encoder.config["n_codes"] + encoder.config["n_choices"]) < 3000


def test_dates_have_parts_that_vary():
    times = np.array([["2024-01-31T06:00"], ["2024-02-01T18:00"]], "datetime64[s]")
    columns = DateColumns().fit(times.astype(float))
    names = columns.names(["t"])
    found = dict(zip(names, columns.transform(times.astype(float)).T))
    assert "t year" not in names
    assert found["t month"].tolist() == [1, 2]
    assert found["t day"].tolist() == [31, 1]
    assert found["t weekday"].tolist() == [2, 3]
    assert found["t hour"].tolist() == [6, 18]
    assert found["t days"].tolist() == [0, 1.5]


def test_december_is_next_to_january():
    months = np.array([[f"2024-{m:02}-15"] for m in range(1, 13)], "datetime64[s]")
    columns = DateColumns().fit(months.astype(float))
    names = columns.names([""])
    found = columns.transform(months.astype(float))
    cycle = found[:, [names.index(" month (sine)"), names.index(" month (cosine)")]]
    steps = np.linalg.norm(cycle - np.roll(cycle, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0])


def test_texts_that_share_letters_are_near_each_other():
    titles = ["Mr", "Miss"] * 40
    X = pd.DataFrame({"name": [f"{t} {i}{i % 7}" for i, t in enumerate(titles)]})
    (column,) = read(X).columns
    numbers = StringColumns().fit([column]).transform([column])
    apart = np.linalg.norm(numbers[:, None] - numbers, axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert (apart.argmin(axis=1) % 2 == np.arange(80) % 2).all()
    np.testing.assert_allclose(numbers.mean(axis=0), 0, atol=1e-4)


def test_a_text_varies_as_much_as_a_number_its_main_direction_most():
    X = pd.DataFrame({"name": [f"{t} {i}" for i, t in enumerate(["Mr", "Miss"] * 40)]})
    (column,) = read(X).columns
    spread = StringColumns().fit([column]).transform([column]).var(axis=0)
    assert spread.sum() == pytest.approx(1, rel=1e-3)
    assert spread.argmax() < 2
    assert spread.max() > 3 * spread.min()


# -- other dtypes at predict ---------------------------------------------------------


def test_numbers_in_strings_are_converted_at_predict(frame):
    encoder = MixedTableEncoder().fit(read(frame))
    told = frame.assign(rooms=frame["rooms"].astype(str))
    np.testing.assert_array_equal(
        inputs(encoder, told)["numbers"], inputs(encoder, frame)["numbers"]
    )
    told.loc[0, "rooms"] = "many"
    with pytest.raises(DataError, match=r"Column 'rooms' of X has the string 'many'"):
        inputs(encoder, told)


def test_numbers_are_words_where_categories_were(frame):
    frame["code"] = pd.Series(["1", "2", "x"] * 20)
    encoder = MixedTableEncoder().fit(read(frame))
    as_numbers = frame.assign(code=frame["code"].replace("x", "3").astype(float))
    place = encoder.origins["choices"].index(7)
    before, after = (inputs(encoder, X)["choices"] for X in (frame, as_numbers))
    assert after[:, place].tolist() == [c if c < 3 else 0 for c in before[:, place]]


def test_origins_name_the_column_of_each_input(frame):
    frame["gain"] = gains(len(frame))
    encoder = MixedTableEncoder().fit(read(frame))
    shapes = {name: array.shape[1] for name, array in inputs(encoder, frame).items()}
    assert {name: len(own) for name, own in encoder.origins.items()} == shapes
    for name in frame.columns:
        changed = frame.copy()
        changed[name] = np.roll(frame[name], 7)
        after, before = inputs(encoder, changed), inputs(encoder, frame)
        for key, own in encoder.origins.items():
            differs = (after[key] != before[key]).any(axis=0)
            expected = [i == list(frame.columns).index(name) for i in own]
            assert not (differs & ~np.array(expected, bool)).any(), (name, key)


def test_empty_rows_can_be_encoded(frame):
    encoder = MixedTableEncoder().fit(read(frame))
    bundle = encoder.transform(encoder.empty_rows(3), torch.float32)
    assert len(bundle) == 3
    assert all(torch.isfinite(tensor).all() for tensor in bundle.inputs.values())
