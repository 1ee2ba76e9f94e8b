import contextlib
import io
import sys
from pathlib import Path

import pytest

import sknn_suite
from sknn_suite.cli import _eights, main
from sknn_suite.cli._comparison import Comparison, Row
from sknn_suite.cli._demo import PARTS, run_demo
from sknn_suite.cli._eights import find_the_eights
from sknn_suite.cli._stage import Stage
from sknn_suite.decision import ThresholdTuner


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Run the quick demo once; give its folder, its result and what it wrote."""
    output = tmp_path_factory.mktemp("demo") / "new" / "folder"
    results = []

    def part(stage):
        results.append(find_the_eights(stage))
        return results[0]

    with contextlib.redirect_stdout(io.StringIO()) as text:
        run_demo(output, quick=True, parts=[part])
    return output, results[0], text.getvalue()


def test_demo_saves_its_pictures_and_says_where(demo):
    output, result, text = demo
    assert [picture.name for picture in result.pictures] == [
        "loss_curve.png",
        "threshold_curve.png",
    ]
    for picture in result.pictures:
        assert picture.parent == output
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert f"Saved {picture.resolve()}" in text


def test_demo_writes_one_table_that_fits_a_terminal(demo):
    _, result, text = demo
    assert text.count(str(result)) == text.count("all steps") == 1
    assert max(map(len, str(result).splitlines())) <= 80


def test_both_packages_find_most_eights(demo):
    _, result, _ = demo
    assert result.measures[-1] == "seconds"
    for row in result.rows:
        for average_precision, f1, seconds in (row.ours, row.theirs):
            assert 0.9 < average_precision <= 1
            assert 0.9 < f1 <= 1
            assert seconds < 60


def test_the_threshold_comes_from_threshold_tuner_and_is_told(monkeypatch, tmp_path):
    tuners = []

    class Watched(ThresholdTuner):
        def fit(self, X, y, **params):
            tuners.append(super().fit(X, y, **params))
            return self

    kinds = _eights.TUNERS | {"sknn_suite": Watched}
    monkeypatch.setattr(_eights, "TUNERS", kinds)
    with contextlib.redirect_stdout(io.StringIO()):
        result = find_the_eights(Stage(tmp_path, quick=True, progress_bars=False))
    (tuner,) = tuners
    assert f"chose the threshold {tuner.decision_threshold_:.3f}" in result.remark
    assert "tuned for F1" in result.rows[1].step


def test_every_part_hands_its_own_table_back(tmp_path, capsys):
    def part(stage):
        stage.say("working")
        rows = [Row("fit", (0.9, 1.0), (0.8, 2.0)), Row("tune", (0.9, 0.5), (0.8, 1.0))]
        return Comparison("A job", "other", ("F1", "seconds"), rows)

    run_demo(tmp_path, parts=[part, part])
    text = capsys.readouterr().out
    assert text.count("working") == text.count("A job") == 2
    total = next(line for line in text.splitlines() if line.startswith("all steps"))
    assert total.split() == ["all", "steps", "1.5", "3.0"]


def test_find_the_eights_is_a_part():
    assert find_the_eights in PARTS


def test_options_reach_the_demo(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "sknn_suite.cli._demo.run_demo",
        lambda *args, **kwargs: calls.append((args, kwargs)),
    )
    assert main(["demo"]) == 0
    assert main(["demo", "--quick", "--output", "there"]) == 0
    assert calls == [
        ((Path("demo_output"),), {"quick": False}),
        ((Path("there"),), {"quick": True}),
    ]


def test_version_is_the_packages(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.strip() == sknn_suite.__version__


def test_without_a_command_help_is_shown(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("usage: sknn-suite")


def test_folder_that_cannot_be_made_is_an_error_without_traceback(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--quick", "--output", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.startswith("sknn-suite: ")


def test_missing_matplotlib_is_told_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["demo", "--output", str(tmp_path)]) == 1
    assert "pip install 'sknn_suite[plot]'" in capsys.readouterr().err
