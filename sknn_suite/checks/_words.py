"""Words in tables of numbers: the error names the columns, and the way out."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

import numpy as np

from sknn_suite.exceptions import DataError

# Columns that an error lists.
MOST_LISTED = 5

# How names of image files end.
_IMAGE = re.compile(r"\.(png|jpe?g|bmp|gif|tiff?|webp|p[bgp]m)", re.IGNORECASE)


@contextmanager
def words_named(X: Any) -> Iterator[None]:
    """Add columns and remedy to the error that NumPy raises for words in X.

    Raises
    ------
    DataError
        In place of a ValueError, if a column of X holds words.
    """
    try:
        yield
    except ValueError as error:
        found = _find_words(X) if "could not convert string" in str(error) else {}
        if not found:
            raise
        raise DataError(_tell(X, found)) from error


def _tell(X: Any, found: dict[Any, tuple[int, Any]]) -> str:
    (name, (row, word)), *_ = found.items()
    start = (
        f"could not convert string to float: {word!r}, in column {name!r}, row {row} "
        "of X. Expected numbers in every column"
    )
    if _IMAGE.fullmatch(PurePath(word).suffix):
        return (
            f"{start}, or paths of images in the only one. To classify images, pass "
            f"the paths alone to a CNNClassifier: the column {name!r}, or a list."
        )
    names = list(found)
    shown = ", ".join(map(repr, names[:MOST_LISTED]))
    listed = f"[{shown}]"
    if len(names) > MOST_LISTED:
        listed = f"[{shown}, ...] ({len(names)} columns)"
    numbers = "StandardScaler()"
    if any(_has_gaps(v) for n, v in _columns_of(X) if n not in found):
        numbers = f"make_pipeline(SimpleImputer(), {numbers})"
    return (
        f"{start}; words are in {listed}. Take TabularClassifier or TabularRegressor, "
        "which read such columns as they are. Or encode these first, for example with "
        "make_pipeline(make_column_transformer((OneHotEncoder("
        f"handle_unknown='ignore'), [{shown}]), remainder={numbers}), model) or "
        "with skrub's TableVectorizer, or leave them out."
    )


def _find_words(X: Any) -> dict[Any, tuple[int, Any]]:
    """Find the columns that hold words: name or number, first row, and the word."""
    return {
        name: place
        for name, values in _columns_of(X)
        if (place := _first_word(values)) is not None
    }


def _columns_of(X: Any) -> Iterator[tuple[Any, Any]]:
    """Give the columns of frames, arrays and lists of rows, with their names."""
    if hasattr(X, "columns") and hasattr(X, "__getitem__"):
        for name in X.columns:
            yield name, np.asarray(X[name], dtype=object)
        return
    array = np.asarray(X, dtype=object)
    if array.ndim == 2:
        yield from enumerate(array.T)


def _has_gaps(values: Any) -> bool:
    """Whether a value is missing: None, NaN, or pandas' NA."""
    return any(
        value is None or type(value).__name__ == "NAType" or bool(value != value)
        for value in values
    )


def _first_word(values: Any) -> tuple[int, Any] | None:
    """Row and value of the first string that is no number; None if there is none."""
    for row, value in enumerate(values):
        if isinstance(value, str):
            try:
                float(value)
            except ValueError:
                return row, str(value)
    return None
