"""Columns of a table that each member of a stack takes."""

from typing import Any

import numpy as np

from sknn_suite.checks import list_some
from sknn_suite.doors import rows_of
from sknn_suite.exceptions import DataError


def settle_columns(columns: Any, names: list[str], X: Any) -> dict[str, Any]:
    """Check the columns of each member, and call those that are functions.

    Parameters
    ----------
    columns : dict or None
        The parameter: from names of members to columns.
    names : list of str
        All members.
    X : array-like
        The training rows.

    Returns
    -------
    dict of str to object
        Columns of the members that take some.

    Raises
    ------
    ValueError
        If a member or a column does not exist.
    """
    if columns is None:
        return {}
    unknown = [name for name in columns if name not in names]
    if unknown:
        raise DataError(
            f"columns names {list_some(unknown)}, which are no members. Expected names "
            f"of {list_some(names)}. Change columns, or estimators."
        )
    settled = {}
    for name, wanted in columns.items():
        settled[name] = wanted(X) if callable(wanted) else wanted
        if np.ndim(settled[name]) and len(settled[name]) == 0:
            raise DataError(
                f"columns[{name!r}] is empty. Expected one column at least. Name it, "
                "or leave the member out."
            )
    return settled


def columns_for(X: Any, columns: dict[str, Any], name: str) -> Any:
    """Take the columns of a member: those that it has, else all."""
    return take_columns(X, columns[name], name) if name in columns else X


def take_columns(X: Any, wanted: Any, name: str) -> Any:
    """Take the columns of one member.

    Parameters
    ----------
    X : data frame or array of shape (n_samples, n_features)
        The rows.
    wanted : str, int, list, slice or mask
        One name or number gives a single column, as text models take it; a list gives a
        table.
    name : str
        The member, for the message.

    Raises
    ------
    ValueError
        If X has no such column.
    """
    if hasattr(X, "columns"):
        there = list(X.columns)
        asked = [wanted] if isinstance(wanted, str) else wanted
        if isinstance(asked, list | tuple | np.ndarray):
            absent = [c for c in asked if isinstance(c, str) and c not in there]
            if absent:
                raise DataError(
                    f"X has no column {absent[0]!r}{_more(absent)}, which {name!r} "
                    "takes. Expected a data frame with it; X has "
                    f"{list_some(there, 8)}. Add the column, or change columns."
                )
    elif not hasattr(X, "shape"):
        raise DataError(
            f"X is of type {type(X).__name__}, and {name!r} takes some of its columns. "
            "Expected a data frame or an array. Pass one, or leave columns out."
        )
    try:
        return rows_of(X, wanted, axis=1)
    except (ValueError, IndexError, KeyError) as error:
        raise DataError(
            f"{name!r} takes the columns {wanted!r}, which X does not have: {error}. "
            "Expected names of a data frame, or numbers of columns. Change columns, or "
            "pass the X that belongs to them."
        ) from error


def _more(absent: list) -> str:
    return "" if len(absent) == 1 else f" (and {len(absent) - 1} more)"
