"""How large a module is, before it has memory."""

from torch import nn


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
