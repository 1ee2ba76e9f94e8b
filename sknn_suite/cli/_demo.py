"""The demo: a list of parts, each a comparison with another package on real data."""

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from sknn_suite.cli._comparison import Comparison
from sknn_suite.cli._eights import find_the_eights
from sknn_suite.cli._images import learn_the_images
from sknn_suite.cli._needles import find_the_needles
from sknn_suite.cli._sentences import place_the_sentences
from sknn_suite.cli._stage import Stage

Part = Callable[[Stage], Comparison]

PARTS: list[Part] = [
    find_the_eights,
    find_the_needles,
    place_the_sentences,
    learn_the_images,
]


def run_demo(
    output: Path, *, quick: bool = False, parts: Sequence[Part] = tuple(PARTS)
) -> None:
    """Run the parts; print the table and the picture paths of each.

    Parameters
    ----------
    output : Path
        Folder for pictures; created if missing.
    quick : bool, default=False
        Whether to use little data.
    parts : sequence of callable, default=PARTS
        Functions that take a `Stage` and return a `Comparison`.
    """
    output.mkdir(parents=True, exist_ok=True)
    progress_bars = sys.stdout.isatty() and find_spec("rich") is not None
    stage = Stage(output, quick=quick, progress_bars=progress_bars)
    for part in parts:
        result = part(stage)
        stage.say(f"\n{result}\n")
        for picture in result.pictures:
            stage.say(f"Saved {picture.resolve()}")
