"""greedy_weights: which models to average, one more in each step, with replacement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import column_or_1d

from sknn_suite.ensemble._judge import Judge
from sknn_suite.ensemble._scoring import Scoring
from sknn_suite.exceptions import DataError

# Models that differ by less than this share of the best value are level.
LEVEL = 1e-6

N_STEPS = 40

# Models that are tried together have at most this many bytes of scores, as caches do.
TRIED_BYTES = 1 << 20


@dataclass(frozen=True)
class GreedyWeights:
    """Weights of models, and how they were found.

    Parameters
    ----------
    weights : ndarray of shape (n_models,)
        They are >= 0 and sum to one.
    names : list of str
        The models.
    value : float
        What the weighted mean scores on the rows that chose it.
    picks : list of int
        Number of the model that each step added.
    values : ndarray of shape (n_picks,)
        What the mean scored after each step.
    """

    weights: np.ndarray
    names: list[str]
    value: float
    picks: list[int]
    values: np.ndarray

    def as_dict(self) -> dict[str, float]:
        """Weights by name, without those that are zero.

        Returns
        -------
        dict of str to float
            The largest first.
        """
        order = np.argsort(-self.weights, kind="stable")
        return {
            self.names[i]: float(self.weights[i]) for i in order if self.weights[i] > 0
        }


def greedy_weights(
    oof: Any,
    y: Any,
    scoring: Any = None,
    *,
    n_steps: int = N_STEPS,
    sample_weight: Any = None,
) -> GreedyWeights:
    """Choose weights of models by their out-of-fold predictions, greedily.

    Each step adds the model that improves the mean of all models added so far the most;
    a model may be added again, which raises its weight. Afterwards the number of steps
    with the best mean is kept. Of models that are level, one that is in the mean
    already is taken, and of numbers of steps the smallest. So a model that does not
    help gets no weight. This is the selection of Caruana et al. [1]_.

    Parameters
    ----------
    oof : dict, data frame, or array-like of shape (n_models, n_samples[, n_classes])
        Predictions of each model for rows that it has not seen: probabilities of the
        second of two classes, of each class, or numbers. A dict has a name for each
        model; a data frame, a column.

    y : array-like of shape (n_samples,)
        What is true: labels, or numbers.

    scoring : str, callable or None, default=None
        Name of a scorer of scikit-learn, or a scorer. None is "neg_log_loss" for labels
        and "neg_root_mean_squared_error" for numbers. Fast for these, "roc_auc" of two
        classes, "accuracy", "neg_mean_squared_error" and "neg_mean_absolute_error":
        others are called n_steps times for each model.

    n_steps : int, default=40
        Number of models that are added, at most.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    GreedyWeights
        The weights, and what each step did.

    Raises
    ------
    ValueError
        If the predictions cannot be used.

    See Also
    --------
    blend : Average by such weights.
    CrossFitStackingClassifier : Fits the models as well.

    References
    ----------
    .. [1] Caruana et al., "Ensemble selection from libraries of models", ICML 2004.

    Examples
    --------
    >>> from sknn_suite.ensemble import greedy_weights
    >>> y = [0, 0, 1, 1]
    >>> oof = {"good": [0.1, 0.4, 0.3, 0.9], "other": [0.3, 0.1, 0.7, 0.4],
    ...        "bad": [0.8, 0.6, 0.3, 0.2]}
    >>> greedy_weights(oof, y).as_dict()
    {'other': 0.625, 'good': 0.375}
    """
    names, scores = read_scores(oof)
    y = column_or_1d(y)
    check_consistent_length(y, scores[0], sample_weight)
    weight = None if sample_weight is None else column_or_1d(sample_weight)
    judge = _scoring_of(y, scores, scoring).judge(y, weight)
    return choose_greedily(names, scores, judge, n_steps)


def _scoring_of(y: np.ndarray, scores: np.ndarray, scoring: Any) -> Scoring:
    """Take y for labels if its values, or several columns of scores, say so."""
    is_number = scores.ndim == 2 and type_of_target(y) == "continuous"
    if isinstance(scoring, str) and scoring in _FOR_NUMBERS:
        is_number = True
    elif scoring is None and not is_number and scores.ndim == 2:
        # Whole numbers may be counts; two values are labels.
        is_number = len(np.unique(y)) > 2
    if is_number:
        return Scoring(scoring or "neg_root_mean_squared_error", None)
    classes = np.unique(y)
    n_columns = 2 if scores.ndim == 2 else scores.shape[2]
    if len(classes) != n_columns:
        raise DataError(
            f"y has {len(classes)} classes, and the predictions are for {n_columns}. "
            "Expected as many. Pass one column per class, or rows of every class."
        )
    return Scoring(scoring or "neg_log_loss", classes)


_FOR_NUMBERS = {
    "explained_variance",
    "max_error",
    "neg_max_error",
    "neg_mean_absolute_error",
    "neg_mean_absolute_percentage_error",
    "neg_mean_gamma_deviance",
    "neg_mean_poisson_deviance",
    "neg_mean_squared_error",
    "neg_mean_squared_log_error",
    "neg_median_absolute_error",
    "neg_root_mean_squared_error",
    "neg_root_mean_squared_log_error",
    "r2",
}


def read_scores(oof: Any) -> tuple[list[str], np.ndarray]:
    """Read predictions of several models.

    Returns
    -------
    names : list of str
        Names of the models, or their numbers.
    scores : ndarray of shape (n_models, n_samples) or (n_models, n_samples, n_classes)
        Two classes have one column, that of the second.

    Raises
    ------
    ValueError
        If models differ in shape, a value is missing, or there is no model.
    """
    if isinstance(oof, Mapping):
        names, parts = list(oof), list(oof.values())
    elif hasattr(oof, "columns"):
        names, parts = list(oof.columns), [oof[name] for name in oof.columns]
    elif isinstance(oof, np.ndarray | Sequence):
        parts = list(oof)
        names = list(range(len(parts)))
    else:
        raise DataError(
            f"oof is of type {type(oof).__name__}. Expected a dict from names to "
            "arrays, a data frame with a column for each model, or an array with a row "
            "for each. Pass one of these."
        )
    if not parts:
        raise DataError(
            "oof has no model. Expected predictions of one at least. Pass them."
        )
    arrays = [np.asarray(part, dtype=np.float64) for part in parts]
    shape = arrays[0].shape
    for name, array in zip(names, arrays):
        if array.shape != shape or array.ndim not in (1, 2):
            raise DataError(
                f"The predictions of {name!r} have the shape {array.shape}, those of "
                f"{names[0]!r} {shape}. Expected (n_samples,) or (n_samples, "
                "n_classes), the same for all models. Change them."
            )
        if not np.isfinite(array).all():
            raise DataError(
                f"The predictions of {name!r} hold NaN or infinity. Expected a number "
                "for each row. Leave rows out that some model has not predicted."
            )
    scores = np.stack(arrays)
    if scores.ndim == 3 and scores.shape[2] <= 2:
        scores = scores[..., -1]
    return [str(name) for name in names], scores


def choose_greedily(
    names: list[str], scores: np.ndarray, judge: Judge, n_steps: int = N_STEPS
) -> GreedyWeights:
    """Choose weights of checked scores.

    Parameters
    ----------
    names : list of str
        The models.
    scores : ndarray of shape (n_models, n_samples[, n_classes])
        Their predictions.
    judge : callable
        From predictions to a value, the largest is best.
    n_steps : int
        Number of models that are added, at most.
    """
    total = np.zeros_like(scores[0])
    per_block = max(TRIED_BYTES // max(total.nbytes, 1), 1)
    blocks = [scores[i : i + per_block] for i in range(0, len(scores), per_block)]
    trials = np.empty_like(blocks[0])
    is_used = np.zeros(len(scores), dtype=bool)
    picks: list[int] = []
    values: list[float] = []
    for n_added in range(1, n_steps + 1):
        found = []
        for block in blocks:
            trial = np.add(total, block, out=trials[: len(block)])
            trial /= n_added
            found.append(judge.of_each(trial))
        each = np.concatenate(found)
        pick = _best(each, is_used)
        total += scores[pick]
        is_used[pick] = True
        picks.append(pick)
        values.append(float(each[pick]))
        if len(scores) == 1 or not np.isfinite(each[pick]):
            break
    nothing = np.zeros(len(values), dtype=bool)
    n_kept = _best(np.array(values), nothing) + 1
    counts = np.bincount(picks[:n_kept], minlength=len(scores))
    return GreedyWeights(
        weights=counts / n_kept,
        names=names,
        value=values[n_kept - 1],
        picks=picks[:n_kept],
        values=np.array(values[:n_kept]),
    )


def _best(values: np.ndarray, is_used: np.ndarray) -> int:
    """Find the largest value; among level ones one that is used, else the first."""
    best = np.fmax.reduce(values)  # of those that are numbers
    if np.isnan(best):
        return 0
    level = values >= best - LEVEL * abs(best)
    known = level & is_used
    if known.any():
        return int(np.where(known, values, -np.inf).argmax())
    return int(level.argmax())
