"""Parameters and gradients as views of two flat buffers."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn


class FlatParameters:
    """All trained parameters of a net in one buffer, their gradients in another.

    An optimiser that works elementwise then needs one kernel per group instead of one
    per parameter, and clipping needs one norm. The module's own parameters become views
    of the buffers, so ``parameter.grad`` works as usual.

    Parameters
    ----------
    segments : sequence of sequences of nn.Parameter
        The parameters in the order of the buffer, in parts that an optimiser treats
        alike.

    Attributes
    ----------
    data, grad : Tensor of shape (n_parameters,)
        All values and gradients.
    """

    def __init__(self, segments: Sequence[Sequence[nn.Parameter]]) -> None:
        parameters = [p for segment in segments for p in segment]
        self.data = torch.cat([p.detach().reshape(-1) for p in parameters])
        self.grad = torch.zeros_like(self.data)
        # Each parameter, and where it begins.
        self._views = list(
            zip(parameters, accumulate((p.numel() for p in parameters), initial=0))
        )
        self._bind()
        sizes = [sum(p.numel() for p in segment) for segment in segments]
        self._ends = list(accumulate(sizes, initial=0))

    def _bind(self) -> None:
        """Let all parameters and leaves be views of the buffers."""
        for p, start in self._views:
            part = slice(start, start + p.numel())
            p.data = self.data[part].view(p.shape)
            p.grad = self.grad[part].view(p.shape)

    def move(self, data: Tensor, grad: Tensor) -> None:
        """Go on in other memory of the same size, with the same values."""
        self.data, self.grad = data.copy_(self.data), grad.copy_(self.grad)
        self._bind()

    def leaf(self, first: int, last: int) -> nn.Parameter:
        """Segments `first` to `last` as one leaf, for an elementwise optimiser."""
        part = slice(self._ends[first], self._ends[last + 1])
        leaf = nn.Parameter(self.data[part])
        leaf.grad = self.grad[part]
        self._views.append((leaf, part.start))
        return leaf

    def place(self, parameter: nn.Parameter) -> slice:
        """Where a parameter, or a leaf, is in the buffers."""
        start = next(start for p, start in self._views if p is parameter)
        return slice(start, start + parameter.numel())

    def zero_grad(self) -> None:
        """Set all gradients to zero, in place."""
        self.grad.zero_()


def is_weight(parameter: nn.Parameter) -> bool:
    """Whether a parameter is a weight matrix or kernel, not a bias or a norm's."""
    return parameter.ndim >= 2


def depth_groups(module: nn.Module) -> list[list[nn.Parameter]]:
    """Group a module's parameters by layer, from input to output.

    A layer is a submodule that has its own parameters; a norm belongs to the layer
    before it, and shared parameters to the first of their layers. A module may name its
    own groups in a method ``depth_groups``.
    """
    own_groups: Any = getattr(module, "depth_groups", None)
    if own_groups is not None:
        return own_groups()
    groups: list[list[nn.Parameter]] = []
    seen: set[int] = set()
    for part in module.modules():
        own = [p for p in part.parameters(recurse=False) if id(p) not in seen]
        seen |= {id(p) for p in own}
        if any(is_weight(p) for p in own) or (own and not groups):
            groups.append(own)
        elif own:
            groups[-1].extend(own)
    return groups


def sum_of_squares(x: Tensor) -> Tensor:
    """Squared norm of a flat tensor, on its device."""
    return torch.dot(x, x)
