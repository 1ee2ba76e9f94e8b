"""The project's texts avoid words that make a reader stop."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.rst"),
        *(ROOT / "examples").rglob("*.py"),
        *(ROOT / "sknn_suite").rglob("*.py"),
    ]
)
# Each with what to write instead.
WORDS = {
    "shall": "will, must or should",
    "of one's own": "your own",
    "tells? that": "says that",
    "stands? before": "comes before",
    "drawn in": "compressed, or chosen",
    "borne": "carried",
    "hangs? on": "depends on",
    "makes? of": "does with",
}


@pytest.mark.parametrize("word", WORDS)
def test_no_text_has_a_word_that_costs_a_second_reading(word):
    built = ROOT / "docs"
    generated = [built / name for name in ("_build", "generated", "auto_examples")]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()} (write {WORDS[word]})"
        for path in TEXTS
        if not any(folder in path.parents for folder in generated)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(rf"\b{word}\b", line, re.IGNORECASE)
    ]
    assert not found, "\n".join(found)
