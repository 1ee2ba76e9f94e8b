"""Shuffled columns: how much the score of a model falls without what a column says."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sknn_suite.data import ColumnTable
from sknn_suite.ensemble._clock import Clock

# Cells that are predicted at a time.
MOST_CELLS = 2_000_000


@dataclass(frozen=True)
class Judged:
    """A model of a fold, with rows that it has not seen.

    Parameters
    ----------
    model : estimator
        The model.
    rows : ColumnTable
        The rows.
    score : callable
        From a model and rows to the scores of the rows.
    judge : callable
        From scores of these rows to a value; the largest is best.
    plain : float
        Its value without shuffling.
    """

    model: Any
    rows: ColumnTable
    score: Callable[[Any, ColumnTable], np.ndarray]
    judge: Callable[[np.ndarray], float]
    plain: float


def falls_when_shuffled(folds: list[Judged], clock: Clock) -> dict[str, float]:
    """Mean fall of the score over folds, for each column.

    All columns of a fold are shuffled before the next fold begins. So a short time
    gives a rough value for each column rather than a good one for the first columns.

    Parameters
    ----------
    folds : list of Judged
        The models.
    clock : Clock
        The time; what it does not reach is left out.
    """
    source = np.random.RandomState(0)
    found: dict[str, list[float]] = {}
    for number, fold in enumerate(folds):
        falls = _falls(fold, clock, source)
        if number and len(falls) < len(found):
            break  # means of all columns are over the same folds
        for name, fall in falls.items():
            found.setdefault(name, []).append(fall)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _falls(fold: Judged, clock: Clock, source: np.random.RandomState) -> dict:
    """Falls of the score of one fold; many columns are predicted together."""
    n_rows, n_columns = fold.rows.shape
    most = max(1, MOST_CELLS // (n_rows * n_columns))
    # How long a column takes is not known before the first.
    width, first = 1 if np.isfinite(clock.limit) else most, 0
    found: dict[str, float] = {}
    while first < n_columns and clock.left >= 0:
        step = Clock()
        chosen = range(first, min(first + width, n_columns))
        copies = np.tile(np.arange(n_rows), len(chosen))
        columns = [column[copies] for column in fold.rows.columns]
        for place, j in enumerate(chosen):
            own = copies.copy()
            own[place * n_rows : (place + 1) * n_rows] = source.permutation(n_rows)
            columns[j] = fold.rows.columns[j][own]
        scores = fold.score(fold.model, replace(fold.rows, columns=tuple(columns)))
        for place, j in enumerate(chosen):
            part = scores[place * n_rows : (place + 1) * n_rows]
            found[columns[j].name] = fold.plain - fold.judge(part)
        first = chosen.stop
        if np.isfinite(clock.limit):
            pace = max(step.spent / len(chosen), 1e-9)
            width = int(np.clip(clock.left / 2 / pace, 1, most))
    return found
