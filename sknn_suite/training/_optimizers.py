"""Optimisers: torch's own, on flat parameters; Adam and SGD without torch's overhead."""

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
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["step"] = torch.zeros((), dtype=torch.float32, device=p.device)
                    state["exp_avg"] = torch.zeros_like(p)
                    state["exp_avg_sq"] = torch.zeros_like(p)
                state["step"] += 1
                torch._fused_adam_(
                    [p],
                    [p.grad],
                    [state["exp_avg"]],
                    [state["exp_avg_sq"]],
                    [],
                    [state["step"]],
                    lr=group["lr"],
                    beta1=beta1,
                    beta2=beta2,
                    weight_decay=group["weight_decay"],
                    eps=group["eps"],
                    amsgrad=False,
                    maximize=False,
                )
        return loss

    # torch wraps `step` of every optimiser class that lacks this mark with its
    # profiler and hooks, which cost more than the kernel.
    step.hooked = True  # type: ignore[attr-defined]


def penalty_gradient_(
    grad: Tensor, weights: Tensor, strength: float | Tensor
) -> None:
    """Add the gradient of strength / 2 * ||weights||^2 to `grad`, in place."""
    if isinstance(strength, Tensor):
        grad.addcmul_(weights, strength)
    else:
        grad.add_(weights, alpha=strength)


OPTIMIZERS: dict[str, type[Optimizer]] = {"adam": FlatAdam, "sgd": SGD}
