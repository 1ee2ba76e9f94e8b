"""What is predicted: labels or numbers, and all that differs between the two."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from sknn_suite.checks import list_some
from sknn_suite.ensemble._scoring import Scoring
from sknn_suite.exceptions import DataError


@dataclass(frozen=True)
class Labels:
    """Labels of two or more classes.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        They are sorted.
    """

    classes: np.ndarray
    is_label = True

    @classmethod
    def read(cls, y: Any) -> tuple["Labels", np.ndarray]:
        """Check y.

        Raises
        ------
        ValueError
            If it is no column of labels, or has a single class.
        """
        _refuse_none(y)
        assert_all_finite(y, input_name="y")
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        if kind in ("multilabel-indicator", "multiclass-multioutput"):
            raise DataError(
                f"y is of the kind {kind!r}. Expected one label per row. Fit an "
                "ensemble for each column."
            )
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        classes = np.unique(y)
        if len(classes) < 2:
            raise DataError(
                f"y has 1 class: {classes.tolist()}. Expected two or more. Pass rows "
                "of another class."
            )
        return cls(classes), y

    @property
    def kind(self) -> str:
        """What a `DecisionRule` calls it."""
        return "binary" if len(self.classes) == 2 else "multiclass"

    @property
    def columns(self) -> list[str]:
        """Names of the columns of scores."""
        return [f"proba_{label}" for label in self.classes.tolist()]

    @property
    def scoring(self) -> str:
        """The usual score."""
        return "neg_log_loss"

    def refuse(self, estimator: Any, name: str) -> None:
        """Refuse what gives no probabilities.

        Raises
        ------
        TypeError, ValueError
            If it is a regressor, or has no `predict_proba`.
        """
        if is_regressor(estimator):
            raise TypeError(
                f"{name} is a regressor: {estimator!r}. Expected a classifier, because "
                "labels are predicted. Take a classifier, or an ensemble for numbers."
            )
        if not hasattr(estimator, "predict_proba"):
            raise DataError(
                f"{name} has no predict_proba: {estimator!r}. Expected probabilities "
                "of each class. Wrap it in sklearn.calibration."
                "CalibratedClassifierCV, or set its parameter probability=True."
            )

    def refuse_rows(self, y: np.ndarray, fold: int) -> None:
        """Refuse training rows that lack a class.

        Raises
        ------
        ValueError
            If they do.
        """
        absent = self.classes[~np.isin(self.classes, y)]
        if len(absent):
            raise DataError(
                f"Fold {fold} trains on no row of {list_some(absent)}. Expected rows "
                "of every class to train on. Use fewer folds, or a stratified splitter."
            )

    def has_all(self, y: np.ndarray) -> bool:
        """Whether rows have every class."""
        return len(np.unique(y)) == len(self.classes)

    def scores(self, estimator: Any, X: Any) -> np.ndarray:
        """Probabilities of rows, (n_samples, n_classes)."""
        return self.as_scores(estimator.predict_proba(X))

    def as_scores(self, predictions: Any) -> np.ndarray:
        """Make probabilities that a model gave an array of float64."""
        return np.asarray(predictions, dtype=np.float64)

    def compact(self, scores: np.ndarray) -> np.ndarray:
        """Leave the second of two classes; the last axis has the classes."""
        return scores[..., 1] if len(self.classes) == 2 else scores

    def whole(self, compact: np.ndarray) -> np.ndarray:
        """Give every class a column again."""
        if len(self.classes) > 2:
            return compact
        return np.stack([1 - compact, compact], axis=-1)

    def errors(self, scores: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Probability that was not given to the true class, one for each row."""
        codes = np.searchsorted(self.classes, y)
        return 1 - scores[..., np.arange(len(y)), codes]

    def make_scoring(self, wanted: Any) -> Scoring:
        """Make the score; None is the usual one."""
        return Scoring(self.scoring if wanted is None else wanted, self.classes)


@dataclass(frozen=True)
class Numbers:
    """A number for each row."""

    is_label = False
    columns = ("prediction",)
    scoring = "neg_root_mean_squared_error"

    @classmethod
    def read(cls, y: Any) -> tuple["Numbers", np.ndarray]:
        """Check y.

        Raises
        ------
        ValueError
            If it is no column of finite numbers.
        """
        _refuse_none(y)
        y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
        if y.ndim == 2 and y.shape[1] > 1:
            raise DataError(
                f"y has {y.shape[1]} columns. Expected one number per row. Fit an "
                "ensemble for each column."
            )
        return cls(), column_or_1d(y, warn=True)

    def refuse(self, estimator: Any, name: str) -> None:
        """Refuse classifiers.

        Raises
        ------
        TypeError
            If it is one.
        """
        if is_classifier(estimator):
            raise TypeError(
                f"{name} is a classifier: {estimator!r}. Expected a regressor, because "
                "numbers are predicted. Take a regressor, or an ensemble for labels."
            )

    def refuse_rows(self, y: np.ndarray, fold: int) -> None:
        """Accept any rows."""

    def has_all(self, y: np.ndarray) -> bool:
        """Whether there is a row."""
        return len(y) > 0

    def scores(self, estimator: Any, X: Any) -> np.ndarray:
        """Predictions of rows, (n_samples, 1)."""
        return self.as_scores(estimator.predict(X))

    def as_scores(self, predictions: Any) -> np.ndarray:
        """Make numbers that a model gave a column of float64."""
        return np.asarray(predictions, dtype=np.float64).reshape(-1, 1)

    def compact(self, scores: np.ndarray) -> np.ndarray:
        """Leave the only column."""
        return scores[..., 0]

    def whole(self, compact: np.ndarray) -> np.ndarray:
        """Make it a column again."""
        return compact[..., None]

    def errors(self, scores: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Say how much too large each prediction is."""
        return scores[..., 0] - y

    def make_scoring(self, wanted: Any) -> Scoring:
        """Make the score; None is the usual one."""
        return Scoring(self.scoring if wanted is None else wanted, None)


Target = Labels | Numbers


def _refuse_none(y: Any) -> None:
    if y is None:
        raise DataError(
            "fit requires y to be passed, but the target y is None. Expected what is "
            "predicted, one value per row. Pass it."
        )
