"""From an estimator's training parameters to a net and its callbacks."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from skorch.callbacks import Callback
from torch import nn
from torch.optim import Optimizer

from sknn_suite.device import Place
from sknn_suite.losses import Loss
from sknn_suite.parameters import TrainingParameters
from sknn_suite.training._averaging import WeightAverage
from sknn_suite.training._convergence import (
    Convergence,
    FollowSchedule,
    Progress,
    ValidationScore,
)
from sknn_suite.training._groups import ParameterGroups
from sknn_suite.training._lbfgs import LbfgsNet
from sknn_suite.training._net import TensorNet
from sknn_suite.training._optimizers import OPTIMIZERS, refuse_optimizer
from sknn_suite.training._progress import EpochLine
from sknn_suite.training._recipe import TrainingRecipe
from sknn_suite.training._recovery import Recovery
from sknn_suite.training._regularization import Penalty
from sknn_suite.training._schedules import Length, Schedule, refuse_unknown


def make_net(
    training: TrainingParameters,
    module: nn.Module,
    loss: Loss,
    place: Place,
    progress: Progress,
    *,
    rate: float,
    n_rows: int,
    batch_size: int,
    max_epochs: int,
    planned_epochs: int,
    learning_rate: str | Callable[[int], float],
    t: int,
    epochs_before: int,
    random_state: np.random.RandomState,
    mixup: Callable | None = None,
    valid_rows: int = 1024,
) -> TensorNet:
    """Build the net that the parameters describe; `module` has its weights already.

    `rate` is learning_rate_init as one number, `n_rows` the number of training rows, of
    which each update sees `batch_size` times ``accumulate``; `t` counts the rows that
    earlier calls have seen, `epochs_before` the epochs of earlier partial fits. The
    schedule `learning_rate` is planned for `planned_epochs`, of which this net trains
    `max_epochs`. `mixup` changes training batches, and `valid_rows` are scored at a
    time; see `TrainingRecipe`.
    """
    rows_per_step = min(batch_size * training.accumulate, n_rows)
    n_steps = -(-n_rows // rows_per_step)
    kwargs: dict[str, Any] = {
        "random_state": random_state,
        "place": place,
        "progress": progress,
        "shuffle": training.shuffle,
        "batch_size": rows_per_step,
        "max_epochs": max_epochs,
        "recipe": TrainingRecipe(
            schedule=_make_schedule(
                training, learning_rate, rate, Length(planned_epochs, n_steps), t
            ),
            penalty=Penalty(training.alpha, training.l1_alpha),
            groups=_make_groups(training, epochs_before),
            average=_make_average(training, planned_epochs),
            mixup=mixup,
            max_grad_norm=training.max_grad_norm,
            max_grad_value=training.max_grad_value,
            max_norm=training.max_norm,
            accumulate=training.accumulate,
            max_time=training.max_time,
            valid_rows=valid_rows,
        ),
    }
    if training.solver == "lbfgs":
        if training.solver_params:
            raise ValueError(
                f"solver_params={training.solver_params} does not go with "
                "solver='lbfgs', which takes no further arguments. Expected None. "
                "Set max_iter, max_fun and tol instead."
            )
        return LbfgsNet(
            module, loss, max_fun=training.max_fun, tol=training.tol, **kwargs
        )
    if training.on_divergence == "recover":
        kwargs["recovery"] = Recovery()
    arguments = _solver_arguments(training)
    return TensorNet(
        module,
        loss,
        optimizer=_check_solver(training.solver, arguments),
        elementwise=isinstance(training.solver, str),
        **{f"optimizer__{name}": value for name, value in arguments.items()},
        **kwargs,
    )


def _check_solver(solver: Any, arguments: dict[str, Any]) -> type[Optimizer]:
    """Find the optimiser's class, and refuse arguments that it does not take."""
    kind = OPTIMIZERS[solver] if isinstance(solver, str) else solver
    if not set(arguments) <= getattr(kind, "arguments", set(arguments)):
        kind = kind.__mro__[2]  # torch's own, which knows the rarer arguments
    if not issubclass(kind, Optimizer):
        raise TypeError(
            f"solver={kind.__name__} is not an optimiser. Expected a name, or a class "
            "derived from torch.optim.Optimizer. Choose one of torch.optim."
        )
    refuse_optimizer(kind)
    closure = inspect.signature(kind.step).parameters.get("closure")
    if closure is not None and closure.default is closure.empty:
        raise ValueError(
            f"solver={kind.__name__} evaluates the loss several times in a step. "
            "Expected an optimiser that takes one gradient per step. "
            "Choose solver='lbfgs' for full-batch training."
        )
    refuse_unknown("solver_params", arguments, kind, leave_out=("params", "lr"))
    _refuse_modes(arguments)
    return kind


# Ways of torch's optimisers to take a step that a fit has no use for.
_USELESS_MODES = {
    "capturable": "which is for steps recorded in a CUDA graph; a fit records none",
    "differentiable": "which is for gradients through the steps; a fit takes none",
}


def _refuse_modes(arguments: dict[str, Any]) -> None:
    """Refuse what torch would answer with an error from its inside.

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


def _solver_arguments(training: TrainingParameters) -> dict[str, Any]:
    """Arguments of the optimiser: scikit-learn's names, then `solver_params`."""
    arguments: dict[str, Any] = {}
    if training.solver in {"adam", "adamw", "nadam", "radam"}:
        arguments["betas"] = (training.beta_1, training.beta_2)
        arguments["eps"] = training.epsilon
    elif training.solver == "sgd":
        arguments["momentum"] = training.momentum
        arguments["nesterov"] = training.nesterovs_momentum and training.momentum > 0
    if training.solver == "adamw":
        arguments["weight_decay"] = 0.01  # torch's, said aloud: it spares biases
    return arguments | (training.solver_params or {})


def _make_schedule(
    training: TrainingParameters,
    kind: str | Callable[[int], float],
    rate: float,
    length: Length,
    t: int,
) -> Schedule:
    if training.solver == "adam" and kind in ("invscaling", "adaptive"):
        kind = "constant"  # scikit-learn's Adam ignores them, and scripts rely on it
    params = training.schedule_params or {}
    watches_score = (
        training.early_stopping and training.early_stopping_scoring != "loss"
    )
    if kind == "plateau" and watches_score:
        # A relative threshold takes a score that stays below zero for one that rises.
        params = {"threshold_mode": "abs", **params}
    return Schedule(
        kind,
        rate,
        length,
        warmup=training.warmup,
        params=params,
        power_t=training.power_t,
        t=t,
    )


def _make_groups(training: TrainingParameters, epochs_before: int) -> ParameterGroups:
    rates: Any = training.learning_rate_init
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
        training.freeze,
        training.unfreeze_every,
        training.decay_biases,
        epochs_before,
    )


def _make_average(training: TrainingParameters, n_epochs: int) -> WeightAverage | None:
    if training.averaging is None:
        return None
    start = training.averaging_start
    if start is None:
        start = 0.75 if training.averaging == "swa" else 1
    if isinstance(start, float):
        start = int(start * n_epochs) + 1
    return WeightAverage(training.averaging, training.ema_decay, start)


def make_callbacks(
    training: TrainingParameters,
    net: TensorNet,
    *,
    score: Callable[[TensorNet], float] | None,
    bridge: Callback | None,
    checkpoint: Callback | None,
) -> list[Any]:
    """List the callbacks that the parameters ask for, the user's own last.

    Parameters
    ----------
    training : TrainingParameters
        The parameters.
    net : TensorNet
        The net that will call them.
    score : callable or None
        Score of the net on the validation rows, if there are any.
    bridge : Callback or None
        The bridge to scikit-learn's callbacks, if any are set.
    checkpoint : Callback or None
        Writes checkpoints, if asked for.
    """
    callbacks: list[Any] = []
    if score is not None:
        callbacks.append(ValidationScore(score))
    if training.solver != "lbfgs":
        adaptive = net.recipe.schedule.kind == "adaptive"
        convergence = Convergence(
            net.progress,
            tol=training.tol,
            n_iter_no_change=training.n_iter_no_change,
            monitor_score=score is not None and training.early_stopping,
            on_plateau=net.recipe.schedule.lower if adaptive else None,
        )
        callbacks += [convergence, FollowSchedule()]
    callbacks += [EpochLine()] if training.verbose else []
    callbacks += [c for c in (net.recovery, bridge, checkpoint) if c is not None]
    return callbacks + list(training.callbacks or [])
