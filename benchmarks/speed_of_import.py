"""How much sknn_suite adds to the start of a program: its import and first fit."""

import statistics
import time
from typing import Any

from _measure import Line, compare, parse_options, report, rounds, run_python

IMPORTS = {
    "import torch, sklearn": "import torch, sklearn",
    "import torch, sklearn.neural_network": "import torch, sklearn.neural_network",
    "import torch, skorch": "import torch, skorch",
    "from sknn_suite import MLPClassifier": "from sknn_suite import MLPClassifier",
}

FIRST_FIT = """
import time
import warnings

warnings.simplefilter("ignore")
from sklearn.datasets import load_iris
from {module} import MLPClassifier

X, y = load_iris(return_X_y=True)
times = []
for _ in range(2):
    started = time.perf_counter()
    MLPClassifier(max_iter=5, random_state=0).fit(X, y)
    times.append(time.perf_counter() - started)
print(*times)
"""


def main() -> None:
    options = parse_options(__doc__)
    repeats = rounds(options, 7)
    lines: list[Line] = []
    raw: dict[str, Any] = {}

    seconds: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for i in range(repeats + 1):
        for name, code in IMPORTS.items():
            started = time.perf_counter()
            run_python(code)
            if i:  # the first round fills the disk cache
                seconds[name].append(time.perf_counter() - started)
    raw["imports"] = seconds
    ours = seconds["from sknn_suite import MLPClassifier"]
    for name, gate in (
        ("import torch, sklearn", 0.2),
        ("import torch, sklearn.neural_network", None),
        ("import torch, skorch", None),
    ):
        more = [o - t for o, t in zip(ours, seconds[name])]
        median_theirs, median_ours = map(statistics.median, (seconds[name], ours))
        lines.append(
            Line(
                "start Python, from sknn_suite import MLPClassifier",
                name,
                median_theirs,
                median_ours,
                median_ours - median_theirs,
                gate,
                at_most=True,
                low=min(more),
                high=max(more),
            )
        )

    modules = {"scikit-learn": "sklearn.neural_network", "sknn_suite": "sknn_suite"}
    fits: dict[str, dict[str, list[float]]] = {
        "first fit in a fresh process (150x4, 5 epochs)": {k: [] for k in modules},
        "second fit in the same process": {k: [] for k in modules},
        "whole process: start, imports, two fits": {k: [] for k in modules},
    }
    for i in range(repeats + 1):
        for library, module in modules.items():
            started = time.perf_counter()
            printed = run_python(FIRST_FIT.format(module=module))
            whole = time.perf_counter() - started
            first, second = map(float, printed.split())
            if i:
                for work, value in zip(fits, (first, second, whole)):
                    fits[work][library].append(value)
    raw |= fits
    lines += [
        compare(work, times, "scikit-learn", None) for work, times in fits.items()
    ]
    notes = [
        "For imports, the ratio column shows a difference in seconds: ours minus "
        "theirs."
    ]
    report("speed_of_import", __doc__, lines, options, notes=notes, raw=raw)


if __name__ == "__main__":
    main()
