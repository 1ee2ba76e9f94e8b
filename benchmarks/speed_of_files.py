"""How long saving and loading a model of 100 MB takes, beside safetensors alone.

safetensors writes the same weights, and no more, to the same folder. It neither waits
for the disk nor computes a hash; the line "with a wait for the disk" adds the wait.
"""

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from _measure import Line, parse_options, report, rounds, take_turns
from safetensors.numpy import load_file, save_file

from sknn_suite import MLPClassifier
from sknn_suite.persistence import load, save

WITH_WAIT = "safetensors, with a wait for the disk"

# Units of each of two hidden layers: 25 million weights of 4 bytes.
UNITS, FEW_UNITS = 5_000, 500


def synced(weights: dict[str, Any], path: Path) -> None:
    """Write weights, and wait until they are on the disk."""
    save_file(weights, path)
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def main() -> None:
    options = parse_options(__doc__)
    repeats = rounds(options, 7)
    units = FEW_UNITS if options.quick else UNITS
    warnings.simplefilter("ignore")
    X = np.random.RandomState(0).normal(size=(50, 4)).astype(np.float32)
    model = MLPClassifier((units, units), max_iter=1, random_state=0)
    model.fit(X, X[:, 0] > 0)
    weights = {
        name: np.ascontiguousarray(weight)
        for name, weight in model._fitted_net().weights.items()
    }
    megabytes = sum(weight.nbytes for weight in weights.values()) / 1e6
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "a.sknn", Path(folder) / "a.safetensors"
        written = take_turns(
            {
                "safetensors": lambda: save_file(weights, theirs),
                WITH_WAIT: lambda: synced(weights, theirs),
                "sknn_suite": lambda: save(model, ours),
            },
            repeats,
        )
        read = take_turns(
            {
                "safetensors": lambda: load_file(theirs),
                "sknn_suite": lambda: load(ours),
            },
            repeats,
        )
        size = ours.stat().st_size / 1e6
    lines = [
        _line(f"save {megabytes:.0f} MB", written, "safetensors"),
        _line(f"save {megabytes:.0f} MB", written, WITH_WAIT),
        _line(f"load {megabytes:.0f} MB", read, "safetensors"),
        Line(
            "size of the file",
            "weights",
            megabytes,
            size,
            (size - 0.05) / megabytes,
            1.1,
            at_most=True,
            unit="MB",
        ),
    ]
    notes = ["The ratio is our time divided by theirs; 50 kB are free of the size."]
    raw = {"save": written, "load": read}
    report("speed_of_files", __doc__, lines, options, notes=notes, raw=raw)


def _line(work: str, seconds: dict[str, list[float]], theirs: str) -> Line:
    """Make the line of a work; ours may take twice the time."""
    pairs = list(zip(seconds["sknn_suite"], seconds[theirs]))
    ratios = [o / t for o, t in pairs]
    return Line(
        work,
        theirs,
        float(np.median([t for _, t in pairs])),
        float(np.median([o for o, _ in pairs])),
        float(np.median(ratios)),
        2.0,
        at_most=True,
        low=min(ratios),
        high=max(ratios),
    )


if __name__ == "__main__":
    main()
