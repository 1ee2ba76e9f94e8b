"""What members read of a data frame: its table, its texts, its image paths."""

from numbers import Integral
from typing import Any

from sknn_suite.checks import list_some
from sknn_suite.data import ColumnTable
from sknn_suite.exceptions import DataError


def find_columns(wanted: Any, table: ColumnTable, parameter: str) -> list[str]:
    """Names of columns that the user has named or numbered.

    Raises
    ------
    DataError
        If there is no such column.
    """
    names = [column.name for column in table.columns]
    found = []
    for one in [] if wanted is None else list(wanted):
        is_place = isinstance(one, Integral)
        if is_place and 0 <= int(one) < len(names):
            one = names[int(one)]
        if one not in names:
            raise DataError(
                f"{parameter} names {one!r}, which X does not have. Expected one of "
                f"{list_some(names, 10)}. Change it."
            )
        found.append(one)
    return found


def rows_by_kind(
    table: ColumnTable, columns: list[str], texts: list[str], images: list[str]
) -> dict[str, Any]:
    """Rows as the members read them: a table, texts, paths.

    Parameters
    ----------
    table : ColumnTable
        All columns.
    columns : list of str
        Those of tables.
    texts, images : list of str
        Those of texts, which are joined, and of image paths.
    """
    by_name = {column.name: column for column in table.columns}
    found: dict[str, Any] = {}
    if set(columns) - set(texts):
        chosen = tuple(by_name[name] for name in columns)
        found["table"] = ColumnTable(chosen)
    if texts:
        parts = [cells(by_name[name]) for name in texts]
        found["texts"] = [" \n ".join(row) for row in zip(*parts)]
    if images:
        found["images"] = cells(by_name[images[0]])
    return found


def cells(column: Any) -> list[str]:
    """Words of a column, empty for gaps."""
    words = column.words()
    levels = [*map(str, words.levels), ""]
    return [levels[place] for place in words.values]
