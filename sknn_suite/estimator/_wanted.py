"""Wanted: how a classifier is asked to decide, and for which shares of the classes."""

from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from sknn_suite.decision import Criterion, DecisionRule, remaining_shift
from sknn_suite.encoding import ClassTarget
from sknn_suite.estimator._class_shares import ClassShares
from sknn_suite.exceptions import DataError
from sknn_suite.losses import LINKS


class Wanted(NamedTuple):
    """What `decision_threshold` and `probabilities` ask for.

    Parameters
    ----------
    of : Draft or estimator
        The parameters.
    target : ClassTarget
        The labels.
    settled : DecisionRule, Criterion or None
        A fixed rule, what to choose it by, or None for the most probable class.
    """

    of: Any
    target: ClassTarget
    settled: DecisionRule | Criterion | None

    @classmethod
    def of_fit(cls, of: Any, target: ClassTarget, *, partial: bool) -> "Wanted":
        """Read the parameters, and refuse those that cannot be used."""
        wanted = of.decision_threshold
        settled = DecisionRule.settle(wanted, target.kind_, len(target.classes_))
        if partial and isinstance(settled, Criterion):
            raise ValueError(
                f"decision_threshold={wanted!r} is chosen on validation rows, which "
                "partial_fit does not hold out. Expected a number or None. Choose it "
                "with ThresholdTuner(model, cv='prefit') when training is over."
            )
        if of.probabilities == "true_shares" and of.loss == "focal":
            raise ValueError(
                "probabilities='true_shares' does not go with loss='focal', whose "
                "probabilities are not those of any shares. Expected loss='log_loss'. "
                "Change one of the two."
            )
        if of.loss == "logit_adjusted":
            _refuse_adjustment(target.kind_, partial=partial)
        return cls(of, target, settled)

    @property
    def criterion(self) -> Criterion | None:
        """What the rule is chosen by, if it is not fixed."""
        return self.settled if isinstance(self.settled, Criterion) else None

    def rule(self, n_valid: int | None) -> DecisionRule | None:
        """Return the fixed rule; refuse to choose one without validation rows."""
        if isinstance(self.settled, DecisionRule):
            return self.settled
        if self.settled is not None and not n_valid:
            raise DataError(
                f"decision_threshold={self.of.decision_threshold!r} is chosen on "
                "validation rows, and this fit has none. Expected rows that training "
                "does not see. Set early_stopping=True, pass X_val and y_val to fit, "
                "or use ThresholdTuner."
            )
        if self.settled is not None and n_valid is not None:
            n_classes = len(self.target.classes_)
            several = self.target.kind_ == "multiclass"
            self.settled.check(n_classes if several else 2, n_valid)
        return None

    def shift(
        self, shares: ClassShares | None, class_weight: dict | list | None
    ) -> np.ndarray | None:
        """Compute what makes raw scores those for the true shares of the classes."""
        if self.of.probabilities != "true_shares":
            return None
        if isinstance(class_weight, list):
            raise ValueError(
                "probabilities='true_shares' does not go with class_weight of several "
                "labels, whose weights multiply in each row. Expected no class_weight "
                "or one label per row. Change one of the two."
            )
        if shares is None:
            return None
        if not (shares.class_weights > 0).all():
            raise ValueError(
                f"class_weight={self.of.class_weight!r} gives a class the weight 0, "
                "and nothing can be said about its true share. Expected weights > 0. "
                "Change it, or set probabilities='as_trained'."
            )
        if self.of.loss == "logit_adjusted":  # it trains for equal shares
            shift = np.log(shares.true)
        elif class_weight is None and shares.drawn is None:
            return None
        else:
            # Training saw shares that are `factors` times the true ones; Bayes' rule
            # takes the factor out of the odds.
            shift = -np.log(shares.factors)
        return shift[1:] - shift[:1] if self.target.kind_ == "binary" else shift

    def mended(
        self,
        target: ClassTarget,
        raw: Tensor,
        codes: np.ndarray,
        weight: np.ndarray | None,
        shares: np.ndarray,
    ) -> np.ndarray:
        """Add to the shift what validation rows show that Bayes' rule has left.

        Parameters
        ----------
        target : ClassTarget
            The labels, and the shift by Bayes' rule.
        raw : Tensor of shape (n_samples, n_outputs)
            Raw scores of the validation rows, not shifted.
        codes, weight : ndarray of shape (n_samples,), the latter or None
            Their classes, and weights without those of classes.
        shares : ndarray of shape (n_classes,)
            True shares of the classes.
        """
        assert target.shift is not None
        scores = target.shifted(raw).double().numpy()
        if target.kind_ == "binary":
            scores = np.hstack([np.zeros_like(scores), scores])
        left = remaining_shift(scores, codes, weight, shares)
        return target.shift + (left[1:] - left[:1] if raw.shape[1] == 1 else left)

    def choose(
        self,
        target: ClassTarget,
        raw: Tensor,
        y: np.ndarray,
        weight: np.ndarray | None,
    ) -> DecisionRule:
        """Choose the rule by validation rows."""
        assert self.criterion is not None
        return DecisionRule.choose(
            self.criterion,
            target.kind_,
            y,
            probabilities(target, raw),
            target.classes_,
            weight,
        )


def _refuse_adjustment(kind: str, *, partial: bool) -> None:
    """Refuse loss="logit_adjusted" where classes have no known shares."""
    if kind == "multilabel":
        raise ValueError(
            "loss='logit_adjusted' does not go with several labels per row, which are "
            "in no single class. Expected loss='log_loss' or 'focal'. Change loss, and "
            "set class_weight for rare labels."
        )
    if partial:
        raise ValueError(
            "loss='logit_adjusted' is not supported for partial_fit, which sees one "
            "part of the data and not the shares of the classes. Expected "
            "loss='log_loss' or 'focal'. Change loss, or call fit on all rows."
        )


def probabilities(target: ClassTarget, raw: Tensor) -> np.ndarray:
    """Probabilities as a `DecisionRule` takes them, in double precision."""
    link = "softmax" if target.kind_ == "multiclass" else "logistic"
    proba = LINKS[link](raw.double()).numpy()
    return proba[:, 0] if target.kind_ == "binary" else proba
