"""Scoring: what out-of-fold scores are judged by, prepared once for many calls."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from sknn_suite.checks import find_scorer
from sknn_suite.ensemble._auc import AreaUnderRoc
from sknn_suite.ensemble._judge import Judge, MeanOfRows

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
        self.scorer = find_scorer(scoring, f"scoring={scoring!r}")

    def judge(self, y: np.ndarray, weight: np.ndarray | None = None) -> Judge:
        """Make what judges predictions of these rows.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            What is true: labels, or numbers.
        weight : ndarray of shape (n_samples,) or None
            Weights of the rows.
        """
        if self.classes is not None and self.name == "roc_auc" and self._is_of_two:
            return AreaUnderRoc(self.classes[1] == y, weight)
        row = self._row_score(y)
        if row is None:
            return ScorerJudge(self, y, weight)
        return MeanOfRows(row, weight, is_root=self.name == ROOT)

    def of_rows(self, y: np.ndarray, scores: np.ndarray) -> np.ndarray | None:
        """Score each row by itself; None if the score is none of single rows.

        Of a root of a mean, rows score what the mean is taken of.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            What is true.
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            As for `judge`.
        """
        row = self._row_score(y)
        return None if row is None else row(scores)

    @property
    def _is_of_two(self) -> bool:
        return self.classes is not None and len(self.classes) == 2

    def _row_score(self, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray] | None:
        """Make what scores each row, if the score is a mean of rows."""
        if self.classes is None:
            of_numbers = _ROWS_OF_NUMBERS.get(self.name)
            return None if of_numbers is None else partial(of_numbers, y)
        find = _ROWS_OF_TWO if self._is_of_two else _ROWS_OF_SEVERAL
        of_labels = find.get(self.name)
        if of_labels is None:
            return None
        return partial(of_labels, np.searchsorted(self.classes, y))


class ScorerJudge(Judge):
    """Asks scikit-learn's scorer, which checks all its inputs each time.

    Parameters
    ----------
    scoring : Scoring
        The score.
    y : ndarray of shape (n_samples,)
        What is true.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    """

    def __init__(
        self, scoring: Scoring, y: np.ndarray, weight: np.ndarray | None
    ) -> None:
        self.scoring = scoring
        self.y = y
        self.given = {} if weight is None else {"sample_weight": weight}
        self.rows = np.zeros((len(y), 1))
        classes = scoring.classes
        self.model: Callable[[np.ndarray], Any] = PredictedNumbers
        if classes is not None:
            self.model = PredictedLabels.of(classes)

    def __call__(self, scores: np.ndarray) -> float:
        """Judge predictions; NaN in a fold in which nothing can be told apart."""
        model = self.model(scores)
        try:
            return float(self.scoring.scorer(model, self.rows, self.y, **self.given))
        except TypeError as error:
            if not self.given or "sample_weight" not in str(error):
                raise
            raise ValueError(
                f"scoring={self.scoring.name!r} takes no sample_weight, but the rows "
                "have weights. Expected a scorer that takes them. Choose another one, "
                "or leave the weights out."
            ) from error
        except ValueError as error:
            if "class" in str(error) and len(np.unique(self.y)) == 1:
                return np.nan
            raise


def _name_of(scorer: Any) -> str:
    return str(getattr(scorer, "__name__", scorer))


# -- scores of rows, whose mean is the score -----------------------------------------


RowScore = Callable[[np.ndarray, np.ndarray], np.ndarray]

# The score whose rows are those of "neg_mean_squared_error", in the same order.
ROOT = "neg_root_mean_squared_error"


def _log_of(true: np.ndarray) -> np.ndarray:
    return np.log(np.minimum(np.maximum(true, EPS), 1 - EPS))


def _log_losses_of_two(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return _log_of(np.where(codes == 1, scores, 1 - scores))


def _log_losses(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return _log_of(scores[..., np.arange(len(codes)), codes])


def _hits_of_two(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return ((scores > 0.5) == codes).astype(float)


def _hits(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return (scores.argmax(axis=-1) == codes).astype(float)


def _squares(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return -((scores - y) ** 2)


def _distances(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return -np.abs(scores - y)


_ROWS_OF_TWO: dict[str, RowScore] = {
    "neg_log_loss": _log_losses_of_two,
    "accuracy": _hits_of_two,
}
_ROWS_OF_SEVERAL: dict[str, RowScore] = {
    "neg_log_loss": _log_losses,
    "accuracy": _hits,
}
_ROWS_OF_NUMBERS: dict[str, RowScore] = {
    "neg_mean_squared_error": _squares,
    ROOT: _squares,
    "neg_mean_absolute_error": _distances,
}


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
