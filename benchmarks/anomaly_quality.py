"""How well the anomaly detectors find anomalies, with defaults only.

Needles: bursts of some hours among rows of raw, whole seconds, found among the 25
oddest of 10,000 rows.
ADBench: 29 tables, standardised, fitted and scored on the same rows; the mean over
tables, then over seeds. NSL-KDD: fitted on normal training rows, scored on the test
file.
"""

import argparse
from typing import Any

import numpy as np
from _anomaly import OURS, adbench, nsl_kdd, oddness, peers
from _measure import Line, parse_options, report
from sklearn.metrics import average_precision_score, roc_auc_score

from sknn_suite.datasets import make_bursty_timestamps

# Means over the same tables of others' defaults; those of PyOD 3.6.7 were measured
# beside ours, and are used where it is not installed.
MEASURED = {
    "PyOD AutoEncoder": {"AUROC": 0.742, "AP": 0.320},
    "PyOD VAE": {"AUROC": 0.720},
    "PyOD ECOD": {"AUROC": 0.721},
    "PCA": {"AUROC": 0.723},
}
NEEDLES = {
    "DL4J VAE, published": 19.1,
    "PyOD VAE": 7.0,
    "PyOD AutoEncoder": 5.5,
    "PyOD ECOD": 5.5,
}
GATES = {
    "needles": 25,
    "AUROC": 0.775,
    "AP": 0.374,
    "tables": 19,
    "spread": 0.01,
    "NSL-KDD": 0.95,
}


def main() -> None:
    options = parse_options(__doc__)
    lines: list[Line] = []
    raw: dict[str, Any] = {}
    notes = [
        "The column of ratios holds our figure, which the gate is for.",
        "Figures of PyOD and PCA on ADBench, and of PyOD on the needles, were measured "
        "once on standardised rows; that of DL4J is published.",
    ]
    for part in (needles, tables, intrusions):
        part(options, lines, raw)
    report("anomaly_quality", __doc__, lines, options, notes=notes, raw=raw)


def needles(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    seeds = range(2 if options.quick else 5)
    for hours in (2, 4, 12):
        found: dict[str, list[int]] = {}
        for seed in seeds:
            X, y = make_bursty_timestamps(burst_hours=hours, random_state=seed)
            for name, make in (OURS | peers()).items():
                top = np.argsort(-oddness(make(seed).fit(X), X), kind="stable")[:25]
                found.setdefault(name, []).append(int(y[top].sum()))
        raw[f"needles of {hours} hours"] = found
        others = {k: float(np.mean(v)) for k, v in found.items() if k not in OURS}
        if hours == 4:  # as others were measured
            others = NEEDLES | others
        best = max(others, key=lambda name: others[name])
        for name in OURS:
            mean = float(np.mean(found[name]))
            work = f"needles of 25, {hours} hours, {name}, seeds 0-{len(seeds) - 1}"
            gate = GATES["needles"]
            lines.append(Line(work, best, others[best], mean, mean, gate, unit=""))


def tables(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    seeds = range(1 if options.quick else 3)
    scores: dict[str, Any] = {}
    for table, X, y in adbench(options.quick):
        for name, make in (OURS | peers()).items():
            for seed in seeds:
                odd = oddness(make(seed).fit(X), X)
                pair = (roc_auc_score(y, odd), average_precision_score(y, odd))
                scores.setdefault(name, {}).setdefault(seed, {})[table] = pair
    if not scores:
        return
    raw["adbench"] = scores
    means = {
        name: np.array(
            [np.mean(list(by_table.values()), axis=0) for by_table in by_seed]
        )
        for name, by_seed in ((n, list(s.values())) for n, s in scores.items())
    }
    n_tables = len(next(iter(scores[next(iter(OURS))].values())))
    for i, measure in enumerate(("AUROC", "AP")):
        others = {k: v[measure] for k, v in MEASURED.items() if measure in v}
        others |= {k: float(v[:, i].mean()) for k, v in means.items() if k not in OURS}
        best = max(others, key=lambda name: others[name])
        for name in OURS:
            mean = float(means[name][:, i].mean())
            work = f"ADBench, {n_tables} tables, mean {measure}, {name}"
            gate = None if options.quick else GATES[measure]  # a gate of all tables
            lines.append(Line(work, best, others[best], mean, mean, gate, unit=""))
    by_table = {
        name: {
            table: np.mean([by_seed[seed][table][0] for seed in seeds])
            for table in by_seed[0]
        }
        for name, by_seed in scores.items()
    }
    for name in OURS:
        forest = by_table["IsolationForest"]
        n_won = sum(bool(by_table[name][t] >= forest[t]) for t in forest)
        work = f"ADBench, tables of {n_tables} whose AUROC is no less, {name}"
        gate = None if options.quick else GATES["tables"]
        lines.append(Line(work, "IsolationForest", None, n_won, n_won, gate, unit=""))
    for name in OURS:
        spread = float(means[name][:, 0].std(ddof=1)) if len(seeds) > 1 else 0.0
        work = f"ADBench, deviation of the mean AUROC over seeds, {name}"
        gate = GATES["spread"]
        lines.append(Line(work, "", None, spread, spread, gate, at_most=True, unit=""))


def intrusions(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    data = nsl_kdd()
    if data is None:
        return
    train, test, y = data
    areas: dict[str, float] = {}
    for name, make in (OURS | peers()).items():
        areas[name] = float(roc_auc_score(y, oddness(make(0).fit(train), test)))
    raw["nsl_kdd"] = areas
    for name in OURS:
        work = f"NSL-KDD, AUROC on the test file, {name}"
        theirs, mean = areas["IsolationForest"], areas[name]
        gate = GATES["NSL-KDD"]
        lines.append(Line(work, "IsolationForest", theirs, mean, mean, gate, unit=""))


if __name__ == "__main__":
    main()
