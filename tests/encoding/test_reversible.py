"""Mixed columns as numbers, and back."""

import numpy as np
import pytest

from sknn_suite.doors import RawColumn
from sknn_suite.encoding import ColumnScores, ReversibleTable
from sknn_suite.exceptions import DataError


def columns(n=200):
    random = np.random.RandomState(0)
    gappy = random.lognormal(size=n)
    gappy[::5] = np.nan
    words = random.choice(["a", "b", "c"], n).astype(object)
    words[1] = None
    return [
        RawColumn("whole", "number", random.randint(0, 9, n).astype(float), "int"),
        RawColumn("words", "words", words, "str"),
        RawColumn("gappy", "number", gappy, "float"),
        RawColumn("flag", "boolean", (random.uniform(size=n) < 0.2) * 1.0, "bool"),
    ]


def test_rows_come_back_as_they_were():
    table = ReversibleTable().fit(columns())
    x = table.transform(columns())
    assert x.dtype == np.float32
    assert x.shape == (200, table.n_outputs)
    for given, back in zip(columns(), table.inverse_transform(x), strict=True):
        if given.values.dtype == object:
            assert back.tolist() == given.values.tolist()
        else:
            np.testing.assert_allclose(back, given.values, rtol=1e-4)


def test_any_numbers_decode_to_what_the_columns_can_hold():
    table = ReversibleTable().fit(columns())
    x = np.random.RandomState(0).normal(scale=5, size=(500, table.n_outputs))
    whole, words, gappy, flag = table.inverse_transform(x)
    np.testing.assert_array_equal(whole, np.rint(whole))
    assert (whole >= 0).all()
    assert (whole <= 8).all()
    assert set(words) == {"a", "b", "c", None}
    assert 0 < np.isnan(gappy).mean() < 1
    there = columns()[2].values
    assert np.nanmin(there) <= np.nanmin(gappy) <= np.nanmax(gappy) <= np.nanmax(there)
    assert set(flag) == {0.0, 1.0}


def test_a_value_that_fills_half_of_a_column_keeps_its_share():
    random = np.random.RandomState(0)
    x = np.where(random.uniform(size=4000) < 0.5, 0.0, random.lognormal(size=4000))
    scores = ColumnScores().fit(x)
    z = scores.transform(x)
    drawn = scores.inverse_transform(z + random.normal(scale=0.05, size=len(z)))
    assert abs((drawn == 0).mean() - 0.5) < 0.03
    np.testing.assert_allclose(np.quantile(drawn, 0.9), np.quantile(x, 0.9), rtol=0.1)


def test_a_gap_between_groups_is_not_closed():
    x = np.concatenate([np.linspace(0, 1, 100), np.linspace(9, 10, 100)])
    z = ColumnScores().fit(x).transform(x)
    steps = np.diff(z)
    assert steps[99] > 10 * np.median(steps)


@pytest.mark.parametrize(
    "x",
    [
        np.array([3.0]),
        np.full(50, 2.0),
        np.array([0.0, 1e300, -1e300]),
        1.7e9 + np.arange(100.0),
        np.random.RandomState(0).standard_cauchy(5000),
    ],
)
def test_any_column_has_finite_scores_and_comes_back(x):
    scores = ColumnScores().fit(x)
    z = scores.transform(x)
    assert np.isfinite(z).all()
    back = scores.inverse_transform(z)
    near = np.ptp(x) / 1000 if len(x) > 1000 else 1e-9 * np.abs(x).max()
    np.testing.assert_allclose(back, x, atol=near)


def test_a_weight_of_two_is_the_row_twice():
    x = np.random.RandomState(0).normal(size=50).round(1)
    weight = np.arange(50) % 3
    repeated = ColumnScores().fit(np.repeat(x, weight))
    weighted = ColumnScores().fit(x, weight.astype(float))
    np.testing.assert_allclose(weighted.transform(x), repeated.transform(x))


def test_the_rarest_of_many_categories_are_never_made():
    words = np.array([f"w{i}" for i in range(120)] * 3 + ["w0"], dtype=object)
    table = ReversibleTable().fit([RawColumn("w", "words", words, "str")])
    assert table.n_outputs == 100
    x = table.transform([RawColumn("w", "words", words, "str")])
    assert (x.sum(axis=1) == 0).sum() == 60


def test_texts_and_other_types_are_refused():
    texts = np.array([f"text {i}" for i in range(300)], dtype=object)
    with pytest.raises(DataError, match="Column 'note' of X has 300 different texts"):
        ReversibleTable().fit([RawColumn("note", "words", texts, "str")])
    with pytest.raises(DataError, match="Column 'tags' of X has dtype List"):
        ReversibleTable().fit([RawColumn("tags", "other", texts, "List")])
