"""Any scorer as a criterion: slow, since it is called for every decision."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from sknn_suite.checks import find_scorer
from sknn_suite.decision._criteria import CostMatrix, Criterion
from sknn_suite.decision._metrics import METRICS
from sknn_suite.decision._outcomes import Outcomes

# Scores that average over rows or labels, so that no label has a threshold by itself.
_OF_WHOLE_ROWS = ("_samples", "_micro", "_weighted")


class ScorerCriterion(Criterion):
    """A scorer that cannot be computed from counts.

    Parameters
    ----------
    scorer : callable
        Called as ``scorer(estimator, X, y)``, with `sample_weight` if there are any.
    name : str
        How errors name it.
    """

    for_several_classes = True

    def __init__(self, scorer: Callable, name: str) -> None:
        self.scorer = scorer
        self.name = name

    def __str__(self) -> str:
        return f"the score {self.name}"

    def values(self, outcomes: Outcomes) -> np.ndarray:
        raise NotImplementedError("a scorer sees decisions, not counts")

    def score(
        self,
        y: np.ndarray,
        decided: np.ndarray,
        classes: np.ndarray,
        weight: np.ndarray | None,
    ) -> float:
        """Score one decision for each row."""
        given = {} if weight is None else {"sample_weight": weight}
        rows = np.zeros((len(y), 1))
        try:
            return float(self.scorer(Decided(decided, classes), rows, y, **given))
        except AttributeError as error:
            raise ValueError(
                f"{self} reads more than decisions, so that no threshold changes it. "
                "Expected a scorer of labels, such as 'f1'. Choose another one. "
                f"({error})"
            ) from error
        except TypeError as error:
            if weight is None or "sample_weight" not in str(error):
                raise
            raise ValueError(
                f"{self} takes no sample_weight, but the rows have weights. Expected "
                "a scorer that takes them. Make it with sklearn.metrics.make_scorer, "
                "or leave the weights out."
            ) from error


class Decided(ClassifierMixin, BaseEstimator):
    """A classifier that has decided already, for scorers.

    Parameters
    ----------
    decided : ndarray of shape (n_samples,)
        Its labels.
    classes : ndarray
        All labels.
    """

    def __init__(self, decided: np.ndarray, classes: np.ndarray) -> None:
        self.decided = decided
        self.classes_ = classes

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, X: Any) -> np.ndarray:
        """Return the labels."""
        return self.decided


def make_criterion(scoring: Any, *, per_label: bool = False) -> Criterion:
    """Make a criterion from what a user writes.

    Parameters
    ----------
    scoring : str, callable, Criterion or array-like
        The name of a scorer, a scorer, a criterion, or a cost matrix.
    per_label : bool, default=False
        Whether each label of a multilabel y is decided by itself.

    Raises
    ------
    ValueError
        If it is none of these, or does not go with several labels.
    """
    if isinstance(scoring, Criterion):
        return scoring
    if isinstance(scoring, str):
        if per_label:
            if scoring.endswith(_OF_WHOLE_ROWS):
                raise ValueError(
                    f"The score {scoring!r} averages over rows or labels, and each "
                    "label has a threshold of its own. Expected a score of one label, "
                    "such as 'f1' or 'f1_macro'. Choose one."
                )
            scoring = scoring.removesuffix("_macro")
        if scoring in METRICS:
            return METRICS[scoring]
        return ScorerCriterion(find_scorer(scoring, repr(scoring)), repr(scoring))
    if callable(scoring):
        # A function's repr is its address.
        return ScorerCriterion(scoring, getattr(scoring, "__name__", repr(scoring)))
    return CostMatrix(scoring)
