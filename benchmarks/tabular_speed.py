"""How long fits and predictions of TabularClassifier take, and how large it is.

The table is made: 30,000 rows of 15 columns, of which five are categories. TabM, by
pytabkit, takes part on fewer rows if SKNN_PEERS names a Python that has it.
"""

import os
import pickle
import statistics
import time
from typing import Any

import numpy as np
import torch
from _measure import Line, earlier, parse_options, report, rounds
from _tabular import measure_apart

from sknn_suite import TabularClassifier

# Seconds of a fit with and without units for bfloat16, of a row, and bytes.
FIT, FIT_WITHOUT_UNITS = 120.0, 300.0
ROW = 0.010
SIZE = 1.1
SHARE_OF_TABM = 5.0

# TabM takes minutes for as many rows.
TABLES, TABM_ROWS = ("telco_churn", "california_housing"), 2000


PARTS = ("fit", "tabm")


def main() -> None:
    options = parse_options(__doc__, PARTS)
    raw: dict[str, Any] = earlier("tabular_speed", options)
    run = {"fit": measure_ours, "tabm": compare_with_tabm}
    for part in PARTS:
        if part in options.only:
            lines = [vars(line) for line in run[part](options)]
            if lines:
                raw[part] = lines
    lines = [Line(**line) for part in PARTS for line in raw.get(part, ())]
    report("tabular_speed", __doc__, lines, options, raw=raw)


def measure_ours(options: Any) -> list[Line]:
    """Fit 30,000 rows, predict one, and pickle the model."""
    import pandas as pd

    n_rows = 1500 if options.quick else 30_000
    source = np.random.RandomState(0)
    X = pd.DataFrame(source.normal(size=(n_rows, 10))).rename(columns=str)
    for j in range(5):
        codes = source.randint(0, 4 + 5 * j, n_rows)
        X[f"kind {j}"] = pd.Categorical([f"level {code}" for code in codes])
    chance = 1 / (1 + np.exp(-X["0"] - (X["kind 0"] == "level 1") * X["1"]))
    y = (source.rand(n_rows) < chance).astype(int)
    lines: list[Line] = []

    model = TabularClassifier(random_state=0)
    if options.quick:
        model.set_params(max_iter=3)
    seconds = []
    for _ in range(rounds(options, 1)):
        started = time.perf_counter()
        model.fit(X, y)
        seconds.append(time.perf_counter() - started)
    fit = statistics.median(seconds)
    has_units = torch.cpu._is_avx512_bf16_supported()
    gate = FIT if has_units else FIT_WITHOUT_UNITS
    lines.append(Line(f"fit, {n_rows:,} x 15", "", None, fit, fit, gate, True))

    row = X[:1]
    model.predict_proba(row)
    seconds = []
    for _ in range(20 if options.quick else 200):
        started = time.perf_counter()
        model.predict_proba(row)
        seconds.append(time.perf_counter() - started)
    one = statistics.median(seconds)
    lines.append(Line("predict_proba of a row", "", None, one, one, ROW, True))

    weights = sum(array.nbytes for array in model._net.weights.values())
    size = len(pickle.dumps(model))
    ratio = (size - 50_000) / weights
    work = "pickle, less 50 kB"
    megabytes = size / 2**20
    lines.append(
        Line(work, "weights", weights / 2**20, megabytes, ratio, SIZE, True, unit="MB")
    )
    return lines


def compare_with_tabm(options: Any) -> list[Line]:
    """Fit both on the same rows, in processes of their own, one after the other."""
    if not os.environ.get("SKNN_PEERS") or options.quick:
        print("TabM: skipped, SKNN_PEERS names no Python that has it")
        return []
    lines = []
    for table in TABLES:
        both = [
            measure_apart(name, table, 0, TABM_ROWS) for name in ("TabM", "sknn_suite")
        ]
        if None in both:
            continue
        theirs, ours = (found["seconds"] for found in both)
        work = f"fit on {table}, {TABM_ROWS} rows, a quarter of them left out"
        lines.append(Line(work, "TabM", theirs, ours, theirs / ours, SHARE_OF_TABM))
    return lines


if __name__ == "__main__":
    main()
