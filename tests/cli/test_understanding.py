"""What a table means, and what is said if it means nothing."""

from argparse import Namespace

import numpy as np
import pandas as pd
import pytest

from sknn_suite.cli._fit import make_model, read_costs, read_time
from sknn_suite.cli._reading import Dialect
from sknn_suite.cli._understanding import image_paths, understand_table
from sknn_suite.exceptions import DataError

N = 60


def options(**given):
    usual = {
        "target": "bought",
        "id": None,
        "groups": None,
        "weights": None,
        "time_column": None,
        "task": None,
        "drop": [],
        "text": [],
        "metric": None,
        "costs": None,
        "capacity": None,
        "capacity_of": None,
        "cv": None,
        "device": "cpu",
        "seed": 0,
    }
    return Namespace(**(usual | given))


@pytest.fixture
def table():
    source = np.random.RandomState(0)
    return pd.DataFrame(
        {
            "age": source.randint(20, 60, N).astype(float),
            "place": source.choice(["a", "b", "c"], N),
            "same": 1,
            "when": pd.date_range("2026-01-01", periods=N)[::-1],
            "bought": source.choice(["yes", "no"], N),
        }
    )


def understand(table, **given):
    return understand_table(table, Dialect("csv"), [], options(**given))


def test_labels_and_numbers_are_told_apart(table):
    assert understand(table).is_label
    assert not understand(table, target="age").is_label
    assert understand(table, target="age", task="classify").is_label


def test_columns_and_what_is_left_out_are_told(table):
    found = understand(table, drop=["place"])
    assert list(found.X) == ["age", "same", "when"]
    assert found.kinds["same"] == "constant"
    assert "'same' is left out, since it has one value." in found.remarks


def test_rows_without_a_target_are_left_out_and_counted(table):
    table.loc[:4, "bought"] = None
    found = understand(table)
    assert len(found.y) == N - 5
    assert "5 of 60 rows are left out" in found.remarks[0]


def test_a_time_column_sorts_the_rows(table):
    found = understand(table, time_column="when")
    assert found.X["when"].is_monotonic_increasing
    assert make_model(found, options(), []).cv == "time"


def test_whole_numbers_with_gaps_stay_whole(table):
    table["bought"] = np.where(table["bought"] == "yes", 1.0, 0.0)
    table.loc[0, "bought"] = np.nan
    assert understand(table).y.dtype == "int64"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"target": "Bouhgt"}, r"no column 'Bouhgt' for the target\. The nearest are "),
        ({"target": "zzz"}, "It has 'age', 'place'"),
        ({"target": None}, "No target was named"),
        ({"target": "same"}, "has one value"),
        ({"task": "regress"}, "Expected numbers"),
        ({"id": "nr"}, "Change --id"),
        ({"drop": ["age", "place", "same", "when"]}, "No column is left"),
        ({"drop": ["age", "place", "when"]}, "No column of X is left"),
    ],
)
def test_a_target_that_cannot_be_is_refused(table, given, words):
    with pytest.raises(DataError, match=words):
        understand(table, **given)


def test_images_that_do_not_exist_are_counted(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    column = pd.Series(["a.png", "b.png", "c.png"])
    with pytest.raises(DataError, match=r"2 of 3 images .* in row 2: .*b\.png"):
        image_paths(column, tmp_path, "image")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("1.5h", 5400)]
)
def test_times(text, seconds):
    assert read_time(text) == seconds


@pytest.mark.parametrize("text", ["soon", "-5", "0", "5d"])
def test_other_times_are_refused(text):
    with pytest.raises(DataError, match="is no time"):
        read_time(text)


def test_costs():
    assert read_costs("fn=10, fp=1").costs == ((0.0, 1.0), (10.0, 0.0))
    with pytest.raises(DataError, match="are no costs"):
        read_costs("fn=10")
