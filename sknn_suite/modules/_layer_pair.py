"""A hidden layer of autoencoders and the layer that undoes it."""

import torch
from torch import Tensor, nn

from sknn_suite.modules._activations import make_activation
from sknn_suite.modules._ensemble_linear import EnsembleLinear, split_models


class LayerPair(nn.Module):
    """A hidden layer of several encoders, and the layer that undoes it.

    Parameters
    ----------
    n_members : int
        Number of nets side by side.
    n_inputs, n_outputs : int
        Units before and after the hidden layer.
    activation : str
        A name in `ACTIVATIONS`.
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    x : (n_samples, n_members * n_inputs)
    returns : the same
    """

    def __init__(
        self,
        n_members: int,
        n_inputs: int,
        n_outputs: int,
        activation: str,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        self.forth = EnsembleLinear(n_members, n_inputs, n_outputs, device=device)
        self.activation = make_activation(activation, n_members)
        self.back = EnsembleLinear(n_members, n_outputs, n_inputs, device=device)

    def models(self) -> list[list[Tensor]]:
        """Parameters of each net, as views."""
        return split_models(self, self.forth.n_members)

    def hidden(self, x: Tensor) -> Tensor:
        """Output of the hidden layer, (n_samples, n_members * n_outputs)."""
        return _flat(self.activation(self.forth(self._by_member(x))))

    def forward(self, x: Tensor) -> Tensor:
        return _flat(self.back(self._by_member(self.hidden(x))))

    def _by_member(self, x: Tensor) -> Tensor:
        return x.view(len(x), self.forth.n_members, -1).transpose(0, 1)


def _flat(x: Tensor) -> Tensor:
    """(n_members, n_samples, n) to (n_samples, n_members * n)."""
    return x.transpose(0, 1).reshape(x.shape[1], -1)
