"""`model_card`: a page of Markdown about a fitted model."""

from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_outlier_detector, is_regressor
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.utils.validation import check_is_fitted

from sknn_suite.persistence._file import best_of, versions

# Resamples of the test rows, from which the spread of a score is computed.
N_RESAMPLES = 200

# Epochs of a curve that the page shows.
N_EPOCHS = 10


def model_card(
    model: Any, X_test: Any, y_test: Any, *, random_state: int | None = 0
) -> str:
    """Describe a fitted model for those who will use it, as Markdown.

    The page has the steps and parameters that differ from their defaults, the columns
    and classes, scores of the test rows with the range of the middle 95 % of 200
    resamples, the decision threshold, the loss curve, versions, and what the page
    cannot know, to be filled in.

    Parameters
    ----------
    model : estimator
        A fitted classifier, regressor or detector; of a search its best estimator.
    X_test, y_test : array-like
        Rows that the model has not seen, and the truth. For a detector, y_test is 1
        for outliers and 0 for others.
    random_state : int or None, default=0
        Seed of the resamples.

    Returns
    -------
    card : str
        The page.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_suite import MLPClassifier
    >>> from sknn_suite.persistence import model_card
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(max_iter=1000, random_state=0).fit(X[::2], y[::2])
    >>> card = model_card(model, X[1::2], y[1::2])
    >>> print(card.splitlines()[0])
    # MLPClassifier
    """
    model = best_of(model)
    check_is_fitted(model)
    parts = [
        f"# {type(model).__name__}",
        "Fill in: what the model is for, who has trained it, and on which rows.",
        "## Steps\n" + "\n".join(_steps(model)),
        "## Data\n" + "\n".join(_data(model, X_test)),
        "## Scores\n" + "\n".join(_scores(model, X_test, y_test, random_state)),
    ]
    curve = _curve(_last(model))
    if curve:
        parts.append("## Training\n" + "\n".join(curve))
    shown = [f"- {name} {version}" for name, version in versions().items()]
    parts.append("## Versions\n" + "\n".join(shown))
    parts.append(
        "## Limits\n"
        "- The scores are those of rows like the test rows. Fill in: for which others "
        "it was not tested.\n"
        "- Rows that are unlike all training rows get a prediction too.\n"
        "- Fill in: what a wrong prediction costs, and who checks it."
    )
    return "\n\n".join(parts) + "\n"


def _last(model: Any) -> Any:
    return model.steps[-1][1] if hasattr(model, "steps") else model


def _steps(model: Any) -> list[str]:
    """Write each estimator with the parameters that differ from the defaults."""
    steps = model.steps if hasattr(model, "steps") else [("model", model)]
    lines = []
    for name, step in steps:
        text = " ".join(repr(step).split())
        lines.append(f"- {name}: `{text}`")
    return lines


def _data(model: Any, X: Any) -> list[str]:
    names = getattr(model, "feature_names_in_", None)
    count = getattr(model, "n_features_in_", None)
    lines = []
    if names is not None:
        dtypes = getattr(X, "dtypes", None)
        kinds = ["?"] * len(names) if dtypes is None else [str(t) for t in dtypes]
        lines += ["| column | type |", "| --- | --- |"]
        lines += [f"| {_cell(n)} | {_cell(k)} |" for n, k in zip(names, kinds)]
    elif count is not None:
        lines.append(f"- {count} columns")
    if hasattr(model, "classes_"):
        lines.append("")
        lines.append("- classes: " + ", ".join(_cell(c) for c in model.classes_[:50]))
    return lines


def _cell(value: Any) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def _scores(model: Any, X: Any, y: Any, seed: int | None) -> list[str]:
    y = np.asarray(y)
    measures = _measures(model, X, y)
    random_state = np.random.RandomState(seed)
    chosen = [random_state.randint(0, len(y), len(y)) for _ in range(N_RESAMPLES)]
    lines = ["| score | test rows | middle 95 % of resamples |", "| --- | --- | --- |"]
    for name, (function, predicted) in measures.items():
        value = function(y, predicted)
        spread = []
        for rows in chosen:
            try:
                spread.append(function(y[rows], predicted[rows]))
            except ValueError:  # a resample without one of the classes
                continue
        known = np.array(spread)[np.isfinite(spread)] if spread else np.array([])
        low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan,) * 2
        lines.append(f"| {name} | {value:.4g} | {low:.4g} to {high:.4g} |")
    lines += ["", f"- {len(y)} test rows"]
    threshold = getattr(model, "threshold", None)
    if is_outlier_detector(model):
        lines.append(f"- threshold of the scores: {_last(model).offset_:.4g}")
    elif is_classifier(model) and len(model.classes_) == 2:
        fixed = isinstance(threshold, float)
        shown = f"{threshold:.4g}" if fixed else "the more probable class"
        lines.append(f"- decision threshold: {shown}")
    return lines


def _measures(model: Any, X: Any, y: np.ndarray) -> dict[str, tuple[Any, np.ndarray]]:
    """Give the function and the predictions of each score."""
    if is_outlier_detector(model):
        unusual = -np.asarray(model.score_samples(X))
        found = (np.asarray(model.predict(X)) == -1).astype(int)
        return {
            "ROC AUC": (roc_auc_score, unusual),
            "average precision": (average_precision_score, unusual),
            "F1 at the threshold": (f1_score, found),
        }
    if not (is_classifier(model) or is_regressor(model)):
        raise ValueError(
            f"{type(model).__name__} predicts neither classes nor numbers nor "
            "outliers. Expected a classifier, a regressor or a detector. Pass the "
            "whole pipeline."
        )
    predicted = np.asarray(model.predict(X))
    if is_regressor(model):
        if predicted.shape != y.shape:
            raise ValueError(
                f"The model predicts the shape {predicted.shape} for y of the shape "
                f"{y.shape}. Expected one prediction for each value of y. Pass the "
                "card a model of one quantile."
            )
        return {
            "R2": (r2_score, predicted),
            "mean absolute error": (mean_absolute_error, predicted),
            "root mean squared error": (root_mean_squared_error, predicted),
        }
    if predicted.ndim == 2:
        return {"F1, mean of labels": (_mean_f1, predicted)}
    measures: dict[str, tuple[Any, np.ndarray]] = {
        "accuracy": (_accuracy, predicted),
        "balanced accuracy": (_balanced, predicted),
    }
    if hasattr(model, "predict_proba"):
        proba = np.asarray(model.predict_proba(X))
        classes = list(model.classes_)
        measures["log loss"] = (lambda t, p: log_loss(t, p, labels=classes), proba)
        if len(classes) == 2:
            measures["ROC AUC"] = (
                lambda t, p: roc_auc_score(t == classes[1], p[:, 1]),
                proba,
            )
    return measures


def _accuracy(y: np.ndarray, predicted: np.ndarray) -> float:
    return float((y == predicted).mean())


def _balanced(y: np.ndarray, predicted: np.ndarray) -> float:
    seen = np.isin(predicted, np.unique(y))  # else scikit-learn warns
    if not seen.all():
        shares = [(predicted[y == label] == label).mean() for label in np.unique(y)]
        return float(np.mean(shares))
    return float(balanced_accuracy_score(y, predicted))


def _mean_f1(y: np.ndarray, predicted: np.ndarray) -> float:
    return float(f1_score(y, predicted, average="macro", zero_division=0))


def _curve(model: Any) -> list[str]:
    """Write some epochs of the record of the training."""
    history = getattr(model, "history_", None)
    if not history:
        return []
    keys = [k for k in ("train_loss", "valid_loss", "valid_score") if k in history[0]]
    step = max(1, -(-len(history) // N_EPOCHS))
    shown = history[::step]
    if shown[-1] is not history[-1]:
        shown.append(history[-1])
    head = [name.replace("_", " ") for name in ("epoch", *keys)]
    lines = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    for row in shown:
        cells = [str(row["epoch"]), *(f"{row[key]:.4g}" for key in keys)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines
