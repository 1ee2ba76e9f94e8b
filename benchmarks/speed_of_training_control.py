"""How much a schedule, averaging and clipping cost, against a fit without them."""

from typing import Any

from _measure import OURS, Line, compare, parse_options, report, rounds, take_turns
from sklearn.datasets import make_classification

from sknn_suite import MLPClassifier

PLAIN = "none of them"
CONTROL = {"learning_rate": "one_cycle", "averaging": "ema", "max_grad_norm": 1.0}

# At most one tenth more time: the time without them is at least 1 / 1.1 of that with.
GATE = round(1 / 1.1, 3)


def main() -> None:
    options = parse_options(__doc__)
    lines: list[Line] = []
    raw: dict[str, Any] = {}
    for n_rows, n_columns, hidden, batch, epochs in (
        (1_000, 20, 100, 200, 50),
        (32_000, 100, 256, 256, 5),
    ):
        n_rows = min(n_rows, 4_000) if options.quick else n_rows
        X, y = make_classification(n_rows, n_columns, random_state=0)
        same = {
            "hidden_layer_sizes": (hidden,),
            "batch_size": batch,
            "max_iter": epochs,
            "tol": 0.0,
            "n_iter_no_change": float("inf"),
            "random_state": 0,
            "device": "cpu",
        }
        seconds = take_turns(
            {
                PLAIN: lambda same=same, X=X, y=y: MLPClassifier(**same).fit(X, y),
                OURS: lambda same=same, X=X, y=y: MLPClassifier(**same, **CONTROL).fit(
                    X, y
                ),
            },
            rounds(options, 15),
        )
        work = f"fit {n_rows}x{n_columns}, hidden {hidden}: schedule + EMA + clipping"
        raw[work] = seconds
        lines.append(compare(work, seconds, PLAIN, GATE))
    report("speed_of_training_control", __doc__, lines, options, raw=raw)


if __name__ == "__main__":
    main()
