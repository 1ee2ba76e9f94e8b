"""Every command as a new user runs it, and its errors."""

import argparse
import json
import logging
import re
import resource
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer

from sknn_suite.cli import main
from sknn_suite.cli._app import _make_parser
from sknn_suite.cli._columns import about_importance
from sknn_suite.cli._demo import write_tables
from sknn_suite.cli._predict import _frames
from sknn_suite.ensemble import AutoClassifier
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


def test_advice_to_those_who_call_fit_is_not_told(
    folder, tmp_path, monkeypatch, caplog
):
    logger, fit = logging.getLogger("sknn_suite"), AutoClassifier.fit
    before = logger.level

    def advises(self, *args, **kwargs):
        logger.warning("Set verbose=True to watch it.")
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(AutoClassifier, "fit", advises)
    given = ["fit", str(folder / "train.csv"), "--target", "saved", "--time", "1"]
    assert main([*given, "--out", str(tmp_path / "model.sknn")]) == 0
    assert not caplog.records
    assert logger.level == before


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


def examples():
    """Examples of the commands' help, in the order in which a user needs them."""
    (actions,) = (
        action
        for action in _make_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return {
        name: parser.epilog.split("\n")[1].split(maxsplit=1)[1]
        for name, parser in actions.choices.items()
    }


def test_the_examples_of_the_help_work(tmp_path):
    found = examples()
    assert set(found) == {"fit", "predict", "report", "info", "detect", "demo"}
    names = {"nr": "PassengerId", "saved": "Survived"}
    table = make_table(N, 1).rename(columns=names)
    table["Survived"] = (table["Survived"] == "yes").astype(int)
    table.to_csv(tmp_path / "train.csv", index=False)
    test = make_table(50, 2).rename(columns=names).drop(columns="Survived")
    test.to_csv(tmp_path / "test.csv", index=False)
    table.to_parquet(tmp_path / "logs.parquet")
    fit = found["fit"].replace("--time 5m", "--time 6s")
    told = run(tmp_path, *shlex.split(fit))
    assert "\r" not in told  # nothing is rewritten where there is no terminal
    assert "fold 1 of" not in told
    (tmp_path / "train.sknn").rename(tmp_path / "titanic.sknn")
    for name in ("predict", "report", "info"):
        run(tmp_path, *shlex.split(found[name]))
    run(tmp_path, *shlex.split(found["detect"]), "--time", "6s")
    assert len(pd.read_csv(tmp_path / "submission.csv")) == 50
    assert (tmp_path / "titanic.html").exists()
    assert len(pd.read_csv(tmp_path / "suspicious.csv")) == 1


def test_images_in_folders_need_no_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = np.random.RandomState(0)
    for label, low in (("dark", 0), ("light", 150)):
        Path("photos", label).mkdir(parents=True)
        for i in range(12):
            pixels = source.randint(low, low + 100, (16, 16, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(Path("photos", label, f"{i}.png"))
    arguments = ["fit", "photos", "--time", "20", "--cv", "2", "--debug"]
    assert main(arguments) == 0
    model = load("photos.sknn")
    assert model.classes_.tolist() == ["dark", "light"]
    assert list(model.members_) == ["image network"]
    assert main(["predict", "photos.sknn", "photos", "--out", "found.csv"]) == 0
    found = pd.read_csv("found.csv")
    assert len(found) == 24
    assert main(["report", "photos.sknn"]) == 0
    page = Path("photos.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") >= 10


def test_ctrl_c_leaves_a_usable_model(folder):
    command = [sys.executable, "-m", "sknn_suite", "fit", "train.csv", "--json"]
    command += ["--target", "saved", "--time", "10m", "--out", "cut.sknn"]
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell lets what it runs in the background ignore Ctrl-C, tests included.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        events = []
        for line in process.stdout:
            events.append(json.loads(line))
            if events[-1]["event"] == "member":
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
    assert process.returncode == 0
    events += map(json.loads, rest.splitlines())
    assert [events[0]["event"], events[-1]["event"]] == ["understood", "done"]
    assert events[-1]["interrupted"]
    told = run(folder, "predict", "cut.sknn", "test.csv", "--out", "cut.csv")
    assert "Wrote cut.csv: 50 rows" in told


def test_ctrl_c_after_the_file_is_written_says_that_it_is_complete(
    folder, monkeypatch, capsys
):
    def press(self, text=""):
        if text.startswith("Wrote"):
            raise KeyboardInterrupt

    monkeypatch.setattr("sknn_suite.cli._voice.Voice.say", press)
    arguments = ["predict", f"{folder}/model.sknn", f"{folder}/test.csv"]
    out = f"{folder}/late.csv"
    assert main([*arguments, "--out", out]) == 0
    assert f"'{out}' is complete" in capsys.readouterr().err
    assert len(pd.read_csv(out)) == 50


def test_a_full_disk_is_told_and_the_old_file_stays(folder):
    def fill():  # files cannot grow beyond 100 bytes, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    for command, out in (
        (["predict", "model.sknn", "test.csv"], "full.csv"),
        (["report", "model.sknn"], "full.html"),
        (["fit", "train.csv", "--target", "saved", "--time", "3"], "full.sknn"),
    ):
        (folder / out).write_text("old")
        done = subprocess.run(
            [sys.executable, "-m", "sknn_suite", *command, "--out", out],
            cwd=folder,
            capture_output=True,
            text=True,
            preexec_fn=fill,
        )
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "cannot be" in done.stderr
        assert "file too large" in done.stderr
        assert (folder / out).read_text() == "old"
        assert not list(folder.glob(f"{out}.*"))


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


def test_codes_are_words_in_every_piece_if_they_were_in_the_fit(
    folder, tmp_path, monkeypatch
):
    monkeypatch.setattr("sknn_suite.cli._reading.CHUNK_ROWS", 20)
    table = make_table(N, 1).drop(columns="day")
    table["place"] = table["place"].map({"north": "1", "south": "2", "east": "E"})
    table.to_csv(tmp_path / "train.csv", index=False)
    model = f"{tmp_path}/codes.sknn"
    common = ["--target", "saved", "--time", "4", "--out", model]
    assert main(["fit", f"{tmp_path}/train.csv", *common]) == 0
    # One piece has numbers and a gap, so that pandas would make it 1.0 and 2.0.
    few = table[table["place"] != "E"][:20].reset_index(drop=True)
    few.loc[3, "place"] = np.nan
    for name, rows in (("few", few), ("all", pd.concat([few, table]))):
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
        arguments = ["predict", model, f"{tmp_path}/{name}.csv", "--proba"]
        assert main([*arguments, "--out", f"{tmp_path}/{name}_found.csv"]) == 0
    (frame,) = _frames(tmp_path / "few.csv", load(model))
    assert set(frame["place"].dropna()) == {"1", "2"}
    found = pd.read_csv(tmp_path / "few_found.csv")
    together = pd.read_csv(tmp_path / "all_found.csv")
    pd.testing.assert_frame_equal(found, together[:20])


def test_words_in_a_later_piece_are_refused(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sknn_suite.cli._reading.CHUNK_ROWS", 20)
    test = pd.read_csv(folder / "test.csv", sep=";").astype({"age": object})
    test.loc[45, "age"] = "old"
    test.to_csv(tmp_path / "words.csv", index=False)
    out = tmp_path / "found.csv"
    arguments = ["predict", f"{folder}/model.sknn", f"{tmp_path}/words.csv"]
    assert main([*arguments, "--out", f"{out}"]) == 1
    assert "'age' has the value 'old'" in capsys.readouterr().err
    assert not out.exists()


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


def test_the_report_warns_of_leaks_and_of_shifts(folder, tmp_path):
    table = make_table(N, 1).drop(columns="nr")
    table["paid"] = np.where(table["saved"] == "yes", 1.0, 0.0)
    table.to_csv(tmp_path / "leak.csv", index=False)
    arguments = ["--target", "saved", "--time", "3", "--out", f"{tmp_path}/leak.sknn"]
    assert main(["fit", f"{tmp_path}/leak.csv", *arguments]) == 0
    table.assign(fare=table["fare"] * 9).to_csv(tmp_path / "test.csv", index=False)
    main(["report", f"{tmp_path}/leak.sknn", "--test", f"{tmp_path}/test.csv"])
    text = (tmp_path / "leak.html").read_text(encoding="utf-8")
    assert "&#x27;paid&#x27; alone predicts" in text
    assert "&#x27;fare&#x27; is distributed otherwise" in text


def test_paper_is_white_and_keeps_tables_whole(folder):
    out = folder / "paper.html"
    main(["report", f"{folder}/model.sknn", "--out", f"{out}"])
    text = out.read_text(encoding="utf-8")
    assert text.count("<section>") == text.count("</section>") >= 6
    dark = re.findall(r"@media ([^{]*prefers-color-scheme: dark[^{]*)", text)
    assert dark == ["screen and (prefers-color-scheme: dark) "]
    (paper,) = re.findall(r"@media print \{(.*)</style>", text, re.DOTALL)
    assert ".scroll, pre { overflow: visible; }" in " ".join(paper.split())
    assert 'data-name="probability"' in text


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
        (
            ["fit", "train.csv", "--target", "fare", "--metric", "f1"],
            "not score numbers",
        ),
        (
            ["fit", "train.csv", "--target", "saved", "--id", "saved"],
            "is the target, and",
        ),
        (
            ["fit", "train.csv", "--target", "saved", "--weights", "place"],
            "weights 'place' have the value",
        ),
        (
            ["fit", "train.csv", "--target", "saved", "--time-column", "place"],
            "time 'place' has the value",
        ),
        (
            ["fit", "train.csv", "--target", "saved", "--capacity", "240"],
            "--capacity 240 is not below the number of rows, 240",
        ),
        (
            ["fit", "train.csv", "--target", "saved", "--device", "tpu"],
            "device='tpu' is not available",
        ),
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
