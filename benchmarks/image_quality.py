"""How well CNNClassifier classifies images, with defaults only.

Fashion-MNIST and CIFAR-10 (a lossy copy) use the split of the source. dogs_cats_1400 is
trained from scratch on 80 % of the files, stratified. digits has five shuffled folds.
On a GPU the network "airbench" runs too, with the seconds until its accuracy stops
rising.
"""

import argparse
import os
import time
from typing import Any

import numpy as np
import torch
from _measure import Line, earlier, load_shared, parse_options, report
from sklearn.datasets import load_digits
from sklearn.model_selection import (
    StratifiedKFold,
    StratifiedShuffleSplit,
    cross_val_score,
)

from sknn_suite import CNNClassifier

# Accuracy to reach, limit of seconds on two cores, other model, and its accuracy.
GATES: dict[str, tuple[float, float | None, str, float]] = {
    "fashion_mnist": (0.930, 180.0, "two-convolution nets, published", 0.925),
    "cifar10_jpeg": (0.82, 600.0, "Keras example, 25 epochs, published", 0.75),
    "dogs_cats_1400": (0.78, None, "with augmentation, published", 0.82),
    "digits": (0.985, None, "SVC", 0.987),
}


def main() -> None:
    options = parse_options(__doc__, parts=(*GATES, "gpu"))
    raw: dict[str, Any] = {}
    for name in options.only:
        if name == "gpu":
            on_gpu(options, raw)
        else:
            scores = {"dogs_cats_1400": photos, "digits": digits}.get(name, arrays)
            keep(name, scores(name, options), raw)
    raw = earlier("image_quality", options) | raw
    notes = [
        "The ratio column shows our figure, because the gate is for it.",
        "Published figures are for the whole sets, except dogs_cats: 2,000 training "
        "pictures.",
        "Limits of seconds are for two cores. A fit in one thread has no gate; its "
        "processor time is shown, because other work on the machine hardly changes it.",
    ]
    lines = [line for name in GATES if name in raw for line in of_set(name, raw[name])]
    for work, found in raw.get("gpu", {}).items():
        score, seconds = found["accuracy"], found["seconds"]
        lines.append(Line(f"{work}, fit", "", None, seconds, seconds, None))
        lines.append(Line(f"{work}, accuracy", "", None, score, score, None, unit=""))
    report("image_quality", __doc__, lines, options, notes=notes, raw=raw)


class Stopwatch:
    """Wall-clock and processor seconds since creation."""

    def __init__(self) -> None:
        self.started = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """Read both times, and the number of threads that did the work."""
        wall, processor = self.started
        return {
            "seconds": time.perf_counter() - wall,
            "processor_seconds": time.process_time() - processor,
            "threads": torch.get_num_threads(),
        }


def keep(name: str, found: dict[str, float] | None, raw: dict) -> None:
    """Store the results of a set."""
    if found is not None:
        raw[name] = found
        print(f"{name}: {found}", flush=True)


def of_set(name: str, found: dict[str, float]) -> list[Line]:
    """Lines for accuracy and seconds."""
    gate, limit, other, theirs = GATES[name]
    score, seconds, work = found["accuracy"], found["seconds"], f"{name}, fit"
    if found["threads"] == 1:
        seconds, limit, work = found["processor_seconds"], None, f"{work}, one thread"
    return [
        Line(f"{name}, accuracy", other, theirs, score, score, gate, unit=""),
        Line(work, "", None, seconds, seconds, limit, at_most=True),
    ]


def default_model(options: argparse.Namespace) -> CNNClassifier:
    """Make the classifier, with its defaults."""
    return CNNClassifier(random_state=0, max_iter=2 if options.quick else "auto")


def arrays(name: str, options: argparse.Namespace) -> dict[str, float] | None:
    data = load_shared(name)
    if data is None:
        return None
    train, test = data["train"], data["test"]
    if options.quick:
        train, test = train[:1000], test[:500]
    X, y = data["X"], data["y"]
    model, stopwatch = default_model(options), Stopwatch()
    model.fit(X[train], y[train])
    found = stopwatch.read()
    return {"accuracy": model.score(X[test], y[test])} | found


def photos(name: str, options: argparse.Namespace) -> dict[str, float] | None:
    data = load_shared(name)
    if data is None:
        return None
    X, y = np.asarray(data["X"], dtype=object), np.asarray(data["y"])
    split = StratifiedShuffleSplit(1, test_size=0.2, random_state=0)
    train, test = next(split.split(y, y))
    if options.quick:
        train, test = train[:200], test[:50]
    model, stopwatch = default_model(options), Stopwatch()
    model.fit(list(X[train]), y[train])
    found = stopwatch.read()
    return {"accuracy": model.score(list(X[test]), y[test])} | found


def digits(name: str, options: argparse.Namespace) -> dict[str, float]:
    images, y = load_digits().images / 16, load_digits().target
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    stopwatch = Stopwatch()
    scores = cross_val_score(default_model(options), images, y, cv=folds)
    found = stopwatch.read()
    for key in ("seconds", "processor_seconds"):
        found[key] /= 5
    return {"accuracy": float(scores.mean())} | found


def on_gpu(options: argparse.Namespace, raw: dict) -> None:
    """Seconds that "airbench" needs on a GPU, after a warm-up fit."""
    if not torch.cuda.is_available() or os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        print("airbench: skipped, there is no GPU")
        return
    data = load_shared("cifar10_jpeg")
    if data is None:
        return
    X, y, train, test = data["X"], data["y"], data["train"], data["test"]
    settings = {"architecture": "airbench", "device": "cuda", "random_state": 0}
    CNNClassifier(**settings, max_iter=1).fit(X[train], y[train])
    for n_epochs in (2,) if options.quick else (8, 10, 16, 32):
        model = CNNClassifier(**settings, max_iter=n_epochs, n_tta=6)
        torch.cuda.synchronize()
        started = time.perf_counter()
        model.fit(X[train], y[train])
        torch.cuda.synchronize()
        seconds = time.perf_counter() - started
        score = model.score(X[test], y[test])
        work = f"cifar10_jpeg on a GPU, airbench, {n_epochs} epochs"
        gpu = raw.setdefault("gpu", {})
        gpu[work] = {"accuracy": score, "seconds": seconds}


if __name__ == "__main__":
    main()
