"""What is learnt from the target of a mixed table."""

from typing import Any

import numpy as np
from scipy.stats import skew

from sknn_suite.encoding import TargetScale
from sknn_suite.estimator import Classification, Regression
from sknn_suite.tabular._balance import Balance, check_imbalance, told
from sknn_suite.tabular._monotonic import check_constraints

# Skewness from which the logarithm of a positive target is tried. That of an
# exponential distribution is 2, and that of a normal one 0.
SKEWED = 1.0


def skewness(columns: np.ndarray) -> np.ndarray:
    """Skewness of each column; 0 for a constant one."""
    unit = columns / np.abs(columns).max(axis=0)  # no cube overflows then
    spread = unit.std(axis=0)
    varies = spread > 1e-9
    return np.where(
        varies, skew(np.where(varies, unit, np.arange(len(unit))[:, None])), 0.0
    )


class MixedClassification(Classification):
    """Labels of mixed tables."""

    activation = "selu"
    other_scale = None
    _totals: np.ndarray

    @property
    def shown(self) -> dict[str, Any]:
        """Fitted attributes for what parameters left open."""
        return {}

    def learn(self, y: np.ndarray, *, resume: bool, partial: bool) -> None:
        super().learn(y, resume=resume, partial=partial)
        check_imbalance(self.of, self.target.kind_)
        check_constraints(self.of, self.target.kind_)

    def settle(
        self, y: np.ndarray, weight: np.ndarray | None, held_out: np.ndarray | None
    ) -> None:
        super().settle(y, weight, held_out)
        if self.target.kind_ != "multilabel":
            n_classes = len(self.target.classes_)
            codes = self.target.codes(y)
            self._totals = np.bincount(codes, weight, minlength=n_classes)

    def balance(self, n_members: int, n_folds: int | None) -> Balance | None:
        """Choose which members weigh the classes equally."""
        if self.of.imbalance is None:
            return None
        return Balance.settle(self.of.imbalance, self._totals, n_members, n_folds)

    def tell(self, balance: Balance | None, share: np.ndarray) -> None:
        """Note what the members that were chosen do about imbalance."""
        self.of.imbalance_ = told(balance, share)


class MixedRegression(Regression):
    """Numbers of mixed tables; predictions stay within those of training rows."""

    activation = "mish"
    other_scale: TargetScale | None = None  # worth a trial

    def balance(self, n_members: int, n_folds: int | None) -> None:
        """Choose nothing: numbers have no classes."""

    def tell(self, balance: Balance | None, share: np.ndarray) -> None:
        """Note nothing."""

    @property
    def shown(self) -> dict[str, Any]:
        """Fitted attributes for what parameters left open."""
        scale = self.target.scale
        used = scale is not None and ("log" if scale.log else True)
        return {"scale_target_": used}

    def settle(
        self, y: np.ndarray, weight: np.ndarray | None, held_out: np.ndarray | None
    ) -> None:
        super().settle(y, weight, held_out)
        columns = y.reshape(len(y), -1).astype(np.float64)
        self.target.seen = columns.min(axis=0), columns.max(axis=0)
        is_open = self.of.scale_target == "auto" and self.of.loss != "poisson"
        if is_open and columns.min() > 0 and skewness(columns).min() > SKEWED:
            self.other_scale = TargetScale.learn("log", y, weight)

    def _learn_scale(
        self, y: np.ndarray, weight: np.ndarray | None
    ) -> TargetScale | None:
        if self.of.scale_target != "auto":
            return super()._learn_scale(y, weight)
        if self.of.loss == "poisson":
            return TargetScale.of_counts(y, weight)
        return TargetScale.learn(True, y, weight)
