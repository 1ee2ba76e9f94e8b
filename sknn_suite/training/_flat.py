"""Parameters and gradients as views of two flat buffers."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class FlatParameters:
    """All trained parameters of a net in one buffer, their gradients in another.

    An optimiser that works elementwise then needs one kernel per group instead of one
    per parameter, and clipping one norm. The module's own parameters become views of
    the buffers, so that whoever looks at ``parameter.grad`` sees what it expects.

    Parameters
    ----------
    groups : sequence of sequences of nn.Parameter
        The parameters, group by group.

    Attributes
    ----------
    data, grad : Tensor of shape (n_parameters,)
        All groups' values and gradients.
    groups : list of nn.Parameter
        One flat leaf per group, for the optimiser; empty groups are left out.
    """

    def __init__(self, groups: Sequence[Sequence[nn.Parameter]]) -> None:
        parameters = [p for group in groups for p in group]
        self.data = torch.cat([p.detach().reshape(-1) for p in parameters])
        self.grad = torch.zeros_like(self.data)
        start = 0
        for p in parameters:
            stop = start + p.numel()
            p.data = self.data[start:stop].view(p.shape)
            p.grad = self.grad[start:stop].view(p.shape)
            start = stop
        self.groups = []
        start = 0
        for group in groups:
            stop = start + sum(p.numel() for p in group)
            if stop > start:
                flat = nn.Parameter(self.data[start:stop])
                flat.grad = self.grad[start:stop]
                self.groups.append(flat)
            start = stop

    def zero_grad(self) -> None:
        """Set all gradients to zero, in place."""
        self.grad.zero_()


def decay_groups(
    module: nn.Module,
) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Split trainable parameters into weights, which decay, and biases and norms.

    Weights are the parameters with two axes or more.
    """
    trainable = [p for p in module.parameters() if p.requires_grad]
    weights = [p for p in trainable if p.ndim >= 2]
    rest = [p for p in trainable if p.ndim < 2]
    return weights, rest


def sum_of_squares(x: Tensor) -> Tensor:
    """Squared norm of a flat tensor, on its device."""
    return torch.dot(x, x)
