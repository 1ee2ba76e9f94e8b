"""Part of the demo: predict which package's docstrings a sentence comes from."""

from pathlib import Path
from typing import Any

from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sknn_suite.cli._comparison import Comparison, Row
from sknn_suite.cli._stage import Stage
from sknn_suite.datasets import load_docstrings
from sknn_suite.plotting import TokenAttentionDisplay
from sknn_suite.text import TextRNNClassifier

FULL: dict[str, Any] = {
    "max_files": 400,
    "n_train": 2_000,
    "n_test": 2_000,
    "max_iter": "auto",
}
QUICK: dict[str, Any] = {"max_files": 30, "n_train": 300, "n_test": 150, "max_iter": 3}


def place_the_sentences(stage: Stage) -> Comparison:
    """Predict the package of a sentence from its words.

    The sentences come from the docstrings of installed packages. The names of the
    packages are removed.

    Parameters
    ----------
    stage : Stage
        Where to run.

    Returns
    -------
    Comparison
        Accuracy, macro F1 and seconds of each step, and a picture.
    """
    size = QUICK if stage.quick else FULL
    X, X_test, y, y_test = draw_sentences(size)
    title = f"Place the sentences: {len(X):,} of numpy, scikit-learn and torch"
    stage.say(f"{title}\nSeconds of fit and predict, with one thread:")
    network = TextRNNClassifier(max_iter=size["max_iter"], random_state=0)
    balanced = clone(network).set_params(class_weight="balanced")
    rows = []
    for step, ours, weight in (
        ("plain", network, None),
        ("balanced classes", balanced, "balanced"),
    ):
        linear = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2)),
            LogisticRegression(C=10, max_iter=1000, class_weight=weight),
        )
        values = []
        for name, model in (("sknn_suite", ours), ("TF-IDF + linear", linear)):
            label = f"{step}, {name}"
            values.append(_measure(stage, label, model, (X, y, X_test, y_test)))
        rows.append(Row(step, *values))
    return Comparison(
        title=title,
        other="scikit-learn",
        measures=("accuracy", "macro F1", "seconds"),
        rows=rows,
        remark=(
            f"Scores on {len(X_test):,} held-out sentences. The scikit-learn model is\n"
            "TF-IDF of words and word pairs with logistic regression."
        ),
        pictures=[_draw(network, X_test, y_test, stage)],
    )


def draw_sentences(size: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    """Draw sentences to train on and to hold out, then their packages in this order.

    Parameters
    ----------
    size : dict of str to int
        Has "max_files", "n_train" and "n_test".
    """
    X, y = load_docstrings(max_files=size["max_files"])
    n_train = min(size["n_train"], len(X) // 2)
    n_test = min(size["n_test"], len(X) - n_train)
    return train_test_split(
        X, y, train_size=n_train, test_size=n_test, stratify=y, random_state=0
    )


def _measure(
    stage: Stage, step: str, model: Any, data: tuple
) -> tuple[float, float, float]:
    X, y, X_test, y_test = data
    found, seconds = stage.time(step, lambda: model.fit(X, y).predict(X_test))
    accuracy = float((found == y_test).mean())
    return accuracy, float(f1_score(y_test, found, average="macro")), seconds


def _draw(model: Any, X: Any, y: Any, stage: Stage) -> Path:
    figure = stage.make_figure(6.3, 5)
    TokenAttentionDisplay.from_estimator(model, X[:6], y[:6], ax=figure.subplots())
    return stage.save(figure, "token_attention.png")
