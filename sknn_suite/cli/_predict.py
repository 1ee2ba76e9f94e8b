"""The command predict: from a model and a table to predictions, in pieces."""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sknn_suite.cli._column_values import WORDS, as_numbers
from sknn_suite.cli._dialect import pandas, understand
from sknn_suite.cli._files import find_file, writable
from sknn_suite.cli._reading import read_chunks, read_table
from sknn_suite.cli._sample import Sample
from sknn_suite.cli._understanding import folder_table, image_paths, listed
from sknn_suite.cli._voice import Voice
from sknn_suite.data import replacing
from sknn_suite.encoding import READ, parse_numbers
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
    out = writable(options.out, f"{path.stem.split('.')[0]}_predictions.csv")
    if options.proba and not hasattr(model, "classes_"):
        raise DataError(
            "--proba was given, but the model predicts numbers. Expected a model of "
            "labels. Leave it out."
        )
    like = None if options.like is None else read_table(Path(options.like))[0]
    n_rows, held, remarks = 0, [], []
    sample: Sample | None = None
    with replacing(out) as file:
        for frame in _frames(path, model):
            new = check_frame(frame, model)
            if n_rows == 0:
                remarks += new
                if like is not None:
                    names = list(frame.columns)
                    sample = Sample.understand(like, names, model, options.proba)
                    remarks += sample.remarks
                for line in remarks:
                    voice.say(line)
            result = predict_frame(model, frame, path, options.proba, sample)
            if sample is None:
                text = result.to_csv(index=False, header=n_rows == 0)
                file.write(text.encode("utf-8"))
            else:  # its order may be another
                held.append(result)
            n_rows += len(result)
        if sample is not None:
            result, about_order = sample.sort(
                pandas().concat(held), model.notes_["roles"].get("id")
            )
            for line in about_order:
                voice.say(line)
            remarks += about_order
            file.write(result.to_csv(index=False).encode("utf-8"))
    options.written = out
    if not n_rows:
        voice.say(f"'{path}' has no rows.")
    voice.say(f"Wrote {out}: {n_rows:,} rows")
    voice.tell("done", out=str(out), rows=n_rows, remarks=remarks)


def _frames(path: Path, model: Any) -> Iterator[Any]:
    """Read a table in parts, with the dates and words of the fit.

    A few rows may not tell whether the day or the month comes first, or that a column
    of codes has letters elsewhere.
    """
    if path.is_dir():
        yield folder_table(path)[["image"]]
        return
    find_file(path)
    dialect, notes = understand(path), model.notes_
    dates = {n: style for n, style in notes["dates"].items() if n in dialect.names}
    words = {*dialect.words, *notes["words"]}
    words |= {
        name
        for name, kind in notes["kinds"].items()
        if kind in ("category", "text") and notes["columns"][name]["dtype"] in WORDS
    }
    words &= {*dialect.names}
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
        known = as_numbers(frame[name].dropna(), strict=False)
        numbers = pandas().to_numeric(known, errors="coerce")
        if types.is_numeric_dtype(known) or not numbers.isna().any():
            continue
        words = [str(cell) for cell in known[numbers.isna()]]
        bad = [w for w in words if parse_numbers(np.array([w]), strict=False) is None]
        raise DataError(
            f"Column {name!r} has the value {(bad or words)[0]!r}. Expected numbers, "
            "as in the fit. Mend the cells, or leave them empty."
        )
    roles = {notes["target"], *notes["roles"].values(), *notes["dropped"]}
    new = [n for n in names if n not in notes["kinds"] and n not in roles]
    if not new:
        return []
    return [f"Not read, since the fit did not have them: {listed(new)}"]


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
    is_number = pandas().api.types.is_numeric_dtype
    for name, kind in model.column_kinds_.items():
        if kind in ("number", "boolean") and not is_number(X[name]):
            X[name] = pandas().to_numeric(as_numbers(X[name], strict=False))
        elif kind in ("category", "text") and not notes["columns"][name][
            "dtype"
        ].startswith(("int", "float", "bool")):
            X[name] = X[name].astype(object).where(X[name].isna(), X[name].astype(str))
    return X


def predict_frame(
    model: Any, frame: Any, path: Path, proba: bool, sample: Sample | None
) -> Any:
    """Predict rows; the result has the columns that are written."""
    X = features_of(model, frame, path)
    notes = model.notes_
    scores = model.predict_proba(X) if hasattr(model, "classes_") else None
    labels = model.predict(X)
    if sample is not None:
        return sample.fill(frame, labels, scores)
    columns: dict[str, Any] = {}
    id_name = notes["roles"].get("id")
    if id_name and id_name in frame:
        columns[id_name] = frame[id_name].to_numpy()
    else:
        columns["row"] = np.arange(1, len(frame) + 1) + int(frame.index[0])
    columns[notes["target"]] = labels
    if proba and scores is not None:
        for label, column in zip(model.classes_, scores.T):
            columns[f"proba_{label}"] = column
    return pandas().DataFrame(columns)
