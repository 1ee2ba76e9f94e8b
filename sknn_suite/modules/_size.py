"""How large a module is, before it has memory."""

from typing import Any

from torch import nn

# Numbers kept per unit in a training step: the outputs of its layer, of a norm, an
# activation and dropout, and a gradient.
VALUES_PER_UNIT = 5


def n_parameters(module: nn.Module) -> int:
    """Count the parameters."""
    return sum(p.numel() for p in module.parameters())


def largest_weight(module: nn.Module) -> int:
    """Count the elements of the largest weight matrix."""
    return max((p.numel() for p in module.parameters() if p.ndim >= 2), default=0)


def narrowest_side(module: nn.Module) -> int:
    """Smaller side of the largest weight matrix; a kernel counts its whole input."""
    weights = [p for p in module.parameters() if p.ndim >= 2]
    if not weights:
        return 0
    largest = max(weights, key=lambda p: p.numel())
    return min(largest.shape[0], largest.numel() // largest.shape[0])


def values_per_row(module: nn.Module) -> int:
    """Estimate how many numbers a training step keeps for each row of a batch.

    The widths of the layers decide. A module that applies a layer to many places of a
    row counts for itself in a method ``values_per_row``.
    """
    own: Any = getattr(module, "values_per_row", None)
    if own is not None:
        return own()
    weights = [p for p in module.parameters() if p.ndim >= 2]
    return VALUES_PER_UNIT * sum(p.numel() // p.shape[-1] for p in weights)
