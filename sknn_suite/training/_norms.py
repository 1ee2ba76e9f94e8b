"""Batch norms, and the mode that they train in."""

from torch import nn

from sknn_suite.modules import AnyBatchNorm


def batch_norms(module: nn.Module) -> list[AnyBatchNorm]:
    """All batch norms of `module`."""
    return [part for part in module.modules() if isinstance(part, AnyBatchNorm)]


def is_frozen(norm: nn.Module) -> bool:
    """Whether a norm has parameters, but trains none of them."""
    trained = [p.requires_grad for p in norm.parameters(recurse=False)]
    return bool(trained) and not any(trained)


def set_training(module: nn.Module, training: bool = True) -> None:
    """Set the mode of `module`, but leave frozen batch norms in evaluation mode.

    In training mode they would normalise by the batch, which is not what the frozen
    weights around them were trained with, and their running statistics would move.
    """
    module.train(training)
    for norm in batch_norms(module) if training else ():
        if is_frozen(norm):
            norm.eval()
