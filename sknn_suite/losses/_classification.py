"""Losses of classifiers: softmax over classes, sigmoid for two classes or labels."""

import torch
from torch import Tensor
from torch.nn import functional as F

from sknn_suite.losses._base import Loss
from sknn_suite.losses._written_out import sigmoid_loss, softmax_loss


class SmoothedLoss(Loss):
    """A log-loss whose targets are smoothed while training.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        Part of the target, in [0, 1), that is spread evenly over the classes.

    References
    ----------
    Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, section 7.
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing
        self.knows_gradient = label_smoothing == 0

    @property
    def smoothing(self) -> float:
        """Smoothing that applies now: none outside training."""
        return self.label_smoothing if self.training else 0.0


class SoftmaxLoss(SmoothedLoss):
    """Log-loss of mutually exclusive classes.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        See `SmoothedLoss`.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.losses import SoftmaxLoss
    >>> round(SoftmaxLoss()(torch.zeros(1, 4), torch.tensor([2])).item(), 4)
    1.3863
    """

    out_activation = "softmax"
    written_out = staticmethod(softmax_loss)

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        return _cross_entropy(raw, target, self.smoothing)

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        if raw.dim() > 2:
            return super().mean(raw, target)
        return F.cross_entropy(raw, target, label_smoothing=self.smoothing)


class SigmoidLoss(SmoothedLoss):
    """Log-loss of one or several independent yes/no outputs, summed over outputs.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        See `SmoothedLoss`.
    """

    out_activation = "logistic"
    written_out = staticmethod(sigmoid_loss)

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        return _binary_cross_entropy(raw, self._smooth(target)).sum(dim=-1)

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        if raw.dim() > 2:
            return super().mean(raw, target)
        target = self._smooth(target)
        loss = F.binary_cross_entropy_with_logits(raw, target)
        return loss if raw.shape[1] == 1 else loss * raw.shape[1]

    def _smooth(self, target: Tensor) -> Tensor:
        if self.smoothing == 0:
            return target
        return target * (1 - self.smoothing) + 0.5 * self.smoothing


class FocalSoftmaxLoss(SoftmaxLoss):
    """Log-loss of a class times (1 - its probability) ** gamma.

    Rows that are already right count less, so that rare and hard ones count more.

    Parameters
    ----------
    gamma : float
        Strength in [0, inf); 0 is the log-loss.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, eq. 4.
    """

    def __init__(self, gamma: float) -> None:
        super().__init__()
        self.gamma = gamma
        self.knows_gradient = False

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        log_p = -_cross_entropy(raw, target)
        missed = _positive(-torch.expm1(log_p))
        return -(missed**self.gamma) * log_p

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        return self.rows(raw, target).mean(dim=-1)


class FocalSigmoidLoss(SigmoidLoss):
    """`FocalSoftmaxLoss` for independent yes/no outputs.

    Parameters
    ----------
    gamma : float
        Strength in [0, inf); 0 is the log-loss.
    """

    def __init__(self, gamma: float) -> None:
        super().__init__()
        self.gamma = gamma
        self.knows_gradient = False

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        losses = _binary_cross_entropy(raw, target)
        missed = _positive(-torch.expm1(-losses))
        return (missed**self.gamma * losses).sum(dim=-1)

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        return self.rows(raw, target).mean(dim=-1)


class LogitAdjustedSoftmaxLoss(SoftmaxLoss):
    """Log-loss of raw scores plus the logarithms of the classes' shares.

    The scores then need not learn the shares: their softmax is for classes of equal
    size, and the largest of them has the lowest balanced error.

    Parameters
    ----------
    log_shares : tuple of float
        Logarithm of the share of each class in training.
    label_smoothing : float, default=0.0
        See `SmoothedLoss`.

    References
    ----------
    Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, eq. 10, with
    tau = 1.
    """

    def __init__(
        self, log_shares: tuple[float, ...], label_smoothing: float = 0.0
    ) -> None:
        super().__init__(label_smoothing)
        self.log_shares = log_shares
        self.knows_gradient = False  # networks of a pack differ in their shares

    def _adjust(self, raw: Tensor) -> Tensor:
        return raw + raw.new_tensor(self.log_shares)

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        return super().rows(self._adjust(raw), target)

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        return self.rows(raw, target).mean(dim=-1)

    def value_and_gradient(
        self, raw: Tensor, target: Tensor, weight: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        return super().value_and_gradient(self._adjust(raw), target, weight)


class LogitAdjustedSigmoidLoss(SigmoidLoss):
    """`LogitAdjustedSoftmaxLoss` for two classes, whose score is their log-odds.

    Parameters
    ----------
    log_shares : tuple of float
        Logarithms of the shares of both classes in training.
    label_smoothing : float, default=0.0
        See `SmoothedLoss`.
    """

    def __init__(
        self, log_shares: tuple[float, ...], label_smoothing: float = 0.0
    ) -> None:
        super().__init__(label_smoothing)
        self.log_odds = log_shares[1] - log_shares[0]
        self.knows_gradient = False  # networks of a pack differ in their shares

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        return super().rows(raw + self.log_odds, target)

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        return self.rows(raw, target).mean(dim=-1)

    def value_and_gradient(
        self, raw: Tensor, target: Tensor, weight: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        return super().value_and_gradient(raw + self.log_odds, target, weight)


def _cross_entropy(raw: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
    """Loss of each row, (..., n_samples); torch expects classes on the second axis."""
    if raw.dim() > 2:
        target = target.expand(raw.shape[:-1])
        return _cross_entropy(raw.flatten(0, -2), target.flatten(), smoothing).view(
            target.shape
        )
    return F.cross_entropy(raw, target, reduction="none", label_smoothing=smoothing)


def _binary_cross_entropy(raw: Tensor, target: Tensor) -> Tensor:
    """Loss of each output, (..., n_samples, n_outputs)."""
    target = target.expand_as(raw)
    return F.binary_cross_entropy_with_logits(raw, target, reduction="none")


def _positive(missed: Tensor) -> Tensor:
    # x ** gamma has no finite slope at 0 for gamma < 1.
    return missed.clamp_min(torch.finfo(missed.dtype).eps)
