"""Learning rates that change while training goes on: torch's schedulers, and ours.

A scheduler of torch drives a shadow optimiser, whose rate is then copied to the net's,
times the warm-up and the factor of each parameter group. So schedulers never patch
the real optimiser, and warm-up and layer-wise rates work with all of them.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim import lr_scheduler

from sknn_suite.parameters import check_schedule
from sknn_suite.training._optimizers import FlatSGD

# scikit-learn's "adaptive" divides the rate by this, and ends below that.
ADAPTIVE_FACTOR = 5.0
ADAPTIVE_MIN_RATE = 1e-6

# Rates of so many steps are computed together: one at a time, between the steps, they
# take a small net twice as long.
MOST_AHEAD = 256


@dataclass(frozen=True)
class Length:
    """How long training may last.

    Parameters
    ----------
    n_epochs : int
        Epochs at most.
    n_batches : int
        Updates per epoch.
    """

    n_epochs: int
    n_batches: int

    @property
    def n_steps(self) -> int:
        """Updates at most."""
        return self.n_epochs * self.n_batches


def _one_cycle(shadow: FlatSGD, length: Length, **params: Any) -> Any:
    rate = shadow.param_groups[0]["lr"]
    if length.n_steps * params.get("pct_start", 0.3) <= 1:
        if length.n_steps < 2:
            return lr_scheduler.LambdaLR(shadow, lambda t: 1.0)
        # torch divides by the steps of the way up, less one
        params["pct_start"] = 1.5 / length.n_steps
    return lr_scheduler.OneCycleLR(
        shadow,
        max_lr=rate,
        total_steps=length.n_steps,
        **{"cycle_momentum": False, **params},
    )


def _cyclic(shadow: FlatSGD, length: Length, **params: Any) -> Any:
    rate = shadow.param_groups[0]["lr"]
    defaults = {
        "base_lr": rate / 10,
        "max_lr": rate,
        "step_size_up": 2 * length.n_batches,
        "cycle_momentum": False,
    }
    return lr_scheduler.CyclicLR(shadow, **{**defaults, **params})


def _warm_restarts(
    shadow: FlatSGD,
    length: Length,
    cycle_length: int = 10,
    cycle_mult: int = 1,
    **params: Any,
) -> Any:
    return lr_scheduler.CosineAnnealingWarmRestarts(
        shadow, T_0=cycle_length * length.n_batches, T_mult=cycle_mult, **params
    )


def _cosine(shadow: FlatSGD, length: Length, **params: Any) -> Any:
    return lr_scheduler.CosineAnnealingLR(shadow, **{"T_max": length.n_steps, **params})


def _power(
    shadow: FlatSGD, length: Length, step_size: int = 10, power: float = 1.0
) -> Any:
    return lr_scheduler.LambdaLR(shadow, lambda t: (1 + t / step_size) ** -power)


def _step(
    shadow: FlatSGD, length: Length, step_size: int = 30, gamma: float = 0.1
) -> Any:
    return lr_scheduler.StepLR(shadow, step_size, gamma)


def _exponential(shadow: FlatSGD, length: Length, gamma: float = 0.95) -> Any:
    return lr_scheduler.ExponentialLR(shadow, gamma)


def _piecewise(
    shadow: FlatSGD,
    length: Length,
    milestones: tuple[int, ...] | None = None,
    gamma: float = 0.1,
) -> Any:
    if milestones is None:
        milestones = (length.n_epochs // 2, length.n_epochs * 3 // 4)
    return lr_scheduler.MultiStepLR(shadow, list(milestones), gamma)


def _plateau(shadow: FlatSGD, length: Length, **params: Any) -> Any:
    return lr_scheduler.ReduceLROnPlateau(shadow, **params)


# Builder, and whether it steps after each batch rather than after each epoch.
SCHEDULES: dict[str, tuple[Callable[..., Any], bool]] = {
    "step": (_step, False),
    "exponential": (_exponential, False),
    "power": (_power, False),
    "piecewise": (_piecewise, False),
    "plateau": (_plateau, False),
    "cosine": (_cosine, True),
    "one_cycle": (_one_cycle, True),
    "cyclic": (_cyclic, True),
    "warm_restarts": (_warm_restarts, True),
}


def refuse_unknown(
    name: str,
    given: dict[str, Any],
    function: Callable,
    leave_out: tuple[str, ...] = (),
) -> None:
    """Refuse arguments that `function` does not take, and list those it does.

    Raises
    ------
    ValueError
        If there are any.
    """
    signature = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in signature.values()):
        return
    allowed = [key for key in signature if key not in leave_out]
    for key in given:
        if key not in allowed:
            raise ValueError(
                f"{name} has the unknown key {key!r}. Expected some of "
                f"{', '.join(allowed)}. Remove or rename it."
            )


def _build(
    builder: Callable[..., Any], shadow: FlatSGD, length: Length, params: dict
) -> Any:
    refuse_unknown("schedule_params", params, builder, leave_out=("shadow", "length"))
    try:
        return builder(shadow, length, **params)
    except TypeError as error:  # from torch's scheduler behind the builder
        raise ValueError(
            f"schedule_params={params} does not fit the schedule: {error}. "
            "Expected arguments that learning_rate's schedule takes. "
            "Remove or rename the one named."
        ) from error


class Schedule:
    """The learning rate of each step.

    Parameters
    ----------
    kind : str or callable
        A name in `SCHEDULES`, "constant", "adaptive", "invscaling", or a function of
        the epochs that are over, which returns the factor of `rate`.
    rate : float
        learning_rate_init.
    length : Length
        How long training may last.
    warmup : float
        Epochs over which the rate rises linearly from near zero, on top of `kind`.
    params : dict
        Arguments of the builder.
    power_t, t : float and int
        Exponent of "invscaling", and rows seen by earlier calls.

    Attributes
    ----------
    scheduled : float
        The rate without warm-up.
    """

    def __init__(
        self,
        kind: str | Callable[[int], float],
        rate: float,
        length: Length,
        *,
        warmup: float = 0,
        params: dict | None = None,
        power_t: float = 0.5,
        t: int = 0,
    ) -> None:
        self.kind = kind
        self.rate = rate
        self.warmup_steps = round(warmup * length.n_batches)
        self.power_t = power_t
        self.t = t
        self.n_steps = 0
        self.scheduled = rate
        self.shadow: FlatSGD | None = None
        self.scheduler: Any = None
        self.per_batch = False
        self.was_scaled = False
        self._factor = 1.0
        self._n_ahead = max(min(length.n_steps, MOST_AHEAD), 1)
        self._ahead: list[float] = []
        self._at = -1  # which of the rates ahead is that of the next step
        self._before: dict[str, Any] | None = None  # state before the rates ahead
        if kind in ("constant", "adaptive", "invscaling"):
            return
        self.shadow = FlatSGD([nn.Parameter(torch.zeros(1))], lr=rate)
        # The shadow never steps; without this mark schedulers warn that it did not.
        self.shadow._opt_called = True  # type: ignore[attr-defined]
        if callable(kind):
            self.scheduler = lr_scheduler.LambdaLR(self.shadow, check_schedule(kind))
        else:
            builder, self.per_batch = SCHEDULES[kind]
            self.scheduler = _build(builder, self.shadow, length, params or {})
        self.scheduled = self.shadow.param_groups[0]["lr"]

    @property
    def is_constant(self) -> bool:
        """Whether no step within an epoch changes the rate."""
        return not self.per_batch and self.n_steps > self.warmup_steps

    @property
    def ends(self) -> bool:
        """Whether the schedule is planned for all epochs, and ends at a small rate."""
        return self.kind in ("cosine", "one_cycle")

    @property
    def changes(self) -> bool:
        """Whether the rate is ever another than learning_rate_init."""
        return self.kind != "constant" or self.warmup_steps > 0 or self.was_scaled

    @property
    def current(self) -> float:
        """The rate of the next step."""
        if self.n_steps >= self.warmup_steps:
            return self.scheduled
        return self.scheduled * (self.n_steps + 1) / (self.warmup_steps + 1)

    def after_batch(self) -> None:
        """Move on by a step."""
        self.n_steps += 1
        if self.per_batch:
            self._advance()

    def after_epoch(self, n_rows: int, monitored: float) -> None:
        """Move on by an epoch.

        Parameters
        ----------
        n_rows : int
            Training rows of the epoch.
        monitored : float
            What "plateau" watches: smaller is better.
        """
        self.t += n_rows
        if self.kind == "invscaling":
            self.scheduled = self.rate / (self.t + 1) ** self.power_t
        elif self.kind == "plateau":
            self._advance(monitored)
        elif self.scheduler is not None and not self.per_batch:
            self._advance()

    def lower(self) -> bool:
        """Follow "adaptive": divide the rate by 5; True if it is too small to go on."""
        if self.scheduled <= ADAPTIVE_MIN_RATE:
            return True
        self.scheduled /= ADAPTIVE_FACTOR
        return False

    def scale(self, factor: float) -> None:
        """Scale this and all later rates."""
        self.rate *= factor
        self.scheduled *= factor
        self.was_scaled = True
        if self.per_batch:
            self._factor *= factor
        elif self.shadow is not None:
            self.shadow.param_groups[0]["lr"] *= factor
            for name in ("base_lrs", "max_lrs"):
                if hasattr(self.scheduler, name):
                    rates = [rate * factor for rate in getattr(self.scheduler, name)]
                    setattr(self.scheduler, name, rates)
            for name in ("initial_lr", "max_lr", "min_lr"):
                if name in self.shadow.param_groups[0]:
                    self.shadow.param_groups[0][name] *= factor

    def _advance(self, *args: float) -> None:
        assert self.shadow is not None  # has a scheduler, so has a shadow
        if not self.per_batch:
            self.scheduler.step(*args)
            self.scheduled = self.shadow.param_groups[0]["lr"]
            return
        self._at += 1
        if self._at >= len(self._ahead):
            self._look_ahead()
        self.scheduled = self._ahead[self._at] * self._factor

    def _look_ahead(self) -> None:
        """Compute the rates of the next steps."""
        assert self.shadow is not None
        self._before = self._scheduler_state()
        self._ahead, self._at = [], 0
        last = getattr(self.scheduler, "total_steps", None)
        for _ in range(self._n_ahead):
            # A one-cycle run that is continued stays at its last rate.
            if self.scheduler.last_epoch != last:
                self.scheduler.step()
            self._ahead.append(self.shadow.param_groups[0]["lr"])

    def _scheduler_state(self) -> dict[str, Any]:
        """State of torch's scheduler and of its optimiser, in plain values."""
        assert self.shadow is not None
        state, group = self.scheduler.state_dict(), self.shadow.param_groups[0]
        return {
            "scheduler": {
                key: value
                for key, value in state.items()
                if isinstance(value, int | float | bool | list | None)
            },
            "shadow": {
                key: value for key, value in group.items() if isinstance(value, float)
            },
        }

    def state_dict(self) -> dict[str, Any]:
        """State to go on with, in plain values."""
        state: dict[str, Any] = {
            "t": self.t,
            "n_steps": self.n_steps,
            "rate": self.rate,
            "scheduled": self.scheduled,
            "was_scaled": self.was_scaled,
            "factor": self._factor,
            "at": self._at,
        }
        if self.scheduler is not None:
            state |= self._before or self._scheduler_state()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.t = state["t"]
        self.n_steps = state["n_steps"]
        self.rate = state["rate"]
        self.scheduled = state["scheduled"]
        self.was_scaled = state["was_scaled"]
        self._factor = state["factor"]
        if self.scheduler is not None and self.shadow is not None:
            self.scheduler.load_state_dict(state["scheduler"])
            self.shadow.param_groups[0].update(state["shadow"])
            if state["at"] >= 0:
                self._look_ahead()
                self._at = state["at"]
