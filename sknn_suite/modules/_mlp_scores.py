"""The forward pass of a plain MLP for predictions, written out."""

from typing import Any

import torch
from torch import Tensor, nn

from sknn_suite.modules._activations import IN_PLACE
from sknn_suite.modules._mlp import MLP
from sknn_suite.modules._onednn import onednn_linear, suits_onednn


class MLPScores:
    """Raw scores of rows, chunk by chunk, with hidden layers in reused memory.

    Calls of modules take longer than the arithmetic of a row, and new memory for the
    hidden layers longer than that of a chunk. The products are those of `MLP.forward`.

    Parameters
    ----------
    module : MLP
        In evaluation mode, where dropout does nothing. It may be bound to other
        weights later; call `bind` then.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.activate = IN_PLACE[module.activation_name]
        self.bind()

    @staticmethod
    def supports(module: nn.Module) -> bool:
        """Whether the pass written out here suits `module`."""
        return (
            type(module) is MLP
            and module.activation_name in IN_PLACE
            and not module.norms
        )

    def bind(self) -> None:
        """Look up where the module's weights are."""
        self.layers = [
            (linear.bias.detach(), linear.weight.detach().t())
            for linear in self.module.linears
        ]

    def __call__(self, x: Tensor, buffers: list[Tensor]) -> Tensor:
        """Raw scores of a chunk.

        Parameters
        ----------
        x : Tensor of shape (n_samples, n_inputs)
            The rows, dense or sparse CSR.
        buffers : list of Tensor
            Memory of the hidden layers: give an empty list with the first chunk, and
            the same list with the next ones, which may not be larger.
        """
        n = x.shape[0]
        if not buffers:
            buffers += [b.new_empty(n, len(b)) for b, _ in self.layers[:-1]]
        for (b, w), buffer in zip(self.layers, buffers):
            x = _linear(x, w, b, buffer[:n])
            if self.activate is not None:
                self.activate(x)
        b, w = self.layers[-1]
        return _linear(x, w, b, b.new_empty(n, len(b)))


def _linear(x: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> Tensor:
    """Compute ``x @ weight + bias`` in the fastest way, which may not use `out`."""
    if x.layout == torch.sparse_csr:
        return torch.add(torch.sparse.mm(x, weight), bias, out=out)
    if suits_onednn(len(x), weight):
        return onednn_linear(x, weight.t(), bias)
    return torch.addmm(bias, x, weight, out=out)
