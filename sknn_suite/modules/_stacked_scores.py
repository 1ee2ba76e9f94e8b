"""The forward pass of several plain MLPs of one shape, written out."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from sknn_suite.modules._activations import IN_PLACE


class StackedScores:
    """Raw scores by several MLPs of one shape, each with its own rows.

    There is one product per layer for all of them, because calls of small products take
    longer than their arithmetic. Weights are copied side by side, so later changes of
    the modules are not seen.

    Parameters
    ----------
    modules : sequence of MLP
        In evaluation mode, each one that `MLPScores` supports.

    Shape
    -----
    x : (n_modules, n_samples, n_inputs), dense
    returns : (n_modules, n_samples, n_outputs)
    """

    def __init__(self, modules: Sequence[Any]) -> None:
        self.activate = IN_PLACE[modules[0].activation_name]
        self.layers = [
            (
                torch.stack([linear.bias.detach() for linear in linears]).unsqueeze(1),
                torch.stack([linear.weight.detach().t() for linear in linears]),
            )
            for linears in zip(*(module.linears for module in modules))
        ]

    def __call__(self, x: Tensor) -> Tensor:
        *hidden, last = self.layers
        for bias, weight in hidden:
            x = torch.baddbmm(bias, x, weight)
            if self.activate is not None:
                self.activate(x)
        return torch.baddbmm(last[0], x, last[1])
