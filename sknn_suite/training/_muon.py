"""Muon: updates of convolution kernels that turn all directions alike."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from sknn_suite.training._optimizers import LeanOptimizer

# Coefficients of the iteration that brings singular values near one, and its steps.
QUINTIC = (3.4445, -4.7750, 2.0315)
N_STEPS = 3


class Muon(LeanOptimizer):
    """Orthogonalised momentum for convolution kernels, SGD with momentum for the rest.

    Kernels keep the norm at which each output channel has length one, so that the
    learning rate alone says how far a step turns them. Differs from the reference in
    its speed-ups: the iteration runs in the weights' own type.

    Parameters
    ----------
    params : iterable
        Parameters or groups of them.
    lr : float, default=0.1
        Step size, of kernels and of the rest.
    momentum : float, default=0.6
        Of kernels.
    rest_momentum : float, default=0.85
        Of all other parameters.

    References
    ----------
    Jordan et al., "Muon: An Optimizer for Hidden Layers in Neural Networks", 2024.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.1,
        momentum: float = 0.6,
        rest_momentum: float = 0.85,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "rest_momentum": rest_momentum}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            if group["lr"] == 0:
                continue  # frozen
            for p in group["params"]:
                if p.grad is not None:
                    self._step(p, group)

    step.hooked = True  # type: ignore[attr-defined]

    def _step(self, p: Tensor, group: dict[str, Any]) -> None:
        state, gradient = self.state[p], p.grad
        assert gradient is not None
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(p)
        buffer = state["momentum_buffer"]
        is_kernel = p.ndim == 4
        momentum = group["momentum" if is_kernel else "rest_momentum"]
        buffer.mul_(momentum).add_(gradient)
        step = gradient.add(buffer, alpha=momentum)  # Nesterov's
        if is_kernel:
            p.mul_(len(p) ** 0.5 / p.norm().clamp_min(1e-12))
            step = orthogonalize(step)
        p.add_(step, alpha=-group["lr"])


def orthogonalize(gradient: Tensor) -> Tensor:
    """Bring the singular values of a kernel, seen as a matrix, near one.

    Each step multiplies the matrix by a polynomial of its product with its transpose,
    which is a small square matrix. Differs from the reference: all steps use the small
    matrix, and the wide one is multiplied once at the end. The result is the same.
    """
    x = gradient.flatten(1)
    x = x / (x.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    square = x @ x.T
    product = factor = _quintic_factor(square)
    for _ in range(N_STEPS - 1):
        square = factor @ square @ factor
        factor = _quintic_factor(square)
        product = factor @ product
    x = product @ x
    return (x.T if tall else x).reshape(gradient.shape)


def _quintic_factor(square: Tensor) -> Tensor:
    """Factor by which a step multiplies a matrix x, given ``x @ x.T``."""
    a, b, c = QUINTIC
    factor = torch.addmm(square, square, square, beta=b, alpha=c)
    factor.diagonal().add_(a)
    return factor
