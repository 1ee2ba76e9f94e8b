"""Linear layers of several nets side by side, in one batched matrix product."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.data import as_tensor


class EnsembleLinear(nn.Module):
    """A linear layer for each of several separate nets.

    Small matrix products cost more to start than to compute; side by side, four nets
    take little longer than one. The weight of a single net has the shape that
    ``nn.Linear`` gives it, so that it can initialise other modules.

    Parameters
    ----------
    n_members : int
        Number of nets.
    n_inputs, n_outputs : int
        Units before and after the layer.
    bias : bool, default=True
        Whether a bias is added.
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    x : (n_members, n_samples, n_inputs), float
    returns : (n_members, n_samples, n_outputs), float

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import EnsembleLinear
    >>> EnsembleLinear(3, 4, 2, device="cpu")(torch.zeros(3, 5, 4)).shape
    torch.Size([3, 5, 2])
    """

    def __init__(
        self,
        n_members: int,
        n_inputs: int,
        n_outputs: int,
        bias: bool = True,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        self.n_members = n_members
        self.n_inputs = n_inputs
        self.n_outputs = n_outputs
        shape = (n_outputs, n_inputs) if n_members == 1 else self.stacked_shape
        self.weight = nn.Parameter(torch.empty(shape, device=device))
        # Flat, so that penalties and decay treat it as a bias.
        self.bias = make_bias(n_members * n_outputs, device) if bias else None

    def models(self) -> list[list[Tensor]]:
        """Weights and biases of each net."""
        return split_models(self, self.n_members)

    @property
    def stacked_shape(self) -> tuple[int, int, int]:
        """Shape of the weights as `forward` uses them."""
        return self.n_members, self.n_outputs, self.n_inputs

    @property
    def stacked(self) -> Tensor:
        """The weights, (n_members, n_outputs, n_inputs)."""
        return self.weight.view(self.stacked_shape)

    def draw(self, random_state: np.random.RandomState, gain: float = 1.0) -> None:
        """Draw weights of variance gain ** 2 / n_inputs, uniformly; biases are zero."""
        bound = gain * math.sqrt(3.0 / self.n_inputs)
        self.fill(random_state.uniform(-bound, bound, self.stacked_shape))

    @torch.no_grad()
    def fill(self, weights: np.ndarray) -> None:
        """Set the weights, (n_members, n_outputs, n_inputs), and zero biases."""
        self.weight.copy_(as_tensor(weights).view(self.weight.shape))
        if self.bias is not None:
            self.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        return affine(x, self.stacked.transpose(1, 2), self.bias)


def make_bias(n: int, device: torch.device | str) -> nn.Parameter:
    """Return the biases of all nets, in one row."""
    return nn.Parameter(torch.empty(n, device=device))


def split_models(module: nn.Module, n_models: int) -> list[list[Tensor]]:
    """Split parameters that hold the numbers of one model after another.

    Returns
    -------
    list of list of Tensor
        Views of the parameters, flat, for each model.
    """
    parts = [p.detach().view(n_models, -1) for p in module.parameters()]
    return [list(part) for part in zip(*parts)]


def affine(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Multiply (n_members, n, n_in) by (n_members, n_in, n_out); add flat biases."""
    if bias is None:
        return torch.bmm(x, weight)
    return torch.baddbmm(bias.view(len(weight), 1, -1), x, weight)
