"""From a plan to a net and its callbacks."""

import copy
import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from torch.optim import Optimizer

from sknn_suite.doors import copy_random_state
from sknn_suite.training._averaging import WeightAverage
from sknn_suite.training._convergence import (
    Convergence,
    FollowSchedule,
    ValidationScore,
)
from sknn_suite.training._groups import ParameterGroups
from sknn_suite.training._lbfgs import LbfgsNet
from sknn_suite.training._net import TensorNet
from sknn_suite.training._optimizers import OPTIMIZERS, refuse_optimizer
from sknn_suite.training._plan import FitPlan
from sknn_suite.training._rates import Length, refuse_unknown
from sknn_suite.training._recipe import TrainingRecipe
from sknn_suite.training._recovery import Recovery
from sknn_suite.training._regularization import Penalty
from sknn_suite.training._schedules import Schedule
from sknn_suite.training._state import load_weights


def make_net(plan: FitPlan) -> TensorNet:
    """Build the net that trains a plan; the plan stays as it is."""
    settings, n_rows = plan.settings, len(plan.train)
    module = plan.network.build(plan.place.device, plan.place.dtype)
    load_weights(module, plan.weights)
    random_state = copy_random_state(plan.random_state)
    mixup = plan.augment and plan.augment.bind(module, random_state)
    rows_per_step = min(plan.batch_size * settings.accumulate, n_rows)
    length = Length(plan.planned_epochs, -(-n_rows // rows_per_step))
    kwargs: dict[str, Any] = {
        "random_state": random_state,
        "place": plan.place,
        "progress": replace(
            plan.start.progress, earlier=list(plan.start.progress.earlier)
        ),
        "shuffle": settings.shuffle,
        "class_shares": plan.class_shares,
        "batch_size": rows_per_step,
        "max_epochs": plan.n_epochs,
        "recipe": TrainingRecipe(
            schedule=_make_schedule(plan, length),
            penalty=Penalty(settings.alpha, settings.l1_alpha),
            groups=_make_groups(settings, plan.start.epochs),
            average=_make_average(settings, plan.planned_epochs),
            mixup=mixup,
            max_grad_norm=settings.max_grad_norm,
            max_grad_value=settings.max_grad_value,
            max_norm=settings.max_norm,
            accumulate=settings.accumulate,
            max_time=settings.max_time,
            valid_rows=plan.valid_rows,
        ),
    }
    loss = copy.copy(plan.loss)  # its mode and progress change while it trains
    if settings.solver == "lbfgs":
        if settings.solver_params:
            raise ValueError(
                f"solver_params={settings.solver_params} does not go with "
                "solver='lbfgs', which takes no further arguments. Expected None. "
                "Set max_iter, max_fun and tol instead."
            )
        return LbfgsNet(
            module, loss, max_fun=settings.max_fun, tol=settings.tol, **kwargs
        )
    if settings.on_divergence == "recover":
        kwargs["recovery"] = Recovery()
    arguments = _solver_arguments(settings)
    return TensorNet(
        module,
        loss,
        optimizer=_check_solver(settings.solver, arguments),
        elementwise=isinstance(settings.solver, str),
        **{f"optimizer__{name}": value for name, value in arguments.items()},
        **kwargs,
    )


def _check_solver(solver: Any, arguments: dict[str, Any]) -> type[Optimizer]:
    """Find the optimiser's class, and refuse arguments that it does not take."""
    kind = OPTIMIZERS[solver] if isinstance(solver, str) else solver
    if not set(arguments) <= getattr(kind, "arguments", set(arguments)):
        kind = kind.__mro__[2]  # torch's own, which takes the rarer arguments
    if not issubclass(kind, Optimizer):
        raise TypeError(
            f"solver={kind.__name__} is not an optimiser. Expected a name, or a class "
            "derived from torch.optim.Optimizer. Choose one of torch.optim."
        )
    refuse_optimizer(kind)
    if _asks_for_closure(kind):  # type: ignore[arg-type]
        raise ValueError(
            f"solver={kind.__name__} evaluates the loss several times in a step. "
            "Expected an optimiser that takes one gradient per step. "
            "Choose solver='lbfgs' for full-batch training."
        )
    refuse_unknown("solver_params", arguments, kind, leave_out=("params", "lr"))
    _refuse_modes(arguments)
    return kind


@functools.cache
def _asks_for_closure(kind: type[Optimizer]) -> bool:
    """Whether a step cannot do without a function that evaluates the loss."""
    closure = inspect.signature(kind.step).parameters.get("closure")
    return closure is not None and closure.default is closure.empty


# Arguments of torch's optimisers that a fit cannot use.
_USELESS_MODES = {
    "capturable": "which is for steps recorded in a CUDA graph; a fit records none",
    "differentiable": "which is for gradients through the steps; a fit takes none",
}


def _refuse_modes(arguments: dict[str, Any]) -> None:
    """Refuse what would raise an error deep inside torch.

    "foreach" and "fused" are fine: the same steps, computed in another way.
    """
    for name, purpose in _USELESS_MODES.items():
        if arguments.get(name):
            raise ValueError(
                f"solver_params has {name}={arguments[name]!r}, {purpose}. "
                "Expected it to be left out. Remove it from solver_params."
            )
    if arguments.get("foreach") and arguments.get("fused"):
        raise ValueError(
            "solver_params has foreach=True and fused=True, of which torch takes one. "
            "Expected one of them, or none, for torch to choose. Remove the other."
        )


def _solver_arguments(settings: Any) -> dict[str, Any]:
    """Arguments of the optimiser: scikit-learn's names, then `solver_params`."""
    arguments: dict[str, Any] = {}
    if settings.solver in {"adam", "adamw", "nadam", "radam"}:
        arguments["betas"] = (settings.beta_1, settings.beta_2)
        arguments["eps"] = settings.epsilon
    elif settings.solver == "sgd":
        arguments["momentum"] = settings.momentum
        arguments["nesterov"] = settings.nesterovs_momentum and settings.momentum > 0
    if settings.solver == "adamw":
        arguments["weight_decay"] = 0.01  # torch's default; biases get none
    return arguments | (settings.solver_params or {})


def _make_schedule(plan: FitPlan, length: Length) -> Schedule:
    settings, kind = plan.settings, plan.schedule
    params = settings.schedule_params or {}
    watches_score = (
        settings.early_stopping and settings.early_stopping_scoring != "loss"
    )
    if kind == "plateau" and watches_score:
        # With a relative threshold a constant score below zero would count as rising.
        params = {"threshold_mode": "abs", **params}
    return Schedule(
        kind,
        plan.rate,
        length,
        warmup=settings.warmup,
        params=params,
        power_t=settings.power_t,
        t=plan.start.t,
    )


def _make_groups(settings: Any, epochs_before: int) -> ParameterGroups:
    rates: Any = settings.learning_rate_init
    shares = None
    if not isinstance(rates, str) and np.ndim(rates) > 0:
        if not all(np.isfinite(rate) and rate > 0 for rate in rates):
            raise ValueError(
                f"learning_rate_init={rates} holds a rate that is not positive. "
                "Expected numbers in (0, inf), one per layer. To leave a layer as it "
                "is, use freeze."
            )
        shares = [float(rate) / float(rates[-1]) for rate in rates]
    return ParameterGroups(
        shares,
        settings.freeze,
        settings.unfreeze_every,
        settings.decay_biases,
        epochs_before,
    )


def _make_average(settings: Any, n_epochs: int) -> WeightAverage | None:
    if settings.averaging is None:
        return None
    start = settings.averaging_start
    if start is None:
        start = 0.75 if settings.averaging == "swa" else 1
    if isinstance(start, float):
        start = int(start * n_epochs) + 1
    return WeightAverage(settings.averaging, settings.ema_decay, start)


def make_callbacks(
    plan: FitPlan, net: TensorNet, score: Callable[[TensorNet], float] | None
) -> list[Any]:
    """List the callbacks that follow the progress of a net.

    `score` gives the score of the validation rows, if there are any.
    """
    settings = plan.settings
    callbacks: list[Any] = []
    if score is not None:
        callbacks.append(ValidationScore(score))
    if settings.solver != "lbfgs":
        adaptive = net.recipe.schedule.kind == "adaptive"
        convergence = Convergence(
            net.progress,
            tol=settings.tol,
            n_iter_no_change=settings.n_iter_no_change,
            monitor_score=score is not None and settings.early_stopping,
            on_plateau=net.recipe.schedule.lower if adaptive else None,
        )
        callbacks += [convergence, FollowSchedule()]
    return callbacks + [c for c in (net.recovery,) if c is not None]
