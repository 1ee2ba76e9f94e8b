"""The learning-rate range test."""

from dataclasses import dataclass, replace
from itertools import chain, repeat

import numpy as np

from sknn_suite.data import TensorBundle
from sknn_suite.device import suited_threads
from sknn_suite.doors import warn_user
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.modules import largest_weight
from sknn_suite.training._net import TensorNet
from sknn_suite.training._plan import FitPlan
from sknn_suite.training._train import begin

# The smoothed loss has exploded when it exceeds its minimum by this factor.
EXPLOSION = 4.0
SMOOTHING = 0.9

# A smaller share of the loss is no fall. With data that can be learnt, the updates near
# the best rate lower the loss by a third or more.
LEAST_FALL = 0.03

# Nor is a fall by less than this many deviations of the loss before it.
JITTER = 4.0

# One of this many parts of the range is its edge.
EDGE = 40

# The smoothed loss lags ten steps behind, so that a fall which goes on at the end is
# steepest somewhat before it: after this part of the range.
LATE = 0.8


@dataclass(frozen=True, repr=False)
class RangeTest:
    """Losses while the learning rate rises exponentially.

    Attributes
    ----------
    rates : ndarray of shape (n_steps,)
        Learning rate of each step.

    losses : ndarray of shape (n_steps,)
        Loss of each step, smoothed by a bias-corrected exponential mean.

    suggestion : float
        The lowest rate at which the smoothed loss falls over log(rate) as steeply as
        anywhere, to a tenth; the default rate if `doubt` is set.

    doubt : {"flat", "edge"} or None
        Why the losses show no rate: "flat" if they hardly fall, "edge" if they only
        rise, or still fall at the end of the range. None if they show one.
    """

    rates: np.ndarray
    losses: np.ndarray
    suggestion: float
    doubt: str | None = None

    def __repr__(self) -> str:
        doubt = "" if self.doubt is None else f", doubt={self.doubt!r}"
        tried = f"{len(self.rates)} rates"
        if len(self.rates):  # none, if the first loss is not finite
            tried += f" from {self.rates[0]:.2g} to {self.rates[-1]:.2g}"
        return f"RangeTest(suggestion={self.suggestion:.2g}{doubt}): {tried}"


def run_range_test(
    plan: FitPlan,
    *,
    min_rate: float = 1e-6,
    max_rate: float = 10.0,
    n_steps: int = 120,
    default: float | None = None,
) -> RangeTest:
    """Train a plan's network on `n_steps` batches while the rate rises.

    It warns if the losses show no rate, and then suggests `default`; None stands for
    the rate at which they fell most steeply.

    References
    ----------
    Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, 3.3.
    """
    if plan.settings.solver == "lbfgs":
        raise ValueError(
            "solver='lbfgs' has no learning rate. Expected a stochastic solver for "
            "a range test. Choose solver='adam' or another one."
        )
    if isinstance(plan.settings.learning_rate_init, str):  # "auto", which is no rate
        plan = plan.change(learning_rate_init=min_rate)
    net, train = begin(plan), plan.train
    work = net.batch_size * largest_weight(net.module_)
    rates = np.geomspace(min_rate, max_rate, n_steps)
    with suited_threads(work):
        losses = _rise(net, train, rates)
    test = _judge(rates, losses)
    if test.doubt is None:
        return test
    suggestion = test.suggestion if default is None else default
    _warn_of(test, min_rate, max_rate, suggestion)
    return replace(test, suggestion=suggestion)


def _rise(net: TensorNet, train: TensorBundle, rates: np.ndarray) -> list[float]:
    """Smoothed loss of each step, until it explodes."""
    batches = chain.from_iterable(repeat(net.get_iterator(train, training=True)))
    net.history.new_epoch()
    losses: list[float] = []
    mean = 0.0
    for step, (rate, batch) in enumerate(zip(rates, batches), 1):
        for group in net.optimizer_.param_groups:
            group["lr"] = rate * group["share"]
        loss = float(net.train_step(batch)["loss"])
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        smooth = mean / (1 - SMOOTHING**step)
        if not np.isfinite(smooth) or (losses and smooth > EXPLOSION * min(losses)):
            break
        losses.append(smooth)
    return losses


def _judge(rates: np.ndarray, losses: list[float]) -> RangeTest:
    """Find the suggestion, and whether the losses speak for it."""
    suggestion = _steepest(rates, losses)
    edge = len(rates) // EDGE
    lowest = int(np.argmin(losses)) if losses else 0
    late = rates[int(LATE * len(rates))]
    goes_on = lowest >= len(rates) - 1 - edge and suggestion >= late
    doubt = None
    if goes_on:
        doubt = "edge"
    elif _is_flat(np.array(losses)):
        doubt = "flat"
    elif suggestion <= rates[edge]:
        doubt = "edge"
    return RangeTest(rates[: len(losses)], np.array(losses), suggestion, doubt)


def _is_flat(losses: np.ndarray) -> bool:
    """Whether the loss falls no further than it jitters, or by next to nothing."""
    lowest = int(losses.argmin()) if len(losses) else 0
    if lowest < 3:
        return False  # it only rises: the range begins too high
    start = losses[: max(lowest // 4, 3)]
    fall = float(np.median(start) - losses[lowest])
    return fall < max(LEAST_FALL * abs(float(np.median(start))), JITTER * start.std())


def _warn_of(
    test: RangeTest, min_rate: float, max_rate: float, suggestion: float
) -> None:
    what = (
        "The loss hardly falls at any learning rate from"
        if test.doubt == "flat"
        else f"The loss falls most steeply at {test.suggestion:.2g}, near an end of"
    )
    remedy = (
        "Scale X and the target, or check that X tells anything about the target."
        if test.doubt == "flat"
        else "Scale X and the target, or change min_rate and max_rate."
    )
    warn_user(
        f"{what} {min_rate:g} to {max_rate:g}. Expected a fall inside of the range; "
        f"the suggestion is the default, {suggestion:g}. {remedy}",
        SuiteWarning,
    )


def _steepest(rates: np.ndarray, losses: list[float]) -> float:
    """Rate of the steepest descent; the smallest rate if there is none.

    The search covers the last fall to the minimum, without its first tenth: before it
    the loss only jitters with the batches, after it the loss may jump up and down.
    """
    lowest = int(np.argmin(losses)) if losses else 0
    if lowest < 3:
        return float(rates[0])
    curve = np.array(losses)
    level = np.median(curve[: max(lowest // 4, 3)])
    high = np.flatnonzero(curve[:lowest] >= level - 0.1 * (level - curve[lowest]))
    first = min(int(high[-1]) if len(high) else 0, lowest - 2)
    fall = slice(first, lowest + 1)
    slopes = np.gradient(curve[fall], np.log(rates[fall]))
    # Jitter decides which of several nearly equal slopes is the steepest.
    steep = slopes <= 0.9 * slopes.min()
    return float(rates[fall][int(np.argmax(steep))])
