"""Every command as a new user runs it, and its errors."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from sknn_suite.cli import main
from sknn_suite.cli._columns import about_importance
from sknn_suite.cli._demo import write_tables
from sknn_suite.cli._predict import _frames
from sknn_suite.persistence import load

N = 240


def make_table(n, seed):
    source = np.random.RandomState(seed)
    frame = pd.DataFrame(
        {
            "nr": np.arange(n) + 1000 * seed,
            "age": source.randint(18, 80, n),
            "fare": source.lognormal(3, 1, n).round(2),
            "place": source.choice(["north", "south", "east"], n),
            "day": pd.date_range("2026-01-01", periods=n).strftime("%d.%m.%Y"),
        }
    )
    odds = (frame["age"] - 45) / 12 + 2 * (frame["place"] == "north")
    frame["saved"] = np.where(odds + source.normal(0, 0.7, n) > 0.5, "yes", "no")
    frame.loc[source.rand(n) < 0.1, "age"] = np.nan
    return frame


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A clean directory with two tables and a fitted model."""
    folder = tmp_path_factory.mktemp("user")
    make_table(N, 1).to_csv(folder / "train.csv", index=False, sep=";")
    test = make_table(50, 2)
    test.drop(columns="saved").to_csv(folder / "test.csv", index=False, sep=";")
    sample = pd.DataFrame({"saved": "no", "nr": test["nr"][::-1]})
    sample.to_csv(folder / "sample.csv", index=False)
    arguments = [
        "fit", folder / "train.csv", "--target", "saved", "--id", "nr", "--metric",
        "f1", "--time", "8", "--out", folder / "model.sknn", "--debug",
    ]  # fmt: skip
    assert main([str(one) for one in arguments]) == 0
    return folder


def run(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "sknn_suite", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_the_readmes_commands_work_in_a_clean_directory(tmp_path):
    (tmp_path / "demo_output").mkdir()
    write_tables(tmp_path / "demo_output")
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\.venv/bin/sknn-suite (.*)$", readme, re.MULTILINE)
    assert [line.split()[0] for line in lines] == ["fit", "predict", "report"]
    told = run(tmp_path, *lines[0].replace("--time 1m", "--time 6s").split())
    assert "398 rows, 32 columns" in told
    assert "'id' is different in every row, so it is taken as the id" in told
    assert "AutoClassifier(" in told
    for line in lines[1:]:
        run(tmp_path, *line.split())
    found = pd.read_csv(tmp_path / "predictions.csv")
    assert list(found) == ["id", "diagnosis"]
    truth = load_breast_cancer()
    test = pd.read_csv(tmp_path / "demo_output" / "tumours_test.csv")["id"] - 1
    expected = truth.target_names[truth.target[test]]
    assert (found["diagnosis"] == expected).mean() > 0.9
    assert (tmp_path / "tumours.html").stat().st_size > 10_000


def test_the_program_that_fit_prints_runs(folder, tmp_path):
    text = load(folder / "model.sknn").notes_["python"]
    text = text.replace("time_limit=8.0", "time_limit=1.0")
    text = text.replace(f"{folder}/model_in_python.sknn", f"{tmp_path}/again.sknn")
    names = {}
    exec(compile(text, "program", "exec"), names)
    assert names["model"].classes_.tolist() == ["no", "yes"]
    assert names["X"].shape == (N, 4)
    assert str(names["table"]["day"].dtype).startswith("datetime64")
    assert (tmp_path / "again.sknn").exists()


def test_predictions_follow_the_model(folder):
    out = folder / "found.csv"
    arguments = ["predict", folder / "model.sknn", folder / "test.csv", "--proba"]
    assert main([*map(str, arguments), "--out", str(out)]) == 0
    found = pd.read_csv(out)
    assert list(found) == ["nr", "saved", "proba_no", "proba_yes"]
    model = load(folder / "model.sknn")
    decided = found["proba_yes"] >= model.decision_threshold_
    assert (decided == (found["saved"] == "yes")).all()
    truth = make_table(50, 2)["saved"]
    assert (truth == found["saved"]).mean() > 0.7


def test_predictions_in_pieces_equal_those_at_once(folder, monkeypatch):
    outs = folder / "a.csv", folder / "b.csv"
    for out, rows in zip(outs, (10_000, 7)):
        monkeypatch.setattr("sknn_suite.cli._reading.CHUNK_ROWS", rows)
        main(
            ["predict", f"{folder}/model.sknn", f"{folder}/test.csv", "--out", f"{out}"]
        )
    assert outs[0].read_text() == outs[1].read_text()


def test_dates_are_read_as_in_the_fit(folder, tmp_path):
    test = make_table(50, 2).drop(columns="saved")
    test["day"] = "03/02/2026"  # by itself, the second of March
    test.to_csv(tmp_path / "few.csv", index=False)
    model = load(folder / "model.sknn")
    assert model.notes_["dates"] == {"day": "%d.%m.%Y"}
    model.notes_["dates"] = {"day": "%d/%m/%Y"}
    (frame,) = _frames(tmp_path / "few.csv", model)
    assert frame["day"][0] == pd.Timestamp("2026-02-03")


def test_the_samples_columns_and_rows_are_kept(folder):
    out = folder / "like.csv"
    main(
        [
            "predict", f"{folder}/model.sknn", f"{folder}/test.csv", "--like",
            f"{folder}/sample.csv", "--out", f"{out}",
        ]
    )  # fmt: skip
    sample, found = pd.read_csv(folder / "sample.csv"), pd.read_csv(out)
    assert list(found) == list(sample)
    assert found["nr"].tolist() == sample["nr"].tolist()
    assert set(found["saved"]) == {"yes", "no"}


def test_a_sample_of_probabilities_gets_probabilities(folder, capsys):
    sample = pd.read_csv(folder / "sample.csv").assign(saved=0.5)
    sample.to_csv(folder / "half.csv", index=False)
    paths = [f"{folder}/model.sknn", f"{folder}/test.csv"]
    main(["predict", *paths, "--proba", "--out", f"{folder}/all.csv"])
    expected = pd.read_csv(folder / "all.csv").set_index("nr")["proba_yes"]
    for like in (["half.csv"], ["sample.csv", "--proba"]):
        capsys.readouterr()
        given = ["--like", f"{folder}/{like[0]}", *like[1:]]
        assert main(["predict", *paths, *given, "--out", f"{folder}/p.csv"]) == 0
        assert "'saved' is the probability of 'yes'" in capsys.readouterr().out
        found = pd.read_csv(folder / "p.csv").set_index("nr")["saved"]
        pd.testing.assert_series_equal(found, expected[found.index], check_names=False)


def test_a_sample_of_another_models_columns_is_told_or_refused(folder, capsys):
    sample = pd.read_csv(folder / "sample.csv").rename(columns={"saved": "moved"})
    sample.to_csv(folder / "other.csv", index=False)
    arguments = ["predict", f"{folder}/model.sknn", f"{folder}/test.csv", "--like"]
    out = f"{folder}/other_found.csv"
    assert main([*arguments, f"{folder}/other.csv", "--out", out]) == 0
    told = capsys.readouterr().out
    assert "Warning: the column 'moved'" in told
    assert "'saved'" in told
    sample.assign(size=1).to_csv(folder / "other.csv", index=False)
    assert main([*arguments, f"{folder}/other.csv", "--out", out]) == 1
    assert "'moved', 'size'" in capsys.readouterr().err


def test_info_tells_columns_and_scores(folder, capsys):
    assert main(["info", f"{folder}/model.sknn"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"place +category", told)
    assert "stack" in told


def test_lines_for_machines_are_json(folder, capsys):
    assert main(["info", f"{folder}/model.sknn", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert found["event"] == "info"
    assert found["kinds"]["place"] == "category"


def test_the_report_is_one_file_without_outside_resources(folder):
    out = folder / "page.html"
    arguments = ["report", f"{folder}/model.sknn", "--test", f"{folder}/test.csv"]
    assert main([*arguments, "--out", f"{out}"]) == 0
    text = out.read_text(encoding="utf-8")
    assert not re.findall(r"<script|<link|@import|url\((?!#)", text)
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert all(source.startswith(("#", "data:")) for source in sources)
    assert text.count("<svg ") >= 6
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(names) == len(set(names))
    for section in ("Scores and members", "Decisions", "Columns", "Rows to look at"):
        assert f"<h2>{section}</h2>" in text


def test_the_report_says_why_columns_have_no_importance(folder, monkeypatch):
    model = load(folder / "model.sknn")
    kinds = list(model.column_kinds_)
    importances = dict.fromkeys(kinds, 0.1)
    told = about_importance(model, importances)
    member = max(model.members_, key=model.weights_.get)
    assert f"the member {member!r}" in told
    assert "(-)" not in told
    model.notes_["kinds"] |= {"same": "constant"}
    told = about_importance(model, importances | {"age": np.nan})
    assert "(-) is left out or came when time was up" in told
    assert "no time for 1 column: 'age'. Fit with a longer --time" in told
    monkeypatch.setattr(model, "_reads", dict.fromkeys(model.members_, "texts"))
    assert "none of them has weight" in about_importance(model, importances)


def test_a_changed_table_is_not_shown_in_the_report(folder, tmp_path):
    table = pd.read_csv(folder / "train.csv", sep=";")
    table["saved"] = table["saved"].to_numpy()[::-1]
    table.to_csv(tmp_path / "other.csv", index=False)
    out = tmp_path / "page.html"
    model = f"{folder}/model.sknn"
    main(["report", model, "--train", f"{tmp_path}/other.csv", "--out", f"{out}"])
    assert "has changed since the fit" in out.read_text(encoding="utf-8")


def test_numbers_are_predicted_and_reported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = make_table(150, 1).drop(columns="nr")
    table["fare"] += 30 * (table["place"] == "north")
    table.to_parquet("houses.parquet")
    assert main(["fit", "houses.parquet", "--target", "fare", "--time", "4"]) == 0
    assert main(["predict", "houses.sknn", "houses.parquet"]) == 0
    found = pd.read_csv("houses_predictions.csv")["fare"]
    assert np.corrcoef(found, table["fare"])[0, 1] > 0.4
    assert main(["report", "houses.sknn"]) == 0
    assert "<h2>Residuals</h2>" in Path("houses.html").read_text(encoding="utf-8")


def test_anomalies_come_first_with_the_columns_to_blame(tmp_path, capsys):
    table = make_table(300, 1).drop(columns=["saved", "day"])
    table.loc[17, "fare"] = 9_000.0
    table.to_csv(tmp_path / "logs.csv", index=False)
    arguments = ["detect", f"{tmp_path}/logs.csv", "--id", "nr", "--share", "0.01"]
    out = tmp_path / "found.csv"
    assert main([*arguments, "--time", "6", "--out", f"{out}"]) == 0
    found = pd.read_csv(out)
    assert len(found) == 3
    assert found["row"][0] == 18
    assert found["reasons"][0].startswith("fare = 9000")
    assert found["anomaly_score"].is_monotonic_decreasing


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fit", "none.csv", "--target", "a"], "There is no file 'none.csv'"),
        (["fit", "train.csv", "--target", "savde"], "The nearest are 'saved'"),
        (
            ["fit", "train.csv", "--target", "saved", "--out", "no/where.sknn"],
            "cannot be written",
        ),
        (["fit", "train.csv", "--target", "fare", "--costs", "fn=1,fp=1"], "numbers"),
        (["predict", "train.csv", "test.csv"], "train.csv"),
        (["predict", "model.sknn", "few.csv"], "lacks 1 of 4 columns .* 'place'"),
        (["predict", "model.sknn", "words.csv"], "'age' has the value 'old'"),
        (["report", "none.sknn"], "none.sknn"),
    ],
)
def test_errors_are_one_line_that_says_what_to_do(
    folder, monkeypatch, capsys, arguments, words
):
    monkeypatch.chdir(folder)
    test = pd.read_csv("test.csv", sep=";")
    test.drop(columns="place").to_csv("few.csv", index=False)
    test.astype({"age": object}).assign(age="old").to_csv("words.csv", index=False)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("sknn-suite: ")
    assert error.count("\n") == 1
    assert re.search(words, error)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--metric", "f2"], "^sknn-suite: --metric f2 is .* Expected 'f1', which is"),
        (["--metric", "auc"], "--metric auc is .* Expected 'roc_auc', .*'r2'"),
        (["--metric", "beauty"], "'accuracy', 'f1', 'roc_auc', 'neg_log_loss', 'r2'"),
        (["--time", "abc"], "--time abc is no time"),
        (["--costs", "fp=1"], "are no costs"),
    ],
)
def test_arguments_that_cannot_be_end_with_two(
    folder, monkeypatch, capsys, given, words
):
    monkeypatch.chdir(folder)
    assert main(["fit", "train.csv", "--target", "saved", *given]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(words, error)
    assert "sklearn" not in error


def test_debug_shows_where_an_error_comes_from(folder):
    with pytest.raises(ValueError, match="There is no file"):
        main(["fit", f"{folder}/none.csv", "--target", "a", "--debug"])


def test_a_fit_that_fails_leaves_the_old_file(folder, monkeypatch):
    monkeypatch.chdir(folder)
    Path("old.sknn").write_bytes(b"old")
    arguments = ["fit", "train.csv", "--target", "saved", "--out", "old.sknn"]

    def fail(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr("sknn_suite.persistence._file.write_container", fail)
    assert main([*arguments, "--time", "3"]) == 1
    assert Path("old.sknn").read_bytes() == b"old"
