"""Activations in the passes that are written out: forth, and back."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from sknn_suite.doors import derive_relu, derive_sigmoid, derive_tanh
from sknn_suite.losses import Loss
from sknn_suite.modules import ACTIVATIONS, IN_PLACE, MLP
from sknn_suite.training._products import empty_rows

# Gradient before an activation, from its output and the gradient after it, in place.
DERIVE: dict[str, Callable[[Tensor, Tensor], None] | None] = {
    "identity": None,
    "logistic": derive_sigmoid,
    "tanh": derive_tanh,
    "relu": derive_relu,
}

# These have parameters, or draw random numbers.
SPECIAL = {"prelu", "rrelu"}


class Activation(Protocol):
    """An activation in a pass."""

    def forth(self, x: Tensor) -> tuple[Tensor, Any]:
        """Output, and what `back` needs; the memory of `x` may be used."""
        ...

    def back(self, delta: Tensor, kept: Any) -> Tensor:
        """Gradient before the activation; the memory of `delta` may be used."""
        ...


class WrittenOut:
    """One of scikit-learn's four, in place.

    Parameters
    ----------
    name : str
        A name in `DERIVE`.
    """

    def __init__(self, name: str) -> None:
        self.activate = IN_PLACE[name]
        self.derive = DERIVE[name]

    def forth(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.activate is not None:
            self.activate(x)
        return x, x

    def back(self, delta: Tensor, kept: Tensor) -> Tensor:
        if self.derive is not None:
            self.derive(delta, kept)
        return delta


class ByAutograd:
    """Any other elementwise one.

    Parameters
    ----------
    activation : nn.Module
        The activation, without parameters.
    """

    def __init__(self, activation: nn.Module) -> None:
        self.activation = activation

    def forth(self, x: Tensor) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        # Model by model: some kernels treat contiguous memory in another way.
        each = [self._forth(rows) for rows in (x if x.dim() == 3 else [x])]
        after = [after.detach() for _, after in each]
        return _stacked(after) if x.dim() == 3 else after[0], each

    def _forth(self, x: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            before = x.detach().requires_grad_()
            return before, self.activation(before)

    def back(self, delta: Tensor, kept: list[tuple[Tensor, Tensor]]) -> Tensor:
        rows = delta if delta.dim() == 3 else [delta]
        each = [
            torch.autograd.grad(after, before, own)[0]
            for (before, after), own in zip(kept, rows)
        ]
        return _stacked(each) if delta.dim() == 3 else each[0]


def _stacked(each: Sequence[Tensor]) -> Tensor:
    """Stack what belongs to several models, in memory as `empty_rows` gives it."""
    return torch.stack(list(each), out=empty_rows(each[0], len(each), *each[0].shape))


def has_pass(name: str) -> bool:
    """Whether the activation `name` can be a part of passes that are written out."""
    return name in ACTIVATIONS and name not in SPECIAL


def make_pass(module: MLP) -> Activation:
    """Make the activation of the hidden layers of `module`."""
    name = module.activation_name
    if name in DERIVE:
        return WrittenOut(name)
    return (
        ByAutograd(module.activations[0])
        if module.activations
        else WrittenOut("identity")
    )


def needs_autograd(module: MLP, loss: Loss) -> bool:
    """Whether a part of the passes is left to autograd, or drawn at random."""
    return (
        module.activation_name not in DERIVE
        or bool(module.dropouts)
        or not loss.knows_gradient
    )
