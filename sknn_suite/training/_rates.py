"""Learning rates as functions of the step: torch's schedulers, asked once a step.

A scheduler of torch drives a shadow optimiser, whose rates are stored in order and
looked up later. So a rate depends on the step alone, and the number of steps is enough
to continue.
"""

import functools
import inspect
import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim import lr_scheduler

from sknn_suite.parameters import check_schedule
from sknn_suite.training._optimizers import FlatSGD

# Rates of this number of steps are computed together: one at a time, between the steps,
# they make a small net take twice as long.
MOST_AHEAD = 256

# Rates of schedules with at most so many steps are computed once, for all nets that
# follow the same one.
MOST_SHARED = 1000


@dataclass(frozen=True)
class Length:
    """How long training may last.

    Parameters
    ----------
    n_epochs : int
        Largest number of epochs.
    n_batches : int
        Updates per epoch.
    """

    n_epochs: int
    n_batches: int

    @property
    def n_steps(self) -> int:
        """Largest number of updates."""
        return self.n_epochs * self.n_batches


def _one_cycle(shadow: FlatSGD, length: Length, **params: Any) -> Any:
    rate = shadow.param_groups[0]["lr"]
    if length.n_steps * params.get("pct_start", 0.3) <= 1:
        if length.n_steps < 2:
            return lr_scheduler.LambdaLR(shadow, lambda t: 1.0)
        # torch divides by the number of rising steps, less one
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


def _log_cosine(shadow: FlatSGD, length: Length, n_cycles: int = 4) -> Any:
    def factor(step: int) -> float:
        done = (step + 1) / (length.n_steps + 1)
        return 0.5 - 0.5 * math.cos(
            2 * math.pi * math.log2(1 + (2**n_cycles - 1) * done)
        )

    return lr_scheduler.LambdaLR(shadow, factor)


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
    "log_cosine": (_log_cosine, True),
    "one_cycle": (_one_cycle, True),
    "cyclic": (_cyclic, True),
    "warm_restarts": (_warm_restarts, True),
}


@functools.cache
def _arguments_of(function: Callable) -> tuple[str, ...] | None:
    """Names of the arguments of a function; None if it takes any."""
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    return tuple(parameters)


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
    if not given:
        return
    known = _arguments_of(function)
    if known is None:
        return
    allowed = [key for key in known if key not in leave_out]
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
    except TypeError as error:  # from torch's scheduler in the builder
        raise ValueError(
            f"schedule_params={params} does not fit the schedule: {error}. "
            "Expected arguments that learning_rate's schedule takes. "
            "Remove or rename the one named."
        ) from error


def make_shadow(rate: float) -> FlatSGD:
    """Make the optimiser that a scheduler of torch drives; it never steps."""
    shadow = FlatSGD([nn.Parameter(torch.zeros(1))], lr=rate)
    # Without this mark schedulers warn that it did not step.
    shadow._opt_called = True  # type: ignore[attr-defined]
    return shadow


def make_scheduler(
    kind: str, shadow: FlatSGD, length: Length, params: dict[str, Any]
) -> Any:
    """Build the scheduler of a name in `SCHEDULES`."""
    builder, _ = SCHEDULES[kind]
    return _build(builder, shadow, length, params)


class Scheduler:
    """A scheduler of torch that drives a shadow optimiser.

    Parameters
    ----------
    kind : str or callable
        A name in `SCHEDULES`, or a function of the number of finished epochs, which
        returns the factor of `rate`.
    rate : float
        learning_rate_init.
    length : Length
        How long training may last.
    params : dict
        Arguments of the builder.
    """

    def __init__(
        self,
        kind: str | Callable[[int], float],
        rate: float,
        length: Length,
        params: dict[str, Any],
    ) -> None:
        self._shadow = make_shadow(rate)
        if callable(kind):
            scheduled = check_schedule(kind)
            self._scheduler: Any = lr_scheduler.LambdaLR(self._shadow, scheduled)
        else:
            self._scheduler = make_scheduler(kind, self._shadow, length, params)
        # A one-cycle run that is continued stays at its last rate.
        self._last = getattr(self._scheduler, "total_steps", None)

    @property
    def rate(self) -> float:
        """The rate of the present step, or epoch."""
        return self._shadow.param_groups[0]["lr"]

    def advance(self) -> float:
        """Go on by a step, or an epoch; return its rate."""
        if self._scheduler.last_epoch != self._last:
            self._scheduler.step()
        return self.rate


@functools.lru_cache(maxsize=64)
def _rates_of_all_steps(kind: str, rate: float, length: Length) -> tuple[float, ...]:
    """Compute the rate of each step of a schedule, and the one after the last."""
    scheduler = Scheduler(kind, rate, length, {})
    return scheduler.rate, *(scheduler.advance() for _ in range(length.n_steps))


class RateTable:
    """The rate at each step, or epoch, of a schedule that is fixed beforehand.

    Parameters
    ----------
    kind, rate, length, params : str or callable, float, Length and dict
        See `Scheduler`.

    Examples
    --------
    >>> from sknn_suite.training._rates import Length, RateTable
    >>> rates = RateTable("step", 0.1, Length(9, 1), {"step_size": 2, "gamma": 0.5})
    >>> [round(rates(epoch), 4) for epoch in range(5)]
    [0.1, 0.1, 0.05, 0.05, 0.025]
    """

    def __init__(
        self,
        kind: str | Callable[[int], float],
        rate: float,
        length: Length,
        params: dict[str, Any],
    ) -> None:
        self._make = functools.partial(Scheduler, kind, rate, length, params)
        self._scheduler: Scheduler | None = None
        self._n_ahead = 1  # a user's function is called as late as possible
        per_batch = isinstance(kind, str) and SCHEDULES[kind][1]
        if per_batch:
            self._n_ahead = max(min(length.n_steps, MOST_AHEAD), 1)
        if per_batch and not params and length.n_steps <= MOST_SHARED:
            self._rates = array("d", _rates_of_all_steps(str(kind), rate, length))
        else:
            self._scheduler = self._make()
            self._rates = array("d", [self._scheduler.rate])

    def __call__(self, step: int) -> float:
        """Rate of the step after `step` others."""
        while len(self._rates) <= step:
            if self._scheduler is None:  # training goes on after the last step
                self._scheduler = self._make()
                for _ in self._rates[1:]:
                    self._scheduler.advance()
            for _ in range(self._n_ahead):
                self._rates.append(self._scheduler.advance())
        return self._rates[step]
