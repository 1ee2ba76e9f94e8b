"""How much memory fit needs beyond X, at its peak.

Each fit runs in a fresh process. It creates X in place and fits a tiny net, so that all
imports are done. Then it measures the peak of its resident memory during the real fit.
"""

import json
import statistics
from typing import Any

from _measure import MEMORY, Line, parse_options, report, rounds, run_python

CHILD = (
    MEMORY
    + """
import json, sys, warnings

import numpy as np

warnings.simplefilter("ignore")
library, dtype, n_rows, early_stopping = sys.argv[1:]
if library == "sknn_suite":
    from sknn_suite import MLPClassifier
else:
    from sklearn.neural_network import MLPClassifier

def make(n_rows):
    generator = np.random.default_rng(0)
    X = np.empty((n_rows, 100), dtype=dtype)
    for start in range(0, n_rows, 10_000):  # no second copy, not even for a moment
        part = X[start : start + 10_000]
        part[...] = generator.standard_normal(part.shape, dtype=dtype)
    return X, (X[:, 0] > 0).astype(np.int64)

def model():
    options = {"device": "cpu"} if library == "sknn_suite" else {}
    return MLPClassifier(
        hidden_layer_sizes=(16,), max_iter=1, random_state=0,
        early_stopping=early_stopping == "True", **options,
    )

tiny_X, tiny_y = make(1_000)
model().fit(tiny_X, tiny_y)
X, y = make(int(n_rows))
before = forget_peak()
model().fit(X, y)
print(json.dumps({"extra": resident("VmHWM") - before, "X": X.nbytes / 2**20}))
"""
)


def main() -> None:
    options = parse_options(__doc__)
    n_rows = 100_000 if options.quick else 1_000_000
    repeats = rounds(options, 2)
    lines: list[Line] = []
    raw: dict[str, Any] = {}
    # dtype, early stopping, gate: extra memory as a multiple of X. A float32 copy of
    # float64 rows is half of X. Both gates leave room for a net and its batches.
    cases = (
        ("float32", False, 0.3),
        ("float64", False, 0.6),
        ("float32", True, None),
        ("float64", True, None),
    )
    for dtype, early_stopping, gate in cases:
        extras: dict[str, list[float]] = {"scikit-learn": [], "sknn_suite": []}
        size = 0.0
        for _ in range(repeats):
            for library in extras:
                arguments = (library, dtype, str(n_rows), str(early_stopping))
                child = json.loads(run_python(CHILD, *arguments))
                extras[library].append(child["extra"])
                size = child["X"]
        work = f"fit, X of {size:.0f} MB, {dtype}"
        if early_stopping:
            work += ", early_stopping=True"
        raw[work] = extras
        ours = statistics.median(extras["sknn_suite"])
        lines.append(
            Line(
                work,
                "scikit-learn",
                statistics.median(extras["scikit-learn"]),
                ours,
                ours / size,
                gate,
                at_most=True,
                low=min(extras["sknn_suite"]) / size,
                high=max(extras["sknn_suite"]) / size,
                unit="MB",
            )
        )
    notes = ["Ratio: the extra peak memory of sknn_suite's fit divided by X's size."]
    report("memory_of_fit", __doc__, lines, options, notes=notes, raw=raw)


if __name__ == "__main__":
    main()
