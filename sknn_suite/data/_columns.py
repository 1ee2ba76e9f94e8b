"""ColumnTable: checked columns of a mixed table, each with its own type."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name : str
        Its name.
    type : {"number", "boolean", "date", "words"}
        What its values are; dates are seconds since 1970.
    values : ndarray of shape (n_rows,)
        float64 with NaN for gaps; for "words" int64 places in `levels`, -1 for gaps.
    levels : ndarray of str, default=None
        The different words, sorted.
    is_category : bool, default=False
        Whether its dtype says that it holds categories.
    """

    name: str
    type: str
    values: np.ndarray
    levels: np.ndarray | None = None
    is_category: bool = False

    @property
    def is_missing(self) -> np.ndarray:
        """Where the gaps are."""
        return self.values < 0 if self.levels is not None else np.isnan(self.values)

    def __getitem__(self, rows: Any) -> "Column":
        """Choose rows."""
        return replace(self, values=self.values[rows])

    def words(self) -> "Column":
        """Make the same column with words in place of numbers."""
        if self.levels is not None:
            return self
        found, places = np.unique(self.values, return_inverse=True)
        known = ~np.isnan(found)
        told = [_tell(number, self.type) for number in found[known]]
        levels, order = np.unique(
            np.array([*told, ""], object)[:-1], return_inverse=True
        )
        places = np.append(order, np.full(len(found) - len(order), -1))[places]
        return replace(self, type="words", values=places, levels=levels)


def _tell(number: float, type_: str) -> str:
    """Make the word for a number, however it was stored: 1 and 1.0 are the same."""
    if type_ == "boolean":
        return str(bool(number))
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def column_of_words(
    name: str, cells: Sequence[Any] | np.ndarray, is_category: bool = False
) -> Column:
    """Make a column of strings; None is a gap."""
    seen: dict[Any, int] = {None: -1}
    codes = np.fromiter(
        (seen.setdefault(cell, len(seen) - 1) for cell in cells), np.int64, len(cells)
    )
    found = np.array([*list(seen)[1:], ""], dtype=object)[:-1]
    order = np.argsort(found, kind="stable")
    place = np.append(np.empty(len(found), np.int64), -1)  # the last is for gaps
    place[order] = np.arange(len(found))
    return Column(name, "words", place[codes], found[order], is_category)


@dataclass(frozen=True)
class ColumnTable:
    """Rows of a mixed table, kept column by column.

    Parameters
    ----------
    columns : tuple of Column
        The columns, of the same length.
    is_float32 : bool, default=False
        Whether the user's table was an array of float32.
    """

    columns: tuple[Column, ...]
    is_float32: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.columns[0].values), len(self.columns)

    @property
    def dtype(self) -> np.dtype:
        """Type of predictions for these rows."""
        return np.dtype(np.float32 if self.is_float32 else np.float64)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> "ColumnTable":
        """Choose rows."""
        chosen = tuple(column[rows] for column in self.columns)
        return ColumnTable(chosen, self.is_float32)
