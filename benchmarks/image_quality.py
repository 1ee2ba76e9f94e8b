"""How well CNNClassifier learns images, with defaults only.

Fashion-MNIST and CIFAR-10 (a lossy copy): the split of the source. dogs_cats_1400: 80 %
of the files, stratified, from scratch. digits: five shuffled folds. On a GPU also the
network "airbench", and the seconds until its accuracy no longer grows.
"""

import argparse
import os
import time
from typing import Any

import numpy as np
from _measure import Line, load_shared, parse_options, report
from sklearn.datasets import load_digits
from sklearn.model_selection import (
    StratifiedKFold,
    StratifiedShuffleSplit,
    cross_val_score,
)

from sknn_suite import CNNClassifier

# Accuracy to reach, the seconds for it on two cores, and who else did what.
GATES: dict[str, tuple[float, float | None, str, float]] = {
    "fashion_mnist": (0.930, 180.0, "two-convolution nets, published", 0.925),
    "cifar10_jpeg": (0.82, 600.0, "Keras example, 25 epochs, published", 0.75),
    "dogs_cats_1400": (0.78, None, "with augmentation, published", 0.82),
    "digits": (0.985, None, "SVC", 0.987),
}


def main() -> None:
    options = parse_options(__doc__)
    lines: list[Line] = []
    raw: dict[str, Any] = {}
    for name in ("fashion_mnist", "cifar10_jpeg"):
        arrays(name, options, lines, raw)
    photos(options, lines, raw)
    digits(options, lines, raw)
    on_gpu(options, lines, raw)
    notes = [
        "The column of ratios holds our figure, which the gate is for.",
        "Published figures were measured by others on the whole sets; that of "
        "dogs_cats is for 2,000 training pictures.",
    ]
    report("image_quality", __doc__, lines, options, notes=notes, raw=raw)


def add(name: str, score: float, seconds: float, lines: list[Line], raw: dict) -> None:
    """Add lines for accuracy, and for seconds where there is a limit."""
    gate, limit, other, theirs = GATES[name]
    raw[name] = {"accuracy": score, "seconds": seconds}
    print(f"{name}: {score:.4f} in {seconds:.0f} s", flush=True)
    lines.append(Line(f"{name}, accuracy", other, theirs, score, score, gate, unit=""))
    lines.append(Line(f"{name}, fit", "", None, seconds, seconds, limit, at_most=True))


def arrays(
    name: str, options: argparse.Namespace, lines: list[Line], raw: dict
) -> None:
    data = load_shared(name)
    if data is None:
        return
    train, test = data["train"], data["test"]
    if options.quick:
        train, test = train[:1000], test[:500]
    X, y = data["X"], data["y"]
    model = CNNClassifier(random_state=0, max_iter=2 if options.quick else "auto")
    started = time.perf_counter()
    model.fit(X[train], y[train])
    seconds = time.perf_counter() - started
    add(name, model.score(X[test], y[test]), seconds, lines, raw)


def photos(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    data = load_shared("dogs_cats_1400")
    if data is None:
        return
    X, y = np.asarray(data["X"], dtype=object), np.asarray(data["y"])
    split = StratifiedShuffleSplit(1, test_size=0.2, random_state=0)
    train, test = next(split.split(y, y))
    if options.quick:
        train, test = train[:200], test[:50]
    model = CNNClassifier(random_state=0, max_iter=2 if options.quick else "auto")
    started = time.perf_counter()
    model.fit(list(X[train]), y[train])
    seconds = time.perf_counter() - started
    score = model.score(list(X[test]), y[test])
    add("dogs_cats_1400", score, seconds, lines, raw)


def digits(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    images, y = load_digits().images / 16, load_digits().target
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = CNNClassifier(random_state=0, max_iter=2 if options.quick else "auto")
    started = time.perf_counter()
    scores = cross_val_score(model, images, y, cv=folds)
    seconds = (time.perf_counter() - started) / 5
    add("digits", float(scores.mean()), seconds, lines, raw)


def on_gpu(options: argparse.Namespace, lines: list[Line], raw: dict) -> None:
    """Seconds that "airbench" needs on a GPU, after a fit that warms it up."""
    import torch

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
        raw[work] = {"accuracy": score, "seconds": seconds}
        lines.append(Line(f"{work}, fit", "", None, seconds, seconds, None))
        lines.append(Line(f"{work}, accuracy", "", None, score, score, None, unit=""))


if __name__ == "__main__":
    main()
