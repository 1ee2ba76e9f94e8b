"""Losses of regressors, summed over the outputs of a row."""

import torch
from torch import Tensor
from torch.nn import functional as F

from sknn_suite.losses._base import Loss
from sknn_suite.losses._written_out import squared_loss


class SquaredLoss(Loss):
    """Half the squared error: its minimum is the mean."""

    knows_gradient = True
    written_out = staticmethod(squared_loss)

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        return 0.5 * (raw - target).square().sum(dim=-1)

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        if raw.dim() > 2:
            return super().mean(raw, target)
        return F.mse_loss(raw, target) * (0.5 * raw.shape[1])

    def reported(self, loss: float, n_outputs: int) -> float:
        # scikit-learn follows the gradient of the sum over outputs, as we do, and
        # reports the mean over outputs.
        return loss / n_outputs


class AbsoluteLoss(Loss):
    """Absolute error: its minimum is the median."""

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        return (raw - target).abs().sum(dim=-1)


class HuberLoss(Loss):
    """Squared error near zero, absolute error beyond `delta`.

    Parameters
    ----------
    delta : float
        Error, in units of y, in (0, inf), up to which it is squared.

    References
    ----------
    Huber, "Robust Estimation of a Location Parameter", 1964.
    """

    def __init__(self, delta: float) -> None:
        super().__init__()
        self.delta = delta

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        target = target.expand_as(raw)
        losses = F.huber_loss(raw, target, reduction="none", delta=self.delta)
        return losses.sum(dim=-1)


class PoissonLoss(Loss):
    """Half the Poisson deviance of counts, with the log link: predictions are > 0."""

    out_activation = "exp"

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        constant = torch.xlogy(target, target) - target
        return (torch.exp(raw) - target * raw + constant).sum(dim=-1)


class QuantileLoss(Loss):
    """Pinball loss: its minimum is the quantile.

    Parameters
    ----------
    quantile : float
        The quantile, in (0, 1).

    References
    ----------
    Koenker & Bassett, "Regression Quantiles", Econometrica 46, 1978.
    """

    def __init__(self, quantile: float) -> None:
        super().__init__()
        self.quantile = quantile

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        error = target - raw
        return torch.maximum(self.quantile * error, (self.quantile - 1) * error).sum(-1)


class SeveralQuantilesLoss(Loss):
    """Mean pinball loss of several quantiles that never cross.

    The link sorts the raw scores of a row. Sorting never raises the mean loss [1]_,
    and does not depend on the units of y; sums of positive steps, the other way to keep
    quantiles in order, learn badly where the steps are far from unit size.

    Parameters
    ----------
    quantiles : tuple of float
        The quantiles, ascending, in (0, 1).

    References
    ----------
    .. [1] Chernozhukov, Fernández-Val & Galichon, "Quantile and Probability Curves
       Without Crossing", Econometrica 78, 2010.
    """

    out_activation = "ascending"

    def __init__(self, quantiles: tuple[float, ...]) -> None:
        super().__init__()
        self.quantiles = quantiles

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        error = target - self.link(raw)
        levels = error.new_tensor(self.quantiles)
        return torch.maximum(levels * error, (levels - 1) * error).mean(dim=-1)
