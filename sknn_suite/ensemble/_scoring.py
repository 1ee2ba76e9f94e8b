"""Scoring: what out-of-fold scores are judged by, prepared once for many calls."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from sknn_suite.checks import find_scorer
from sknn_suite.ensemble._auc import AreaUnderRoc

# Judges scores of the rows that it was made for; the largest value is best.
Judge = Callable[[np.ndarray], float]

EPS = float(np.finfo(np.float64).eps)


class Scoring:
    """A score, by name or as a scorer of scikit-learn.

    Parameters
    ----------
    scoring : str or callable
        Name of a scorer, or a scorer.
    classes : ndarray of shape (n_classes,) or None
        Labels of a classifier; None for numbers.

    Raises
    ------
    ValueError
        If there is no scorer of that name.
    """

    def __init__(self, scoring: Any, classes: np.ndarray | None) -> None:
        self.classes = classes
        self.name = scoring if isinstance(scoring, str) else _name_of(scoring)
        self._scorer = find_scorer(scoring, f"scoring={scoring!r}")

    def judge(self, y: np.ndarray, weight: np.ndarray | None = None) -> Judge:
        """Make a function that judges scores of these rows.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            What is true: labels, or numbers.
        weight : ndarray of shape (n_samples,) or None
            Weights of the rows.

        Returns
        -------
        callable
            From scores to a value. Scores are probabilities of the second class if
            there are two, of each class if there are more, or predicted numbers.
        """
        if self.classes is None:
            make_number = _OF_NUMBERS.get(self.name)
            if make_number is not None:
                return make_number(y, weight)
            return self._slow_judge(y, weight)
        codes = np.searchsorted(self.classes, y)
        if self.name == "roc_auc" and len(self.classes) == 2:
            return AreaUnderRoc(codes == 1, weight)
        make_label = _OF_LABELS.get(self.name)
        if make_label is not None:
            return make_label(codes, weight)
        return self._slow_judge(y, weight)

    def of_rows(self, y: np.ndarray, scores: np.ndarray) -> np.ndarray | None:
        """Score each row by itself; None if the score is none of single rows.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            What is true.
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            As for `judge`.
        """
        if self.classes is None:
            row = _ROWS_OF_NUMBERS.get(self.name)
            return None if row is None else row(y, scores)
        row = _ROWS_OF_LABELS.get(self.name)
        return None if row is None else row(np.searchsorted(self.classes, y), scores)

    def _slow_judge(self, y: np.ndarray, weight: np.ndarray | None) -> Judge:
        """Ask scikit-learn's scorer, which checks all its inputs each time."""
        given = {} if weight is None else {"sample_weight": weight}
        rows = np.zeros((len(y), 1))
        kind: Any = (
            PredictedNumbers
            if self.classes is None
            else PredictedLabels.of(self.classes)
        )

        def judge(scores: np.ndarray) -> float:
            try:
                return float(self._scorer(kind(scores), rows, y, **given))
            except TypeError as error:
                if weight is None or "sample_weight" not in str(error):
                    raise
                raise ValueError(
                    f"scoring={self.name!r} takes no sample_weight, but the rows have "
                    "weights. Expected a scorer that takes them. Choose another one, "
                    "or leave the weights out."
                ) from error
            except ValueError as error:
                if "class" in str(error) and len(np.unique(y)) == 1:
                    return np.nan  # a fold in which nothing can be told apart
                raise

        return judge


def _name_of(scorer: Any) -> str:
    return str(getattr(scorer, "__name__", scorer))


# -- judges without a call of scikit-learn -------------------------------------------


RowScore = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _log_losses(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    if scores.ndim == 1:
        true = np.where(codes == 1, scores, 1 - scores)
    else:
        true = scores[np.arange(len(codes)), codes]
    return np.log(np.clip(true, EPS, 1 - EPS))


def _hits(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    decided = scores > 0.5 if scores.ndim == 1 else scores.argmax(axis=1)
    return (decided == codes).astype(float)


def _squares(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return -((scores - y) ** 2)


def _distances(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return -np.abs(scores - y)


def _mean_of(row: RowScore) -> Callable[[np.ndarray, np.ndarray | None], Judge]:
    def make(y: np.ndarray, weight: np.ndarray | None) -> Judge:
        return lambda scores: float(np.average(row(y, scores), weights=weight))

    return make


def _root_squared(y: np.ndarray, weight: np.ndarray | None) -> Judge:
    squared = _mean_of(_squares)(y, weight)
    return lambda scores: -float(np.sqrt(-squared(scores)))


_ROWS_OF_LABELS: dict[str, RowScore] = {
    "neg_log_loss": _log_losses,
    "accuracy": _hits,
}
_ROWS_OF_NUMBERS: dict[str, RowScore] = {
    "neg_mean_squared_error": _squares,
    "neg_root_mean_squared_error": _squares,  # without the root, in the same order
    "neg_mean_absolute_error": _distances,
}
_OF_LABELS = {name: _mean_of(row) for name, row in _ROWS_OF_LABELS.items()}
_OF_NUMBERS = {name: _mean_of(row) for name, row in _ROWS_OF_NUMBERS.items()}
_OF_NUMBERS["neg_root_mean_squared_error"] = _root_squared


# -- what a scorer looks at ----------------------------------------------------------


class PredictedLabels(ClassifierMixin, BaseEstimator):
    """A classifier that has predicted already, for scorers.

    Parameters
    ----------
    classes : ndarray
        All labels.
    proba : ndarray of shape (n_samples, n_classes)
        The probabilities.
    """

    def __init__(self, classes: np.ndarray, proba: np.ndarray) -> None:
        self.classes_ = classes
        self.proba = proba

    @classmethod
    def of(cls, classes: np.ndarray) -> Callable[[np.ndarray], "PredictedLabels"]:
        """Make a function from scores to a classifier."""

        def make(scores: np.ndarray) -> "PredictedLabels":
            if scores.ndim == 1:
                scores = np.column_stack([1 - scores, scores])
            return cls(classes, scores)

        return make

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities."""
        return self.proba

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable labels."""
        codes = self.proba.argmax(axis=1)
        return self.classes_[codes]


class PredictedNumbers(RegressorMixin, BaseEstimator):
    """A regressor that has predicted already, for scorers.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Its predictions.
    """

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions."""
        return self.values
