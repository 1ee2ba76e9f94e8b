"""The command predict: from a model and a table to predictions, in pieces."""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sknn_suite.cli._reading import (
    find_file,
    pandas,
    read_chunks,
    read_table,
    understand,
)
from sknn_suite.cli._understanding import folder_table, image_paths
from sknn_suite.cli._voice import Voice
from sknn_suite.data import replacing
from sknn_suite.encoding import READ
from sknn_suite.exceptions import DataError
from sknn_suite.persistence import load


def load_model(path: Path) -> Any:
    """Load a model that the command line has made.

    Raises
    ------
    DataError
        If it is another one.
    """
    model = load(path)
    if not getattr(model, "notes_", None):
        raise DataError(
            f"'{path}' holds a model ({type(model).__name__}) that no command made. "
            "Expected a file that `sknn-suite fit` wrote. Use it from Python: "
            "sknn_suite.persistence.load."
        )
    return model


def predict(options: argparse.Namespace) -> None:
    """Predict the rows of a table, and write a table."""
    voice = Voice(options.json)
    model = load_model(Path(options.model))
    path = Path(options.file)
    like = None if options.like is None else read_table(Path(options.like))[0]
    out = Path(options.out or f"{path.stem.split('.')[0]}_predictions.csv")
    if not out.parent.is_dir() or out.is_dir():
        raise DataError(
            f"'{out}' cannot be written. Expected the name of a file in a directory "
            "that exists. Change --out."
        )
    n_rows, held = 0, []
    with replacing(out) as file:
        for frame in _frames(path, model):
            if n_rows == 0:
                for line in check_frame(frame, model):
                    voice.say(line)
            result = predict_frame(model, frame, path, options.proba, like)
            if like is None:
                text = result.to_csv(index=False, header=n_rows == 0)
                file.write(text.encode("utf-8"))
            else:  # its order may be another
                held.append(result)
            n_rows += len(result)
        if like is not None:
            result = _in_order_of(
                pandas().concat(held), like, model.notes_["roles"].get("id"), voice
            )
            file.write(result.to_csv(index=False).encode("utf-8"))
    if not n_rows:
        voice.say(f"'{path}' has no rows.")
    voice.say(f"Wrote {out}: {n_rows:,} rows")
    voice.tell("done", out=str(out), rows=n_rows)


def _frames(path: Path, model: Any) -> Iterator[Any]:
    """Read a table in parts, with the dates and words of the fit.

    A few rows may not tell whether the day or the month comes first.
    """
    if path.is_dir():
        yield folder_table(path)[["image"]]
        return
    find_file(path)
    dialect, notes = understand(path), model.notes_
    dates = {n: style for n, style in notes["dates"].items() if n in dialect.names}
    words = {*dialect.words, *notes["words"]} & {*dialect.names}
    dialect = replace(dialect, dates=dates, words=sorted(words - dates.keys()))
    yield from read_chunks(path, dialect)


def check_frame(frame: Any, model: Any) -> list[str]:
    """Compare the columns of a table with those of the fit; return what is new.

    Raises
    ------
    DataError
        If a column that is read is missing, or has words in place of numbers.
    """
    notes = model.notes_
    names = list(frame.columns)
    read = [n for n, kind in model.column_kinds_.items() if kind in (*READ, "image")]
    missing = [name for name in read if name not in names]
    if missing:
        raise DataError(
            f"The table lacks {len(missing)} of {len(read)} columns that the model "
            f"reads: {', '.join(map(repr, missing[:5]))}. Expected all of them. Add "
            "them, with empty cells if nothing is known."
        )
    types = pandas().api.types
    for name in read:
        if model.column_kinds_[name] not in ("number", "boolean"):
            continue
        known = frame[name].dropna()
        numbers = pandas().to_numeric(known, errors="coerce")
        if types.is_numeric_dtype(known) or not numbers.isna().any():
            continue
        bad = known[numbers.isna()].iloc[0]
        raise DataError(
            f"Column {name!r} has the value {str(bad)!r}. Expected numbers, as in the "
            "fit. Mend the cells, or leave them empty."
        )
    roles = {notes["target"], *notes["roles"].values(), *notes["dropped"]}
    new = [n for n in names if n not in model.column_kinds_ and n not in roles]
    if not new:
        return []
    return [f"Not read, since the fit did not have them: {', '.join(new[:8])}"]


def features_of(model: Any, frame: Any, path: Path) -> Any:
    """Columns that the model gets; those that it leaves out may be missing."""
    notes, found = model.notes_, {}
    for name in model.feature_names_in_:
        if name in frame:
            found[name] = frame[name]
        else:
            found[name] = pandas().Series(np.nan, index=frame.index)
    X = pandas().DataFrame(found)
    folder = Path() if path.is_dir() else path.parent
    if not path.is_dir():
        for name in notes["images"]:
            X[name] = image_paths(X[name], folder, name)
    for name, kind in model.column_kinds_.items():
        if kind in ("number", "boolean") and X[name].dtype == object:
            X[name] = pandas().to_numeric(X[name])
        elif kind in ("category", "text") and not notes["columns"][name][
            "dtype"
        ].startswith(("int", "float", "bool")):
            X[name] = X[name].astype(object).where(X[name].isna(), X[name].astype(str))
    return X


def predict_frame(model: Any, frame: Any, path: Path, proba: bool, like: Any) -> Any:
    """Predict rows; the result has the columns that are written."""
    X = features_of(model, frame, path)
    notes = model.notes_
    is_label = hasattr(model, "classes_")
    columns: dict[str, Any] = {}
    id_name = notes["roles"].get("id")
    if id_name and id_name in frame:
        columns[id_name] = frame[id_name].to_numpy()
    else:
        columns["row"] = np.arange(1, len(frame) + 1) + int(frame.index[0])
    scores = model.predict_proba(X) if is_label else None
    labels = model.predict(X)
    if like is not None:
        return _like(frame, like, model, labels, scores, proba)
    columns[notes["target"]] = labels
    if proba:
        if scores is None:
            raise DataError(
                "--proba was given, but the model predicts numbers. Expected a model "
                "of labels. Leave it out."
            )
        for label, column in zip(model.classes_, scores.T):
            columns[f"proba_{label}"] = column
    return pandas().DataFrame(columns)


def _like(
    frame: Any, like: Any, model: Any, labels: Any, scores: Any, proba: bool
) -> Any:
    """Columns with the names and the order of a sample."""
    names = list(like.columns)
    columns: dict[str, Any] = {}
    open_names = []
    classes = [] if scores is None else [str(label) for label in model.classes_]
    for name in names:
        if name in frame and name != model.notes_["target"]:
            columns[name] = frame[name].to_numpy()
            continue
        columns[name] = None
        open_names.append(name)
    by_class = {}
    for name in open_names:
        for i, label in enumerate(classes):
            if name in (label, f"proba_{label}") or name.endswith(f"_{label}"):
                by_class[name] = i
    if len(open_names) == 1 and scores is not None and proba:
        columns[open_names[0]] = scores[:, -1 if scores.shape[1] == 2 else 0]
        if scores.shape[1] > 2:
            columns[open_names[0]] = scores.max(axis=1)
    elif len(open_names) == 1:
        columns[open_names[0]] = labels
    elif open_names and len(by_class) == len(open_names):
        for name, place in by_class.items():
            columns[name] = scores[:, place]
    else:
        raise DataError(
            f"The sample has the columns {', '.join(map(repr, open_names[:5]))}, which "
            "are neither in the table nor one for each class. Expected one for the "
            "prediction. Change --like."
        )
    return pandas().DataFrame(columns)


def _in_order_of(result: Any, like: Any, id_name: str | None, voice: Voice) -> Any:
    """Put the rows into the order of a sample, if it has the same ids."""
    key = id_name if id_name in like else like.columns[0]
    ids, wanted = result[key].tolist(), like[key].tolist()
    if wanted == ids or len(set(ids)) < len(ids):
        return result
    if set(wanted) != set(ids):
        voice.say(
            f"The sample has {len(wanted):,} rows with other ids than the table, so "
            "the order is that of the table."
        )
        return result
    found = result.set_index(key).loc[wanted].reset_index()
    return found[list(like.columns)]
