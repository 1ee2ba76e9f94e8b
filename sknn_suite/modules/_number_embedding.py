"""Embeddings of numbers: waves of several lengths, for each model its own."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.data import as_tensor


class NumberEmbedding(nn.Module):
    """A few learnt functions of each number, made of waves.

    The number x becomes [x, A cos(2 pi w x + b) + c]: a net over these can bend at any
    value of x. A and c begin at zero, so that a model begins with the numbers
    themselves.

    Parameters
    ----------
    n_models : int
        Number of models.
    n_numbers : int
        Numbers per row.
    n_waves : int, default=16
        Waves of each number.
    n_functions : int, default=3
        Functions of each number.
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    x : (n_samples, n_numbers), the same for all models
    returns : (n_models, n_samples, n_numbers * n_functions)

    References
    ----------
    Gorishniy, Rubachev & Babenko, "On Embeddings for Numerical Features in Tabular Deep
    Learning", NeurIPS 2022; Holzmüller, Grinsztajn & Steinwart, "Better by Default",
    NeurIPS 2024, for the bias in each wave.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import NumberEmbedding
    >>> NumberEmbedding(2, 5, device="cpu")(torch.zeros(4, 5)).shape
    torch.Size([2, 4, 15])
    """

    def __init__(
        self,
        n_models: int,
        n_numbers: int,
        n_waves: int = 16,
        n_functions: int = 3,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        self.n_functions = n_functions

        def parameter(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(n_models, n_numbers, *shape, device=device))

        self.frequency = parameter(1, n_waves)
        self.phase = parameter(1, n_waves)
        self.mix = parameter(n_waves, n_functions)
        self.shift = parameter(1, n_functions)

    def reset_parameters(
        self, scales: np.ndarray, random_state: np.random.RandomState
    ) -> None:
        """Draw waves whose frequencies have the deviation of each model's scale."""
        with torch.no_grad():
            shape = tuple(self.frequency.shape)
            waves = random_state.normal(size=shape) * scales[:, None, None, None]
            self.frequency.copy_(as_tensor(waves))
            self.phase.copy_(as_tensor(random_state.uniform(-math.pi, math.pi, shape)))
            self.mix.zero_()
            self.shift.zero_()

    def forward(self, x: Tensor) -> Tensor:
        n_models, n_numbers = self.mix.shape[:2]
        angle = x.t()[None, :, :, None] * (2 * math.pi * self.frequency) + self.phase
        waves = torch.cos(angle).flatten(0, 1)  # (models * numbers, n, waves)
        functions = torch.bmm(waves, self.mix.flatten(0, 1))
        # torch.export would take len(x) for a constant.
        functions = functions.view(n_models, n_numbers, x.shape[0], -1) + self.shift
        return functions.permute(0, 2, 1, 3).flatten(2)
