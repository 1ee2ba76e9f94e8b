"""Encode and scale tables of numbers as tensors, and back."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from sknn_suite.data import TensorBundle, as_tensor

# Rows to scale at a time, to limit extra memory.
BLOCK_ROWS = 4096

# Values beyond this many deviations are compressed by a logarithm.
FAR = 3.0

# A feature with a smaller ratio of deviation to size is constant, except for rounding.
RELATIVE_CONSTANT = 1e-12


class ScaledTable:
    """Encode a dense table as the tensor ``x``; scale in float64 to keep precision.

    Parameters
    ----------
    scaling : {"standard", "robust", "log1p"} or None
        "standard" uses mean and standard deviation, "robust" median and interquartile
        range, "log1p" the logarithm of counts. None does not scale.
    squash : bool, default=False
        Whether values more than three deviations away are compressed by a logarithm.

    Attributes
    ----------
    n_features_ : int
        Number of columns.
    n_rows_ : int
        Number of training rows.
    center_, scale_ : ndarray of shape (n_features,)
        Numbers to subtract, and to divide by. Without scaling they are zeros and ones.
    spread_ : float
        Typical deviation of a feature after scaling; one if the scaling fixes it.

    Shape
    -----
    X : (n_samples, n_features)
    x : the same

    Examples
    --------
    >>> import numpy as np, torch
    >>> from sknn_suite.encoding import ScaledTable
    >>> X = np.array([[1.4e9], [1.4e9 + 2]])
    >>> ScaledTable("standard").fit(X).transform(X, torch.float32).inputs["x"].tolist()
    [[-1.0], [1.0]]
    """

    n_features_: int
    n_rows_: int
    center_: np.ndarray
    scale_: np.ndarray
    spread_: float

    def __init__(self, scaling: str | None, squash: bool = False) -> None:
        self.scaling = scaling
        self.squash = squash

    def fit(
        self,
        X: np.ndarray,
        rows: Tensor | None = None,
        weight: np.ndarray | None = None,
    ) -> "ScaledTable":
        """Learn from the training rows, all if None."""
        if rows is not None:
            X = X[rows.numpy()]
            weight = None if weight is None else weight[rows.numpy()]
        self.n_rows_, self.n_features_ = X.shape
        self.center_ = np.zeros(self.n_features_)
        self.scale_ = np.ones(self.n_features_)
        if self.scaling == "robust":
            low, middle, high = weighted_quantiles(X, weight, (0.25, 0.5, 0.75))
            self.center_, self.scale_ = middle, _positive((high - low) / 1.349, middle)
        elif self.scaling == "standard":
            self.center_, deviation = self._moments(X, weight)
            self.scale_ = _positive(deviation, self.center_)
        self.spread_ = 1.0
        if self.scaling in (None, "log1p"):
            head = self._scale(np.asarray(X[:BLOCK_ROWS], np.float64))
            _, deviation = self._moments(head, None)
            varying = deviation[deviation > RELATIVE_CONSTANT]
            self.spread_ = float(varying.mean()) if len(varying) else 1.0
        return self

    def _moments(
        self, X: np.ndarray, weight: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of each column, computed in float64 and in blocks."""
        w = np.ones(len(X)) if weight is None else np.asarray(weight, np.float64)

        def blocks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for start in range(0, len(X), BLOCK_ROWS):
                part = np.asarray(X[start : start + BLOCK_ROWS], np.float64)
                yield part, w[start : start + BLOCK_ROWS, None]

        # In units of the largest number, because squares of huge numbers overflow.
        unit = np.max([np.abs(part).max(axis=0) for part, _ in blocks()], axis=0)
        unit = np.where(unit > 0, unit, 1.0)
        mean, squares = np.zeros(X.shape[1]), np.zeros(X.shape[1])
        for part, v in blocks():
            mean += (part / unit * v).sum(axis=0) / w.sum()
        for part, v in blocks():
            squares += ((part / unit - mean) ** 2 * v).sum(axis=0) / w.sum()
        return mean * unit, np.sqrt(squares) * unit

    def _scale(self, X: np.ndarray) -> np.ndarray:
        if self.scaling is None:
            return X
        if self.scaling == "log1p":
            return np.sign(X) * np.log1p(np.abs(X))
        with np.errstate(over="ignore"):
            z = (X - self.center_) / self.scale_
        z = np.clip(z, -1e30, 1e30)  # within the range of float32
        if self.squash:
            far = np.abs(z) > FAR
            z[far] = np.sign(z[far]) * (FAR + np.log1p(np.abs(z[far]) - FAR))
        return z

    def transform(self, X: Any, dtype: torch.dtype) -> TensorBundle:
        """Encode rows, which may be sparse, as dense tensors of type `dtype`."""
        if sparse.issparse(X):
            X = X.toarray()
        if self.scaling is None:
            return TensorBundle({"x": as_tensor(X, dtype)})
        x = torch.empty(X.shape, dtype=dtype)
        for start in range(0, len(X), BLOCK_ROWS):
            part = np.asarray(X[start : start + BLOCK_ROWS], np.float64)
            x[start : start + BLOCK_ROWS] = as_tensor(self._scale(part))
        return TensorBundle({"x": x})

    def inverse_transform(self, x: np.ndarray) -> np.ndarray:
        """Bring scaled rows back to the units of X, in float64."""
        z = np.asarray(x, np.float64)
        if self.scaling == "log1p":
            return np.sign(z) * np.expm1(np.abs(z))
        if self.squash:
            size = np.abs(z)
            # A net may output extreme values; this keeps their exponential finite.
            far = np.sign(z) * (FAR + np.expm1(np.clip(size - FAR, 0, 60)))
            z = np.where(size <= FAR, z, far)
        return z * self.scale_ + self.center_


def weighted_quantiles(
    X: np.ndarray, weight: np.ndarray | None, fractions: tuple[float, ...]
) -> list[np.ndarray]:
    """Quantiles of each column; a quantile between two rows is their mean.

    A weight of 2 equals the row twice. Only the ratios of weights matter.
    """
    if weight is None:
        X = np.asarray(X, np.float64)
        return list(np.quantile(X, fractions, axis=0, method="averaged_inverted_cdf"))
    quantiles = np.empty((len(fractions), X.shape[1]))
    for j in range(X.shape[1]):
        order = np.argsort(X[:, j], kind="stable")
        values, until = np.asarray(X[order, j], np.float64), np.cumsum(weight[order])
        at = np.asarray(fractions) * until[-1]
        slack = 1e-12 * until[-1]
        low = np.minimum(np.searchsorted(until, at - slack), len(X) - 1)
        high = np.minimum(np.searchsorted(until, at + slack), len(X) - 1)
        quantiles[:, j] = (values[low] + values[high]) / 2
    return list(quantiles)


def _positive(scale: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Replace the scale of constant features by one."""
    varies = scale > RELATIVE_CONSTANT * np.maximum(np.abs(center), 1e-300)
    return np.where(varies & (scale > 0), scale, 1.0)
