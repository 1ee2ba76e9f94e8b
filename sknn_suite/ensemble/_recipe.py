"""Candidates: which models are tried for a table, texts and images, in which order."""

from dataclasses import dataclass
from typing import Any

from sknn_suite.ensemble._lines import TableLine, TextLine
from sknn_suite.ensemble._table_trees import TableTrees
from sknn_suite.images import CNNClassifier
from sknn_suite.tabular import TabularClassifier, TabularRegressor
from sknn_suite.text import TextRNNClassifier


@dataclass(frozen=True)
class Candidate:
    """A model that may become a member.

    Parameters
    ----------
    name : str
        Its name in tables.
    reads : {"table", "texts", "images"}
        What its `fit` gets.
    estimator : estimator
        It has a parameter `max_time`.
    share : float
        Its share of the time, beside those that come later.
    least : float
        Seconds of work of a fit below which it is not tried; on a busy machine they
        take longer.
    """

    name: str
    reads: str
    estimator: Any
    share: float
    least: float


def candidates_for(
    reads: set[str],
    *,
    is_label: bool,
    given: dict[str, str],
    seed: int | None,
    device: str,
) -> list[Candidate]:
    """List models in an order that gives a usable mean early.

    Quick models of each kind of data come first. The network of tables makes use of all
    the time there is, so it is the last: it has what trees have left.

    Parameters
    ----------
    reads : set of str
        What there is: "table", "texts", "images".
    is_label : bool
        Whether labels are predicted.
    given : dict of str to str
        Kinds of the table's columns.
    seed : int or None
        Of all models.
    device : str
        Where networks run.
    """
    net: dict[str, Any] = {"random_state": seed, "device": device}
    trees: dict[str, Any] = {
        "is_label": is_label,
        "given": given,
        "random_state": seed,
    }
    tabular = TabularClassifier if is_label else TabularRegressor
    found = [
        Candidate("linear", "table", TableLine(**trees), 0.05, 0.0),
        Candidate("words", "texts", TextLine(is_label, random_state=seed), 0.3, 0.0),
        Candidate("boosting", "table", TableTrees("boosting", **trees), 0.2, 0.1),
        Candidate("forest", "table", TableTrees("forest", **trees), 0.08, 0.1),
    ]
    if is_label:
        texts, images = TextRNNClassifier(**net), CNNClassifier(**net)
        found += [
            Candidate("text network", "texts", texts, 0.6, 2.0),
            Candidate("image network", "images", images, 0.8, 2.0),
        ]
    slow = TableTrees("slow boosting", **trees)
    found.append(Candidate("slow boosting", "table", slow, 0.15, 0.2))
    found.append(Candidate("network", "table", tabular(**net), 0.45, 0.5))
    return [candidate for candidate in found if candidate.reads in reads]
