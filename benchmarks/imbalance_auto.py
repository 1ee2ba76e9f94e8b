"""Whether imbalance="auto" of TabularClassifier helps, on eight tables.

Each table has at most 3,000 rows, half of which are for training. The same networks are
fitted with imbalance=None and with imbalance="auto", which lets every second network
weigh the classes equally and keeps what is best on the rows left out. They are small,
and take fewer epochs than by default, so that all fits end within minutes.

The tables are told in two halves. That all networks are kept only if weights do no
harm was decided after a look at five tables of both halves, so these are not new to the
rule.
There is no promise: the table tells what is gained, and what it costs.
"""

import statistics
import time
from typing import Any

import numpy as np
import pandas as pd
from _measure import Line, earlier, parse_options, report
from imbalance_quality import TABLES, read
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import train_test_split

from sknn_suite import TabularClassifier

MOST_ROWS = 3_000
FIRST, THEN = TABLES[:4], TABLES[4:]
SETTINGS = {"hidden_layer_sizes": (64, 64), "max_iter": 32}
QUANTITIES = {"ap": "average precision", "loss": "log-loss", "seconds": "seconds"}


def main() -> None:
    options = parse_options(__doc__, TABLES, seeds=(0, 1))
    raw: dict[str, dict[str, Any]] = earlier("imbalance_auto", options)
    missing = []
    for name in options.only:
        data = read(name)
        if data is None:
            missing.append(f"{name} was skipped: its file is not here (set SKNN_DATA).")
            continue
        for seed in options.seeds[:1] if options.quick else options.seeds:
            raw.setdefault(name, {})[str(seed)] = measure(*data, seed, options)
            print(name, seed, raw[name][str(seed)], flush=True)
        done = [name for name in TABLES if name in raw]
        lines = [
            line_of(name, quantity, raw[name])
            for name in done
            for quantity in QUANTITIES
        ]
        notes = [*missing, *kept(raw, done)]
        notes += [sentence(part, raw) for part in (FIRST, THEN) if set(part) <= {*done}]
        report("imbalance_auto", __doc__, lines, options, notes=notes, raw=raw)


def measure(
    X: pd.DataFrame, y: np.ndarray, seed: int, options: Any
) -> dict[str, dict[str, Any]]:
    """Figures of both, by quantity."""
    X = X.set_axis([str(name) for name in X.columns], axis=1)
    chosen, most = np.arange(len(y)), 1_000 if options.quick else MOST_ROWS
    if len(y) > most:
        chosen, _ = train_test_split(
            chosen, train_size=most, stratify=y, random_state=seed
        )
    train, test = train_test_split(
        chosen, test_size=0.5, stratify=y[chosen], random_state=seed
    )
    found = {}
    for wanted in (None, "auto"):
        model = TabularClassifier(**SETTINGS, imbalance=wanted, random_state=seed)
        started = time.process_time()
        model.fit(X.iloc[train], y[train])
        seconds = time.process_time() - started
        proba = model.predict_proba(X.iloc[test])
        found[str(wanted)] = {
            "ap": float(average_precision_score(y[test], proba[:, 1])),
            "loss": float(log_loss(y[test], proba)),
            "seconds": seconds,
            "kept": model.imbalance_,
        }
    return found


def means(seeds: dict[str, Any], wanted: str, quantity: str) -> float:
    """Mean of a quantity over seeds."""
    return statistics.mean(found[wanted][quantity] for found in seeds.values())


def line_of(name: str, quantity: str, seeds: dict[str, Any]) -> Line:
    """Compare both on a table."""
    none, auto = (means(seeds, wanted, quantity) for wanted in ("None", "auto"))
    unit = "s" if quantity == "seconds" else ""
    work = f"{QUANTITIES[quantity]} on {name}"
    return Line(work, "imbalance=None", none, auto, auto / none, None, unit=unit)


def kept(raw: dict[str, Any], done: list[str]) -> list[str]:
    """Say which networks were kept."""
    told = [
        f"{name} {', '.join(found['auto']['kept'] for found in raw[name].values())}"
        for name in done
    ]
    return [f"Networks that were kept, by seed: {'; '.join(told)}."]


def sentence(names: tuple[str, ...], raw: dict[str, Any]) -> str:
    """Say what a half of the tables shows."""
    change = {
        quantity: [
            means(raw[name], "auto", quantity) - means(raw[name], "None", quantity)
            for name in names
        ]
        for quantity in ("ap", "loss")
    }
    better = sum(each > 0 for each in change["ap"])
    lower = sum(each < 0 for each in change["loss"])
    return (
        f"{', '.join(names)}: average precision changes by "
        f"{statistics.mean(change['ap']):+.4f} on average and rises on {better} of "
        f"{len(names)}; log-loss changes by {statistics.mean(change['loss']):+.4f} and "
        f"falls on {lower}."
    )


if __name__ == "__main__":
    main()
