"""Whether a calibrated range between two quantiles covers the share that it names.

The quantiles are 0.1, 0.5 and 0.9, so eight of ten test rows should lie between the
outer two. Ours is one network with calibrated=True. It is compared with three networks,
one for each quantile, without calibration. Both have default settings and
scale_target=True. Each seed draws another test part, a quarter of the rows.
"""

import argparse
import statistics
import time
from typing import Any

import numpy as np
from _measure import Line, earlier, load_shared, parse_options, report
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_suite import MLPRegressor

NAMES = ("ames_housing", "california_housing", "diamonds")
QUANTILES = [0.1, 0.5, 0.9]
NOMINAL, ALLOWED = 0.8, 0.02


def main() -> None:
    options = parse_options(__doc__, NAMES)
    n_seeds = 2 if options.quick else options.repeats or 5
    lines: list[Line] = []
    raw: dict[str, Any] = earlier("quantile_coverage", options)
    notes = [
        "Figures are shares of the test rows within the range, means over seeds.",
        f"The column of ratios is the distance from {NOMINAL}, divided by {ALLOWED}; "
        "at most 1 is within two points of the nominal share.",
    ]
    for name in options.only:
        data = load_shared(name)
        if data is None:
            notes.append(f"{name} was skipped: its file is not here (set SKNN_DATA).")
            continue
        raw[name] = measure(data, n_seeds, options)
    for name in NAMES:
        if name not in raw:
            continue
        measured = raw[name]
        mean = {k: statistics.mean(v) for k, v in measured.items()}
        lines.append(
            Line(
                f"share within the 80 % range on {name}, "
                f"{len(measured['one covered'])} seeds",
                "three networks",
                mean["three covered"],
                mean["one covered"],
                abs(mean["one covered"] - NOMINAL) / ALLOWED,
                1.0,
                at_most=True,
                unit="",
            )
        )
        low, high = min(measured["one covered"]), max(measured["one covered"])
        notes.append(
            f"{name}: single seeds {low:.3f} to {high:.3f}; not calibrated, the one "
            f"network covers {mean['plain covered']:.3f}. Mean width of the range "
            f"{mean['three width']:.3g} (three), {mean['plain width']:.3g} (one, not "
            f"calibrated) and {mean['one width']:.3g} (calibrated) deviations of y. "
            f"Mean pinball loss {mean['three loss']:.4f}, {mean['plain loss']:.4f} and "
            f"{mean['one loss']:.4f}. Seconds per fit {mean['three seconds']:.1f} "
            f"(three together), {mean['plain seconds']:.1f} and "
            f"{mean['one seconds']:.1f}. Rows whose quantiles cross: "
            f"{mean['three crossing']:.2%} of those of three networks, "
            f"{mean['one crossing']:.2%} of those of one."
        )
    report("quantile_coverage", __doc__, lines, options, notes=notes, raw=raw)


def measure(
    data: dict[str, Any], n_seeds: int, options: argparse.Namespace
) -> dict[str, list[float]]:
    """Figures of each seed, by contender and quantity."""
    X, y = data["X"], np.asarray(data["y"], dtype=np.float64)
    if options.quick:
        X, y = X.iloc[:1_500], y[:1_500]
    measured: dict[str, list[float]] = {}
    for seed in range(n_seeds):
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed)
        encoder = make_encoder()
        X_train = encoder.fit_transform(X_train)
        X_test = encoder.transform(X_test)
        for contender, fit in CONTENDERS.items():
            started = time.perf_counter()
            models = fit(X_train, y_train, seed)
            seconds = time.perf_counter() - started
            predicted = [np.asarray(model.predict(X_test)) for model in models]
            columns = np.column_stack(predicted)
            low, high = columns[:, 0], columns[:, -1]
            losses = [
                mean_pinball_loss(y_test, column, alpha=q)
                for q, column in zip(QUANTILES, columns.T)
            ]
            figures = {
                "covered": np.mean((low <= y_test) & (y_test <= high)),
                "width": np.mean(high - low) / y_test.std(),
                "loss": np.mean(losses) / y_test.std(),
                "crossing": np.mean((np.diff(columns) < 0).any(axis=1)),
                "seconds": seconds,
            }
            for quantity, figure in figures.items():
                measured.setdefault(f"{contender} {quantity}", []).append(float(figure))
    return measured


def make_encoder() -> Any:
    """Scale numbers, fill their gaps with medians, and one-hot encode all else."""
    numbers = make_column_selector(dtype_include="number")
    others = make_column_selector(dtype_exclude="number")
    return make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (
            make_pipeline(
                SimpleImputer(strategy="constant", fill_value="missing"),
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            ),
            others,
        ),
    )


def fit_three(X: np.ndarray, y: np.ndarray, seed: int) -> list[MLPRegressor]:
    return [make_network(q, seed).fit(X, y) for q in QUANTILES]


def fit_plain(X: np.ndarray, y: np.ndarray, seed: int) -> list[MLPRegressor]:
    return [make_network(QUANTILES, seed).fit(X, y)]


def fit_one(X: np.ndarray, y: np.ndarray, seed: int) -> list[MLPRegressor]:
    return [make_network(QUANTILES, seed, calibrated=True).fit(X, y)]


def make_network(
    quantile: float | list[float], seed: int, *, calibrated: bool = False
) -> MLPRegressor:
    return MLPRegressor(
        loss="quantile",
        quantile=quantile,
        calibrated=calibrated,
        scale_target=True,
        random_state=seed,
    )


CONTENDERS = {"three": fit_three, "plain": fit_plain, "one": fit_one}


if __name__ == "__main__":
    main()
