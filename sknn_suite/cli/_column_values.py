"""Values of a column of a table: as numbers, in words, and in a summary."""

from typing import Any

import numpy as np

from sknn_suite.cli._dialect import pandas
from sknn_suite.encoding import parse_numbers

# Types of columns that hold strings.
WORDS = ("object", "str", "string")

# Levels of a column whose shares are compared with those of another table.
MOST_COMPARED = 50


def as_numbers(column: Any, *, strict: bool = True) -> Any:
    """Convert strings that are written numbers; other columns stay as they are.

    Parameters
    ----------
    column : Series
        The column.
    strict : bool, default=True
        Whether to ask if they are meant as numbers, see `parse_numbers`.
    """
    if str(column.dtype) not in WORDS:
        return column
    found = parse_numbers(column.fillna("").astype(str).to_numpy(), strict)
    if found is None:
        return column
    return pandas().Series(found, index=column.index, name=column.name)


def describe(column: Any, kind: str) -> str:
    """Range or levels of a column, and its gaps."""
    column = as_numbers(column) if kind == "number" else column
    known = column.dropna()
    if kind == "number" and pandas().api.types.is_numeric_dtype(column):
        text = f"{_short(known.min())} to {_short(known.max())}"
    elif kind == "date":
        text = f"{known.min()} to {known.max()}"
    elif kind in ("text", "image"):
        text = f"such as {str(known.iloc[0])[:40]!r}"
    else:
        levels = known.astype(str).value_counts().index
        shown = ", ".join(levels[:4])[:48]
        text = f"{len(levels):,} levels: {shown}{', ...' if len(levels) > 4 else ''}"
    share = 1 - len(known) / max(len(column), 1)
    return text + (f"; {share:.0%} gaps" if share >= 0.005 else "")


def _short(value: Any) -> str:
    return f"{float(value):,.6g}"


def summary(column: Any, kind: str) -> dict[str, Any]:
    """Summarise a column, to compare other tables with."""
    dtype = str(column.dtype)
    column = as_numbers(column) if kind == "number" else column
    known = column.dropna()
    found: dict[str, Any] = {
        "dtype": dtype,
        "gaps": float(1 - len(known) / max(len(column), 1)),
        "told": describe(column, kind) if len(known) else "",
    }
    if kind in ("number", "boolean") and len(known):
        numbers = pandas().to_numeric(known, errors="coerce").dropna()
        if len(numbers):
            steps = np.linspace(0, 1, 11)
            found["deciles"] = np.quantile(numbers.astype(float), steps).tolist()
    elif kind == "category" and 0 < known.nunique() <= MOST_COMPARED:
        shares = known.astype(str).value_counts(normalize=True)[:20]
        found["levels"] = {str(k): float(v) for k, v in shares.items()}
    return found
