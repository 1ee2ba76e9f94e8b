"""Whether MLPClassifier predicts as well as scikit-learn's, with the same defaults.

The figure is the mean test log-loss of five seeds, on one split of each data set. "Met"
means that our mean is at most one spread worse than scikit-learn's. The spread is the
larger of the two standard deviations over the seeds.
"""

import argparse
import statistics
import time
from typing import Any

import numpy as np
from _measure import Line, load_shared, parse_options, report
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_suite import MLPClassifier


def main() -> None:
    options = parse_options(__doc__)
    n_seeds = 2 if options.quick else 5
    lines: list[Line] = []
    raw: dict[str, Any] = {}
    notes = [
        "Figures are means of the test log-loss, smaller is better.",
        "The ratio column shows (ours - theirs) / spread over seeds; a value of at "
        "most 1 is within the spread.",
    ]
    data = load_data(options)
    if "adult" not in data:
        notes.append("adult was skipped: its file is not here (set SKNN_DATA).")
    for name, (X_train, X_test, y_train, y_test) in data.items():
        losses: dict[str, list[float]] = {"scikit-learn": [], "sknn_suite": []}
        seconds = dict.fromkeys(losses, 0.0)
        for seed in range(n_seeds):
            for library, kind in (
                ("scikit-learn", SklearnMLPClassifier),
                ("sknn_suite", MLPClassifier),
            ):
                started = time.perf_counter()
                model = kind(random_state=seed).fit(X_train, y_train)
                seconds[library] += time.perf_counter() - started
                proba = model.predict_proba(X_test)
                losses[library].append(log_loss(y_test, proba, labels=model.classes_))
        raw[name] = {"log_loss": losses, "seconds": seconds}
        means = {library: statistics.mean(v) for library, v in losses.items()}
        spreads = {library: statistics.stdev(v) for library, v in losses.items()}
        spread = max(spreads.values())
        lines.append(
            Line(
                f"test log-loss on {name}, {n_seeds} seeds",
                "scikit-learn",
                means["scikit-learn"],
                means["sknn_suite"],
                (means["sknn_suite"] - means["scikit-learn"]) / spread,
                1.0,
                at_most=True,
                unit="",
            )
        )
        notes.append(
            f"{name}: standard deviation over seeds {spreads['scikit-learn']:.4f} "
            f"(scikit-learn) and {spreads['sknn_suite']:.4f} (sknn_suite); seconds of "
            f"all fits {seconds['scikit-learn']:.1f} and {seconds['sknn_suite']:.1f}."
        )
    report("quality_of_mlp", __doc__, lines, options, notes=notes, raw=raw)


def load_data(options: argparse.Namespace) -> dict[str, tuple]:
    """Load and scale the data sets: train rows, test rows, their labels."""
    data = {}
    for name, load in (("breast_cancer", load_breast_cancer), ("digits", load_digits)):
        X, y = load(return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, test_size=0.3, stratify=y, random_state=0
        )
        scaler = StandardScaler().fit(X_train)
        data[name] = (
            scaler.transform(X_train),
            scaler.transform(X_test),
            y_train,
            y_test,
        )
    adult = load_shared("adult")
    if adult is not None:
        X, y, train, test = adult["X"], adult["y"], adult["train"], adult["test"]
        if options.quick:
            train, test = train[:2_000], test[:2_000]
        numbers = make_column_selector(dtype_include="number")
        others = make_column_selector(dtype_exclude="number")
        encoder = make_column_transformer(
            (StandardScaler(), numbers),
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), others),
        )
        X_train = encoder.fit_transform(X.iloc[train])
        X_test = encoder.transform(X.iloc[test])
        data["adult"] = X_train, X_test, np.asarray(y)[train], np.asarray(y)[test]
    return data


if __name__ == "__main__":
    main()
