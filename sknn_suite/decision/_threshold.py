"""find_threshold: the best threshold of two classes among all that differ."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d

from sknn_suite.checks import list_some
from sknn_suite.decision._criteria import Criterion
from sknn_suite.decision._outcomes import Outcomes, count_outcomes
from sknn_suite.decision._scorer import ScorerCriterion, make_criterion
from sknn_suite.exceptions import DataError

# Points of a curve that are kept for display.
CURVE_POINTS = 1000

# Thresholds at which a scorer is called at a time: at most these are exact.
SCORED_THRESHOLDS = 1000

# Values that differ by no more than rounding are ties.
TIE = 1e-12


@dataclass(frozen=True)
class DecisionCurve:
    """What each threshold would have done to the rows that it was chosen on.

    Of many rows, a thousand thresholds are kept, evenly spaced in rank, and the chosen
    one.

    Parameters
    ----------
    thresholds : ndarray of shape (n_thresholds,)
        In ascending order, without those that flag nothing or everything.
    values : ndarray of shape (n_thresholds,)
        What the threshold is chosen by, larger is better; -inf if not allowed.
    precision, recall : ndarray of shape (n_thresholds,)
        Of the positive class.
    flagged : ndarray of shape (n_thresholds,)
        Share of the rows that are flagged.
    """

    thresholds: np.ndarray
    values: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    flagged: np.ndarray


@dataclass(frozen=True, repr=False)
class ThresholdChoice:
    """The best threshold, and how sure the choice is.

    Parameters
    ----------
    threshold : float
        A row is positive if its score is at least this; inf flags nothing, -inf all.
    value : float
        What it was chosen by, such as its F1 score; a cost is negative.
    ties : ndarray of shape (n_ties,)
        All thresholds that are as good, in ascending order. The last one is chosen: it
        flags the fewest rows.
    is_exact : bool
        Whether all thresholds were tried; a scorer that cannot be computed from
        counts is called for at most 2,000 of them.
    curve : DecisionCurve
        The other thresholds.
    criterion : Criterion
        What it was chosen by.
    """

    threshold: float
    value: float
    ties: np.ndarray
    is_exact: bool
    curve: DecisionCurve
    criterion: Criterion

    def __repr__(self) -> str:
        return (
            f"ThresholdChoice(threshold={self.threshold:.6g}, value={self.value:.6g}, "
            f"by {self.criterion}, n_ties={len(self.ties)}, is_exact={self.is_exact})"
        )


def find_threshold(
    y_true: Any, y_score: Any, scoring: Any = "f1", *, sample_weight: Any = None
) -> ThresholdChoice:
    """Find the threshold that is best among all, in n log n.

    The rows are sorted once. Each threshold that decides differently from the next is
    judged by its counts, so the result is the optimum, whatever the spacing of the
    scores. Use it on scores of rows that the model has not been trained on.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The labels, of two classes. The larger one is positive.

    y_score : array-like of shape (n_samples,) or (n_samples, 2)
        Scores of the positive class: probabilities or decision values. Of two columns,
        as `predict_proba` returns them, the second is taken.

    scoring : str, callable, criterion or array-like, default="f1"
        What is best: the name of a scorer, a scorer, a cost matrix, or `Capacity`,
        `FBeta`, `RecallAtPrecision`, `PrecisionAtRecall`. Exact and fast for
        "accuracy", "balanced_accuracy", "f1", "f1_macro", "f1_weighted", "jaccard",
        "matthews_corrcoef", "precision", "recall", "recall_macro" and all criteria.
        Other scorers are called once per threshold: for 1,000 thresholds at most,
        evenly spaced in rank, then for 1,000 around the best of them.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows, >= 0.

    Returns
    -------
    ThresholdChoice
        The threshold, its value, ties and the curve.

    Raises
    ------
    ValueError
        If a class is missing, no threshold is allowed, or the values cannot be used.

    See Also
    --------
    ThresholdTuner : Chooses the threshold of a classifier out of fold.

    Examples
    --------
    >>> from sknn_suite.decision import find_threshold
    >>> y, scores = [0, 0, 1, 0, 1], [0.001, 0.002, 0.004, 0.005, 0.9]
    >>> choice = find_threshold(y, scores)
    >>> round(choice.threshold, 4), round(choice.value, 2)
    (0.003, 0.8)
    """
    y_true = column_or_1d(y_true)
    y_score = check_array(
        y_score, ensure_2d=False, dtype=np.float64, input_name="y_score"
    )
    y_score = _scores_of_positive(y_score)
    weight = check_rows(y_true, y_score, sample_weight)
    classes = np.unique(y_true if weight is None else y_true[weight > 0])
    if len(classes) != 2:
        raise DataError(
            f"y_true has {len(classes)} class(es): {list_some(classes)}. Expected "
            "two, because a threshold decides between two. Pass rows of both."
        )
    criterion = make_criterion(scoring)
    return choose_threshold(y_true, y_score, criterion, classes, weight)


def _scores_of_positive(scores: np.ndarray) -> np.ndarray:
    """Take the column of the positive class."""
    if scores.ndim == 2 and scores.shape[1] in (1, 2):
        return scores[:, -1]
    if scores.ndim != 1:
        raise DataError(
            f"y_score has the shape {scores.shape}. Expected one score per row, or the "
            "two columns of predict_proba. Pass predict_proba(X)[:, 1]."
        )
    return scores


def check_rows(y: np.ndarray, scores: Any, sample_weight: Any) -> np.ndarray | None:
    """Check that labels, scores and weights belong together; return the weights."""
    check_consistent_length(y, scores, sample_weight)
    if sample_weight is None:
        return None
    weight = column_or_1d(sample_weight).astype(np.float64)
    if not (np.isfinite(weight).all() and (weight >= 0).all()):
        raise DataError(
            "sample_weight holds a negative or non-finite weight. Expected numbers "
            ">= 0. Change the weights."
        )
    return weight


def choose_threshold(
    y: np.ndarray,
    score: np.ndarray,
    criterion: Criterion,
    classes: np.ndarray,
    weight: np.ndarray | None = None,
) -> ThresholdChoice:
    """Choose the threshold of checked rows; ``classes[1]`` is positive."""
    positive = y == classes[1]
    outcomes = count_outcomes(positive, score, weight)
    criterion.check(2, outcomes.total)
    is_exact = True
    if isinstance(criterion, ScorerCriterion):
        index, values = _score_each(y, score, criterion, classes, weight, outcomes)
        is_exact = len(index) == len(outcomes.thresholds)
        outcomes = outcomes.take(index)
    else:
        values = criterion.values(outcomes)
    best = values.max()
    if not best > -np.inf:  # NaN too
        raise DataError(criterion.explain(outcomes))
    tied = np.flatnonzero(values >= best - TIE * max(1.0, abs(best)))
    chosen = int(tied[0])
    return ThresholdChoice(
        threshold=float(outcomes.thresholds[chosen]),
        value=float(values[chosen]),
        ties=outcomes.thresholds[tied][::-1],
        is_exact=is_exact,
        curve=make_curve(outcomes, values, chosen),
        criterion=criterion,
    )


def make_curve(outcomes: Outcomes, values: np.ndarray, chosen: int) -> DecisionCurve:
    """Keep what a display needs of all thresholds."""
    inner = np.arange(1, len(values) - 1)
    if len(inner) > CURVE_POINTS:
        index = np.linspace(1, len(values) - 2, CURVE_POINTS).round().astype(int)
        inner = np.union1d(index, inner[inner == chosen])
    inner = inner[::-1]
    kept = outcomes.take(inner)
    return DecisionCurve(
        thresholds=kept.thresholds,
        values=values[inner],
        precision=kept.precision,
        recall=kept.recall,
        flagged=kept.flagged / outcomes.total,
    )


def _score_each(
    y: np.ndarray,
    score: np.ndarray,
    criterion: ScorerCriterion,
    classes: np.ndarray,
    weight: np.ndarray | None,
    outcomes: Outcomes,
) -> tuple[np.ndarray, np.ndarray]:
    """Call the scorer for thresholds; return their numbers, ascending, and values."""

    def values_of(index: np.ndarray) -> np.ndarray:
        decided = (
            classes[(score >= outcomes.thresholds[i]).astype(int)] for i in index
        )
        return np.array([criterion.score(y, d, classes, weight) for d in decided])

    n = len(outcomes.thresholds)
    if n <= SCORED_THRESHOLDS:
        index = np.arange(n)
        return index, values_of(index)
    first = np.linspace(0, n - 1, SCORED_THRESHOLDS).round().astype(int)
    values = values_of(first)
    best = int(values.argmax())
    low = first[max(best - 1, 0)]
    high = first[min(best + 1, len(first) - 1)]
    near = np.arange(low, high + 1)
    if len(near) > SCORED_THRESHOLDS:
        near = np.linspace(low, high, SCORED_THRESHOLDS).round().astype(int)
    near = np.setdiff1d(near, first)
    index = np.concatenate([first, near])
    values = np.concatenate([values, values_of(near)])
    order = index.argsort()
    return index[order], values[order]
