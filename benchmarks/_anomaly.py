"""Data and detectors of the anomaly benchmarks."""

import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from _measure import ROOT, load_shared
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_suite import AutoencoderDetector, VAEDetector

OURS: dict[str, Callable[[int], Any]] = {
    "AutoencoderDetector": lambda seed: AutoencoderDetector(random_state=seed),
    "VAEDetector": lambda seed: VAEDetector(random_state=seed),
}


def oddness(model: Any, X: np.ndarray) -> np.ndarray:
    """Scores, larger for more unusual rows, as in PyOD's decision_function."""
    if hasattr(model, "score_samples"):
        return -model.score_samples(X)
    return model.decision_function(X)


def peers() -> dict[str, Callable[[int], Any]]:
    """Detectors to compare with, including those of PyOD if it is installed."""
    found: dict[str, Callable[[int], Any]] = {
        "IsolationForest": lambda seed: IsolationForest(random_state=seed)
    }
    if importlib.util.find_spec("pyod") is None:
        return found
    from pyod.models.auto_encoder import AutoEncoder
    from pyod.models.vae import VAE

    found["PyOD AutoEncoder"] = lambda seed: AutoEncoder(random_state=seed, verbose=0)
    found["PyOD VAE"] = lambda seed: VAE(random_state=seed, verbose=0)
    return found


def adbench(quick: bool) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield standardised ADBench tables: name, rows, labels (1 for anomalies)."""
    folder = Path(os.environ.get("SKNN_DATA", ROOT / ".." / "shared" / "data"))
    if not (folder / "anomaly" / "adbench").exists():
        print(f"ADBench: skipped, there is no data folder {folder} (set SKNN_DATA)")
        return
    catalog = json.loads((folder / "catalog.json").read_text(encoding="utf-8"))
    names = [name for name in catalog if name.startswith("adbench/")]
    for name in sorted(names)[: 3 if quick else None]:
        data = load_shared(name)
        if data is not None:
            X = StandardScaler().fit_transform(np.asarray(data["X"], float))
            yield name.removeprefix("adbench/"), X, np.asarray(data["y"]).astype(int)


def nsl_kdd() -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return normal training rows, test rows, and test labels (1 for attacks)."""
    data = load_shared("nsl_kdd")
    if data is None:
        return None
    X, y = data["X"], np.asarray(data["y"]).astype(str)
    train = data["train"][y[data["train"]] == "normal"]
    texts = [c for c in X.columns if X[c].dtype.kind not in "iuf"]
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoder.fit(X[texts].iloc[train].astype(str))
    numbers = X.drop(columns=texts).astype(float).to_numpy()
    table = np.hstack([numbers, encoder.transform(X[texts].astype(str))])
    test = data["test"]
    return table[train], table[test], (y[test] != "normal").astype(int)
