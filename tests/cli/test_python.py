"""The program that fit prints does what the command has done."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sknn_suite.cli import main
from sknn_suite.cli._predict import features_of
from sknn_suite.ensemble import _automatic as automatic
from sknn_suite.ensemble._lines import TableLine
from sknn_suite.ensemble._recipe import Candidate
from sknn_suite.persistence import load

N = 120


@pytest.fixture(autouse=True)
def line_alone(monkeypatch):
    """A member that is the same however fast the machine is."""

    def candidates(reads, *, is_label, given, seed, device):
        line = TableLine(is_label, given=given, random_state=seed)
        return [Candidate("linear", "table", line, 1, 0.0)]

    monkeypatch.setattr(automatic, "candidates_for", candidates)


@pytest.fixture
def table():
    source = np.random.RandomState(0)
    frame = pd.DataFrame(
        {
            "PassengerId": np.arange(N) + 800,
            "age": source.randint(18, 80, N).astype(float),
            "place": source.choice(["north", "south"], N),
            "day": pd.date_range("2026-01-01", periods=N).strftime("%d.%m.%Y"),
            "postcode": [f"0{number}" for number in source.randint(10, 14, N)],
            "same": "x",
            "house": source.randint(0, 30, N),
            "load": source.randint(1, 4, N),
        }
    )
    odds = (frame["age"] - 45) / 12 + 2 * (frame["place"] == "north")
    frame["odds"] = odds + source.normal(0, 0.7, N)
    frame["saved"] = (frame["odds"] > 0.5).astype(int)
    frame.loc[source.rand(N) < 0.1, "age"] = np.nan
    return frame


def run_both(table, tmp_path, monkeypatch, *given, **how):
    """Run the command and the program that it prints."""
    monkeypatch.chdir(tmp_path)
    table.to_csv("train.csv", index=False, **how)
    drop = ["--drop", "saved" if "odds" in given else "odds"]
    arguments = ["fit", "train.csv", "--time", "60", *drop, *given, "--debug"]
    assert main(arguments) == 0
    model = load("train.sknn")
    names = {}
    program = model.notes_["python"]
    exec(compile(program, "program", "exec"), names)
    return model, load("train_in_python.sknn"), names


def assert_alike(model, again, names):
    assert list(again.feature_names_in_) == list(model.feature_names_in_)
    X = features_of(model, names["table"], Path("train.csv"))
    if hasattr(model, "classes_"):
        assert again.classes_.tolist() == model.classes_.tolist()
        assert again.classes_.dtype == model.classes_.dtype
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(
        again.oof_predictions_["fold"].to_numpy(),
        model.oof_predictions_["fold"].to_numpy(),
    )


CASES = {
    "whole": (["--target", "saved"], {}),
    "metric": (["--target", "saved", "--metric", "f1", "--cv", "3"], {"sep": ";"}),
    "costs": (["--target", "saved", "--costs", "fn=5,fp=1"], {"sep": "\t"}),
    "capacity": (
        ["--target", "saved", "--capacity", "2", "--capacity-of", "10"],
        {},
    ),
    "groups": (["--target", "saved", "--groups", "house"], {}),
    "weights": (["--target", "saved", "--weights", "load"], {}),
    "time": (["--target", "saved", "--time-column", "day"], {}),
    "number": (["--target", "odds"], {}),
    "regress": (["--target", "saved", "--task", "regress"], {}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("has_gaps", [False, True])
def test_the_program_gives_the_model_of_the_command(
    table, tmp_path, monkeypatch, case, has_gaps
):
    given, how = CASES[case]
    if has_gaps:
        table.loc[[3, 50, 77], ["saved", "odds"]] = np.nan
    found = run_both(table, tmp_path, monkeypatch, *given, **how)
    assert_alike(*found)
    names = found[2]
    assert "PassengerId" not in names["X"]
    assert "same" not in names["X"]
    if case == "whole":
        assert found[1].classes_.tolist() == [0, 1]


def test_labels_that_occur_once_and_truths_are_read_as_in_the_command(
    table, tmp_path, monkeypatch
):
    labels = table["saved"] == 1
    found = run_both(
        table.assign(saved=labels), tmp_path, monkeypatch, "--target", "saved"
    )
    assert_alike(*found)
    assert found[1].classes_.tolist() == ["False", "True"]
    rare = table.assign(saved=np.where(table.index == 5, 9.0, table["saved"]))
    rare.loc[7, "saved"] = np.nan
    found = run_both(rare, tmp_path, monkeypatch, "--target", "saved")
    assert_alike(*found)
    assert found[1].classes_.tolist() == [0, 1]
    assert len(found[2]["X"]) == N - 2


def test_sums_of_money_are_numbers_as_in_the_command(table, tmp_path, monkeypatch):
    table["paid"] = [f"${2_000 + 100 * value:,.2f}" for value in table["odds"]]
    table["off"] = [f"{value}%" for value in table["house"]]
    found = run_both(table, tmp_path, monkeypatch, "--target", "paid")
    assert_alike(*found)
    model, _, names = found
    assert model.column_kinds_["off"] == "number"
    assert model.notes_["columns"]["off"]["told"] == "0 to 0.29"
    paid = 2_000 + 100 * table["odds"]
    np.testing.assert_allclose(names["y"], paid, atol=0.005)
    assert main(["report", "train.sknn"]) == 0
    page = Path("train.html").read_text()
    assert "has changed since the fit" not in page


def test_spaces_around_names_and_zipped_files_are_read_as_in_the_command(
    table, tmp_path, monkeypatch
):
    table.columns = [f" {name} " for name in table]
    found = run_both(
        table, tmp_path, monkeypatch, "--target", "saved", compression="gzip"
    )
    assert_alike(*found)


def test_a_table_of_several_pieces_is_read_as_in_the_command(
    table, tmp_path, monkeypatch
):
    monkeypatch.setattr("sknn_suite.cli._reading.CHUNK_ROWS", 50)
    table["floor"] = [str(i % 4) for i in range(N - 1)] + ["attic"]
    found = run_both(table, tmp_path, monkeypatch, "--target", "saved")
    assert_alike(*found)
    assert found[0].column_kinds_["floor"] == "category"
    assert dict(found[1].column_kinds_) == dict(found[0].column_kinds_)
