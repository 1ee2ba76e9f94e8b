"""Verdict: the score that the user cares about, and the thresholds that it needs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer

from sknn_suite.decision import Criterion, DecisionRule
from sknn_suite.ensemble._scoring import PredictedLabels, Scoring
from sknn_suite.ensemble._target import Labels, Target

# Scores of decisions: probabilities are weighed by their loss, then the threshold is
# chosen by the score.
OF_DECISIONS = {
    "balanced_accuracy",
    "f1",
    "f1_macro",
    "f1_micro",
    "f1_weighted",
    "jaccard",
    "jaccard_macro",
    "matthews_corrcoef",
    "precision_macro",
    "recall_macro",
}

# Scores of two classes, and what is meant with more.
_OF_MORE = {
    "f1": "f1_macro",
    "jaccard": "jaccard_macro",
    "precision": "precision_macro",
    "recall": "recall_macro",
    "roc_auc": "roc_auc_ovr",
}


@dataclass(frozen=True)
class Verdict:
    """What is shown, what weights are chosen by, and what thresholds are chosen by.

    Parameters
    ----------
    name : str
        Name of the score that is shown.
    scoring : Scoring
        What chooses weights.
    shown : Scoring or None
        What is shown if it is another score.
    criterion : DecisionRule, Criterion or None
        A fixed threshold, what chooses one, or none.
    """

    name: str
    scoring: Scoring
    shown: Scoring
    criterion: Any

    @classmethod
    def settle(cls, scoring: Any, decision_threshold: Any, target: Target) -> "Verdict":
        """Read the parameters.

        Raises
        ------
        ValueError
            If there is no such score, or no such threshold.
        """
        if not isinstance(target, Labels):
            shown = target.make_scoring(scoring)
            return cls(shown.name, shown, shown, None)
        n_classes = len(target.classes)
        if isinstance(scoring, str) and n_classes > 2:
            scoring = _OF_MORE.get(scoring, scoring)
        shown = target.make_scoring(scoring)
        wanted = decision_threshold
        judged = shown
        if isinstance(scoring, str) and scoring in OF_DECISIONS:
            judged = target.make_scoring(None)
            wanted = scoring if wanted is None else wanted
        elif scoring is None and wanted is not None:
            judged = target.make_scoring(None)
        rule = DecisionRule.settle(wanted, target.kind, n_classes)
        return cls(shown.name, judged, shown, rule)

    def rule(
        self,
        target: Target,
        y: np.ndarray,
        scores: np.ndarray,
        weight: np.ndarray | None,
    ) -> DecisionRule | None:
        """Choose the threshold on these rows."""
        if not isinstance(target, Labels) or not isinstance(self.criterion, Criterion):
            return self.criterion
        compact = target.compact(scores)
        return DecisionRule.choose(
            self.criterion, target.kind, y, compact, target.classes, weight
        )

    def value(
        self,
        target: Target,
        y: np.ndarray,
        scores: np.ndarray,
        weight: np.ndarray | None,
        rule: DecisionRule | None,
    ) -> float:
        """Score rows; scores of decisions decide by `rule`."""
        if rule is None or self.name not in OF_DECISIONS:
            judge = self.shown.judge(y, weight)
            return judge(target.compact(scores))
        codes = rule.decide(target.compact(scores))
        proba = np.eye(scores.shape[1])[codes]
        given = {} if weight is None else {"sample_weight": weight}
        classes = target.classes  # type: ignore[union-attr]
        decided = PredictedLabels(classes, proba)
        scorer = get_scorer(self.name)
        return float(scorer(decided, np.zeros((len(y), 1)), y, **given))
