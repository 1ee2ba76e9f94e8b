"""Values of losses and their gradients, written out, for one model or several.

Each model of several has the numbers that it has alone, bit for bit. TorchScript
compiles these functions for steps of packs, so they use what it knows.
"""

import torch
from torch import Tensor


def softmax_loss(
    raw: Tensor, target: Tensor, weight: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Log-loss of class codes, and its gradient: softmax(raw) - one_hot(target)."""
    log_p = torch.log_softmax(raw, dim=-1)
    column = target.unsqueeze(-1)
    losses = log_p.gather(-1, column)
    gradient = log_p.exp_()
    gradient.scatter_add_(-1, column, losses.new_full([], -1.0).expand_as(losses))
    return total(share_out(losses, weight)).neg_(), share_out(gradient, weight)


def sigmoid_loss(
    raw: Tensor, target: Tensor, weight: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Log-loss of yes/no outputs: softplus(raw) - target * raw, and its slope."""
    losses = torch.addcmul(torch.nn.functional.softplus(raw), target, raw, value=-1.0)
    gradient = torch.sigmoid(raw).sub_(target)
    return total(share_out(losses, weight)), share_out(gradient, weight)


def squared_loss(
    raw: Tensor, target: Tensor, weight: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Half the squared error, and its gradient."""
    gradient = share_out(raw - target, weight)
    return total((raw - target).mul_(gradient)).mul_(0.5), gradient


def share_out(values: Tensor, weight: Tensor | None) -> Tensor:
    """Multiply (..., n_rows, n_outputs) by the shares of rows in the mean, in place.

    The weights are (..., n_rows).
    """
    if weight is None:
        return values.mul_(1.0 / values.size(-2))
    return values.mul_((weight / weight.sum(dim=-1, keepdim=True)).unsqueeze(-1))


def total(losses: Tensor) -> Tensor:
    """Sum of (n_rows, n_outputs), or one sum for each of several models."""
    # torch parses axes for longer than it adds up a small batch.
    return losses.sum() if losses.dim() == 2 else losses.sum(dim=[-2, -1])
