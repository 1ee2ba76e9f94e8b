"""The code of the README and of the documentation does what the text says."""

import doctest
import re
from pathlib import Path

import pytest
from sklearn.model_selection import ParameterSampler

import sknn_suite

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
GUIDE = sorted((ROOT / "docs" / "user_guide").rglob("*.rst"))
PAGES = [ROOT / "docs" / "index.rst", *GUIDE]


def python_blocks(text: str) -> list[str]:
    """Return the fenced Python blocks of a Markdown text."""
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_readme_has_code():
    assert python_blocks(README.read_text(encoding="utf-8"))


def test_readme_runs():
    text = README.read_text(encoding="utf-8")
    namespace = {"__name__": "__main__"}
    for block in python_blocks(text):
        # Empty lines in front, so that an error points at the README's own line.
        n_before = text[: text.index(block)].count("\n")
        exec(compile("\n" * n_before + block, README, "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_guide_prints_what_it_says(page):
    outcome = doctest.testfile(
        str(page),
        module_relative=False,
        encoding="utf-8",
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
    )
    assert outcome.failed == 0


@pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.stem)
def test_guide_has_no_code_that_is_not_run(page):
    assert "code-block:: python" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("space", "estimators"),
    [
        ("tables", ["MLPClassifier", "MLPRegressor"]),
        ("detectors", ["AutoencoderDetector"]),
        ("language", ["TextRNNClassifier"]),
        ("series", ["RNNClassifier"]),
        ("pictures", ["CNNClassifier"]),
    ],
)
def test_search_spaces_of_the_recipes_hold_parameters_and_values(space, estimators):
    page = ROOT / "docs" / "user_guide" / "recipes.rst"
    names = {}
    for example in doctest.DocTestParser().get_examples(page.read_text("utf-8")):
        if re.match(rf"{space} = |from scipy", example.source):
            exec(example.source, names)
    for candidate in ParameterSampler(names[space], 50, random_state=0):
        for estimator in estimators:
            getattr(sknn_suite, estimator)(**candidate)._validate_params()


def test_the_page_of_choices_names_parameters_of_each_estimator():
    text = (ROOT / "docs" / "user_guide" / "choose.rst").read_text(encoding="utf-8")
    table = text[: text.index("When another model")]
    told = set()
    for row in table.split("   * - ")[2:]:
        _, estimator, first_three = row.split("\n     - ")
        for name in re.findall(r":class:`~sknn_suite\.(\w+)`", estimator):
            named = set(re.findall(r"``(\w+)``", first_three))
            parameters = getattr(sknn_suite, name)().get_params()
            assert len(named) >= 3
            assert named <= set(parameters), name
            told.add(name)
    assert told == {name for name in sknn_suite.__all__ if name[0].isupper()}
