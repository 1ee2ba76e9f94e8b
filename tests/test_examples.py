"""Every example runs, warns of nothing, and keeps the rules of the house."""

import ast
import runpy
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

FOLDER = Path(__file__).parent.parent / "examples"
EXAMPLES = sorted(FOLDER.rglob("plot_*.py"))


@pytest.fixture(autouse=True)
def _close_figures(monkeypatch):
    # Agg has no window to show; sphinx-gallery collects the figures at this call.
    monkeypatch.setattr(plt, "show", lambda: None)
    yield
    plt.close("all")


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs_and_draws(path, capsys):
    runpy.run_path(str(path))
    assert plt.get_fignums()
    assert "sknn_suite" in capsys.readouterr().out


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_short_and_has_scikit_learns_answer_beside_ours(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    first = ast.get_docstring(ast.parse(text)).split("\n\n")[1]
    assert first.startswith("Afterwards you ")
    assert '"scikit-learn"' in text
    assert '"sknn_suite"' in text


def test_every_folder_of_examples_has_a_header_for_the_gallery():
    folders = {path.parent for path in EXAMPLES}
    assert folders
    for folder in folders | {FOLDER}:
        assert (folder / "GALLERY_HEADER.rst").exists()
