"""Pairs of columns of two tables, compared and drawn."""

from typing import NamedTuple

import numpy as np

from sknn_suite.doors import (
    RawColumn,
    densify,
    import_optional,
    is_frame,
    read_columns,
)
from sknn_suite.exceptions import DataError

# Colours of the two.
REAL, MADE = "C0", "C1"

# Categories of a panel; bins of a histogram.
MOST_CATEGORIES, N_BINS = 8, 24

# matplotlib counts dates in days since 1970.
SECONDS_OF_A_DAY = 86400.0


class Pair(NamedTuple):
    """A column of real and of made rows.

    Parameters
    ----------
    name : str
        Its name.
    real, made : ndarray
        Values; numbers, or objects for categories.
    difference : float
        How far the distributions differ, in [0, 1].
    is_date : bool
        Whether the numbers are seconds since 1970.
    """

    name: str
    real: np.ndarray
    made: np.ndarray
    difference: float
    is_date: bool

    def draw(self, ax):
        """Draw both distributions."""
        ax.set_title(self.name, fontsize=10)
        ax.set_yticks([])
        ax.grid(visible=False)
        ax.spines["left"].set_visible(False)
        ax.tick_params(labelsize=8)
        if self.real.dtype.kind == "O":
            self._draw_bars(ax)
        else:
            self._draw_histogram(ax)

    def _draw_histogram(self, ax):
        unit = SECONDS_OF_A_DAY if self.is_date else 1.0
        real, made = (x[np.isfinite(x)] / unit for x in (self.real, self.made))
        both = np.concatenate([real, made])
        if not len(both):
            return
        # A few extreme values would leave no room for the others.
        low, high = np.quantile(both, [0.005, 0.995])
        low, high = (low, high) if high > low else (both.min(), both.max())
        different = np.unique(both)
        if len(different) <= N_BINS and (both == np.rint(both)).all():
            bins = np.arange(low - 0.5, high + 1)
        else:
            bins = np.linspace(low, high if high > low else low + 1, N_BINS + 1)
        how = {"bins": bins, "density": True}
        ax.hist(real, color=REAL, alpha=0.35, **how)
        ax.hist(made, color=MADE, histtype="step", linewidth=1.6, **how)
        if self.is_date:
            _write_dates(ax)
        else:
            ax.locator_params(axis="x", nbins=3)

    def _draw_bars(self, ax):
        real, made = _shares(self.real), _shares(self.made)
        every = sorted({*real, *made}, key=lambda v: -real.get(v, 0) - made.get(v, 0))
        every = every[:MOST_CATEGORIES]
        places = np.arange(len(every))
        ax.bar(
            places - 0.2, [real.get(v, 0) for v in every], 0.4, color=REAL, alpha=0.5
        )
        ax.bar(places + 0.2, [made.get(v, 0) for v in every], 0.4, color=MADE)
        long = max(map(len, every)) * len(every) > 24
        ax.set_xticks(
            places,
            [v if len(v) <= 10 else f"{v[:9]}…" for v in every],
            rotation=40 if long else 0,
            ha="right" if long else "center",
        )


def is_table_frame(rows):
    """Whether rows are a data frame."""
    return hasattr(rows, "columns") and is_frame(rows)


def columns_of(rows, names):
    """Columns of a frame, or of an array of numbers."""
    if is_table_frame(rows):
        return read_columns(densify(rows))
    table = np.asarray(rows, dtype=float)
    if names is None:
        names = [f"column {j}" for j in range(table.shape[1])]
    if len(names) != table.shape[1]:
        raise DataError(
            f"names has {len(names)} names for {table.shape[1]} columns. Expected one "
            "for each. Change names."
        )
    dtype = str(table.dtype)
    return [RawColumn(n, "number", x, dtype) for n, x in zip(names, table.T)]


def pair_columns(real, made, names):
    """Pair the columns of real and of made rows."""
    of_real, of_made = columns_of(real, names), columns_of(made, names)
    if [c.name for c in of_real] != [c.name for c in of_made]:
        raise DataError(
            f"real has {len(of_real)} columns and made {len(of_made)}, or their names "
            "differ. Expected the same columns. Pass rows of one table."
        )
    pairs = []
    for a, b in zip(of_real, of_made):
        is_number = a.type in ("number", "date")
        values = [c.values if is_number else _words(c) for c in (a, b)]
        difference = _distance(*values) if is_number else _variation(*values)
        pairs.append(Pair(str(a.name), *values, difference, a.type == "date"))
    return pairs


def _words(column):
    """Categories as words, a gap among them."""
    words = np.empty(len(column.values), dtype=object)
    write = (lambda v: str(bool(v))) if column.type == "boolean" else str
    values = column.values.tolist()
    words[:] = ["gap" if v is None or v != v else write(v) for v in values]
    return words


def _write_dates(ax):
    """Write days since 1970 as dates, with few words."""
    dates = import_optional(
        "matplotlib.dates", needed_by="GeneratedRowsDisplay", extra="plot"
    )
    locator = dates.AutoDateLocator(minticks=2, maxticks=3)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))


def _distance(a, b):
    """Largest difference of two distribution functions; gaps are left out."""
    a, b = np.sort(a[np.isfinite(a)]), np.sort(b[np.isfinite(b)])
    if not len(a) or not len(b):
        return float(len(a) != len(b))
    at = np.concatenate([a, b])
    shares = [np.searchsorted(x, at, side="right") / len(x) for x in (a, b)]
    return float(np.abs(shares[0] - shares[1]).max())


def _variation(a, b):
    """Half the sum of differences of shares."""
    real, made = _shares(a), _shares(b)
    return sum(abs(real.get(v, 0) - made.get(v, 0)) for v in {*real, *made}) / 2


def _shares(words):
    values, counts = np.unique(words.astype(str), return_counts=True)
    return dict(zip(values.tolist(), (counts / len(words)).tolist()))
