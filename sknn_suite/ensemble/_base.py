"""OutOfFoldEstimator: what estimators with out-of-fold predictions share."""

from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    RegressorMixin,
)
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted, column_or_1d

from sknn_suite.decision import Criterion, DecisionRule
from sknn_suite.ensemble._checkpoint import FoldFolder
from sknn_suite.ensemble._out_of_fold import OutOfFold
from sknn_suite.ensemble._target import Labels, Numbers, Target
from sknn_suite.exceptions import DataError
from sknn_suite.parameters import param, parameters


class OutOfFoldEstimator(MetaEstimatorMixin, BaseEstimator):
    """An estimator that has predicted its training rows out of fold."""

    _oof: OutOfFold
    _target: Target
    _row_labels: Any

    @property
    def oof_predictions_(self) -> Any:
        """Predictions of the training rows by models that have not seen them."""
        check_is_fitted(self)
        return self._oof.frame(self._target, self._row_labels)

    def _scores(self, X: Any) -> np.ndarray:
        """Scores of new rows, (n_samples, n_columns)."""
        raise NotImplementedError

    def _read_target(self, y: Any) -> tuple[Target, np.ndarray]:
        """Check y, and say whether it has labels or numbers."""
        raise NotImplementedError

    def _settle_decision(self, target: Target) -> Any:
        """Check how `predict` decides, before anything is fitted."""
        return None

    def _decide(
        self, wanted: Any, target: Target, y: np.ndarray, weight: np.ndarray | None
    ) -> None:
        """Choose how `predict` decides, by out-of-fold predictions."""

    def __sklearn_is_fitted__(self) -> bool:
        return "_oof" in vars(self)


@parameters(group="decisions")
class OutOfFoldClassifier(ClassifierMixin, OutOfFoldEstimator):
    """Labels and probabilities from scores.

    Parameters
    ----------
    decision_threshold : float, str, callable, criterion, array-like or None, \
            default=None
        How `predict` decides; `predict_proba` stays as it is. None takes the most
        probable class. A number is the smallest probability of ``classes_[1]`` that is
        positive. The name of a scorer, such as "f1" or "f1_macro", a scorer, a cost
        matrix (a row for each true class), or one of `sknn_suite.decision`, such as
        ``Capacity(200)``: the threshold is chosen on the out-of-fold predictions. Of
        several classes each has one, by which its probability is divided before the
        largest is taken.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; of two, the second is positive.

    decision_threshold_ : float, ndarray of shape (n_classes,) or None
        The threshold that `predict` uses; None if it takes the most probable class.

    decision_curve_ : DecisionCurve or None
        With two classes: what other thresholds would have done out of fold.

    best_score_ : float or None
        What the threshold was chosen by, out of fold; None if it was not chosen.
    """

    decision_threshold: Any = param(None, object)

    def _read_target(self, y: Any) -> tuple[Target, np.ndarray]:
        return Labels.read(y)

    def _settle_decision(self, target: Any) -> DecisionRule | Criterion | None:
        return DecisionRule.settle(
            self.decision_threshold, target.kind, len(target.classes)
        )

    def _decide(
        self, wanted: Any, target: Any, y: np.ndarray, weight: np.ndarray | None
    ) -> None:
        rule = wanted
        if isinstance(wanted, Criterion):
            known = np.flatnonzero(self._oof.counts)
            rule = DecisionRule.choose(
                wanted,
                target.kind,
                y[known],
                target.compact(self._oof.scores[known]),
                target.classes,
                None if weight is None else weight[known],
            )
        self._rule = rule
        self.classes_ = target.classes
        self.decision_threshold_ = None if rule is None else rule.threshold
        self.decision_curve_ = None if rule is None else rule.curve
        self.best_score_ = None if rule is None else rule.value

    def predict(self, X):
        """Predict labels: the most probable, or by `decision_threshold`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            Elements of `classes_`.
        """
        scores = self._scores(X)
        if self._rule is None:
            codes = scores.argmax(axis=1)
        else:
            codes = self._rule.decide(self._target.compact(scores))
        return self.classes_[codes]

    def predict_proba(self, X):
        """Predict probabilities, which a threshold does not change.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns as in `classes_`.
        """
        return self._scores(X)

    def predict_log_proba(self, X):
        """Predict the logarithm of `predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns as in `classes_`.
        """
        proba = self.predict_proba(X)
        with np.errstate(divide="ignore"):  # log(0) is -inf, as in scikit-learn
            return np.log(proba)


class OutOfFoldRegressor(RegressorMixin, OutOfFoldEstimator):
    """Numbers from scores."""

    def _read_target(self, y: Any) -> tuple[Target, np.ndarray]:
        return Numbers.read(y)

    def predict(self, X):
        """Predict a number for each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            The numbers.
        """
        return self._scores(X)[:, 0]


def check_weight(
    sample_weight: Any, y: np.ndarray, target: Target
) -> np.ndarray | None:
    """Check that there is a finite weight >= 0 for each row, and some for each class.

    Raises
    ------
    ValueError
        If not.
    """
    if sample_weight is None:
        return None
    weight = column_or_1d(sample_weight, dtype=np.float64)
    check_consistent_length(y, weight)
    if not (np.isfinite(weight).all() and (weight >= 0).all()):
        raise DataError(
            "sample_weight holds a negative or non-finite weight. Expected numbers "
            ">= 0. Change the weights."
        )
    if not weight.any():
        raise DataError(
            "Sample weights must contain at least one non-zero number. Expected rows "
            "that count. Change the weights."
        )
    if not target.has_all(y[weight > 0]):
        raise DataError(
            "sample_weight leaves a class without weight. Expected rows of every class "
            "that count. Change the weights, or drop the rows."
        )
    return weight


def folder_of(checkpoint: Any) -> FoldFolder | None:
    """Open the folder of a parameter `checkpoint`."""
    return None if checkpoint is None else FoldFolder(checkpoint)


def show_features_of(fitted: Any, shown: Any) -> None:
    """Take what an estimator knows of the features, and forget what was known."""
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(shown, name):
            setattr(fitted, name, getattr(shown, name))
        elif name in vars(fitted):
            delattr(fitted, name)
