"""What is done to gradients before a step, and to weights after it."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from sknn_suite.modules import EnsembleLinear
from sknn_suite.training._flat import sum_of_squares


class Penalty:
    """L2 and L1 penalties on weights, divided by the total weight of the batch.

    The loss grows by (alpha / 2 * ||w||^2 + l1_alpha * |w|_1) / sum(row weights); the
    first is scikit-learn's.
    """

    def __init__(self, alpha: float, l1_alpha: float) -> None:
        self.alpha = alpha
        self.l1_alpha = l1_alpha

    def __bool__(self) -> bool:
        return bool(self.alpha > 0 or self.l1_alpha > 0)

    def value(self, weights: Tensor, total: float | Tensor) -> Any:
        """Compute the penalty: a tensor, or 0.0 if there is none."""
        penalty: Any = 0.0
        if self.alpha > 0:
            penalty = sum_of_squares(weights) * (0.5 * self.alpha / total)
        if self.l1_alpha > 0:
            penalty = weights.abs().sum() * (self.l1_alpha / total) + penalty
        return penalty

    def add_gradient(
        self, weights: Tensor, grad: Tensor, total: float | Tensor
    ) -> Tensor:
        """Add the penalty's gradient to `grad` in place; return the penalty."""
        if self.alpha > 0:
            _add(grad, weights, self.alpha / total)
        if self.l1_alpha > 0:
            _add(grad, weights.sign(), self.l1_alpha / total)
        return self.value(weights, total)


def _add(grad: Tensor, direction: Tensor, strength: float | Tensor) -> None:
    if isinstance(strength, Tensor):
        grad.addcmul_(direction, strength)
    else:
        grad.add_(direction, alpha=strength)


def clip_norm(grad: Tensor, max_norm: float) -> None:
    """Scale a flat gradient down to the norm `max_norm`, in place.

    The same numbers as ``torch.nn.utils.clip_grad_norm_``.
    """
    if grad.device.type != "cpu":  # reading the norm would wait for the device
        norm = torch.linalg.vector_norm(grad)
        grad.mul_((max_norm / (norm + 1e-6)).clamp_(max=1.0))
        return
    squared = sum_of_squares(grad).item()
    if not math.isfinite(squared):  # squares overflow before the norm does
        squared = torch.linalg.vector_norm(grad).item() ** 2
    scale = max_norm / (math.sqrt(squared) + 1e-6)
    if not scale >= 1:  # also if it is not a number
        grad.mul_(scale)


def clip_value(grad: Tensor, max_value: float) -> None:
    """Clip each component of a gradient to [-max_value, max_value], in place."""
    grad.clamp_(-max_value, max_value)


@torch.no_grad()
def limit_unit_norms(weights: list[Tensor], max_norm: float) -> None:
    """Scale down the incoming weights of units whose norm exceeds `max_norm`.

    The first axis of each tensor are the units.

    References
    ----------
    Srivastava et al., "Dropout", JMLR 15, 2014, section 5.1.
    """
    for weight in weights:
        weight.copy_(torch.renorm(weight, 2, 0, max_norm))


def by_unit(module: nn.Module, parameters: list[nn.Parameter]) -> list[Tensor]:
    """View weights so that the first axis are the units, those of all models."""
    stacked = {id(m.weight) for m in module.modules() if isinstance(m, EnsembleLinear)}
    return [p.view(-1, p.shape[-1]) if id(p) in stacked else p for p in parameters]
