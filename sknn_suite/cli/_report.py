"""The command report: one HTML page about a model and its data."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)

from sknn_suite.cli._column_values import as_numbers
from sknn_suite.cli._columns import columns_section
from sknn_suite.cli._examples import example_rows
from sknn_suite.cli._figures import Figures
from sknn_suite.cli._files import writable
from sknn_suite.cli._page import Page, short
from sknn_suite.cli._predict import load_model
from sknn_suite.cli._reading import read_table
from sknn_suite.cli._suspicion import shifts, suspects
from sknn_suite.cli._understanding import folder_table
from sknn_suite.cli._voice import Voice
from sknn_suite.data import replacing
from sknn_suite.decision import find_threshold
from sknn_suite.encoding import LEFT_OUT
from sknn_suite.persistence import inspect

# Classes of a confusion table that is shown.
MOST_CLASSES = 20

# Resamples for the spread of a score.
N_RESAMPLES = 100


def report(options: argparse.Namespace) -> None:
    """Write a page about a model."""
    voice = Voice(options.json)
    path = Path(options.model)
    model = load_model(path)
    out = writable(options.out, path.with_suffix(".html"))
    frame, remark = _training_rows(model, options.train)
    test = None if options.test is None else read_table(Path(options.test))[0]
    page = make_page(model, path, frame, remark, test)
    with replacing(out) as file:
        file.write(str(page).encode("utf-8"))
    options.written = out
    voice.say(f"Wrote {out} ({out.stat().st_size / 1e3:.0f} kB)")
    voice.tell("done", out=str(out))


def _training_rows(model: Any, given: str | None) -> tuple[Any, str]:
    """Rows of the training, if their file is still there; else why not."""
    notes = model.notes_
    path = Path(given or notes["source"])
    if not path.exists():
        return None, f"'{path}' is no longer there. Add --train to show its rows."
    frame = folder_table(path) if path.is_dir() else read_table(path)[0]
    rows = notes["rows"]
    columns = {*notes["kinds"], notes["target"]} - set(notes["images"])
    if (len(rows) and rows.max() >= len(frame)) or not columns <= {*frame.columns}:
        return None, f"'{path}' has changed since the fit, so its rows are not shown."
    frame = frame.iloc[rows]
    target = frame[notes["target"]]
    true = model._true
    if hasattr(model, "classes_"):
        same = target.isna().sum() == 0
        shown = model.classes_[true].astype(str)
        own = _as_labels(target, notes["labels"])
        same = same and bool((own == shown).all())
    else:
        numbers = as_numbers(target).astype(float)
        same = bool(np.allclose(numbers, true, equal_nan=True))
    if not same:
        return None, f"'{path}' has changed since the fit, so its rows are not shown."
    for name in notes["images"] if not path.is_dir() else []:
        frame = frame.assign(
            **{name: [str(path.parent / str(cell)) for cell in frame[name]]}
        )
    return frame, ""


def _as_labels(target: Any, kind: str) -> np.ndarray:
    if kind == "int":
        target = target.astype(float).astype("int64")
    return target.astype(str).to_numpy()


def make_page(
    model: Any, path: Path, frame: Any, remark: str, test: Any = None
) -> Page:
    """Make the page.

    Parameters
    ----------
    model : AutoClassifier or AutoRegressor
        The model.
    path : Path
        Its file.
    frame : DataFrame or None
        The training rows, in the order of the fit.
    remark : str
        Why there are none.
    test : DataFrame or None, default=None
        A table to compare the training with.
    """
    notes, figures = model.notes_, Figures()
    page = Page(f"{notes['target']}: report of {path.name}")
    is_label = hasattr(model, "classes_")
    known = np.flatnonzero(np.isfinite(model._stacked[:, 0]) & (model._fold >= 0))
    y, scores = model._true[known], model._stacked[known]
    page.text(
        f"Fitted on {len(model._true):,} rows of {notes['source']} "
        f"({notes['read_as']}). All scores are out of fold: no row is judged by a "
        "model that has seen it.",
        "soft",
    )
    table = model.score_table_
    page.facts(_facts(model, y, scores, table))
    _warn(page, model, frame, test)
    _members(page, figures, model, table)
    if is_label:
        _classes(page, figures, model, y, scores)
    else:
        _numbers(page, figures, y, scores[:, 0])
    columns_section(page, figures, model)
    page.head("Rows to look at")
    if frame is None:
        page.text(remark, "soft")
    else:
        example_rows(page, model, frame, known)
    page.head("How it was made")
    contents = inspect(path)
    versions = ", ".join(f"{n} {v}" for n, v in sorted(contents.versions.items()))
    page.text(
        f"{notes['seconds']:.0f} seconds; {versions}; the model file has "
        f"{contents.n_bytes / 1e6:.1f} MB."
    )
    page.code(notes["python"])
    return page


def _facts(
    model: Any, y: np.ndarray, scores: np.ndarray, table: Any
) -> list[tuple[str, str]]:
    stack = table.loc["stack"]
    spread = stack["spread"]
    told = "" if np.isnan(spread) else f" ± {short(spread, 3)}"
    value = short(stack[model.scoring_])
    found = [(f"{model.scoring_}, spread of folds", f"{value}{told}")]
    if hasattr(model, "classes_"):
        decided = _decided(model, scores)
        several = scores.shape[1] > 2
        found += [
            ("accuracy", _with_spread(accuracy_score, y, decided)),
            ("balanced accuracy", _with_spread(balanced_accuracy_score, y, decided)),
        ]
        if several:
            labels = np.arange(scores.shape[1])
            found.append(
                (
                    "F1, mean of classes",
                    _with_spread(
                        lambda a, b: f1_score(a, b, average="macro"), y, decided
                    ),
                )
            )
            found.append(("log loss", f"{log_loss(y, scores, labels=labels):.3f}"))
        else:
            p = scores[:, 1]
            found += [
                ("F1", _with_spread(f1_score, y, decided)),
                ("area under ROC", _with_spread(roc_auc_score, y, p)),
                ("average precision", _with_spread(average_precision_score, y, p)),
            ]
        return found
    p = scores[:, 0]
    return [
        *found,
        ("R²", _with_spread(r2_score, y, p)),
        ("root mean squared error", _with_spread(root_mean_squared_error, y, p)),
        ("mean absolute error", _with_spread(mean_absolute_error, y, p)),
    ]


def _with_spread(score: Any, y: np.ndarray, found: np.ndarray) -> str:
    """Tell a score, with its deviation over resamples of the rows."""
    source, values = np.random.RandomState(0), []
    for _ in range(N_RESAMPLES if len(y) <= 20_000 else N_RESAMPLES // 5):
        rows = source.randint(len(y), size=len(y))
        if len(np.unique(y[rows])) > 1:
            values.append(score(y[rows], found[rows]))
    spread = np.std(values) if len(values) > 1 else 0.0
    return f"{short(score(y, found), 3)} ± {short(spread, 1)}"


def _decided(model: Any, scores: np.ndarray) -> np.ndarray:
    if model._rule is None:
        return scores.argmax(axis=1)
    return model._rule.decide(scores[:, 1] if scores.shape[1] == 2 else scores)


def _warn(page: Page, model: Any, frame: Any, test: Any) -> None:
    notes, found = model.notes_, []
    is_label = hasattr(model, "classes_")
    if frame is not None:
        read = [n for n, kind in notes["kinds"].items() if kind not in LEFT_OUT]
        read = [n for n in read if notes["kinds"][n] != "image"]
        for name, value in suspects(frame[read], model._true, is_label):
            score = "area under ROC" if is_label else "R²"
            found.append(
                f"The column {name!r} alone predicts {notes['target']!r} almost "
                f"perfectly ({score} {value:.3f}). Is it known before the target is? "
                "If not, drop it."
            )
    if test is not None:
        for name, index, told in shifts(notes["columns"], test)[:10]:
            found.append(
                f"The column {name!r} is distributed otherwise in the test table "
                f"(stability index {index:.2f}): {told}."
            )
        if not any("test table" in text for text in found):
            page.text("No column of the test table has shifted.")
    if model.interrupted_:
        found.append("Ctrl-C ended the fit early, so that members are missing.")
    for name, reason in model.failures_.items():
        found.append(f"The member {name!r} was left out: {reason}.")
    if found:
        page.head("Warnings")
        for text in found:
            page.warning(text)


def _members(page: Page, figures: Figures, model: Any, table: Any) -> None:
    page.head("Scores and members")
    rows = []
    for name, row in table.iterrows():
        spread = row["spread"]
        rows.append(
            [
                name,
                _aligned(row[model.scoring_]),
                "-" if np.isnan(spread) else _aligned(spread),
                f"{row['weight']:.2f}",
                f"{row['seconds']:.1f}",
            ]
        )
    head = ["member", model.scoring_, "spread", "weight", "seconds"]
    page.table(head, rows, last_is_sum=True)
    means = table[model.scoring_].to_numpy()
    spreads = np.nan_to_num(table["spread"].to_numpy())
    svg = figures.scores(list(table.index), means, spreads, model.scoring_)
    page.figures([(svg, "Mean and spread of the folds; the right is better.")])


def _aligned(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.0f}"


def _classes(
    page: Page, figures: Figures, model: Any, y: np.ndarray, scores: np.ndarray
) -> None:
    labels = [str(label) for label in model.classes_]
    page.head("Probabilities")
    if len(labels) == 2:
        p = scores[:, 1]
        hit = (y == 1).astype(float)
        page.figures(
            [
                (figures.roc(y, p), f"Positive is {labels[1]!r}."),
                (figures.precision_recall(y, p), "Dotted: the share of positives."),
                (figures.calibration(hit, p), "On the dotted line, they are right."),
            ]
        )
    else:
        decided = scores.argmax(axis=1)
        p = scores[np.arange(len(y)), decided]
        hit = (y == decided).astype(float)
        page.figures([(figures.calibration(hit, p), "Of the most probable class.")])
    page.head("Decisions")
    if len(labels) == 2:
        wanted = model.decision_threshold
        if wanted is None and isinstance(model.decision_threshold_, float):
            wanted = model.scoring_
        is_fixed = wanted is None or isinstance(wanted, int | float)
        choice = find_threshold(y, scores[:, 1], "f1" if is_fixed else wanted)
        chosen = model.decision_threshold_
        chosen = 0.5 if chosen is None else float(chosen)
        name = "F1" if is_fixed else str(choice.criterion)
        page.figures(
            [
                (
                    figures.threshold(choice.curve, chosen),
                    f"{labels[1]!r} is predicted from this probability on.",
                ),
                (
                    figures.criterion(choice.curve, chosen, _shortened(name)),
                    f"Its best value, {choice.value:.4g}, is "
                    f"{_place(choice.threshold)}.",
                ),
            ]
        )
    decided = _decided(model, scores)
    counts = confusion_matrix(y, decided, labels=np.arange(len(labels)))
    if len(labels) <= MOST_CLASSES:
        page.confusion(labels, counts)
    rows = []
    for k in np.argsort(-counts.sum(axis=1), kind="stable")[:50]:
        n, flagged, right = counts[k].sum(), counts[:, k].sum(), counts[k, k]
        precision = "-" if not flagged else f"{right / flagged:.3f}"
        recall = "-" if not n else f"{right / n:.3f}"
        rows.append([labels[k], f"{n:,}", precision, recall])
    page.table(["class", "rows", "precision", "recall"], rows)


def _place(threshold: float) -> str:
    if np.isinf(threshold):
        return "reached if all rows are flagged" if threshold < 0 else "without flags"
    return f"at {threshold:.4g}"


def _shortened(name: str) -> str:
    if name.startswith("the cost matrix"):
        return "negative cost"
    return name.removeprefix("the score ").strip("'")[:30]


def _numbers(page: Page, figures: Figures, y: np.ndarray, found: np.ndarray) -> None:
    page.head("Residuals")
    page.figures(
        [
            (figures.truth(y, found), "On the dotted line, they are right."),
            (figures.residuals(y, found), "Above zero, the prediction is too small."),
            (figures.residual_histogram(y, found), "All rows, ends clipped."),
        ]
    )
