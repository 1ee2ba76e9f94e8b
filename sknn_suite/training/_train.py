"""train: from a plan to what has been learnt."""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from sknn_suite.device import bring, suited_threads
from sknn_suite.modules import largest_weight
from sknn_suite.training._checkpoint import Checkpoint
from sknn_suite.training._factory import make_callbacks, make_net
from sknn_suite.training._kept_net import KeptNet
from sknn_suite.training._net import TensorNet
from sknn_suite.training._net_state import (
    go_on,
    load_training_state,
    state_to_go_on,
)
from sknn_suite.training._norms import batch_norms
from sknn_suite.training._paused import Paused
from sknn_suite.training._plan import FitPlan
from sknn_suite.training._progress import Progress
from sknn_suite.training._state import load_weights, weights_of


@dataclass(frozen=True)
class Trained:
    """The result of a training.

    Parameters
    ----------
    weights : dict of str to ndarray
        The weights that predictions use: of the best epoch, averaged, or the last.
    history : list of dict
        A record per epoch, those of an earlier phase included.
    progress : Progress
        How far training has come.
    random_state : RandomState
        The source of randomness, as training left it.
    state : dict or KeptNet
        What a later call needs to continue, see `Start`.
    stop_reason : str or None
        Why it ended before its last epoch.
    interrupted : bool
        Whether the user interrupted it.
    is_planned : bool
        Whether the schedule was planned for all epochs, and is complete with them.
    result : OptimizeResult or None
        SciPy's result of a run of L-BFGS.
    paused : Paused or None
        The state from which the same training goes on, if ``plan.pauses``.
    """

    weights: dict[str, np.ndarray]
    history: list[dict[str, Any]]
    progress: Progress
    random_state: np.random.RandomState
    state: Any
    stop_reason: str | None
    interrupted: bool
    is_planned: bool
    result: OptimizeResult | None
    paused: Paused | None = None


def train(
    plan: FitPlan,
    *,
    score: Callable[[TensorNet], float] | None = None,
    callbacks: Sequence[Any] = (),
    keeps_net: bool = False,
) -> Trained:
    """Train a plan.

    Parameters
    ----------
    plan : FitPlan
        What is trained, and how; it stays as it is.
    score : callable, default=None
        Score of the net on the validation rows; None takes ``plan.score``.
    callbacks : sequence of skorch callbacks
        Called after the callbacks that follow the progress. If the file of a
        `Checkpoint` among them exists, training continues from it.
    keeps_net : bool, default=False
        Whether the net is kept for the next chunk of rows.

    Raises
    ------
    DivergedError
        If the loss, or a weight, becomes NaN or infinite.
    KeyboardInterrupt
        If it comes before the first epoch is over.
    """
    net, plan = make_ready(plan, score, callbacks)
    checkpoints = [c for c in callbacks if isinstance(c, Checkpoint)]
    with ExitStack() as stack:
        stack.enter_context(threads_of(net))
        for checkpoint in checkpoints:
            stack.enter_context(checkpoint)
            if plan.start.t == 0:  # else the call continues another one
                checkpoint.resume(net, len(plan.train))
        net.partial_fit(plan.train, plan.valid)
    return result_of(net, plan, keeps_net=keeps_net)


def train_first(plan: FitPlan) -> Trained:
    """Train a plan that another training follows.

    Raises
    ------
    KeyboardInterrupt
        If the user interrupts it: what follows would go on as if nothing had happened.
    """
    trained = train(plan)
    if trained.interrupted:
        raise KeyboardInterrupt
    return trained


def make_ready(
    plan: FitPlan,
    score: Callable[[TensorNet], float] | None = None,
    callbacks: Sequence[Any] = (),
) -> tuple[TensorNet, FitPlan]:
    """Make a net ready to train, and bring the rows of its plan to its device.

    The parameters are those of `train`.
    """
    kept = plan.start.state.take(plan) if _is_kept(plan.start.state) else None
    net, plan = kept or make_net(plan), _bring_rows(plan)
    if plan.valid is not None and score is None:
        score = _ScoreOfPlan(plan)
    net.callbacks = make_callbacks(plan, net, score if plan.valid is not None else None)
    net.callbacks += callbacks
    if kept is None:
        net.initialize()
        _begin(net, plan)
    else:
        net.initialize_callbacks()
    return net, plan


def threads_of(net: TensorNet) -> AbstractContextManager[Any]:
    """Let a net train in as many threads as suit it."""
    work = net.batch_size * largest_weight(net.module_)
    return suited_threads(work, only_products=not batch_norms(net.module_))


def result_of(net: TensorNet, plan: FitPlan, *, keeps_net: bool = False) -> Trained:
    """Collect what a net has learnt; its module holds the weights for predictions.

    Raises
    ------
    DivergedError
        If a weight is NaN or infinite.
    KeyboardInterrupt
        If it came before the first epoch was over.
    """
    own = [row for row in net.history if "dur" in row]
    if net.interrupted_ and not own:
        raise KeyboardInterrupt  # nothing has been learnt that could be kept
    keeps_net = keeps_net and KeptNet.suits(plan) and not net.interrupted_
    state: Any = None if keeps_net else state_to_go_on(net)
    may_go_on = plan.pauses and net.stop_reason_ is None and not net.interrupted_
    paused = Paused.of(net) if may_go_on else None
    if net.progress.best_weights is not None:
        load_weights(net.module_, net.progress.best_weights)
    else:
        net.averaged_.adopt(net.batches_, net.epoch_)
    weights = weights_of(net.module_, copy=keeps_net)
    if not all(np.isfinite(array).all() for array in weights.values()):
        net.raise_diverged()
    if keeps_net:
        state = KeptNet(plan, net)
    return Trained(
        weights,
        [*net.progress.earlier, *own],
        net.progress,
        net.random_state,
        state,
        net.stop_reason_,
        net.interrupted_,
        net.recipe.schedule.ends,
        getattr(net, "result_", None),
        paused,
    )


def begin(plan: FitPlan) -> TensorNet:
    """Make the net of a plan ready for its first step, to look at it."""
    net, plan = make_net(plan), _bring_rows(plan)
    net.callbacks = []
    net.initialize()
    _begin(net, plan)
    net.prepare(plan.train)
    return net


def _bring_rows(plan: FitPlan) -> FitPlan:
    """Move the rows to the device of the plan, as far as its memory has room."""
    device = plan.place.device
    train, valid = bring(plan.train, device), bring(plan.valid, device)
    if train is plan.train and valid is plan.valid:
        return plan
    return plan.change(train=train, valid=valid)


def _begin(net: TensorNet, plan: FitPlan) -> None:
    """Continue where an earlier call ended."""
    start = plan.start
    if isinstance(start.state, Paused):
        load_training_state(net, start.state.training)
        return
    if start.state is not None and net.optimizer_ is not None:
        state = start.state.state() if _is_kept(start.state) else start.state
        go_on(net, state, keeps_rate=start.keeps_rate)
    if np.isfinite(net.progress.best_score):  # the fitted weights hold it
        net.progress.best_weights = weights_of(net.module_, copy=True)


def _is_kept(state: Any) -> bool:
    return isinstance(state, KeptNet)


class _ScoreOfPlan:
    """Score of the validation rows by the plan's own function."""

    def __init__(self, plan: FitPlan) -> None:
        self.plan = plan

    def __call__(self, net: TensorNet) -> float:
        assert self.plan.score is not None  # make_callbacks asks only then
        assert self.plan.valid is not None
        if not net.valid_raw_.isfinite().all():
            return math.nan  # as in scikit-learn
        return self.plan.score(net.valid_raw_, self.plan.valid)
