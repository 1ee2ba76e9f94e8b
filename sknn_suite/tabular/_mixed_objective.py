"""What is learnt from the target of a mixed table."""

import numpy as np
import torch
from torch import Tensor

from sknn_suite.data import as_tensor
from sknn_suite.encoding import NumberTarget
from sknn_suite.estimator import Classification, Regression
from sknn_suite.exceptions import DataError
from sknn_suite.losses import HuberLoss, Loss, QuantileLoss, QuantilesLoss


class MixedClassification(Classification):
    """Labels of mixed tables."""

    activation = "selu"

    def learn_range(self, y: np.ndarray) -> None:
        """Do nothing: labels have no range."""


class ScaledTarget(NumberTarget):
    """Numbers on a scale of unit deviation; predictions stay within those seen.

    Parameters
    ----------
    is_count : bool, default=False
        Whether numbers are divided by their mean only, so that zero stays zero.
    n_quantiles : int, default=1
        Predictions for each number; several are sorted, so that they never cross.

    Attributes
    ----------
    center, spread : ndarray of shape (n_outputs,)
        Numbers to subtract, and to divide by.
    low, high : ndarray of shape (n_outputs,)
        Range of the training targets.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.tabular._mixed_objective import ScaledTarget
    >>> target = ScaledTarget().fit(np.array([10.0, 30.0]))
    >>> target.inverse_transform(np.array([[-1.0], [0.5], [7.0]])).tolist()
    [10.0, 25.0, 30.0]
    """

    def __init__(self, is_count: bool = False, n_quantiles: int = 1) -> None:
        self.is_count = is_count
        self.n_quantiles = n_quantiles

    def fit(self, y: np.ndarray) -> "ScaledTarget":
        y = y.reshape(len(y), -1).astype(np.float64)
        self.n_outputs = y.shape[1] * self.n_quantiles
        self.low, self.high = y.min(axis=0), y.max(axis=0)
        unit = np.maximum(np.abs(y).max(axis=0), 1e-300)  # squares may overflow
        mean = (y / unit).mean(axis=0) * unit
        spread = (y / unit).std(axis=0) * unit
        if self.is_count:
            self.center, spread = np.zeros_like(mean), mean
        else:
            self.center = mean
        self.spread = np.where(spread > 1e-12 * unit, spread, 1.0)
        return self

    def transform(self, y: np.ndarray, dtype: torch.dtype) -> Tensor:
        y = y.reshape(len(y), -1)
        return as_tensor((y - self.center) / self.spread, dtype)

    def inverse_transform(self, values: np.ndarray) -> np.ndarray:
        if self.n_quantiles > 1:
            values = np.sort(values, axis=1)
        seen = np.clip(values * self.spread + self.center, self.low, self.high)
        return super().inverse_transform(seen.astype(values.dtype, copy=False))


class MixedRegression(Regression):
    """Numbers of mixed tables."""

    activation = "mish"

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The quantiles that are predicted; one for other losses."""
        if self.of.loss != "quantile" or np.ndim(self.of.quantile) == 0:
            return (float(np.mean(self.of.quantile)),)
        return tuple(np.asarray(self.of.quantile, dtype=np.float64).ravel().tolist())

    def learn(self, y: np.ndarray, *, resume: bool, partial: bool) -> None:
        known, quantiles = self.target, self.quantiles
        if not all(0 < q < 1 for q in quantiles) or list(quantiles) != sorted(
            set(quantiles)
        ):
            raise ValueError(
                f"quantile={self.of.quantile!r} is no rising list of quantiles. "
                "Expected one or several numbers in (0, 1). Sort them, and leave out "
                "those that repeat."
            )
        if len(quantiles) > 1 and y.ndim > 1:
            raise DataError(
                f"y has {y.shape[1]} columns, and quantile={self.of.quantile!r} is for "
                "one. Expected one number per row. Fit an estimator for each column."
            )
        if resume:
            self._check_again(y, known)
            return
        super().learn(y, resume=False, partial=partial)
        is_count = self.of.loss == "poisson"
        self.target = ScaledTarget(is_count, len(quantiles)).fit(y)

    def learn_range(self, y: np.ndarray) -> None:
        """Learn the scale from the rows that count."""
        self.target.fit(y)

    def _check_again(self, y: np.ndarray, known: ScaledTarget) -> None:
        n_columns = 1 if y.ndim == 1 else y.shape[1]
        if n_columns * known.n_quantiles != known.n_outputs:
            raise DataError(
                f"y_val has {n_columns} columns, but y has "
                f"{known.n_outputs // known.n_quantiles}. Expected the same number. "
                "Pass the same targets."
            )

    def loss(self, label_smoothing: float = 0.0) -> Loss:
        if self.of.loss == "huber":  # its limit is in the units of y
            return HuberLoss(self.of.huber_delta / float(self.target.spread.mean()))
        if self.of.loss == "quantile":
            quantiles = self.quantiles
            if len(quantiles) > 1:
                return QuantilesLoss(quantiles)
            return QuantileLoss(quantiles[0])
        return super().loss(label_smoothing)
