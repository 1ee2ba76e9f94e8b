"""Kinds of columns, told from dtypes and values."""

import re
from collections import UserDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sknn_suite.data import Column
from sknn_suite.encoding._written_numbers import parse_numbers
from sknn_suite.exceptions import DataError

# Kinds that an encoder reads, and those that it leaves out.
READ = ("number", "boolean", "category", "date", "text")
LEFT_OUT = ("constant", "duplicate", "identifier", "dropped text")

# Fewer different strings than this are categories, whatever they look like.
FEWEST_TEXTS = 50

# Strings are texts if they have this many words on average.
WORDS_OF_TEXT = 1.8

# With fewer rows all values of a column may differ by chance.
FEWEST_IDENTIFIERS = 20

# A name that says that whole numbers, all different, number the rows.
_NAME_OF_IDENTIFIER = re.compile(
    r"(?i:(^|[\W_])(id|key|index|idx|uuid|guid|rownames?|row_?(id|num(ber)?))$)"
    r"|(?i:^unnamed: 0$)|[a-z]I[dD]$"
)

_DATE = re.compile(
    r"\s*\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?\s*",
)


class ColumnKinds(UserDict):
    """Kind of each column by its name; it prints one line per kind.

    Examples
    --------
    >>> from sknn_suite.encoding import ColumnKinds
    >>> ColumnKinds({"age": "number", "id": "identifier", "pay": "number"})
    number: age, pay
    left out: id (identifier)
    """

    def __repr__(self) -> str:
        lines = []
        for kind in READ:
            names = [name for name, own in self.items() if own == kind]
            if names:
                lines.append(f"{kind}: {', '.join(names)}")
        away = [f"{n} ({own})" for n, own in self.items() if own in LEFT_OUT]
        if away:
            lines.append(f"left out: {', '.join(away)}")
        return "\n".join(lines)

    def of(self, *kinds: str) -> list[str]:
        """Names of the columns of some kinds."""
        return [name for name, own in self.items() if own in kinds]


def find_kinds(
    columns: tuple[Column, ...],
    given: Mapping[str, str] | None = None,
    texts: str = "ngrams",
) -> ColumnKinds:
    """Tell the kind of each column from its training rows.

    Parameters
    ----------
    columns : tuple of Column
        The columns.
    given : mapping of str to str, default=None
        Kinds that the user has chosen.
    texts : {"ngrams", "drop"}, default="ngrams"
        Whether texts are read.

    Raises
    ------
    DataError
        If values do not suit a kind that was chosen, or no column is left to read.
    """
    kinds = ColumnKinds()
    seen: dict[tuple, str] = {}
    for column in columns:
        chosen = (given or {}).get(column.name)
        if chosen is None:
            kind = kind_of(column)
        else:
            as_kind(column, chosen)  # raises if it cannot be
            kind = "constant" if _is_constant(column) else chosen
        if kind == "text" and texts == "drop":
            kind = "dropped text"
        content = _content(column)
        if kind in READ and seen.setdefault(content, column.name) != column.name:
            kind = "duplicate"
        kinds[column.name] = kind
    if not kinds.of(*READ):
        raise DataError(
            f"No column of X is left to learn from: {kinds!r}. Expected at least one "
            "column whose values differ and do not only name the rows. Add columns, or "
            "choose kinds with categorical_features or numeric_features."
        )
    return kinds


def kind_of(column: Column) -> str:
    """Tell the kind of a column by itself."""
    if _is_constant(column):
        return "constant"
    present = column.values[~column.is_missing]
    if column.type == "date":
        return "date"
    if column.levels is None:
        found = np.unique(present)
        if len(found) == 1:
            return "category"  # what differs is whether there is a value
        if column.type == "boolean":
            return "boolean"
        whole = len(found) == len(present) and bool((present == np.rint(present)).all())
        if whole and _numbers_rows(column, len(present)):
            return "identifier"
        return "number"
    return _kind_of_words(column, present)


def _kind_of_words(column: Column, present: np.ndarray) -> str:
    assert column.levels is not None
    levels = column.levels[np.unique(present)]
    if not column.is_category and len(levels) > 1:
        if parse_numbers(levels) is not None:
            return "number"
        if _parse_dates(levels) is not None:
            return "date"
    if len(levels) < FEWEST_TEXTS and len(levels) < len(present):
        return "category"
    is_text = np.mean([len(level.split()) for level in levels]) >= WORDS_OF_TEXT
    if is_text and len(levels) >= FEWEST_IDENTIFIERS:
        return "text"
    if len(levels) == len(present) >= FEWEST_IDENTIFIERS:
        return "identifier"
    return "category"


def _is_constant(column: Column) -> bool:
    missing = column.is_missing
    if missing.all():
        return True
    if missing.any():
        return False
    return bool((column.values == column.values[0]).all())


def _numbers_rows(column: Column, n_rows: int) -> bool:
    named = _NAME_OF_IDENTIFIER.search(column.name) is not None
    return named and n_rows >= FEWEST_IDENTIFIERS


def _content(column: Column) -> tuple:
    """Make a value that two columns share if they are the same, gaps included."""
    values = column.values
    if column.levels is None:
        values = values + 0.0  # no negative zeros
        return (None, values.tobytes())
    used, places = np.unique(values, return_inverse=True)
    words = tuple(column.levels[used[used >= 0]])
    return (words, used[0] < 0, places.astype(np.int64).tobytes())


# -- a column as another kind ----------------------------------------------------------


def as_kind(column: Column, kind: str) -> Column:
    """Convert a column to the values that a kind reads.

    Numbers and dates in strings are parsed, numbers become words for categories.

    Raises
    ------
    DataError
        If a value cannot be converted; it is named.
    """
    if kind in ("category", "text"):
        return column.words()
    if column.levels is None:
        has_clock = column.type == "date"
        if kind == "date" and not has_clock:
            _refuse(column, kind, f"has numbers, such as {column.values[0]:g}")
        if kind != "date" and has_clock:
            _refuse(column, kind, "has dates")
        return column
    used = np.unique(column.values[column.values >= 0])
    levels = column.levels[used]
    parse = _parse_dates if kind == "date" else parse_numbers
    if kind == "boolean":
        parse = _parse_booleans
    parsed = parse(levels, strict=False)
    if parsed is None:
        bad = next(level for level in levels if parse(np.array([level])) is None)
        _refuse(column, kind, f"has the string {str(bad)!r}")
    numbers = np.full(len(column.levels) + 1, np.nan)  # the last is for gaps
    numbers[used] = parsed
    kept = "date" if kind == "date" else "number"
    return replace(column, type=kept, values=numbers[column.values], levels=None)


def _refuse(column: Column, kind: str, what: str) -> None:
    a = "a date" if kind == "date" else "a number"
    raise DataError(
        f"Column {column.name!r} of X {what}. Expected {a} in every row, or a gap, "
        f"since the column is of the kind {kind!r}. Convert the column, or choose "
        "another kind in fit."
    )


def _parse_dates(levels: np.ndarray, strict: bool = True) -> np.ndarray | None:
    """Parse ISO dates as seconds since 1970; None if one is something else."""
    if not all(_DATE.fullmatch(level) for level in levels):
        return None
    try:
        stamps = np.array([level.strip() for level in levels], "datetime64[us]")
    except ValueError:  # the 13th month
        return None
    return stamps.astype(np.int64) / 1e6


def _parse_booleans(levels: np.ndarray, strict: bool = True) -> np.ndarray | None:
    known: dict[str, Any] = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}
    found = [known.get(level.strip().lower()) for level in levels]
    return None if None in found else np.array(found, dtype=np.float64)
