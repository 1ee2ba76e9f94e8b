"""The code of the README and of the user guide does what stands there."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs" / "user_guide").rglob("*.rst"))


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_guide_has_no_code_that_is_not_run(page):
    assert "code-block:: python" not in page.read_text(encoding="utf-8")
