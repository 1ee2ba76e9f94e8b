"""What is learnt from the target of a mixed table."""

import numpy as np

from sknn_suite.encoding import TargetScale
from sknn_suite.estimator import Classification, Regression


class MixedClassification(Classification):
    """Labels of mixed tables."""

    activation = "selu"


class MixedRegression(Regression):
    """Numbers of mixed tables; predictions stay within those of training rows."""

    activation = "mish"

    def settle(
        self, y: np.ndarray, weight: np.ndarray | None, held_out: np.ndarray | None
    ) -> None:
        super().settle(y, weight, held_out)
        columns = y.reshape(len(y), -1).astype(np.float64)
        self.target.seen = columns.min(axis=0), columns.max(axis=0)

    def _learn_scale(
        self, y: np.ndarray, weight: np.ndarray | None
    ) -> TargetScale | None:
        if self.of.scale_target != "auto":
            return super()._learn_scale(y, weight)
        if self.of.loss == "poisson":
            return TargetScale.of_counts(y, weight)
        return TargetScale.learn(True, y, weight)
