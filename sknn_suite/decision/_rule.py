"""DecisionRule: from probabilities or scores to class codes, by learnt thresholds."""

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from sknn_suite.checks import list_some
from sknn_suite.decision._criteria import Criterion
from sknn_suite.decision._offsets import find_offsets
from sknn_suite.decision._scorer import make_criterion
from sknn_suite.decision._threshold import choose_threshold
from sknn_suite.exceptions import DataError

# Probabilities below it count as this much, so that their logarithm is finite.
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class DecisionRule:
    """Turns scores into decisions.

    Parameters
    ----------
    kind : {"binary", "multiclass", "multilabel"}
        What is decided.
    threshold : float or ndarray of shape (n_classes,) or (n_labels,)
        Two classes: the smallest score that is positive. Several labels: the same for
        each. Several classes: what each probability is divided by, or each score is
        lowered by, before the largest is taken.
    of_probabilities : bool
        Whether it is for probabilities, rather than for scores of any range.
    value : float, ndarray or None
        What the threshold was chosen by, for each label of several; None if fixed.
    curve : DecisionCurve, list of DecisionCurve or None
        The other thresholds, for each label of several; None if fixed, and for several
        classes.
    """

    kind: str
    threshold: Any
    of_probabilities: bool = True
    value: Any = None
    curve: Any = None

    @classmethod
    def most_probable(
        cls, kind: str, n_columns: int, of_probabilities: bool
    ) -> "DecisionRule":
        """Make the rule that decides without thresholds."""
        if kind == "multiclass":
            even = 1 / n_columns if of_probabilities else 0.0
            return cls(kind, np.full(n_columns, even), of_probabilities)
        return cls(kind, 0.5 if of_probabilities else 0.0, of_probabilities)

    @classmethod
    def settle(
        cls, wanted: Any, kind: str, n_columns: int
    ) -> "DecisionRule | Criterion | None":
        """Make a rule of fixed thresholds, or the criterion by which to choose them.

        Parameters
        ----------
        wanted : object
            The parameter `decision_threshold`.
        kind : {"binary", "multiclass", "multilabel"}
            What is decided.
        n_columns : int
            Number of classes, or of labels.

        Raises
        ------
        ValueError
            If it cannot be used.
        """
        if wanted is None:
            return None
        if n_columns == 1:
            raise DataError(
                f"y has a single class, and decision_threshold={wanted!r} decides "
                "between two or more. Expected rows of another class. Pass them, or "
                "set decision_threshold=None."
            )
        if isinstance(wanted, Real) and not isinstance(wanted, bool):
            if kind == "multiclass":
                raise ValueError(
                    f"decision_threshold={wanted!r} is one number, but there are "
                    f"{n_columns} classes. Expected the name of a scorer, a cost "
                    f"matrix, or a list of {n_columns} numbers. Pass one of these."
                )
            _check_range(wanted, np.array([wanted], dtype=np.float64), lowest=0)
            return cls(kind, float(wanted))
        if not isinstance(wanted, str | Criterion) and not callable(wanted):
            fixed = _as_thresholds(wanted)
            if fixed is not None:
                return _fixed_rule(wanted, fixed, kind, n_columns)
        criterion = make_criterion(wanted, per_label=kind == "multilabel")
        criterion.check(2 if kind != "multiclass" else n_columns, np.inf)
        return criterion

    @classmethod
    def choose(
        cls,
        criterion: Criterion,
        kind: str,
        y: np.ndarray,
        scores: np.ndarray,
        classes: np.ndarray,
        weight: np.ndarray | None,
        *,
        of_probabilities: bool = True,
    ) -> "DecisionRule":
        """Choose thresholds by rows that the model has not been trained on.

        Parameters
        ----------
        criterion : Criterion
            What is best.
        kind : {"binary", "multiclass", "multilabel"}
            What is decided.
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels of the rows.
        scores : ndarray of shape (n_samples,) or (n_samples, n_columns)
            See `DecisionRule.decide`.
        classes : ndarray of shape (n_classes,)
            All labels.
        weight : ndarray of shape (n_samples,) or None
            Weights of the rows.
        of_probabilities : bool
            Whether scores are probabilities.

        Raises
        ------
        ValueError
            If a class has no row, or the criterion cannot be met.
        """
        scores = np.asarray(scores, dtype=np.float64)
        if kind == "binary":
            _check_present(y, classes, weight, str(criterion))
            choice = choose_threshold(y, scores, criterion, classes, weight)
            return cls(
                kind, choice.threshold, of_probabilities, choice.value, choice.curve
            )
        if kind == "multilabel":
            both = np.array([0, 1])
            choices = []
            for j, column in enumerate(np.asarray(y).T):
                _check_present(column, both, weight, f"{criterion}, label {j}")
                choices.append(
                    choose_threshold(column, scores[:, j], criterion, both, weight)
                )
            return cls(
                kind,
                np.array([choice.threshold for choice in choices]),
                of_probabilities,
                np.array([choice.value for choice in choices]),
                [choice.curve for choice in choices],
            )
        _check_present(y, classes, weight, str(criterion))
        codes = np.searchsorted(classes, y)
        added = _log(scores) if of_probabilities else scores
        found = find_offsets(codes, added, criterion, classes, weight)
        if of_probabilities:
            threshold = np.exp(found.offsets.min() - found.offsets)
            threshold /= threshold.sum()
        else:
            threshold = -found.offsets
        return cls(kind, threshold, of_probabilities, found.value)

    def decide(self, scores: np.ndarray) -> np.ndarray:
        """Codes from scores.

        Parameters
        ----------
        scores : ndarray of shape (n_samples,) or (n_samples, n_columns)
            Scores of the positive class, of each class, or of each label.
        """
        scores = np.asarray(scores, dtype=np.float64)
        if self.kind != "multiclass":
            return (scores >= self.threshold).astype(int)
        if self.of_probabilities:
            # One threshold for all leaves the most probable class, also if two
            # probabilities differ by less than their logarithms.
            scores, threshold = _log(scores), _log(self.threshold)
        else:
            threshold = self.threshold
        return (scores - threshold).argmax(axis=1)


def _as_thresholds(wanted: Any) -> np.ndarray | None:
    """Read a list of numbers; None for a matrix."""
    try:
        numbers = np.asarray(wanted, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return numbers if numbers.ndim == 1 else None


def _fixed_rule(
    wanted: Any, fixed: np.ndarray, kind: str, n_columns: int
) -> DecisionRule:
    if kind == "binary" or len(fixed) != n_columns:
        expected = "one number" if kind == "binary" else f"{n_columns} numbers"
        raise ValueError(
            f"decision_threshold={wanted!r} has {len(fixed)} numbers for y with "
            f"{n_columns} {'labels' if kind == 'multilabel' else 'classes'}. Expected "
            f"{expected}. Change it."
        )
    _check_range(wanted, fixed, lowest=0 if kind == "multilabel" else TINY)
    return DecisionRule(kind, fixed)


def _check_range(wanted: Any, numbers: np.ndarray, lowest: float) -> None:
    if not ((numbers >= lowest) & (numbers <= 1)).all():
        raise ValueError(
            f"decision_threshold={wanted!r} is no probability. Expected numbers in "
            f"{'[0' if lowest == 0 else '(0'}, 1]. Change it."
        )


def _check_present(
    y: np.ndarray, classes: np.ndarray, weight: np.ndarray | None, what: str
) -> None:
    seen = y if weight is None else y[weight > 0]
    absent = classes[~np.isin(classes, seen)]
    if len(absent):
        counted = "" if weight is None else " with a sample_weight above 0"
        raise DataError(
            f"The classes {list_some(absent)} are missing among the {len(seen)} rows"
            f"{counted} by which {what} is judged. Expected rows of every class. Hold "
            "more rows out, or pass validation rows that have all classes."
        )


def _log(scores: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(scores, TINY))
