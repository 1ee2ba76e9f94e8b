"""TabularRegressor."""

import numpy as np
import torch
from torch import Tensor

from sknn_suite.encoding import NumberTarget
from sknn_suite.estimator import Regression, Regressor
from sknn_suite.parameters import parameters
from sknn_suite.tabular._mixed import TabularEstimator
from sknn_suite.tabular._mixed_task import MixedTask


class ScaledTarget(NumberTarget):
    """Numbers of mean zero and unit deviation; predictions stay within those seen."""

    def fit(self, y: np.ndarray) -> "ScaledTarget":
        super().fit(y)
        y = y.reshape(len(y), -1).astype(np.float64)
        self.low, self.high = y.min(axis=0), y.max(axis=0)
        self.center = y.mean(axis=0)
        spread = y.std(axis=0)
        self.spread = np.where(spread > 0, spread, 1.0)
        return self

    def transform(self, y: np.ndarray, dtype: torch.dtype) -> Tensor:
        y = y.reshape(len(y), -1)
        return super().transform((y - self.center) / self.spread, dtype)

    def inverse_transform(self, values: np.ndarray) -> np.ndarray:
        values = np.clip(values * self.spread + self.center, self.low, self.high)
        return super().inverse_transform(values)


class MixedRegression(Regression):
    """Numbers of mixed tables."""

    activation = "mish"

    def learn(self, y, *, resume, partial):
        target = self.target
        super().learn(y, resume=resume, partial=partial)
        self.target = target if resume else ScaledTarget().fit(y)


@parameters
class TabularRegressor(TabularEstimator, Regressor):
    """Regressor."""

    def _task(self, of):
        return MixedTask(of, MixedRegression(of))
