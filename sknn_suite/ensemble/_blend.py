"""blend: one prediction from those of several models."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import expit, logit, softmax
from scipy.stats import rankdata

from sknn_suite.checks import list_some
from sknn_suite.ensemble._greedy import GreedyWeights, read_scores
from sknn_suite.ensemble._scoring import EPS
from sknn_suite.exceptions import DataError

WAYS = ("mean", "logits", "median", "ranks")


def blend(predictions: Any, weights: Any = None, *, how: str = "mean") -> np.ndarray:
    """Average predictions of several models.

    Parameters
    ----------
    predictions : dict, data frame, or array-like of shape \
            (n_models, n_samples[, n_classes])
        Predictions of each model, as for `greedy_weights`.

    weights : GreedyWeights, dict, array-like of shape (n_models,) or None, default=None
        Weights of the models, >= 0; they need not sum to one. A dict has names, and
        models without one have no weight. None is the same for all.

    how : {"mean", "logits", "median", "ranks"}, default="mean"
        What is averaged: predictions; the logarithms of the odds (of the
        probabilities), for models that are sure of different rows; ranks, for models
        whose scores differ in scale, which gives numbers in (0, 1) that are no
        probabilities. "median" takes no weights.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_classes)
        The mean.

    Raises
    ------
    ValueError
        If weights and models do not belong together.

    See Also
    --------
    greedy_weights : Finds weights.

    Examples
    --------
    >>> from sknn_suite.ensemble import blend
    >>> blend({"net": [0.2, 0.6], "forest": [0.4, 0.2]}, {"net": 3, "forest": 1})
    array([0.25, 0.5 ])
    """
    if how not in WAYS:
        raise ValueError(
            f"how={how!r} is no way to blend. Expected one of {', '.join(WAYS)}. "
            "Choose one."
        )
    names, scores = read_scores(predictions)
    if how == "median" and weights is not None:
        raise ValueError(
            "weights were passed to a median, which has none. Expected "
            "weights=None, or another way. Choose one of the two."
        )
    share = _read_weights(weights, names)
    if how == "ranks":
        # Of the rows at hand, from 0 to 1.
        scores = (rankdata(scores, axis=1) - 0.5) / scores.shape[1]
    return combine(scores, "mean" if how == "ranks" else how, share)


def _read_weights(weights: Any, names: list[str]) -> np.ndarray:
    if weights is None:
        return np.full(len(names), 1 / len(names))
    if isinstance(weights, GreedyWeights):
        weights = dict(zip(weights.names, weights.weights))
    if isinstance(weights, Mapping):
        given = {str(name): value for name, value in weights.items()}
        unknown = [name for name in given if name not in names]
        if unknown:
            raise DataError(
                f"weights name {list_some(unknown)}, which have no predictions. "
                f"Expected names of {list_some(names)}. Change them."
            )
        weights = [given.get(name, 0.0) for name in names]
    share = np.asarray(weights, dtype=np.float64)
    usable = share.shape == (len(names),) and np.isfinite(share).all()
    if not (usable and (share >= 0).all() and share.sum() > 0):
        raise DataError(
            f"weights={weights!r} are no weights of {len(names)} models. Expected a "
            "finite number >= 0 for each, and one > 0. Change them."
        )
    return share / share.sum()


def combine(parts: np.ndarray, how: str, share: np.ndarray | None = None) -> np.ndarray:
    """Average checked predictions.

    Parameters
    ----------
    parts : ndarray of shape (n_models, n_samples[, n_classes])
        Predictions; several classes sum to one.
    how : {"mean", "logits", "median"}
        What is averaged.
    share : ndarray of shape (n_models,) or None
        Weights that sum to one; None takes the plain mean.
    """
    if how == "median":
        middle = np.median(parts, axis=0)
        if parts.ndim == 3:
            middle /= middle.sum(axis=1, keepdims=True)
        return middle
    if how == "logits" and parts.ndim == 2:
        return expit(_mean(logit(np.clip(parts, EPS, 1 - EPS)), share))
    if how == "logits":
        return softmax(_mean(np.log(np.maximum(parts, EPS)), share), axis=1)
    return _mean(parts, share)


def _mean(parts: np.ndarray, share: np.ndarray | None) -> np.ndarray:
    if share is None:
        return parts.mean(axis=0)
    return np.tensordot(share, parts, axes=1)


class RankScale:
    """Puts scores of fold models on one scale, by their ranks among rows left out.

    A score becomes its rank among those that the same fold model gave to the rows that
    it left out, which does not depend on the other rows that are predicted. The mean
    rank of all folds becomes a score again by the scores of all folds together, so that
    probabilities keep their scale.

    Parameters
    ----------
    folds : list of ndarray of shape (n_rows,) or (n_rows, n_classes)
        Scores of the rows that each fold left out.
    """

    def __init__(self, folds: list[np.ndarray]) -> None:
        self.folds = [np.sort(fold, axis=0) for fold in folds]
        self.whole = np.sort(np.concatenate(folds), axis=0)

    def __call__(self, parts: np.ndarray) -> np.ndarray:
        """Average scores of shape (n_folds, n_samples[, n_classes])."""
        if parts.ndim == 2:
            return self._of_column(parts, self.folds, self.whole)
        columns = [
            self._of_column(
                parts[..., k], [fold[:, k] for fold in self.folds], self.whole[:, k]
            )
            for k in range(parts.shape[2])
        ]
        found = np.maximum(np.column_stack(columns), EPS)
        return found / found.sum(axis=1, keepdims=True)

    @staticmethod
    def _of_column(
        parts: np.ndarray, folds: list[np.ndarray], whole: np.ndarray
    ) -> np.ndarray:
        ranks = [
            np.interp(part, fold, np.linspace(0, 1, len(fold)))
            for part, fold in zip(parts, folds)
        ]
        return np.quantile(whole, np.mean(ranks, axis=0))
