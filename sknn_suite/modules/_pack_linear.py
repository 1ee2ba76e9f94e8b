"""A linear layer of several models, with weights of unit size."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class PackLinear(nn.Module):
    """A linear layer of each model, with weights of unit size.

    The output is f x W + b with f = r / sqrt(n_inputs): one learning rate suits layers
    of all widths (neural tangent parametrisation), and a model whose rate is r times
    that of the others has weights that are r times smaller. Whoever calls multiplies x
    by f, together with other factors that it has.

    Parameters
    ----------
    rates : sequence of float
        Factor of the learning rate of each model.
    n_inputs, n_outputs : int
        Units before and after the layer.
    device : torch.device or str, default="meta"
        Where parameters live.

    Shape
    -----
    x : (n_models, n_samples, n_inputs), times `factor`
    returns : (n_models, n_samples, n_outputs)
    """

    factor: Tensor

    def __init__(
        self,
        rates: Sequence[float],
        n_inputs: int,
        n_outputs: int,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        n_models = len(rates)
        self.weight = nn.Parameter(
            torch.empty(n_models, n_inputs, n_outputs, device=device)
        )
        # Flat, so that weight decay treats it as a bias.
        self.bias = nn.Parameter(torch.empty(n_models * n_outputs, device=device))
        factor = torch.tensor(rates, dtype=torch.float32) / math.sqrt(max(n_inputs, 1))
        self.register_buffer("factor", factor.view(-1, 1, 1), persistent=False)

    def forward(self, x: Tensor, weight: Tensor | None = None) -> Tensor:
        weight = self.weight if weight is None else weight
        return torch.baddbmm(self.bias.view(len(weight), 1, -1), x, weight)
