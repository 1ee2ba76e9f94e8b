"""The section of a report about columns: their kinds, values and importance."""

from typing import Any

import numpy as np

from sknn_suite.cli._figures import Figures
from sknn_suite.cli._page import Page, short
from sknn_suite.cli._understanding import REASONS, listed
from sknn_suite.encoding import LEFT_OUT

# Columns that are shown, in the table and in the figure.
MOST_COLUMNS, MOST_IMPORTANT = 200, 20


def about_importance(model: Any, importances: dict[str, float]) -> str:
    """Tell what the importance of a column is, and why some have none.

    Parameters
    ----------
    model : AutoClassifier or AutoRegressor
        The model.
    importances : dict of str to float
        Those of its columns; NaN is none.
    """
    kinds = model.notes_["kinds"]
    read = [name for name, kind in kinds.items() if kind not in LEFT_OUT]
    tables = [name for name in model.members_ if model._reads[name] == "table"]
    if not tables:
        return (
            "Importance is measured for members that read tables, and none of them has "
            "weight, so that no column has one (-)."
        )
    member = max(tables, key=lambda name: model.weights_[name])
    parts = [
        "Importance is how much the score falls when the column is shuffled, for the "
        f"member {member!r}, on rows that it has not seen. About zero or below, the "
        "column adds nothing to the others."
    ]
    reasons = []
    if len(read) < len(kinds):
        reasons.append("is left out")
    if model._images:
        reasons.append("has images")
    late = [
        name
        for name in read
        if name not in model._images and np.isnan(importances.get(name, np.nan))
    ]
    if late:
        reasons.append("came when time was up")
    if reasons:
        parts.append(f"A column without importance (-) {' or '.join(reasons)}.")
    if late:
        parts.append(
            f"There was no time for {listed(late)}. Fit with a longer --time to "
            "measure them."
        )
    return " ".join(parts)


def columns_section(page: Page, figures: Figures, model: Any) -> None:
    """Add the columns, with their importance and what was said of them."""
    notes = model.notes_
    importances = dict(zip(model.column_kinds_, model.feature_importances_))
    ranked = sorted(
        (n for n, v in importances.items() if np.isfinite(v)),
        key=lambda n: -importances[n],
    )[:MOST_IMPORTANT]
    page.head("Columns")
    if ranked:
        label = "fall of the score when shuffled"
        svg = figures.bars(ranked, [importances[n] for n in ranked], label)
        page.figures([(svg, "On rows that the model has not seen.")])
    page.text(about_importance(model, importances), "soft")
    rows = []
    for name, kind in list(notes["kinds"].items())[:MOST_COLUMNS]:
        told = notes["columns"][name]["told"]
        if kind in LEFT_OUT:
            told = f"left out, since {REASONS[kind]}"
        value = importances.get(name, np.nan)
        shown = "-" if not np.isfinite(value) else short(value)
        rows.append([name, kind, told, shown])
    page.table(["column", "kind", "values", "importance"], rows, long=(2,))
    for text in notes["remarks"]:
        page.text(text, "soft")
