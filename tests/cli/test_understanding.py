"""What a table means, and what is said if it means nothing."""

from argparse import Namespace

import numpy as np
import pandas as pd
import pytest

from sknn_suite.cli._dialect import Dialect
from sknn_suite.cli._fit import make_model
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


def test_strings_of_many_numbers_are_a_quantity_if_none_is_blank(table):
    table["paid"] = [f"${value:,}" for value in range(990, 990 + N)]
    found = understand(table, target="paid")
    assert not found.is_label
    assert found.y.tolist() == list(range(990, 990 + N))
    table.loc[3, "paid"] = " "
    with pytest.raises(DataError, match="have a single row"):
        understand(table, target="paid")


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
        (
            {"target": "Bouhgt"},
            r"'Bouhgt' for the target\. The nearest is 'bought'\.",
        ),
        ({"target": "zzz"}, r"The table has 5 columns: 'age', .*, 'bought'\. Change"),
        ({"target": None}, "No target was named"),
        ({"target": "same"}, "has one value"),
        ({"task": "regress"}, "Expected numbers"),
        ({"id": "nr"}, "Change --id"),
        ({"drop": ["plaice"]}, r"The nearest is 'place'\. Change --drop"),
        ({"drop": ["age", "place", "same", "when"]}, "No column is left"),
        (
            {"drop": ["age", "place", "when"]},
            "No column is left to learn from: .*same .constant",
        ),
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


def test_a_missing_column_is_answered_with_how_many_there_are(table):
    for number in range(7):
        table[f"column {number}"] = np.arange(N) % 7
    with pytest.raises(DataError, match=r"has 12 columns: .* and 4 more\. Change"):
        understand(table, target="zzz")
    with pytest.raises(DataError, match=r"has 12 columns: .* and 4 more\. Add"):
        understand(table, target=None)


def test_a_single_column_that_names_the_rows_is_the_id(table):
    table.insert(0, "visit_id", np.arange(N))
    found = understand(table)
    assert found.aside["id"].name == "visit_id"
    assert "visit_id" not in found.kinds
    assert list(found.X) == ["age", "place", "same", "when"]
    told = " ".join(found.remarks)
    assert "'visit_id' is different in every row, so it is taken as the id" in told
    assert "not learnt from, and predict writes it." in told
    assert "--id" in told
    assert "--drop visit_id" in told


def test_of_several_columns_that_name_the_rows_the_user_chooses(table):
    table["visit_id"], table["bill_id"] = np.arange(N), np.arange(N) + 7
    found = understand(table)
    assert "id" not in found.aside
    assert "2 columns: 'visit_id', 'bill_id' may be the id. Add --id" in str(
        found.remarks
    )
    chosen = understand(table, id="bill_id")
    assert chosen.aside["id"].name == "bill_id"
    assert "Add --id" not in str(chosen.remarks)
    dropped = understand(table, drop=["visit_id", "bill_id"])
    assert "id" not in dropped.aside


def test_a_column_with_another_role_is_not_taken_as_the_id(table):
    table["step_id"] = np.arange(N)
    assert "id" not in understand(table, time_column="step_id").aside
