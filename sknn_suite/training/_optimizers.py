"""Optimisers of flat parameters: torch's own, Adam without torch's overhead."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD, Adam, Optimizer


class FlatAdam(Adam):
    """torch's Adam whose step is one call of torch's fused kernel per group.

    ``Optimizer.step`` spends five times the kernel's time on Python when the net is
    small. State and arithmetic are those of ``torch.optim.Adam(fused=True)``.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step with the gradients that stand in the parameters."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            states = [self._state_of(p) for p in group["params"]]
            steps = [state["step"] for state in states]
            for step in steps:
                step.add_(1)
            beta1, beta2 = group["betas"]
            torch._fused_adam_(
                group["params"],
                [p.grad for p in group["params"]],
                [state["exp_avg"] for state in states],
                [state["exp_avg_sq"] for state in states],
                [],
                steps,
                lr=group["lr"],
                beta1=beta1,
                beta2=beta2,
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=False,
                maximize=False,
            )
        return loss

    # torch decorates these two so that their first call imports its compiler, which
    # takes longer than a small fit. The functions underneath are the same.
    add_param_group = Optimizer.add_param_group.__wrapped__  # type: ignore[attr-defined]
    state_dict = Optimizer.state_dict.__wrapped__  # type: ignore[attr-defined]

    def _state_of(self, p: Tensor) -> dict[str, Tensor]:
        state = self.state[p]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device=p.device)
            state["exp_avg"] = torch.zeros_like(p)
            state["exp_avg_sq"] = torch.zeros_like(p)
        return state

    # torch wraps `step` of every optimiser class that lacks this mark with its
    # profiler and hooks, which cost more than the kernel.
    step.hooked = True  # type: ignore[attr-defined]


def penalty_gradient_(grad: Tensor, weights: Tensor, strength: float | Tensor) -> None:
    """Add the gradient of strength / 2 * ||weights||^2 to `grad`, in place."""
    if isinstance(strength, Tensor):
        grad.addcmul_(weights, strength)
    else:
        grad.add_(weights, alpha=strength)


OPTIMIZERS: dict[str, type[Optimizer]] = {"adam": FlatAdam, "sgd": SGD}
