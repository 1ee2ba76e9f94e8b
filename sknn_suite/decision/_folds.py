"""Folds: k fits of any classifier, each with scores of the rows that it left out."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from sknn_suite.checks import list_some
from sknn_suite.doors import params_of_rows, split_of_rows
from sknn_suite.exceptions import DataError


class Fold(NamedTuple):
    """One fit, and the rows that it left out.

    Parameters
    ----------
    estimator : estimator
        The fitted estimator.
    rows : ndarray of int
        Numbers of the rows that it left out.
    scores : ndarray of shape (n_rows,) or (n_rows, n_classes)
        Their scores.
    """

    estimator: Any
    rows: np.ndarray
    scores: np.ndarray


def fit_folds(
    estimator: Any,
    X: Any,
    y: np.ndarray,
    splits: list[tuple[np.ndarray, np.ndarray]],
    params: dict[str, Any],
    n_jobs: int | None,
) -> list[Fold]:
    """Fit a clone for each split.

    Parameters
    ----------
    estimator : estimator
        The classifier.
    X, y : array-like and ndarray
        The rows.
    splits : list of (ndarray, ndarray)
        Numbers of the rows to train on, and of those left out.
    params : dict
        Arguments of fit; those with a value per row are split too.
    n_jobs : int or None
        As in joblib.
    """
    classes = np.unique(y)
    jobs = (
        delayed(_fit_fold)(clone(estimator), X, y, classes, i, split, params)
        for i, split in enumerate(splits)
    )
    return Parallel(n_jobs=n_jobs)(jobs)


def _fit_fold(
    estimator: Any,
    X: Any,
    y: np.ndarray,
    classes: np.ndarray,
    number: int,
    split: tuple[np.ndarray, np.ndarray],
    params: dict[str, Any],
) -> Fold:
    train, test = split
    absent = classes[~np.isin(classes, y[train])]
    if len(absent):
        raise DataError(
            f"Fold {number} trains on no row of {list_some(absent)}. Expected rows "
            "of every class to train on. Use fewer folds, or a stratified splitter."
        )
    X_train, y_train = split_of_rows(estimator, X, y, train)
    X_test, _ = split_of_rows(estimator, X, y, test, train)
    fitted = estimator.fit(X_train, y_train, **params_of_rows(X, params, train))
    return Fold(fitted, np.asarray(test), scores_of(fitted, X_test))


def gives_probabilities(estimator: Any) -> bool:
    """Whether a classifier has probabilities; else it has decision values."""
    return hasattr(estimator, "predict_proba")


def scores_of(estimator: Any, X: Any) -> np.ndarray:
    """Score rows: of the positive class if there are two, of each class if more."""
    if not gives_probabilities(estimator):
        return np.asarray(estimator.decision_function(X), dtype=np.float64)
    proba = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    return proba[:, 1] if proba.shape[1] == 2 else proba
