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
from _measure import Line, parse_options, report, rounds
from _tabular import measure_apart

from sknn_suite import TabularClassifier

# Seconds of a fit with and without units for bfloat16, of a row, and bytes.
FIT, FIT_WITHOUT_UNITS = 120.0, 300.0
ROW = 0.010
SIZE = 1.1
SHARE_OF_TABM = 5.0


def main() -> None:
    options = parse_options(__doc__)
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
    raw: dict[str, Any] = {}

    model = TabularClassifier(random_state=0)
    if options.quick:
        model.set_params(max_iter=3)
    seconds = []
    for _ in range(rounds(options, 1)):
        started = time.perf_counter()
        model.fit(X, y)
        seconds.append(time.perf_counter() - started)
    raw["fit"] = seconds
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
    raw["row"] = seconds
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
    if os.environ.get("SKNN_PEERS") and not options.quick:
        both = [
            measure_apart(n, "telco_churn", 0, None) for n in ("TabM", "sknn_suite")
        ]
        if None not in both:
            theirs, ours = (found["seconds"] for found in both)
            raw["TabM"] = theirs, ours
            ratio = theirs / ours
            work = "fit on telco_churn"
            lines.append(Line(work, "TabM", theirs, ours, ratio, SHARE_OF_TABM))
    report("tabular_speed", __doc__, lines, options, raw=raw)


if __name__ == "__main__":
    main()
