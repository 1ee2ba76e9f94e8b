"""The demo: a list of parts, each a comparison with another package on real data.

It also writes the two tables with which the README shows the other commands.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from sknn_suite.cli._comparison import Comparison
from sknn_suite.cli._eights import find_the_eights
from sknn_suite.cli._houses import price_the_houses
from sknn_suite.cli._images import learn_the_images
from sknn_suite.cli._needles import find_the_needles
from sknn_suite.cli._sentences import place_the_sentences
from sknn_suite.cli._stage import Stage
from sknn_suite.cli._three_models import ask_three_models

Part = Callable[[Stage], Comparison]

PARTS: list[Part] = [
    find_the_eights,
    find_the_needles,
    price_the_houses,
    place_the_sentences,
    ask_three_models,
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
    tables = write_tables(output)
    progress_bars = sys.stdout.isatty() and find_spec("rich") is not None
    stage = Stage(output, quick=quick, progress_bars=progress_bars)
    for part in parts:
        result = part(stage)
        stage.say(f"\n{result}\n")
        for picture in result.pictures:
            stage.say(f"Saved {picture.resolve()}")
    for table in tables:
        stage.say(f"Saved {table.resolve()}")


def write_tables(output: Path) -> list[Path]:
    """Write measures of tumours as two CSV files: with the diagnosis, and without.

    Parameters
    ----------
    output : Path
        Existing folder.
    """
    data = load_breast_cancer()
    rows = np.arange(len(data.target))
    train, test = train_test_split(
        rows, test_size=0.3, random_state=0, stratify=data.target
    )
    paths = []
    for name, chosen in (("train", np.sort(train)), ("test", np.sort(test))):
        columns = [[str(i + 1) for i in chosen]]
        columns += [[f"{x:g}" for x in column] for column in data.data[chosen].T]
        names = ["id", *data.feature_names]
        if name == "train":
            columns.append(data.target_names[data.target[chosen]].tolist())
            names.append("diagnosis")
        lines = [",".join(names), *(",".join(row) for row in zip(*columns))]
        paths.append(output / f"tumours_{name}.csv")
        paths[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths
