"""How long a fit with default settings takes, by family and number of rows.

Each fit is timed once, and the defaults decide how long it trains. A fit that would
take longer than a limit is timed for its first epochs, which `max_time` ends, and its
time is estimated from them. The figures are for the instructions of this processor, and
for the same processor limited to AVX2.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _measure import (
    RESULTS,
    ROOT,
    TABLES,
    earlier,
    list_table,
    load_shared,
    machine,
    parse_options,
)
from sklearn.datasets import make_classification, make_regression

import sknn_suite

# What limits torch, oneDNN and MKL to AVX2; they read it when they are loaded.
AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}

# Seconds after which a fit is ended and its time is estimated.
LIMIT, QUICK_LIMIT = 15.0, 3.0

ROWS = (1_000, 10_000)
QUICK_ROWS = (500,)

# Fits to rows of a table are quick, so they are timed for one size more.
OF_TABLES, MORE_ROWS = "30 columns", 100_000

WORDS = [f"word{i}" for i in range(5_000)]


def main() -> None:
    if "--worker" in sys.argv:
        at = sys.argv.index("--worker")
        work(sys.argv[at + 1], int(sys.argv[at + 2]), float(sys.argv[at + 3]))
        return
    options = parse_options(__doc__, parts=tuple(FAMILIES))
    limit = QUICK_LIMIT if options.quick else LIMIT
    kinds = {"AVX2": AVX2}
    if instructions() != "AVX2":
        kinds[instructions()] = {}
    table: dict[str, dict[str, dict]] = earlier("time_of_fit", options)
    for family in options.only:
        for n_rows in sizes(family, quick=options.quick):
            for kind, environment in kinds.items():
                found = time_of(family, n_rows, limit, environment)
                table.setdefault(family, {}).setdefault(str(n_rows), {})[kind] = found
                print(f"{family}, {n_rows} rows, {kind}: {show(found)}", flush=True)
    if not options.quick:
        write({name: table[name] for name in FAMILIES if name in table}, list(kinds))


def sizes(family: str, *, quick: bool) -> tuple[int, ...]:
    """Numbers of rows for which a family is timed."""
    if quick:
        return QUICK_ROWS
    return (*ROWS, MORE_ROWS) if OF_TABLES in family else ROWS


def instructions() -> str:
    """Name the instructions that decide how fast this processor multiplies."""
    if torch.cpu._is_amx_tile_supported():
        return "AMX"
    if torch.cpu._is_avx512_bf16_supported():
        return "AVX512-BF16"
    if torch.cpu._is_avx512_supported():
        return "AVX512"
    return "AVX2"


def time_of(family: str, n_rows: int, limit: float, environment: dict) -> dict:
    """Time a fit in a process of its own, since libraries read `environment` once."""
    command = [sys.executable, __file__, "--worker", family, str(n_rows), str(limit)]
    run = subprocess.run(
        command,
        check=True,
        cwd=ROOT,
        env=os.environ | environment | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
    )
    return json.loads(run.stdout.splitlines()[-1])


def work(family: str, n_rows: int, limit: float) -> None:
    """Time a fit, and print what was found."""
    make_model, make_rows = FAMILIES[family]
    X, y = make_rows(n_rows)
    few = make_model().set_params(max_iter=1)
    few.fit(X[:200], y[:200])  # what is loaded at the first fit is not counted
    model = make_model().set_params(random_state=0, max_time=limit)
    began = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - began
    trained = sum(row["seconds"] for row in model.history_)
    each = trained / len(model.history_)
    was_cut = seconds >= limit and model.n_iter_ < model.max_iter_
    if was_cut:
        seconds += (model.max_iter_ - model.n_iter_) * each
    found = {
        "seconds": seconds,
        "epochs": model.max_iter_ if was_cut else model.n_iter_,
        "each": each,
        "estimated": was_cut,
        "precision": model.precision_,
    }
    print(json.dumps(found))


def table_rows(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Thirty columns, two classes."""
    return make_classification(n_rows, 30, n_informative=10, random_state=0)


def numbers(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Thirty columns, and a number of unit scale."""
    X, y = make_regression(n_rows, 30, n_informative=10, noise=10.0, random_state=0)
    return X, (y - y.mean()) / y.std()


def texts(n_rows: int) -> tuple[Any, np.ndarray]:
    """Film reviews if available, else words of which a few tell the class."""
    shared = load_shared("imdb") if n_rows <= 25_000 else None
    if shared is not None:
        chosen = np.random.RandomState(0).permutation(shared["train"])[:n_rows]
        return shared["X"][chosen], shared["y"][chosen]
    source = np.random.RandomState(0)
    y = source.randint(2, size=n_rows)
    X = [
        " ".join(source.choice(WORDS[label * 50 :], 40)) + (" fine" if label else "")
        for label in y
    ]
    return np.array(X, dtype=object), y


def sequences(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Fifty steps of three channels."""
    source = np.random.RandomState(0)
    y = source.randint(3, size=n_rows)
    X = source.normal(size=(n_rows, 50, 3)).astype(np.float32)
    X[:, :, 0] += (y[:, None] - 1) * np.linspace(0, 1, 50, dtype=np.float32)
    return X, y


def images(side: int) -> Callable[[int], tuple[np.ndarray, np.ndarray]]:
    """Make a function that draws images of ten classes, uint8."""

    def draw(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
        source = np.random.RandomState(0)
        y = source.randint(10, size=n_rows)
        kinds = source.randint(0, 128, (10, side, side, 3), dtype=np.uint8)
        noise = source.randint(0, 128, (n_rows, side, side, 3), dtype=np.uint8)
        return kinds[y] + noise, y

    return draw


FAMILIES: dict[str, tuple[Callable[[], Any], Callable[[int], Any]]] = {
    "MLPClassifier, 30 columns": (sknn_suite.MLPClassifier, table_rows),
    "MLPRegressor, 30 columns": (sknn_suite.MLPRegressor, numbers),
    "AutoencoderDetector, 30 columns": (sknn_suite.AutoencoderDetector, table_rows),
    "VAEDetector, 30 columns": (sknn_suite.VAEDetector, table_rows),
    "RNNClassifier, 50 steps of 3": (sknn_suite.RNNClassifier, sequences),
    "TextRNNClassifier": (sknn_suite.TextRNNClassifier, texts),
    "CNNClassifier, 32 x 32 RGB": (sknn_suite.CNNClassifier, images(32)),
    "CNNClassifier, 64 x 64 RGB": (sknn_suite.CNNClassifier, images(64)),
}


def show(found: dict) -> str:
    """Write the time of a fit, its epochs, and the time of one."""
    about = "about " if found["estimated"] else ""
    epochs = "1 epoch" if found["epochs"] == 1 else f"{found['epochs']} epochs"
    return f"{about}{in_words(found['seconds'])} ({epochs})"


def in_words(seconds: float) -> str:
    """Write seconds in the unit that suits them."""
    if seconds < 100:
        return f"{seconds:.2g} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def write(table: dict, kinds: list[str]) -> None:
    """Write the table as JSON and for the documentation."""
    described = machine()
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {"date": date.today().isoformat(), "machine": described, "raw": table}
    (RESULTS / "time_of_fit.json").write_text(json.dumps(content, indent=1) + "\n")
    title = (__doc__ or "").split("\n")[0]
    rows = [["estimator", "rows", *(f"time with {kind}" for kind in kinds)]]
    for family, by_rows in table.items():
        for n_rows, found in by_rows.items():
            times = [show(found[kind]) for kind in kinds]
            rows.append([family, f"{int(n_rows):,}", *times])
    lines = [
        *list_table(title, rows),
        "- Settings are the defaults; the number of epochs that they take is in "
        "parentheses.",
        f'- "about": ended after {LIMIT:g} s, and estimated from the epochs until '
        "then.",
        "",
        "Measured "
        + date.today().isoformat()
        + " on: "
        + ", ".join(f"{key} {value}" for key, value in described.items())
        + ".",
        "",
    ]
    TABLES.mkdir(parents=True, exist_ok=True)
    Path(TABLES / "time_of_fit.rst").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
