"""What later calls continue from: warm starts, partial fits, checkpoints."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn_suite.estimator._fitted import FittedNet
from sknn_suite.training import (
    Checkpoint,
    FitPlan,
    Progress,
    Start,
    Trained,
    fingerprint,
)

# Parameters that may differ between a checkpoint's run and its continuation.
NOT_IN_CHECKPOINT = {
    "callbacks",
    "checkpoint",
    "checkpoint_every",
    "device",
    "init_from",
    "max_time",
    "verbose",
    "warm_start",
}


@dataclass(frozen=True)
class Memory:
    """What an estimator keeps from training, beside net and record.

    Parameters
    ----------
    solver, learning_rate_init : object
        Parameters of the call; a state belongs to them.
    random_state : RandomState
        The source of randomness, as training left it.
    state : dict, KeptNet or None
        State of optimiser, schedule and average, see `Start`.
    no_improvement_count : int
        Epochs since the last improvement.
    is_partial : bool
        Whether partial_fit called last.
    """

    solver: Any
    learning_rate_init: Any
    random_state: np.random.RandomState
    state: Any
    no_improvement_count: int
    is_partial: bool

    @classmethod
    def of(cls, estimator: Any, trained: Trained, *, partial: bool) -> "Memory":
        """Remember a training."""
        return cls(
            estimator.solver,
            estimator.learning_rate_init,
            trained.random_state,
            trained.state,
            trained.progress.no_improvement_count,
            partial,
        )


@dataclass(frozen=True)
class Before:
    """What an estimator continues from.

    Parameters
    ----------
    net : FittedNet
        The fitted net.
    memory : Memory
        What it has kept from training.
    t, n_epochs : int
        Rows that it has seen, and epochs.
    progress : Progress
        How far training has come.
    """

    net: FittedNet
    memory: Memory
    t: int
    n_epochs: int
    progress: Progress

    @classmethod
    def of(cls, estimator: Any) -> "Before":
        """Collect it from a fitted estimator."""
        memory = estimator._memory
        loss = getattr(estimator, "best_loss_", None)
        score = getattr(estimator, "best_validation_score_", None)
        progress = Progress(
            np.inf if loss is None else loss,
            -np.inf if score is None or np.isnan(score) else score,
            memory.no_improvement_count,
        )
        if estimator.solver == "lbfgs":
            progress = Progress()
        n_epochs = len(estimator.history_)
        net = estimator._fitted_net()
        return cls(net, memory, estimator.t_, n_epochs, progress)

    def start(self, of: Any, *, partial: bool) -> Start:
        """Where the new call begins."""
        memory = self.memory
        same_solver = memory.solver == of.solver != "lbfgs"
        return Start(
            self.progress,
            self.t,
            self.n_epochs if partial else 0,
            memory.state if same_solver else None,
            partial and _equal(memory.learning_rate_init, of.learning_rate_init),
        )


def make_checkpoint(
    estimator: Any, plan: FitPlan, origin: dict[str, Any] | None
) -> Checkpoint | None:
    """Make the writer of checkpoints, if `checkpoint` is set.

    `origin` is the state of the source of randomness when the call began.
    """
    if estimator.checkpoint is None:
        return None
    if estimator.solver == "lbfgs":
        raise ValueError(
            "checkpoint does not go with solver='lbfgs', whose state stays "
            "in SciPy. Expected a stochastic solver. Choose solver='adam', or "
            "leave checkpoint out."
        )
    parts = {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if name not in NOT_IN_CHECKPOINT
        and not isinstance(value, np.random.RandomState)
    }
    config = plan.network.config
    parts = {"estimator": type(estimator).__name__, "config": config, **parts}
    return Checkpoint(
        estimator.checkpoint,
        estimator.checkpoint_every,
        fingerprint(dict(sorted(parts.items())), plan.train, plan.valid),
        origin,
    )


def _equal(a: Any, b: Any) -> bool:
    return bool(np.array_equal(np.asarray(a), np.asarray(b)))
