"""How extreme a value is in its column."""

import numpy as np
import torch
from torch import Tensor

from sknn_suite.encoding import weighted_quantiles

# Shares of the rows, from the rarest to the half, at which quantiles are kept; no more
# than there are rows.
MOST_LEVELS = 48


class Tails:
    """Surprise of each value in its column: -log of a two-sided p-value.

    The p-value is twice the share of training rows whose value is no less extreme, on
    the side where that share is smaller. It finds what a reconstruction cannot: a
    network with few columns reconstructs an extreme value well. Only the order of
    values counts, so units and all monotone transformations have no effect, and a value
    that many rows share is never a surprise.

    No row is kept, only quantiles, at shares that are dense where values are rare.

    Attributes
    ----------
    shares_ : ndarray of shape (n_levels,)
        Shares of rows, rising to a half.
    below_, above_ : ndarray of shape (n_features, n_levels)
        Values that these shares of rows do not exceed; with the sign changed, values
        that these shares of rows reach at least.
    """

    shares_: np.ndarray
    below_: np.ndarray
    above_: np.ndarray

    def fit(self, x: np.ndarray, weight: np.ndarray | None) -> "Tails":
        """Learn the quantiles of each column, (n_samples, n_features)."""
        rarest = 1 / len(x) if weight is None else weight.min() / weight.sum()
        n_levels = max(2, min(MOST_LEVELS, len(x)))
        self.shares_ = np.geomspace(min(rarest, 0.25), 0.5, n_levels)
        # A little less than the share: the quantile is then a value, not a mean of two.
        rare = self.shares_ * (1 - 1e-9)
        both = weighted_quantiles(x, weight, (*rare, *(1 - rare)))
        self.below_ = np.stack(both[:n_levels], axis=1)
        self.above_ = -np.stack(both[n_levels:], axis=1)
        return self

    def measure(self, x: Tensor) -> Tensor:
        """Surprise of each value, (n_samples, n_features), at least 0."""
        step = np.log(self.shares_[1] / self.shares_[0])
        logs = np.log(2 * self.shares_)
        logs = torch.as_tensor(np.r_[logs[0] - step, logs]).to(x)
        sides = []
        for columns, quantiles in ((x.T, self.below_), (-x.T, self.above_)):
            grid = torch.as_tensor(quantiles).to(x)
            index = torch.searchsorted(grid, columns.contiguous(), right=True)
            sides.append(logs[index].T)
        return -torch.minimum(*sides).clamp(max=0.0)
