"""How long fit takes, against scikit-learn, skorch and a plain torch loop.

All contenders train the same net on the same rows for the same number of epochs. Gates
are for float32 rows, with which all contenders do the same arithmetic. Lines with
float64 rows show the cost of that type.
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from _measure import (
    OURS,
    Line,
    compare,
    load_shared,
    parse_options,
    report,
    rounds,
    take_turns,
)
from sklearn.datasets import make_classification
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier
from skorch import NeuralNetClassifier
from torch import nn

from sknn_suite import MLPClassifier

SKLEARN = "scikit-learn"
SKORCH = "skorch as shipped (sets 20 % aside)"
SKORCH_ALL = "skorch, train_split=None"
TORCH = "plain torch loop, fused Adam"
OURS_FLOAT32 = 'sknn_suite, precision="float32"'
OURS_GPU = "sknn_suite on the GPU"


@dataclass(frozen=True)
class Job:
    """Rows and net of a comparison, and the promised speedup."""

    n_rows: int
    n_columns: int
    hidden: int
    batch: int
    epochs: int
    gates: dict[str, float]

    def __str__(self) -> str:
        return (
            f"fit {self.n_rows}x{self.n_columns}, hidden {self.hidden}, "
            f"batch {self.batch}, {self.epochs} epochs"
        )


def main() -> None:
    options = parse_options(__doc__)
    small = Job(1_000, 20, 100, 200, 50, {SKLEARN: 1.5, SKORCH: 10.0, TORCH: 1.0})
    n_rows = 4_000 if options.quick else 32_000
    wide = Job(n_rows, 100, 256, 256, 5, {SKLEARN: 2.5, SKORCH: 3.0, TORCH: 1.0})
    lines: list[Line] = []
    notes = ["Data, scikit-learn's weights and ours come from seed 0."]
    raw: dict[str, Any] = {}
    for job, repeats in ((small, 7), (wide, 5)):
        for dtype in (np.float32, np.float64):
            found = compare_on_rows(job, dtype, rounds(options, repeats), notes, raw)
            lines += found
    lines += compare_on_images(options, notes, raw)
    report("speed_of_fit", __doc__, lines, options, notes=notes, raw=raw)


def same_training(hidden: tuple[int, ...], batch: int, epochs: int) -> dict[str, Any]:
    """Parameters with which scikit-learn and we train exactly `epochs` epochs."""
    return {
        "hidden_layer_sizes": hidden,
        "batch_size": batch,
        "max_iter": epochs,
        "tol": 0.0,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }


def compare_on_rows(
    job: Job, dtype: type, repeats: int, notes: list[str], raw: dict
) -> list[Line]:
    """Two classes, one hidden layer."""
    X, y = make_classification(
        job.n_rows, job.n_columns, n_informative=job.n_columns // 2, random_state=0
    )
    X = X.astype(dtype)
    same = same_training((job.hidden,), job.batch, job.epochs)
    contenders: dict[str, Callable[[], Any]] = {
        SKLEARN: lambda: SklearnMLPClassifier(**same).fit(X, y),
        OURS: lambda: MLPClassifier(device="cpu", **same).fit(X, y),
        TORCH: lambda: fit_plain_loop(X, y, job),
    }
    gates: dict[str, float | None] = {SKLEARN: job.gates[SKLEARN], TORCH: None}
    if dtype == np.float32:
        contenders[SKORCH] = lambda: fit_skorch(X, y, job)
        contenders[SKORCH_ALL] = lambda: fit_skorch(X, y, job, train_split=None)
        gates = {**job.gates, SKORCH_ALL: None}
    models: dict[str, Any] = {}
    seconds = take_turns(contenders, repeats, results=models)
    work = f"{job}, {np.dtype(dtype)}"
    raw[work] = seconds
    notes.append(f"{work}: {accuracies(models, X, y)}")
    return [compare(work, seconds, name, gate) for name, gate in gates.items()]


def compare_on_images(
    options: argparse.Namespace, notes: list[str], raw: dict
) -> list[Line]:
    """Ten classes, two wide hidden layers, float32 rows."""
    n_rows = 5_000 if options.quick else 60_000
    X, y, data = load_images(n_rows)
    epochs = 2
    same = same_training((512, 512), 256, epochs)
    contenders = {
        SKLEARN: lambda: SklearnMLPClassifier(**same).fit(X, y),
        OURS: lambda: MLPClassifier(device="cpu", **same).fit(X, y),
        OURS_FLOAT32: lambda: MLPClassifier(
            device="cpu", precision="float32", **same
        ).fit(X, y),
    }
    if torch.cuda.is_available():
        contenders[OURS_GPU] = lambda: MLPClassifier(device="cuda", **same).fit(X, y)
    models: dict[str, Any] = {}
    seconds = take_turns(contenders, rounds(options, 3), results=models)
    work = f"fit {n_rows}x784 ({data}), hidden (512, 512), batch 256, {epochs} epochs"
    raw[work] = seconds
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    notes.append(f"{work}: {accuracies(models, X, y)}")
    auto = f'{work}, precision="auto" ({"bfloat16" if native else "float32"})'
    lines = [compare(auto, seconds, SKLEARN, 4.0 if native else None)]
    float32 = f'{work}, precision="float32"'
    lines.append(compare(float32, seconds, SKLEARN, 1.4, ours=OURS_FLOAT32))
    if OURS_GPU in seconds:
        gpu = f'{work}, device="cuda"'
        lines.append(compare(gpu, seconds, SKLEARN, None, ours=OURS_GPU))
    return lines


def load_images(n_rows: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Fashion-MNIST if available, else noisy copies of ten random images."""
    shared = load_shared("fashion_mnist")
    if shared is not None:
        rows = shared["train"][:n_rows]
        X = shared["X"][rows].reshape(len(rows), -1).astype(np.float32) / 255
        return X, shared["y"][rows], "Fashion-MNIST"
    generator = np.random.default_rng(0)
    y = generator.integers(10, size=n_rows)
    prototypes = generator.random((10, 784), dtype=np.float32)
    noise = generator.standard_normal((n_rows, 784), dtype=np.float32)
    X = np.clip(prototypes[y] + 0.8 * noise, 0, 1, dtype=np.float32)
    return X, y, "synthetic"


def fit_plain_loop(
    X: np.ndarray, y: np.ndarray, job: Job
) -> Callable[[np.ndarray], np.ndarray]:
    """Train with an expert's plain torch loop; return predict."""
    rows = torch.from_numpy(X.astype(np.float32, copy=False))
    target = torch.from_numpy(y.astype(np.float32))[:, None]
    module = nn.Sequential(
        nn.Linear(X.shape[1], job.hidden), nn.ReLU(), nn.Linear(job.hidden, 1)
    )
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, fused=True)
    criterion = nn.BCEWithLogitsLoss()
    for _ in range(job.epochs):
        order = torch.randperm(len(rows))
        total = torch.zeros(())
        for start in range(0, len(rows), job.batch):
            index = order[start : start + job.batch]
            loss = criterion(module(rows[index]), target[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(index)
        if not math.isfinite(total.item()):
            raise ValueError("The loss became NaN or infinite.")

    def predict(X: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return (module(torch.from_numpy(X).float())[:, 0] > 0).numpy().astype(int)

    return predict


class TwoLayers(nn.Module):
    """Build the same net for skorch, with one output per class."""

    def __init__(self, n_columns: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_columns, hidden), nn.ReLU(), nn.Linear(hidden, 2)
        )

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        return self.layers(X)


def fit_skorch(
    X: np.ndarray, y: np.ndarray, job: Job, **kwargs: Any
) -> NeuralNetClassifier:
    """Train with skorch's own loader and callbacks, shuffled, without output."""
    net = NeuralNetClassifier(
        TwoLayers,
        module__n_columns=X.shape[1],
        module__hidden=job.hidden,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=job.batch,
        max_epochs=job.epochs,
        iterator_train__shuffle=True,
        verbose=0,
        **kwargs,
    )
    return net.fit(X, y.astype(np.int64))


def accuracies(models: dict[str, Any], X: np.ndarray, y: np.ndarray) -> str:
    """Show that each contender has learnt: its accuracy on the training rows."""
    shares = []
    for name, model in models.items():
        predicted = model(X) if name == TORCH else model.predict(X)
        shares.append(f"{name} {np.mean(predicted == y):.3f}")
    return "accuracy on the training rows " + ", ".join(shares)


if __name__ == "__main__":
    main()
