"""Weights with which the scores of a pack rise, or fall, with some of its inputs."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

# Mark of an input that is not read: no weight makes scores rise with it.
NOT_READ = 2


class MonotoneWeights(nn.Module):
    """Signs of weights that make scores rise with some inputs, or fall.

    On each way from such an input to a score, the product of the weights has the sign
    of the input, and activations rise. So scores do, whatever the other inputs are.
    Weights are free in the first layer for all other inputs. Every second unit is
    turned: it enters and leaves by negative weights. Without that all units would bend
    in one direction.

    A factor of the sign and the amount of a number takes the place of each number. What
    is learnt, stored and read by others are numbers as in any other pack.

    Parameters
    ----------
    signs : sequence of int
        For each input 1 (scores rise with it), -1 (they fall), 0 (free) or `NOT_READ`.

    References
    ----------
    Runje & Shankaranarayana, "Constrained Monotonic Neural Networks", ICML 2023.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import MonotoneWeights
    >>> weights = MonotoneWeights((-1, 0))
    >>> weights.scale(torch.tensor([[-2.0, -2.0]])).tolist()
    [[-2.0, -2.0]]
    >>> weights.first(torch.tensor([[[-1.0, -1.0], [-1.0, -1.0]]])).tolist()
    [[[1.0, -1.0], [-1.0, -1.0]]]
    """

    rising: Tensor
    is_bound: Tensor
    is_read: Tensor

    def __init__(self, signs: Sequence[int]) -> None:
        super().__init__()
        sign = torch.tensor(tuple(signs))
        is_bound = sign.abs() == 1
        rising = torch.where(is_bound, sign, 1).float()
        self.register_buffer("rising", rising, persistent=False)
        self.register_buffer("is_bound", is_bound, persistent=False)
        is_read = (sign != NOT_READ).float()
        self.register_buffer("is_read", is_read, persistent=False)

    def scale(self, scale: Tensor) -> Tensor:
        """Factors of inputs, (..., n_inputs), with the signs of the inputs."""
        bound = torch.where(self.is_bound, self.rising * scale.abs(), scale)
        return bound * self.is_read

    def first(self, weight: Tensor) -> Tensor:
        """Weights of the first layer, (n_models, n_inputs, n_units)."""
        turned = weight.abs() * _turns(weight, 2)
        return torch.where(self.is_bound[:, None], turned, weight)

    def later(self, weight: Tensor) -> Tensor:
        """Weights between two hidden layers."""
        return _turns(weight, 1)[:, None] * weight.abs() * _turns(weight, 2)

    def last(self, weight: Tensor) -> Tensor:
        """Weights of the scores."""
        return _turns(weight, 1)[:, None] * weight.abs()


def _turns(weight: Tensor, axis: int) -> Tensor:
    """1 for units as they are, and -1 for turned ones."""
    places = torch.arange(weight.shape[axis], device=weight.device)
    return (1 - 2 * (places % 2)).to(weight.dtype)
