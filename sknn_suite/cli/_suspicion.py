"""Suspicions: columns that alone predict the target, and tables that have shifted."""

from typing import Any

import numpy as np
from sklearn.metrics import r2_score, roc_auc_score

from sknn_suite.cli._column_values import as_numbers
from sknn_suite.cli._dialect import pandas

# A column that reaches this alone is suspected to know the target.
SUSPECT_AUC, SUSPECT_R2 = 0.985, 0.985

# Groups of a column, by equal numbers of rows; levels with fewer rows tell nothing.
N_GROUPS, FEWEST_ROWS = 50, 5

# Population stability index from which two tables differ.
SHIFT = 0.2


def suspects(X: Any, y: Any, is_label: bool) -> list[tuple[str, float]]:
    """Columns by which half of the rows predict the other half almost perfectly.

    Parameters
    ----------
    X : DataFrame
        The columns.
    y : ndarray
        Labels or numbers.
    is_label : bool
        Which of them.

    Returns
    -------
    list of (str, float)
        Names, with the area under the ROC curve or R2; the worst first.
    """
    found = []
    order = np.random.RandomState(0).permutation(len(y))
    half, other = order[::2], order[1::2]
    if is_label:
        classes, codes = np.unique(y, return_inverse=True)
        targets = np.eye(len(classes))[codes]
    else:
        targets = np.asarray(y, dtype=float)[:, None]
    for name in X.columns:
        groups = _groups(as_numbers(X[name]))
        value = _alone(groups, targets, half, other, is_label)
        if value >= (SUSPECT_AUC if is_label else SUSPECT_R2):
            found.append((name, value))
    return sorted(found, key=lambda pair: -pair[1])


def _groups(column: Any) -> np.ndarray:
    """Numbers of groups of equal or similar values."""
    types = pandas().api.types
    is_ordered = types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column)
    if is_ordered and column.nunique() > N_GROUPS:
        ranks = column.rank(method="average", pct=True, na_option="top")
        return np.ceil(ranks.to_numpy() * N_GROUPS).astype(int)
    codes, _ = pandas().factorize(column.astype(object), use_na_sentinel=False)
    return codes


def _alone(
    groups: np.ndarray,
    targets: np.ndarray,
    half: np.ndarray,
    other: np.ndarray,
    is_label: bool,
) -> float:
    n = int(groups.max()) + 1
    times = np.bincount(groups[half], minlength=n)
    total = targets[half].mean(axis=0)
    means = np.stack(
        [np.bincount(groups[half], column, minlength=n) for column in targets[half].T],
        axis=1,
    )
    known = times >= FEWEST_ROWS
    means = np.where(known[:, None], means / np.maximum(times, 1)[:, None], total)
    guessed, true = means[groups[other]], targets[other]
    if known[groups[other]].mean() < 0.5:
        return 0.0
    if not is_label:
        return float(r2_score(true, guessed))
    values = [
        roc_auc_score(true[:, k], guessed[:, k])
        for k in range(true.shape[1])
        if 0 < true[:, k].sum() < len(true)
    ]
    return float(min(values)) if values else 0.0


def shifts(columns: dict[str, Any], frame: Any) -> list[tuple[str, float, str]]:
    """Columns whose values are distributed otherwise than in the training.

    Parameters
    ----------
    columns : dict of str to dict
        What was kept of the training's columns.
    frame : DataFrame
        The other table.

    Returns
    -------
    list of (str, float, str)
        Names, stability index, and what differs; the largest first.
    """
    found = []
    for name, kept in columns.items():
        if name not in frame:
            continue
        column = frame[name]
        gaps = float(column.isna().mean())
        known, told = column.dropna(), []
        index = 0.0
        if "deciles" in kept and len(known):
            known = as_numbers(known, strict=False)
            numbers = pandas().to_numeric(known, errors="coerce").dropna().astype(float)
            gaps = 1 - len(numbers) / len(column)  # words are no numbers
            index = _of_numbers(np.array(kept["deciles"]), numbers.to_numpy())
            told.append(
                f"its median is {numbers.median():.5g}, was {kept['deciles'][5]:.5g}"
            )
        elif "levels" in kept and len(known):
            shares = known.astype(str).value_counts(normalize=True)
            before = kept["levels"]
            names = list(before)
            a = np.array([before[n] for n in names] + [1 - sum(before.values())])
            b = np.array([shares.get(n, 0.0) for n in names])
            b = np.append(b, 1 - b.sum())
            index = _index(a, b)
            widest = int(np.abs(a - b).argmax())
            level = [*names, "other levels"][widest]
            told.append(
                f"{level!r} has {b[widest]:.0%} of the rows, had {a[widest]:.0%}"
            )
        gap_index = _index(
            np.array([kept["gaps"], 1 - kept["gaps"]]), np.array([gaps, 1 - gaps])
        )
        if gap_index > index:
            index, told = gap_index, [f"{gaps:.0%} gaps, were {kept['gaps']:.0%}"]
        if index >= SHIFT:
            found.append((name, index, "; ".join(told)))
    return sorted(found, key=lambda one: -one[1])


def _of_numbers(deciles: np.ndarray, numbers: np.ndarray) -> float:
    edges = np.unique(deciles[1:-1])
    if not len(edges) or not len(numbers):
        return 0.0
    # Shares below each edge as the deciles tell them, ties together.
    last = np.array([np.flatnonzero(deciles <= edge)[-1] / 10 for edge in edges])
    a = np.diff([0.0, *last, 1.0])
    place = np.searchsorted(edges, numbers, side="left")
    b = np.bincount(place, minlength=len(edges) + 1) / len(numbers)
    return _index(a, b)


def _index(a: np.ndarray, b: np.ndarray) -> float:
    """Compute the population stability index of two lists of shares."""
    a, b = np.clip(a, 1e-3, 1), np.clip(b, 1e-3, 1)
    return float(((b - a) * np.log(b / a)).sum())
