"""Part of the demo: classify small images, from many and from few examples."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from sknn_suite.cli._comparison import Comparison, Row
from sknn_suite.cli._stage import Stage
from sknn_suite.images import CNNClassifier
from sknn_suite.plotting import PredictionGallery

# Epochs.
FULL, QUICK = "auto", 8


def learn_the_images(stage: Stage) -> Comparison:
    """Classify the digits as images, trained on all of them and on few.

    Parameters
    ----------
    stage : Stage
        Where to run.

    Returns
    -------
    Comparison
        Accuracy and seconds of a convolutional network and of a support-vector
        machine, and a gallery of the network's least certain images.
    """
    data = load_digits()
    pixels = (data.images * 15).astype(np.uint8)
    split = train_test_split(
        pixels, data.target, test_size=0.3, random_state=0, stratify=data.target
    )
    X, X_test, y, y_test = split
    title = f"Learn images: {len(X):,} digits of 8 x 8 pixels, uint8, and 200 of them"
    stage.say(f"{title}\nSeconds of fit and predict, with one thread:")
    rows = []
    for step, n in (("all images", len(X)), ("200 images", 200)):
        network = CNNClassifier(max_iter=QUICK if stage.quick else FULL, random_state=0)
        svc = SVC()
        ours = _measure(stage, step, network, (X[:n], y[:n], X_test, y_test))
        flat = (X[:n].reshape(n, -1) / 16, y[:n], X_test.reshape(len(X_test), -1) / 16)
        theirs = _measure(stage, step, svc, (*flat, y_test))
        rows.append(Row(step, ours, theirs))
        if n == len(X):
            picture = _draw(network, X_test, y_test, stage)
    return Comparison(
        title=title,
        other="scikit-learn",
        measures=("accuracy", "seconds"),
        rows=rows,
        remark="The scikit-learn model is SVC, its best on these rows.",
        pictures=[picture],
    )


def _measure(stage: Stage, step: str, model: Any, data: tuple) -> tuple[float, float]:
    X, y, X_test, y_test = data
    accuracy, seconds = stage.time(
        f"{step}, {type(model).__name__}",
        lambda: model.fit(X, y).score(X_test, y_test),
    )
    return float(accuracy), seconds


def _draw(model: CNNClassifier, X: np.ndarray, y: np.ndarray, stage: Stage) -> Path:
    figure = stage.make_figure(6, 12)
    PredictionGallery.from_estimator(model, X, y, kind="most_uncertain", figure=figure)
    return stage.save(figure, "images.png")
