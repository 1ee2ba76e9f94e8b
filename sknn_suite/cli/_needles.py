"""Part of the demo: find twenty-five needles among rows of time stamps."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score
from sklearn.neighbors import LocalOutlierFactor

from sknn_suite.anomaly import AutoencoderDetector, VAEDetector
from sknn_suite.cli._comparison import Comparison, Row
from sknn_suite.cli._stage import Stage
from sknn_suite.datasets import make_bursty_timestamps
from sknn_suite.plotting import AnomalyScoreDisplay

FULL = {"n_samples": 10_000, "n_anomalies": 25}
QUICK = {"n_samples": 2_000, "n_anomalies": 10}


def find_the_needles(stage: Stage) -> Comparison:
    """Find rows whose time stamps are close together, among rows whose are not.

    The rows are raw, and there are no labels. All detectors get the share of needles
    as `contamination`.

    Parameters
    ----------
    stage : Stage
        Where to run.

    Returns
    -------
    Comparison
        Recall of the needles, average precision and seconds of each detector, and a
        picture.
    """
    X, y = make_bursty_timestamps(**(QUICK if stage.quick else FULL), random_state=0)
    share = float(y.mean())
    title = f"Find the needles: {y.sum()} bursts in {len(X):,} rows of raw seconds"
    stage.say(f"{title}\nSeconds of fit and score_samples, with one thread:")
    kinds: dict[str, Any] = {
        "AutoencoderDetector": AutoencoderDetector,
        "IsolationForest": IsolationForest,
        "VAEDetector": VAEDetector,
    }
    models = {
        name: kind(contamination=share, random_state=0) for name, kind in kinds.items()
    }
    factor = LocalOutlierFactor(contamination=share, novelty=True)
    models["LocalOutlierFactor"] = factor
    measured = {
        name: _measure(stage, name, model, X, y) for name, model in models.items()
    }
    pairs = (
        ("autoencoder / forest", "AutoencoderDetector", "IsolationForest"),
        ("VAE / local factor", "VAEDetector", "LocalOutlierFactor"),
    )
    return Comparison(
        title=title,
        other="scikit-learn",
        measures=("found", "avg. prec.", "seconds"),
        rows=[Row(step, measured[a], measured[b]) for step, a, b in pairs],
        remark=(
            "found is the share of needles that predict finds. The rows were not "
            "scaled\nor sorted. scikit-learn's models are IsolationForest and "
            "LocalOutlierFactor."
        ),
        pictures=[_draw(models["VAEDetector"], X, y, stage)],
    )


def _measure(
    stage: Stage, name: str, model: Any, X: np.ndarray, y: np.ndarray
) -> tuple[float, float, float]:
    oddness, seconds = stage.time(name, lambda: -model.fit(X).score_samples(X))
    found = model.predict(X)[y == 1] == -1
    return float(found.mean()), float(average_precision_score(y, oddness)), seconds


def _draw(model: Any, X: np.ndarray, y: np.ndarray, stage: Stage) -> Path:
    figure = stage.make_figure()
    name = "Find the needles: scores of VAEDetector"
    AnomalyScoreDisplay.from_estimator(model, X, y, ax=figure.subplots(), name=name)
    return stage.save(figure, "needles.png")
