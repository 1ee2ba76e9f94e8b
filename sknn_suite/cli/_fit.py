"""The command fit: from a table to a model file."""

import argparse
import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.dummy import DummyRegressor

from sknn_suite.checks import find_scorer
from sknn_suite.cli._column_values import summary
from sknn_suite.cli._faults import UsageError
from sknn_suite.cli._files import without_interrupts, writable
from sknn_suite.cli._python import python_of, usual_model
from sknn_suite.cli._suspicion import suspects
from sknn_suite.cli._understanding import (
    Understanding,
    load_training,
    tell_columns,
    understand_table,
)
from sknn_suite.cli._voice import Voice
from sknn_suite.decision import Capacity, CostMatrix
from sknn_suite.device import resolve_device
from sknn_suite.encoding import READ
from sknn_suite.ensemble import AutoClassifier, AutoRegressor
from sknn_suite.exceptions import DataError
from sknn_suite.persistence import save

# Seconds that are kept for checks of the table and the file.
RESERVE = 0.5


def fit(options: argparse.Namespace) -> None:
    """Fit a model on a table, and write it."""
    began, seconds = options.began, options.time
    voice = Voice(options.json)
    path = Path(options.file)
    out = writable(options.out, usual_model(path))
    _check_metric(options.metric)
    resolve_device(options.device)
    frame, dialect, images = load_training(path, options)
    n_read, n_names = frame.shape
    u = understand_table(frame, dialect, images, options)
    del frame
    voice.say(f"{path}: {n_read:,} rows, {n_names} columns ({dialect})")
    _suspect(u, images)
    _tell(u, options.target, voice)
    model = make_model(u, options, images)
    spent = time.perf_counter() - began
    left = max(seconds - spent - RESERVE, 1.0)
    model.set_params(time_limit=left, progress=voice.progress, n_jobs=options.jobs)
    given: dict[str, Any] = {}
    if "weights" in u.aside:
        given["sample_weight"] = u.aside["weights"].to_numpy()
    if "groups" in u.aside:
        given["groups"] = u.aside["groups"].astype(str).to_numpy()
    voice.say(
        f"Fits for {left:.0f} s at most: {spent:.0f} of {seconds:g} s are over. Ctrl-C "
        "ends earlier, with a model."
    )
    with _only_the_voice_speaks():
        model.fit(u.X[u.read], u.y.to_numpy(), **given)
    with without_interrupts():  # another Ctrl-C would lose what the first has kept
        text = python_of(u, options, images)
        model.notes_ = _notes(u, options, path, images, text)
        model.set_params(progress=None, time_limit=seconds)
        model.notes_["seconds"] = time.perf_counter() - began
        save(model, out)
        options.written = out
    _tell_result(model, out, voice)
    voice.say(f"\nThe same in Python:\n\n{text}")


@contextmanager
def _only_the_voice_speaks() -> Iterator[None]:
    """Ignore warnings, which the voice has told, and advice to those who call `fit`."""
    logger = logging.getLogger("sknn_suite")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _check_metric(name: str | None) -> None:
    try:
        find_scorer(name, f"--metric {name}")
    except ValueError as error:
        raise UsageError(str(error)) from None


def _check_suits(name: str | None, y: Any) -> None:
    """Raise DataError if a score is one of labels, but numbers are predicted."""
    if name is None:
        return
    few = y.to_numpy(float)[:10]
    rows = np.zeros((len(few), 1))
    try:
        scorer = find_scorer(name, f"--metric {name}")
        scorer(DummyRegressor().fit(rows, few), rows, few)
    except (ValueError, AttributeError) as error:
        raise DataError(
            f"--metric {name} does not score numbers: {' '.join(str(error).split())}. "
            "Expected r2, neg_root_mean_squared_error or another one of numbers. "
            "Change it, or add --task classify."
        ) from error


def make_model(u: Understanding, options: argparse.Namespace, images: list) -> Any:
    """Make the estimator that the options describe.

    Raises
    ------
    DataError
        If they do not suit the target.
    """
    cv: Any = options.cv or "auto"
    if "time" in u.aside:
        cv = "time"
    common: dict[str, Any] = {
        "scoring": options.metric,
        "cv": cv,
        "device": options.device,
        "random_state": options.seed,
        "text_features": [name for name in options.text if name in u.read] or None,
        "image_features": images or None,
    }
    if not u.is_label:
        if options.costs or options.capacity:
            raise DataError(
                "--costs and --capacity decide between two classes, but numbers are "
                "predicted. Expected a target with labels. Leave them out, or add "
                "--task classify."
            )
        _check_suits(options.metric, u.y)
        return AutoRegressor(**common)
    most = options.capacity_of or len(u.y)
    if options.capacity and options.capacity >= most:
        raise DataError(
            f"--capacity {options.capacity} is not below the number of rows, {most:,}. "
            "Expected a number that leaves rows out. Lower it, or say with "
            "--capacity-of among how many rows you flag."
        )
    threshold: Any = None
    if options.costs:
        threshold = CostMatrix(options.costs)
    elif options.capacity:
        threshold = Capacity(options.capacity, out_of=options.capacity_of)
    if threshold is not None and u.y.nunique() > 2:
        raise DataError(
            f"--costs and --capacity decide between two classes, but the target has "
            f"{u.y.nunique()}. Expected two. Leave them out."
        )
    return AutoClassifier(decision_threshold=threshold, **common)


def _suspect(u: Understanding, images: list[str]) -> None:
    """Remark columns that alone predict the target."""
    read = [n for n, kind in u.kinds.items() if kind in READ and n not in images]
    for name, value in suspects(u.X[read], u.y.to_numpy(), u.is_label):
        score = "area under ROC" if u.is_label else "R2"
        u.remarks.append(
            f"Warning: {name!r} alone predicts the target ({score} {value:.3f}). Drop "
            "it, unless it is known before the target is."
        )


def _tell(u: Understanding, target: str, voice: Voice) -> None:
    if u.is_label:
        counts = u.y.value_counts()
        shown = ", ".join(f"{k} ({v:,})" for k, v in counts[:6].items())
        more = f" and {len(counts) - 6} more" if len(counts) > 6 else ""
        voice.say(f"Predicts {target!r}, {len(counts)} classes: {shown}{more}")
    else:
        voice.say(
            f"Predicts {target!r}, a number from {u.y.min():,.6g} to {u.y.max():,.6g}"
        )
    voice.say(f"Reads {sum(k in (*READ, 'image') for k in u.kinds.values())} columns:")
    for line in tell_columns(u):
        voice.say(line)
    for remark in u.remarks:
        voice.say(remark)
    voice.tell(
        "understood",
        rows=len(u.y),
        target=target,
        task="classify" if u.is_label else "regress",
        columns=dict(u.kinds),
        remarks=u.remarks,
        read_as=str(u.dialect),
    )


def _notes(
    u: Understanding,
    options: argparse.Namespace,
    path: Path,
    images: list[str],
    text: str,
) -> dict[str, Any]:
    """Collect what is kept in the model file beside the model."""
    labels = str(u.y.dtype)
    return {
        "target": options.target,
        "labels": "int" if labels.startswith("int") else "str",
        "roles": {role: str(series.name) for role, series in u.aside.items()},
        "dropped": list(options.drop),
        "source": str(path.resolve()),
        "is_folder": path.is_dir(),
        "read_as": str(u.dialect),
        "dates": u.dialect.dates,
        "words": u.dialect.words,
        "rows": np.asarray(u.y.index, dtype=np.int64),
        "columns": {name: summary(u.X[name], kind) for name, kind in u.kinds.items()},
        "kinds": dict(u.kinds),
        "images": images,
        "remarks": u.remarks,
        "task": options.task,
        "python": text,
    }


def _tell_result(model: Any, out: Path, voice: Voice) -> None:
    table = model.score_table_
    voice.say(f"\n{'member':<14} {model.scoring_:>18} {'spread':>8}  weight  seconds")
    for name, row in table.iterrows():
        spread = "" if np.isnan(row["spread"]) else f"{row['spread']:.4f}"
        voice.say(
            f"{name:<14} {row[model.scoring_]:>18.4f} {spread:>8}  {row['weight']:6.2f}"
            f"  {row['seconds']:7.1f}"
        )
    threshold = getattr(model, "decision_threshold_", None)
    if isinstance(threshold, float):
        voice.say(
            f"Threshold: {model.classes_[1]!s} is predicted from a probability of "
            f"{threshold:.4g} on."
        )
    voice.say(f"Wrote {out} ({out.stat().st_size / 1e6:.1f} MB)")
    stack = table.loc["stack"]
    voice.tell(
        "done",
        out=str(out),
        scoring=model.scoring_,
        score=float(stack[model.scoring_]),
        spread=None if np.isnan(stack["spread"]) else float(stack["spread"]),
        threshold=threshold if isinstance(threshold, float) else None,
        weights=model.weights_,
        interrupted=model.interrupted_,
    )
