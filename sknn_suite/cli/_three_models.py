"""Part of the demo: three models of the same sentences, stacked without leakage."""

from pathlib import Path
from typing import Any

from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier, StackingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline

from sknn_suite.cli._comparison import Comparison, Row
from sknn_suite.cli._sentences import draw_sentences
from sknn_suite.cli._stage import Stage
from sknn_suite.ensemble import CrossFitStackingClassifier
from sknn_suite.plotting import StackDisplay
from sknn_suite.text import TextRNNClassifier

FULL: dict[str, Any] = {
    "max_files": 400,
    "n_train": 600,
    "n_test": 1_000,
    "n_folds": 3,
    "max_iter": 3,
}
QUICK: dict[str, Any] = {
    "max_files": 30,
    "n_train": 300,
    "n_test": 150,
    "n_folds": 2,
    "max_iter": 2,
}


def ask_three_models(stage: Stage) -> Comparison:
    """Stack a network and a linear model of sentences, then add boosted trees.

    Both stacks have the same members, sentences and number of folds. Ours fits each
    member once per fold, and chooses offsets of the classes by the predictions of the
    folds; a third member costs the fits of that member. scikit-learn's fits each once
    more, and everything again for a third member.

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
    data = X, X_test, y, _ = draw_sentences(size)
    title = f"Ask three models: {len(X):,} sentences of numpy, scikit-learn and torch"
    stage.say(f"{title}\nSeconds of fits, with one thread:")
    members = _make_members(size["max_iter"])
    first, third = members[:2], members[2]
    ours = CrossFitStackingClassifier(
        first, decision_threshold="f1_macro", cv=size["n_folds"]
    )
    plain = StackingClassifier(
        first, LogisticRegression(max_iter=1000), cv=size["n_folds"]
    )
    rows = [
        Row(
            "network + words",
            _measure(stage, "two, sknn_suite", ours, lambda: ours.fit(X, y), data),
            _measure(stage, "two, scikit-learn", plain, lambda: plain.fit(X, y), data),
        )
    ]
    all_three = clone(plain).set_params(estimators=members)
    name, model = third
    rows.append(
        Row(
            f"+ {name}",
            _measure(
                stage,
                f"add {name}, sknn_suite",
                ours,
                lambda: ours.add(name, model, X),
                data,
            ),
            _measure(
                stage,
                "all three again, scikit-learn",
                all_three,
                lambda: all_three.fit(X, y),
                data,
            ),
        )
    )
    return Comparison(
        title=title,
        other="scikit-learn",
        measures=("accuracy", "macro F1", "seconds"),
        rows=rows,
        remark=(
            f"Scores on {len(X_test):,} held-out sentences. Both are stacks of a text "
            "network,\nTF-IDF with a linear model, and TF-IDF with boosted trees. Ours "
            "decides for\nthe macro F1, by predictions of sentences that no model had "
            "seen."
        ),
        pictures=[_draw(ours, stage)],
    )


def _make_members(max_iter: int) -> list[tuple[str, Any]]:
    network = TextRNNClassifier(max_iter=max_iter, n_networks=1, random_state=0)
    words = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=10, max_iter=1000),
    )
    trees = make_pipeline(
        TfidfVectorizer(min_df=2),
        TruncatedSVD(30, random_state=0),
        HistGradientBoostingClassifier(max_iter=40, random_state=0),
    )
    return [("network", network), ("words", words), ("trees", trees)]


def _measure(
    stage: Stage, step: str, model: Any, fit: Any, data: tuple
) -> tuple[float, float, float]:
    _, X_test, _, y_test = data
    _, seconds = stage.time(step, fit)
    found = model.predict(X_test)
    accuracy = float((found == y_test).mean())
    return accuracy, float(f1_score(y_test, found, average="macro")), seconds


def _draw(stack: CrossFitStackingClassifier, stage: Stage) -> Path:
    figure = stage.make_figure(9, 5.5)
    StackDisplay.from_estimator(stack, axes=figure.subplots(2, 2))
    figure.suptitle("Ask three models: what each can do, and adds", x=0.01, ha="left")
    return stage.save(figure, "stack.png")
