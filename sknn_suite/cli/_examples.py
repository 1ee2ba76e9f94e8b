"""Rows of the report: confident mistakes and uncertain rows, texts and thumbnails."""

import base64
import html
import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from sknn_suite.cli._page import Page, Raw
from sknn_suite.doors import import_optional

N_ROWS = 10

# Columns beside the prediction, and letters of a cell.
MOST_CELLS, MOST_LETTERS = 6, 300

THUMBNAIL = 128

_WORD = re.compile(r"\w+")


def example_rows(page: Page, model: Any, frame: Any, known: np.ndarray) -> None:
    """Show rows that the model gets wrong, or is not sure of.

    Parameters
    ----------
    page : Page
        Where they are shown.
    model : AutoClassifier or AutoRegressor
        The model.
    frame : DataFrame
        Its training rows, in the order of the fit.
    known : ndarray of int
        Numbers of the rows that were left out once.
    """
    y, scores = model._true[known], model._stacked[known]
    if hasattr(model, "classes_"):
        decided = scores.argmax(axis=1)
        own = scores[np.arange(len(y)), y]
        wrong = np.flatnonzero(decided != y)
        worst = wrong[np.argsort(own[wrong], kind="stable")][:N_ROWS]
        page.text(f"The most confident mistakes, of {len(wrong):,}:")
        _table(page, model, frame, known, worst)
        ordered = np.sort(scores, axis=1)
        margin = ordered[:, -1] - ordered[:, -2]
        page.text("The least certain rows:")
        _table(page, model, frame, known, np.argsort(margin, kind="stable")[:N_ROWS])
        return
    away = np.abs(y - scores[:, 0])
    page.text("The largest mistakes:")
    _table(page, model, frame, known, np.argsort(-away, kind="stable")[:N_ROWS])


def _table(
    page: Page, model: Any, frame: Any, known: np.ndarray, places: np.ndarray
) -> None:
    if not len(places):
        page.text("There are none.", "soft")
        return
    shown = _shown_columns(model)
    words = _word_weights(model)
    rows = []
    for place in places:
        row = int(known[place])
        number = int(model.notes_["rows"][row]) + 1
        cells: list[Any] = [number, *_told(model, row)]
        for name in shown:
            cells.append(_cell(model, name, frame[name].iloc[row], row, words))
        rows.append(cells)
    head = ["row", "true", "predicted"]
    head += ["probability"] if hasattr(model, "classes_") else []
    texts = tuple(
        len(head) + i
        for i, name in enumerate(shown)
        if model.column_kinds_[name] == "text"
    )
    page.table([*head, *shown], rows, long=texts, cards=True)


def _told(model: Any, row: int) -> list[str]:
    scores = model._stacked[row]
    if not hasattr(model, "classes_"):
        return [f"{model._true[row]:,.6g}", f"{scores[0]:,.6g}"]
    found = int(scores.argmax())
    true = str(model.classes_[model._true[row]])
    return [true, str(model.classes_[found]), f"{scores[found]:.3f}"]


def _shown_columns(model: Any) -> list[str]:
    """Texts and images first, then the most important columns."""
    kinds = model.column_kinds_
    special = [*model._images, *model._texts]
    values = dict(zip(kinds, model.feature_importances_))
    ranked = sorted(
        (n for n, v in values.items() if np.isfinite(v) and n not in special),
        key=lambda n: -values[n],
    )
    if not ranked:
        ranked = [n for n in model._columns if n not in special]
    return [*special, *ranked][:MOST_CELLS]


def _cell(
    model: Any, name: str, value: Any, row: int, words: dict[str, np.ndarray]
) -> Any:
    if name in model._images:
        return _thumbnail(str(value))
    text = str(value)[:MOST_LETTERS]
    if name in model._texts and words:
        return _marked(text, words, int(model._stacked[row].argmax()))
    if isinstance(value, float):
        return "-" if np.isnan(value) else f"{value:,.6g}"
    return text


def _word_weights(model: Any) -> dict[str, np.ndarray]:
    """Weight of each word for each class, by the linear model of words."""
    if "words" not in model.members_ or not hasattr(model, "classes_"):
        return {}
    line = model.members_["words"][0]
    coef = line.model_.coef_[:, : len(line.words_.vocabulary_)]
    if len(coef) == 1:
        coef = np.vstack([-coef[0], coef[0]])
    coef = coef * line.words_.idf_
    return {
        word: coef[:, place]
        for word, place in line.words_.vocabulary_.items()
        if " " not in word
    }


def _marked(text: str, words: dict[str, np.ndarray], found: int) -> Raw:
    """Underline words that speak for the prediction (blue) or against it (orange)."""
    parts, end = [], 0
    largest = max(
        (
            abs(words[w.lower()][found])
            for w in _WORD.findall(text)
            if w.lower() in words
        ),
        default=0.0,
    )
    for match in _WORD.finditer(text):
        parts.append(html.escape(text[end : match.start()]))
        end = match.end()
        weights = words.get(match[0].lower())
        word = html.escape(match[0])
        if weights is None or abs(weights[found]) < 0.25 * largest:
            parts.append(word)
            continue
        colour = "59,130,196" if weights[found] > 0 else "217,119,43"
        strength = abs(weights[found]) / largest
        parts.append(
            f'<mark style="border-color:rgba({colour},{strength:.2f})">{word}</mark>'
        )
    parts.append(html.escape(text[end:]))
    return Raw("".join(parts))


def _thumbnail(path: str) -> Raw:
    image_module: Any = import_optional(
        "PIL.Image", needed_by="A report of images", extra="image"
    )
    name = html.escape(Path(path).name)
    try:
        with image_module.open(path) as image:
            image = image.convert("RGB")
            image.thumbnail((THUMBNAIL, THUMBNAIL))
            file = io.BytesIO()
            image.save(file, format="JPEG", quality=80)
    except OSError:
        return Raw(name)
    data = base64.b64encode(file.getvalue()).decode()
    return Raw(
        f'<img class="thumb" alt="{name}" src="data:image/jpeg;base64,{data}">{name}'
    )
