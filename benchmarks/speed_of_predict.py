"""How long predict_proba takes, for one row and for many, against scikit-learn."""

from typing import Any

import numpy as np
from _measure import OURS, Line, compare, parse_options, report, rounds, take_turns
from sklearn.datasets import make_classification
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier

from sknn_suite import MLPClassifier

SKLEARN = "scikit-learn"


def main() -> None:
    options = parse_options(__doc__)
    lines: list[Line] = []
    raw: dict[str, Any] = {}
    n_many = 10_000 if options.quick else 100_000
    # Training rows, features, hidden units, as in speed_of_fit.
    for n_rows, n_columns, hidden in ((1_000, 20, 100), (32_000, 100, 256)):
        for dtype in (np.float64, np.float32):
            X, y = make_classification(n_rows, n_columns, random_state=0)
            X = X.astype(dtype)
            same = {"hidden_layer_sizes": (hidden,), "max_iter": 2, "random_state": 0}
            theirs = SklearnMLPClassifier(**same).fit(X, y)
            ours = MLPClassifier(device="cpu", **same).fit(X, y)
            generator = np.random.default_rng(0)
            many = generator.standard_normal((n_many, n_columns)).astype(dtype)
            net = f"{n_columns} features, hidden {hidden}, {np.dtype(dtype)}"
            calls = 50 if options.quick else 300
            for rows, n_calls, gate in ((many[:1], calls, 0.7), (many, 3, 1.5)):
                seconds = take_turns(
                    {
                        SKLEARN: lambda m=theirs, rows=rows: m.predict_proba(rows),
                        OURS: lambda m=ours, rows=rows: m.predict_proba(rows),
                    },
                    rounds(options, 9),
                    calls=n_calls,
                )
                work = f"predict_proba, {len(rows)} row{'s' * (len(rows) > 1)}, {net}"
                raw[work] = seconds
                lines.append(compare(work, seconds, SKLEARN, gate))
    report("speed_of_predict", __doc__, lines, options, raw=raw)


if __name__ == "__main__":
    main()
