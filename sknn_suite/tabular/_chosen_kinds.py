"""Kinds of columns that the user has chosen, and columns that give the answer away."""

from typing import Any

import numpy as np

from sknn_suite.data import ColumnTable
from sknn_suite.doors import warn_user
from sknn_suite.encoding import ColumnKinds
from sknn_suite.exceptions import DataError, SuiteWarning

# With fewer rows a column may equal the target by chance.
FEWEST_ROWS = 20

_PARAMETERS = {
    "categorical_features": "category",
    "numeric_features": "number",
    "date_features": "date",
}


def chosen_kinds(of: Any, names: list[str]) -> dict[str, str]:
    """Kinds that the parameters of an estimator give to columns.

    Raises
    ------
    DataError
        If a parameter names no column, or two name the same.
    """
    kinds: dict[str, str] = {}
    for parameter, kind in _PARAMETERS.items():
        given = getattr(of, parameter)
        for name in [] if given is None else _find(parameter, given, names):
            if kinds.setdefault(name, kind) != kind:
                raise DataError(
                    f"Column {name!r} is in {parameter} and in another list of "
                    f"features, as a {kinds[name]}. Expected each column in one list. "
                    "Remove it from the others."
                )
    return kinds


def _find(parameter: str, given: Any, names: list[str]) -> list[str]:
    """Names of the columns that a list names, numbers, or marks by True."""
    given = np.asarray(given, dtype=object).ravel()
    if len(given) == len(names) and all(isinstance(g, bool | np.bool_) for g in given):
        return [name for name, mark in zip(names, given) if mark]
    found = []
    for item in given:
        is_number = isinstance(item, int | np.integer) and not isinstance(item, bool)
        if is_number and -len(names) <= item < len(names):
            found.append(names[item])
        elif isinstance(item, str) and item in names:
            found.append(item)
        else:
            raise DataError(
                f"{parameter} has {item!r}, which is no column of X. Expected names or "
                f"numbers of its {len(names)} columns. Correct it, or leave it out."
            )
    return found


def warn_of_answers(X: ColumnTable, y: np.ndarray) -> None:
    """Warn of columns that are the target, row by row, perhaps in other words."""
    if y.ndim > 1 or len(y) < FEWEST_ROWS:
        return
    codes = np.unique(y, return_inverse=True)[1]
    if codes.max() == 0:
        return
    is_label = codes.max() < len(y) // 2
    same = []
    for column in X.columns:
        if is_label:
            found = _groups_alike(column.values, codes)
        else:
            found = column.type == "number" and _is_line(column.values, y)
        if found:
            same.append(column.name)
    if same:
        shown = ", ".join(repr(name) for name in same[:5])
        warn_user(
            f"Column {shown} of X tells the target y of every row. Expected columns "
            "that are known before the target is. Drop it, unless it really is known "
            "when you predict.",
            SuiteWarning,
        )


def warn_of_identifiers(kinds: ColumnKinds) -> None:
    """Warn of columns that are left out because they only name the rows."""
    names = kinds.of("identifier")
    if names:
        shown = ", ".join(repr(name) for name in names[:5])
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        warn_user(
            f"Column {shown}{more} of X is left out: it is different in every row, and "
            "names the rows. Expected columns that rows have in common. Drop it, or "
            "name it in categorical_features or numeric_features to keep it.",
            SuiteWarning,
        )


def _is_line(values: np.ndarray, y: np.ndarray) -> bool:
    """Whether numbers are the target in another unit."""
    if np.isnan(values).any() or values.min() == values.max():
        return False
    low, high = values.argmin(), values.argmax()
    y = y.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        share = (values - values[low]) / (values[high] - values[low])
        line = y[low] + share * (y[high] - y[low])
        return bool(np.abs(line - y).max() <= 1e-9 * np.ptp(y))


def _groups_alike(values: np.ndarray, codes: np.ndarray) -> bool:
    """Whether two columns group the rows alike."""
    n_rows = min(len(values), 200)  # most columns differ in the first rows
    for part in (slice(0, n_rows), slice(None)):
        own = np.unique(values[part], return_inverse=True)[1]
        pairs = len(np.unique(own.astype(np.int64) * (codes.max() + 1) + codes[part]))
        if not pairs == own.max() + 1 == len(np.unique(codes[part])):
            return False
    return True
