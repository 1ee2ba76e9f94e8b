"""What the cells of a column of Python objects are."""

import datetime
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from sknn_suite.data import Column, column_of_words
from sknn_suite.exceptions import DataError

_DATES = (datetime.date, np.datetime64)
_BOOLS = (bool, np.bool_)
_NUMBERS = (Real, Decimal)


def column_of_cells(name: str, cells: np.ndarray, is_category: bool) -> Column:
    """Make a column of Python objects: numbers, booleans, dates or words.

    Numbers beside words become words. None, NaN and NA are gaps.

    Raises
    ------
    DataError
        If a cell holds a list or another object that is no value of a table.
    """
    kinds = {kind: _kind(kind) for kind in set(map(type, cells))}
    found = {told for told in kinds.values() if told != "gap"}
    if "other" in found:
        _refuse_cell(name, cells, kinds)
    if found <= {"words"} and "gap" not in kinds.values():
        return column_of_words(name, cells, is_category)
    missing = np.fromiter((_is_gap(cell) for cell in cells), bool, len(cells))
    if found == {"date"} and not is_category:
        return _dates(name, cells, missing)
    if found in ({"number"}, {"boolean"}) and not is_category:
        values = np.full(len(cells), np.nan)
        values[~missing] = [float(cell) for cell in cells[~missing]]
        return Column(name, found.pop(), values)
    told = [None if gap else _word(c) for c, gap in zip(cells, missing)]
    return column_of_words(name, told, is_category)


def _kind(kind: type) -> str:
    if issubclass(kind, str):
        return "words"
    if issubclass(kind, _BOOLS):
        return "boolean"
    if kind is type(None) or kind.__name__ in ("NAType", "NaTType"):
        return "gap"
    if issubclass(kind, _NUMBERS):
        return "number"
    return "date" if issubclass(kind, _DATES) else "other"


def _is_gap(cell: Any) -> bool:
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return not isinstance(cell, str) and bool(cell != cell)


def _word(cell: Any) -> str:
    if isinstance(cell, Real) and not isinstance(cell, _BOOLS):
        return str(int(float(cell))) if float(cell).is_integer() else repr(float(cell))
    return str(cell)


def _dates(name: str, cells: np.ndarray, missing: np.ndarray) -> Column:
    plain = [c.replace(tzinfo=None) if hasattr(c, "tzinfo") else c for c in cells]
    stamps = np.full(len(cells), np.datetime64("NaT"), dtype="datetime64[us]")
    stamps[~missing] = [
        np.datetime64(c, "us") for c, gap in zip(plain, missing) if not gap
    ]
    seconds = stamps.astype(np.int64) / 1e6
    return Column(name, "date", np.where(missing, np.nan, seconds))


def _refuse_cell(name: str, cells: np.ndarray, kinds: dict[type, str]) -> None:
    row = next(i for i, cell in enumerate(cells) if kinds[type(cell)] == "other")
    raise DataError(
        f"Column {name!r} of X holds a {type(cells[row]).__name__} in row {row}, which "
        "cannot be encoded. Expected numbers, booleans, dates or strings in the cells. "
        "Drop the column, or turn each cell into one of these before fit."
    )
