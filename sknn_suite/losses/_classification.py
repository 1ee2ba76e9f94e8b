"""Losses of classifiers: softmax over classes, sigmoid for two classes or labels."""

import torch
from torch import Tensor
from torch.nn import functional as F

from sknn_suite.losses._base import Loss, spread


class SoftmaxLoss(Loss):
    """Log-loss of mutually exclusive classes.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.losses import SoftmaxLoss
    >>> round(SoftmaxLoss()(torch.zeros(1, 4), torch.tensor([2])).item(), 4)
    1.3863
    """

    out_activation = "softmax"
    knows_gradient = True

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(raw, target, reduction="none")

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(raw, target)

    def value_and_gradient(
        self, raw: Tensor, target: Tensor, weight: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        # softmax(raw) - one_hot(target), row by row
        log_p = torch.log_softmax(raw, dim=1)
        column = target.unsqueeze(1)
        losses = log_p.gather(1, column)
        gradient = log_p.exp_()
        gradient.scatter_add_(1, column, losses.new_full((), -1.0).expand_as(losses))
        share = spread(weight, len(raw))
        return (losses * share).sum().neg_(), gradient.mul_(share)


class SigmoidLoss(Loss):
    """Log-loss of one or several independent yes/no outputs, summed over outputs."""

    out_activation = "logistic"
    knows_gradient = True

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        losses = F.binary_cross_entropy_with_logits(raw, target, reduction="none")
        return losses.sum(dim=1)

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        loss = F.binary_cross_entropy_with_logits(raw, target)
        return loss if raw.shape[1] == 1 else loss * raw.shape[1]

    def value_and_gradient(
        self, raw: Tensor, target: Tensor, weight: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        # -log p is softplus(raw) - target * raw, its slope sigmoid(raw) - target
        losses = torch.addcmul(F.softplus(raw), target, raw, value=-1)
        gradient = torch.sigmoid(raw).sub_(target)
        share = spread(weight, len(raw))
        return losses.mul_(share).sum(), gradient.mul_(share)


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

    knows_gradient = False

    def __init__(self, gamma: float) -> None:
        super().__init__()
        self.gamma = gamma

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        log_p = -F.cross_entropy(raw, target, reduction="none")
        missed = _positive(-torch.expm1(log_p))
        return -(missed**self.gamma) * log_p

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        return self.rows(raw, target).mean()


class FocalSigmoidLoss(SigmoidLoss):
    """`FocalSoftmaxLoss` for independent yes/no outputs.

    Parameters
    ----------
    gamma : float
        Strength in [0, inf); 0 is the log-loss.
    """

    knows_gradient = False

    def __init__(self, gamma: float) -> None:
        super().__init__()
        self.gamma = gamma

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        losses = F.binary_cross_entropy_with_logits(raw, target, reduction="none")
        missed = _positive(-torch.expm1(-losses))
        return (missed**self.gamma * losses).sum(dim=1)

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        return self.rows(raw, target).mean()


def _positive(missed: Tensor) -> Tensor:
    # x ** gamma has no finite slope at 0 for gamma < 1.
    return missed.clamp_min(torch.finfo(missed.dtype).eps)
