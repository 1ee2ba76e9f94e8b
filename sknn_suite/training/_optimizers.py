"""Optimisers of flat parameters: torch's own; Adam and SGD without their overhead."""

from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any

import torch
from torch import Tensor
from torch.optim import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    NAdam,
    Optimizer,
    RAdam,
    RMSprop,
    SparseAdam,
)
from torch.utils.hooks import RemovableHandle

from sknn_suite.doors import fused_adam, undecorated, without_grad

_adam, _adamw = fused_adam(), fused_adam(weight_decay="apart")


class LeanOptimizer(Optimizer):
    """Mixin that leaves out parts of torch's optimisers that slow down small nets.

    torch wraps ``step`` of every class that lacks the mark ``hooked`` with its profiler
    and hooks, which take longer than a small kernel; and it decorates two methods so
    that their first call imports its compiler, which takes longer than a small fit.
    The functions underneath are the same; after a hook is registered, the wrapper is
    used.
    """

    add_param_group = undecorated(Optimizer.add_param_group)
    state_dict = undecorated(Optimizer.state_dict)

    def register_step_pre_hook(self, hook: Callable) -> RemovableHandle:
        self._wrap_step()
        return super().register_step_pre_hook(hook)

    def register_step_post_hook(self, hook: Callable) -> RemovableHandle:
        self._wrap_step()
        return super().register_step_post_hook(hook)

    def _wrap_step(self) -> None:
        """Let this optimiser's step call its hooks from now on."""
        if "step" not in vars(self):
            wrapped = Optimizer.profile_hook_step(type(self).step)
            self.step = MethodType(wrapped, self)  # type: ignore[method-assign]


class FlatAdam(LeanOptimizer, Adam):
    """torch's Adam whose step is one call of torch's fused kernel per group.

    State and arithmetic are those of ``torch.optim.Adam(fused=True)``.
    """

    # Arguments that it takes; with others torch's own is used.
    arguments = {"betas", "eps", "weight_decay"}

    @without_grad
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step with the gradients of the parameters."""
        if _adam is None:
            return super().step(closure)
        loss = None if closure is None else closure()
        _run_fused(self, _adam)
        return loss

    step.hooked = True  # type: ignore[attr-defined]


class FlatAdamW(LeanOptimizer, AdamW):
    """torch's AdamW, in the same way."""

    # Arguments that it takes; with others torch's own is used.
    arguments = {"betas", "eps", "weight_decay"}

    @without_grad
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step with the gradients of the parameters."""
        if _adamw is None:
            return super().step(closure)
        loss = None if closure is None else closure()
        _run_fused(self, _adamw)
        return loss

    step.hooked = True  # type: ignore[attr-defined]


def _run_fused(optimizer: Optimizer, kernel: Callable) -> None:
    """Run a fused kernel of the Adam family on each group of parameters."""
    for group in optimizer.param_groups:
        states = [_adam_state(optimizer, p) for p in group["params"]]
        steps = [state["step"] for state in states]
        for step in steps:
            step.add_(1)
        beta1, beta2 = group["betas"]
        kernel(
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


def _adam_state(optimizer: Optimizer, p: Tensor) -> dict[str, Tensor]:
    state = optimizer.state[p]
    if not state:
        state["step"] = torch.zeros((), dtype=torch.float32, device=p.device)
        state["exp_avg"] = torch.zeros_like(p)
        state["exp_avg_sq"] = torch.zeros_like(p)
    return state


class FusedGroups:
    """Parameter groups of several optimisers of the Adam family, in few kernel calls.

    Groups of the same rate and constants are one call. Each net's state stays its own.

    Parameters
    ----------
    optimizers : sequence of FlatAdam or FlatAdamW
        The optimisers.
    kernel : callable
        torch's fused kernel for them.
    """

    def __init__(self, optimizers: Sequence[Optimizer], kernel: Callable) -> None:
        self.kernel = kernel
        self._groups = [
            (i, g) for i, o in enumerate(optimizers) for g in o.param_groups
        ]
        counts = torch.zeros(len(self._groups), device=_device_of(optimizers))
        self._tensors: list[tuple] = []
        for count, (i, group) in zip(counts, self._groups):
            (p,) = group["params"]
            state = _adam_state(optimizers[i], p)
            # One call counts a step of all nets.
            state["step"] = count.copy_(state["step"])
            self._tensors.append(
                (p, p.grad, state["exp_avg"], state["exp_avg_sq"], count)
            )
        self._counts = counts
        self._calls: dict[int, tuple[Tensor, list[tuple[list, dict]]]] = {}
        # Tensors of groups with equal constants, by the numbers of the groups: rates
        # that follow a schedule change with each step, and these mostly stay.
        self._joined: dict[tuple[int, ...], list[list[Tensor]]] = {}
        self._constants: list[tuple] = []

    @classmethod
    def of(cls, optimizers: Sequence[Optimizer]) -> "FusedGroups | None":
        """Join the optimisers, if their steps are a fused kernel over flat leaves."""
        kernels = {FlatAdam: _adam, FlatAdamW: _adamw}
        (kind, *others) = {type(optimizer) for optimizer in optimizers}
        kernel = kernels.get(kind)
        is_flat = all(len(g["params"]) == 1 for o in optimizers for g in o.param_groups)
        has_hooks = any("step" in vars(optimizer) for optimizer in optimizers)
        if others or kernel is None or not is_flat or has_hooks:
            return None
        return cls(optimizers, kernel)

    def read(self) -> None:
        """Read the rates, which schedules and callbacks may have changed."""
        constants = [
            (g["lr"], *g["betas"], g["eps"], g["weight_decay"]) for _, g in self._groups
        ]
        if constants != self._constants:
            self._constants = constants
            self._calls.clear()

    @property
    def decays_apart(self) -> bool:
        """Whether the kernel is that of AdamW."""
        return self.kernel is _adamw

    def arranged(self, n: int) -> tuple[Tensor, list[tuple[list, dict]]]:
        """Return the counts of steps and the kernel's calls of the first `n` nets."""
        call = self._calls.get(n)
        if call is None:
            call = self._calls[n] = self._arrange(n)
        return call

    def step(self, n: int) -> None:
        """Take a step of the first `n` optimisers."""
        counts, kernel_calls = self.arranged(n)
        counts.add_(1)
        for (p, grad, mean, square, count), constants in kernel_calls:
            self.kernel(p, grad, mean, square, [], count, **constants)

    def _arrange(self, n: int) -> tuple[Tensor, list[tuple[list, dict]]]:
        """Arrange the kernel's calls for the first `n` optimisers."""
        chosen = [k for k, (i, _) in enumerate(self._groups) if i < n]
        by_constants: dict[tuple, list[int]] = {}
        for k in chosen:
            by_constants.setdefault(self._constants[k], []).append(k)
        calls = []
        for (rate, beta1, beta2, eps, decay), equal in by_constants.items():
            constants = {
                "lr": rate,
                "beta1": beta1,
                "beta2": beta2,
                "weight_decay": decay,
                "eps": eps,
                "amsgrad": False,
                "maximize": False,
            }
            calls.append((self._join(tuple(equal)), constants))
        return self._counts[: len(chosen)], calls

    def _join(self, groups: tuple[int, ...]) -> list[list[Tensor]]:
        """List the parameters of groups, their gradients, and so on."""
        joined = self._joined.get(groups)
        if joined is None:
            columns = zip(*(self._tensors[k] for k in groups))
            joined = self._joined[groups] = [list(column) for column in columns]
        return joined


def _device_of(optimizers: Sequence[Optimizer]) -> torch.device:
    return optimizers[0].param_groups[0]["params"][0].device


class FlatSGD(LeanOptimizer, SGD):
    """torch's SGD with momentum, written out for flat parameters."""

    # Arguments that it takes; with others torch's own is used.
    arguments = {"momentum", "nesterov", "dampening", "weight_decay"}

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step with the gradients of the parameters."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            rate, momentum = group["lr"], group["momentum"]
            for p in group["params"]:
                grad = p.grad
                if group["weight_decay"]:
                    grad = grad.add(p, alpha=group["weight_decay"])
                if momentum:
                    state = self.state[p]
                    if not state:
                        state["momentum_buffer"] = grad.clone()
                    else:
                        velocity = state["momentum_buffer"]
                        velocity.mul_(momentum).add_(grad, alpha=1 - group["dampening"])
                    velocity = state["momentum_buffer"]
                    nesterov = group["nesterov"]
                    grad = grad.add(velocity, alpha=momentum) if nesterov else velocity
                p.add_(grad, alpha=-rate)
        return loss

    step.hooked = True  # type: ignore[attr-defined]


# All of these work elementwise, so a flat buffer changes nothing but the speed.
OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": FlatSGD,
    "adam": FlatAdam,
    "adamw": FlatAdamW,
    "nadam": NAdam,
    "radam": RAdam,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
}


def refuse_optimizer(kind: type[Optimizer]) -> None:
    """Refuse optimisers of torch that cannot train our networks.

    Raises
    ------
    ValueError
        If it is for sparse gradients, or defines no step.
    """
    if issubclass(kind, SparseAdam):
        raise ValueError(
            f"solver={kind.__name__} is for sparse gradients, which no network here "
            "has. Expected an optimiser of dense ones. Choose solver='adam'."
        )
    if getattr(kind.step, "__qualname__", "") == "Optimizer.step":
        raise ValueError(
            f"solver={kind.__name__} has no step method. Expected a class derived "
            "from torch.optim.Optimizer with its own step. Choose one of torch.optim."
        )


def build_optimizer(
    kind: Callable[..., Optimizer],
    groups: list[dict],
    rate: float,
    arguments: dict[str, Any],
) -> Optimizer:
    """Build an optimiser; say in words what is wrong with its arguments.

    Raises
    ------
    ValueError
        If it does not take the arguments.
    """
    try:
        return kind(groups, lr=rate, **arguments)
    except (TypeError, ValueError) as error:
        name = getattr(kind, "__name__", repr(kind))
        raise ValueError(
            f"solver={name} refuses solver_params, with defaults {arguments}: {error}. "
            f"Expected values that {name} takes. Change the one named."
        ) from error
