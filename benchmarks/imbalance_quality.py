"""Whether balancing helps: ways to train on a rare class, on ten sets of rows.

Each way is fitted on half of the rows of a set, chooses the threshold with the best F1
on 15 % of them, and is judged on the rest. All probabilities are for the true shares of
the classes. Rows of images are pixels, averaged over squares of two by two, and rows of
texts are a hundred numbers of latent semantic analysis. Seconds are of the processor.

The average precision of BalancedEnsembleClassifier should be at least the best of four
others (none, class_weight, SMOTE, EasyEnsemble of logistic regressions), less one
standard error, on six of eight tables, and its fit should take at most three times as
long as one network on all rows. Samplers that make rows with a network are tried on six
of the sets.

Sets and seeds may run in parts, with ``--only`` and ``--seeds``: figures of earlier
runs are kept and joined.
"""

import argparse
import math
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from _measure import Line, earlier, list_table, load_shared, parse_options, report
from decision_quality import (
    SHIRT,
    as_texts,
    make_encoder,
    rows_by_name,
    small_pictures,
    text_encoder,
)
from imblearn.ensemble import EasyEnsembleClassifier
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier
from sknn_suite.decision import Recalibrator, find_threshold
from sknn_suite.imbalance import (
    BalancedEnsembleClassifier,
    GANOverSampler,
    LatentSMOTE,
    VAEOverSampler,
)

# Defaults of BalancedEnsembleClassifier were chosen on the first four.
TABLES = (
    "telco_churn",
    "nsl_kdd",
    "adbench/pendigits",
    "made",
    "mammography",
    "abalone_19",
    "bank_marketing",
    "digits",
)
SHOWN = (
    "mammography",
    "abalone_19",
    "telco_churn",
    "nsl_kdd",
    "fashion_mnist",
    "hate_offensive",
)
NAMES = (*TABLES, "fashion_mnist", "hate_offensive")
MOST_ROWS = 4_000
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


def easy_ensemble(seed: int) -> Any:
    """EasyEnsemble of logistic regressions, corrected to the true shares."""
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    inner = EasyEnsembleClassifier(32, estimator=linear, random_state=seed)
    return Recalibrator(inner, trained_shares="balanced")


WAYS: dict[str, Callable[[int], Any]] = {
    "none": network,
    "class_weight": lambda seed: network(seed, class_weight="balanced"),
    "balanced batches": lambda seed: network(seed, batch_sampling="balanced"),
    "random copies": lambda seed: after(RandomOverSampler(random_state=seed), seed),
    "random subset": lambda seed: after(RandomUnderSampler(random_state=seed), seed),
    "SMOTE": lambda seed: after(SMOTE(random_state=seed), seed),
    "EasyEnsemble (LR)": easy_ensemble,
    OURS: lambda seed: BalancedEnsembleClassifier(random_state=seed),
}
GENERATED: dict[str, Callable[[int], Any]] = {
    "LatentSMOTE": lambda seed: after(LatentSMOTE(random_state=seed), seed),
    "VAEOverSampler": lambda seed: after(VAEOverSampler(random_state=seed), seed),
    "GANOverSampler": lambda seed: after(GANOverSampler(random_state=seed), seed),
}

# Figures by set, seed, way and quantity.
Raw = dict[str, dict[str, dict[str, dict[str, float]]]]


def main() -> None:
    options = parse_options(__doc__, NAMES, seeds=(0, 1, 2))
    raw: Raw = earlier("imbalance_quality", options)
    notes = []
    for name in options.only:
        data = read(name)
        if data is None:
            notes.append(f"{name} was skipped: its file is not here (set SKNN_DATA).")
            continue
        for seed in options.seeds[:1] if options.quick else options.seeds:
            found = measure(name, *data, seed, options)
            raw.setdefault(name, {})[str(seed)] = found
            write(raw, notes, options)
    write(raw, notes, options)


def write(raw: Raw, notes: Sequence[str], options: argparse.Namespace) -> None:
    """Write what is there by now."""
    done = {name: by_way(raw[name]) for name in NAMES if name in raw}
    ways = dict.fromkeys(way for found in done.values() for way in found)
    more = [sentence(way, done) for way in ways if way != "none"]
    report(
        "imbalance_quality",
        __doc__,
        lines_of(done),
        options,
        notes=[*notes, *rows_used(raw), *more],
        raw=raw,
        more=big_table(done),
    )


def read(name: str) -> tuple[pd.DataFrame, np.ndarray] | None:
    """Rows of a set, and 1 for the rare class."""
    if name == "digits":  # one of the digits is cut to a fifth
        X, y = load_digits(return_X_y=True)
        keep = (y != 8) | (np.random.RandomState(0).uniform(size=len(y)) < 0.2)
        return pd.DataFrame(X[keep]), (y[keep] == 8).astype(int)
    if name not in ("fashion_mnist", "hate_offensive"):
        return rows_by_name(name)
    data = load_shared(name)
    if data is None:
        return None
    if name == "fashion_mnist":  # shirts are cut to one row in a hundred
        X, y = np.asarray(data["X"]), np.asarray(data["y"])
        rows, rare = np.flatnonzero(y != SHIRT), np.flatnonzero(y == SHIRT)
        chosen = np.r_[rows, rare[: len(rows) // 99]]
        return small_pictures(X[chosen]), (y[chosen] == SHIRT) * 1
    return as_texts(data), (np.asarray(data["y"]).astype(str) == "hate").astype(int)


def encoder_of(name: str, seed: int) -> Any:
    """Make what turns rows into numbers."""
    return text_encoder(seed) if name == "hate_offensive" else make_encoder()


def measure(
    name: str, X: pd.DataFrame, y: np.ndarray, seed: int, options: argparse.Namespace
) -> dict[str, dict[str, float]]:
    """Figures of a set and a seed, by way and quantity."""
    most = 1_500 if options.quick else MOST_ROWS
    chosen = np.arange(len(y))
    if len(y) > most:  # the share of the rare class stays
        chosen, _ = train_test_split(
            chosen, train_size=most, stratify=y, random_state=seed
        )
    train, rest = train_test_split(
        chosen, train_size=0.5, stratify=y[chosen], random_state=seed
    )
    valid, test = train_test_split(
        rest, train_size=0.3, stratify=y[rest], random_state=seed
    )
    encoder = encoder_of(name, seed).fit(X.iloc[train])
    parts = [encoder.transform(X.iloc[part]) for part in (train, valid, test)]
    found = {}
    for way, make in (WAYS | (GENERATED if name in SHOWN else {})).items():
        figures = judge(make(seed), parts, y[train], y[valid], y[test])
        found[way] = figures | {"rows": len(train), "rare": int(y[train].sum())}
        print(f"  {name}, seed {seed}, {way}: {figures}", flush=True)
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
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    seconds = time.process_time() - started
    threshold = find_threshold(y_valid, model.predict_proba(X_valid)[:, 1], "f1")
    proba = model.predict_proba(X_test)
    return {
        "ap": float(average_precision_score(y_test, proba[:, 1])),
        "f1": float(f1_score(y_test, proba[:, 1] >= threshold.threshold)),
        "loss": float(log_loss(y_test, proba)),
        "seconds": seconds,
    }


def by_way(seeds: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict]:
    """Turn figures by seed into lists, one entry per seed."""
    found: dict[str, dict[str, list[float]]] = {}
    for seed in sorted(seeds):
        for way, figures in seeds[seed].items():
            for quantity, figure in figures.items():
                found.setdefault(way, {}).setdefault(quantity, []).append(figure)
    return found


def rows_used(raw: Raw) -> list[str]:
    """Say how many rows each set had."""
    told = []
    for name in (n for n in NAMES if n in raw):
        one = next(iter(raw[name].values()))["none"]
        told.append(f"{name} {one['rows']:.0f} ({one['rare']:.0f} rare)")
    return [f"Training rows: {', '.join(told)}. Larger sets are drawn by class."]


def sentence(way: str, done: dict[str, dict]) -> str:
    """Say whether a way helps, compared with none on the same rows."""
    change, up, down = [], 0, 0
    for found in done.values():
        if way in found:
            each = np.subtract(found[way]["ap"], found["none"]["ap"])
            error = standard_error(each)
            up += each.mean() > error
            down += each.mean() < -error
            change.append(float(each.mean()))
    mean, error = statistics.mean(change), standard_error(np.array(change))
    verdict = "It makes no sure difference"
    if abs(mean) > 2 * error and len(change) > 1:
        verdict = "It helps" if mean > 0 else "It hurts"
    return (
        f"{way}: average precision changes by {mean:+.3f} (standard error {error:.3f}) "
        f"over {len(change)} sets; beyond one standard error it rises on {up} and "
        f"falls on {down}. {verdict}."
    )


def standard_error(each: np.ndarray) -> float:
    """Compute the standard error of a mean; 0 for a single number."""
    return float(each.std(ddof=1) / math.sqrt(len(each))) if len(each) > 1 else 0.0


def big_table(done: dict[str, dict]) -> str:
    """Write means of all quantities, a line per set and way."""
    head = ["set", "way", *QUANTITIES.values()]
    rows = [head]
    for name, found in done.items():
        for way, figures in found.items():
            means = [statistics.mean(figures[short]) for short in QUANTITIES]
            cells = [f"{mean:.3f}" for mean in means[:2]]
            rows.append([name, way, *cells, f"{means[2]:.4f}", f"{means[3]:.2f}"])
    return "\n".join(list_table("Ways to balance, means over seeds", rows))


def lines_of(done: dict[str, dict]) -> list[Line]:
    """Make the table: average precision and time of each set, and how many are good."""
    lines, good = [], 0
    names = [name for name in TABLES if name in done]
    for name in names:
        mean = {way: statistics.mean(v["ap"]) for way, v in done[name].items()}
        best = max(OTHERS, key=mean.__getitem__)
        wanted = mean[best] - standard_error(np.array(done[name][best]["ap"]))
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
            statistics.mean(done[name][way]["seconds"]) for way in ("none", OURS)
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
    if len(names) == len(TABLES):
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
