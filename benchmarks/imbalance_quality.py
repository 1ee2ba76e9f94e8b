"""Whether balancing helps: ways to train on a rare class, on eight tables.

Each way is fitted on half of the rows of a table, chooses the threshold with the best
F1 on 15 % of them, and is judged on the rest. All probabilities are for the true shares
of the classes. Ways whose class is not installed are left out.

The average precision of BalancedEnsembleClassifier should be at least the best of four
others (none, class_weight, SMOTE, EasyEnsemble of logistic regressions), less one
standard error, on six of the eight tables, and its fit should take at most three times
as long as one network on all rows.
"""

import argparse
import importlib
import math
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from _measure import Line, earlier, load_shared, parse_options, report
from decision_quality import make_encoder, rows_of
from imblearn.ensemble import EasyEnsembleClassifier
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.datasets import load_digits, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier
from sknn_suite.decision import Recalibrator, find_threshold
from sknn_suite.imbalance import BalancedEnsembleClassifier

# Defaults of BalancedEnsembleClassifier were chosen on the first four.
NAMES = (
    "telco_churn",
    "nsl_kdd",
    "adbench/pendigits",
    "made",
    "mammography",
    "abalone_19",
    "bank_marketing",
    "digits",
)
MOST_ROWS = 20_000
OTHERS = ("none", "class_weight", "SMOTE", "EasyEnsemble (LR)")
OURS = "BalancedEnsemble"
QUANTITIES = {
    "ap": "average precision",
    "f1": "F1 at the tuned threshold",
    "loss": "log-loss",
    "seconds": "seconds",
}


def network(seed: int, **params: Any) -> Any:
    """Build a network on scaled columns, as a member of an ensemble is by default."""
    net = MLPClassifier(
        hidden_layer_sizes=(64,),
        probabilities="true_shares",
        random_state=seed,
        **params,
    )
    return make_pipeline(StandardScaler(), net)


def after(sampler: Any, seed: int) -> Any:
    """Train a network on what a sampler returns, and correct its probabilities."""
    net = MLPClassifier(hidden_layer_sizes=(64,), random_state=seed)
    return Recalibrator(make_pipeline(StandardScaler(), sampler, net))


def generated(name: str) -> Callable[[int], Any]:
    """Look up a sampler of ours by name; None if it is not there."""

    def make(seed: int) -> Any:
        kind = getattr(importlib.import_module("sknn_suite.imbalance"), name, None)
        return None if kind is None else after(kind(random_state=seed), seed)

    return make


def easy_ensemble(seed: int) -> Any:
    """EasyEnsemble of logistic regressions, corrected to the true shares."""
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    inner = EasyEnsembleClassifier(32, estimator=linear, random_state=seed)
    return Recalibrator(inner, trained_shares="balanced")


WAYS: dict[str, Callable[[int], Any]] = {
    "none": network,
    "class_weight": lambda seed: network(seed, class_weight="balanced"),
    "balanced batches": lambda seed: network(seed, batch_sampling="balanced"),
    "logit-adjusted loss": lambda seed: network(seed, loss="logit_adjusted"),
    "random copies": lambda seed: after(RandomOverSampler(random_state=seed), seed),
    "random subset": lambda seed: after(RandomUnderSampler(random_state=seed), seed),
    "SMOTE": lambda seed: after(SMOTE(random_state=seed), seed),
    "LatentSMOTE": generated("LatentSMOTE"),
    "VAEOverSampler": generated("VAEOverSampler"),
    "GANOverSampler": generated("GANOverSampler"),
    "EasyEnsemble (LR)": easy_ensemble,
    OURS: lambda seed: BalancedEnsembleClassifier(random_state=seed),
}


def main() -> None:
    options = parse_options(__doc__, NAMES)
    n_seeds = 1 if options.quick else options.repeats or 3
    raw: dict[str, Any] = earlier("imbalance_quality", options)
    notes = []
    for name in options.only:
        table = read(name)
        if table is None:
            notes.append(f"{name} was skipped: its file is not here (set SKNN_DATA).")
            continue
        raw[name] = measure(*table, n_seeds, options)
    done = [name for name in NAMES if name in raw]
    for name in done:
        notes += [f"{name}, {way}: {told(found)}." for way, found in raw[name].items()]
    report(
        "imbalance_quality", __doc__, lines_of(raw, done), options, notes=notes, raw=raw
    )


def read(name: str) -> tuple[pd.DataFrame, np.ndarray] | None:
    """Rows of a table, and 1 for the rare class."""
    if name == "made":
        X, y = make_classification(
            20_000,
            n_informative=6,
            n_clusters_per_class=2,
            weights=[0.99],
            flip_y=0.002,
            random_state=0,
        )
        return pd.DataFrame(X), y
    if name == "digits":  # one of the digits is cut to a fifth
        X, y = load_digits(return_X_y=True)
        keep = (y != 8) | (np.random.RandomState(0).uniform(size=len(y)) < 0.2)
        return pd.DataFrame(X[keep]), (y[keep] == 8).astype(int)
    data = load_shared(name)
    if data is None:
        return None
    if name.startswith("adbench"):
        return pd.DataFrame(np.asarray(data["X"])), np.asarray(data["y"]).astype(int)
    return rows_of(name, data)


def measure(
    X: pd.DataFrame, y: np.ndarray, n_seeds: int, options: argparse.Namespace
) -> dict[str, dict[str, list[float]]]:
    """Figures of each seed, by way and quantity."""
    found: dict[str, dict[str, list[float]]] = {}
    most = 3_000 if options.quick else MOST_ROWS
    for seed in range(n_seeds):
        chosen = np.arange(len(y))
        if len(y) > most:
            chosen, _ = train_test_split(
                chosen, train_size=most, stratify=y, random_state=seed
            )
        train, rest = train_test_split(
            chosen, train_size=0.5, stratify=y[chosen], random_state=seed
        )
        valid, test = train_test_split(
            rest, train_size=0.3, stratify=y[rest], random_state=seed
        )
        encoder = make_encoder().fit(X.iloc[train])
        parts = [encoder.transform(X.iloc[part]) for part in (train, valid, test)]
        for way, make in WAYS.items():
            model = make(seed)
            if model is None:
                continue
            figures = judge(model, parts, y[train], y[valid], y[test])
            for quantity, figure in figures.items():
                found.setdefault(way, {}).setdefault(quantity, []).append(figure)
            print(f"  seed {seed}, {way}: AP {figures['ap']:.4f}", flush=True)
    return found


def judge(
    model: Any,
    parts: list[np.ndarray],
    y: np.ndarray,
    y_valid: np.ndarray,
    y_test: np.ndarray,
) -> dict[str, float]:
    """Fit a way once, and judge it."""
    X, X_valid, X_test = parts
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    seconds = time.perf_counter() - started
    threshold = find_threshold(y_valid, model.predict_proba(X_valid)[:, 1], "f1")
    proba = model.predict_proba(X_test)
    return {
        "ap": float(average_precision_score(y_test, proba[:, 1])),
        "f1": float(f1_score(y_test, proba[:, 1] >= threshold.threshold)),
        "loss": float(log_loss(y_test, proba)),
        "seconds": seconds,
    }


def told(found: dict[str, list[float]]) -> str:
    """Write means over seeds in one line."""
    return ", ".join(
        f"{long} {statistics.mean(found[short]):.4g}"
        for short, long in QUANTITIES.items()
    )


def lines_of(raw: dict[str, Any], names: list[str]) -> list[Line]:
    """Make the table: average precision and time of each set, and how many are good."""
    lines, good = [], 0
    for name in names:
        mean = {way: statistics.mean(v["ap"]) for way, v in raw[name].items()}
        best = max(OTHERS, key=mean.__getitem__)
        each = raw[name][best]["ap"]
        error = statistics.stdev(each) / math.sqrt(len(each)) if len(each) > 1 else 0.0
        wanted = mean[best] - error
        good += mean[OURS] >= wanted
        lines.append(
            Line(
                f"average precision on {name}",
                f"{best}, less one standard error",
                wanted,
                mean[OURS],
                mean[OURS] / wanted,
                1.0,
                at_most=False,
                unit="",
            )
        )
        one, many = (
            statistics.mean(raw[name][way]["seconds"]) for way in ("none", OURS)
        )
        lines.append(
            Line(
                f"time of a fit on {name}",
                "one network on all rows",
                one,
                many,
                many / one,
                3.0,
                at_most=True,
            )
        )
    if len(names) == len(NAMES):
        lines.append(
            Line(
                "tables on which it is as good",
                "six of eight",
                6,
                good,
                good / 6,
                1.0,
                at_most=False,
                unit="",
            )
        )
    return lines


if __name__ == "__main__":
    main()
