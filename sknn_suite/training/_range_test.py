"""The learning-rate range test."""

from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np

from sknn_suite.data import TensorBundle
from sknn_suite.device import suited_threads
from sknn_suite.modules import largest_weight
from sknn_suite.training._net import TensorNet
from sknn_suite.training._plan import FitPlan
from sknn_suite.training._train import begin

# The smoothed loss has exploded when it exceeds its minimum by this factor.
EXPLOSION = 4.0
SMOOTHING = 0.9


@dataclass(frozen=True)
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
        anywhere, to a tenth.
    """

    rates: np.ndarray
    losses: np.ndarray
    suggestion: float


def run_range_test(
    plan: FitPlan,
    *,
    min_rate: float = 1e-6,
    max_rate: float = 10.0,
    n_steps: int = 120,
) -> RangeTest:
    """Train a plan's network on `n_steps` batches while the rate rises.

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
    with suited_threads(work):
        return _rise(net, train, np.geomspace(min_rate, max_rate, n_steps))


def _rise(net: TensorNet, train: TensorBundle, rates: np.ndarray) -> RangeTest:
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
    return RangeTest(rates[: len(losses)], np.array(losses), _steepest(rates, losses))


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
