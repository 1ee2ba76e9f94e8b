"""Draw the pictures of the start page from the code of the start page.

Run it from the root of the repository: ``python docs/images/draw_jobs.py``.
"""

import doctest
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay

from sknn_suite.plotting import (
    AnomalyScoreDisplay,
    PredictionGallery,
    ThresholdCurveDisplay,
)

HERE = Path(__file__).parent


def run_page() -> dict:
    """Run the code of the start page and return its names."""
    text = (HERE.parent / "index.rst").read_text(encoding="utf-8")
    names: dict = {}
    for example in doctest.DocTestParser().get_examples(text):
        exec(example.source, names)
    return names


def draw(names: dict) -> None:
    """Draw and save one picture per job."""
    size = {"figsize": (7, 3.6), "layout": "constrained"}

    _, ax = plt.subplots(**size)
    ThresholdCurveDisplay.from_estimator(
        names["table_model"], names["X_test"], names["y_test"], ax=ax
    )
    save("tables")

    _, ax = plt.subplots(**size)
    AnomalyScoreDisplay.from_estimator(
        names["detector"], names["rows"], names["is_burst"], ax=ax
    )
    save("anomalies")

    _, ax = plt.subplots(**size)
    ConfusionMatrixDisplay.from_estimator(
        names["text_model"],
        names["new_texts"],
        names["new_packages"],
        cmap="Blues",
        colorbar=False,
        ax=ax,
    )
    save("texts")

    PredictionGallery.from_estimator(
        names["image_model"],
        names["new_images"],
        names["new_digits"],
        kind="most_uncertain",
        n_per_class=6,
        figure=plt.figure(figsize=(6, 8.5), layout="constrained"),
    )
    save("images")


def save(job: str) -> None:
    plt.savefig(HERE / f"job_{job}.png", dpi=150)
    plt.close("all")


if __name__ == "__main__":
    draw(run_page())
