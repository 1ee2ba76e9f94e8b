"""The steps around a plan: a call's data before it, fitted attributes after it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn_suite.checks import warn_of_other_scale
from sknn_suite.doors import (
    check_optimize_result,
    copy_random_state,
    home_name,
    own_random_state,
    to_numpy,
    warn_user,
)
from sknn_suite.estimator._draft import draft, fitted_attributes
from sknn_suite.estimator._fitted import FittedNet
from sknn_suite.estimator._memory import Before, Memory, make_checkpoint
from sknn_suite.estimator._plan import Planned, plan_fit
from sknn_suite.estimator._record import record
from sknn_suite.estimator._rows import Data
from sknn_suite.estimator._settled import settled
from sknn_suite.estimator._snapshot import (
    ValidationScorer,
    make_bridge,
    with_attributes,
)
from sknn_suite.estimator._task import Task
from sknn_suite.exceptions import InterruptedWarning
from sknn_suite.parameters import refuse_combinations
from sknn_suite.training import (
    EpochLine,
    FitPlan,
    SignOfLife,
    TensorNet,
    Trained,
    find_checkpoint,
    read_origin,
    reports,
    run_range_test,
    trains_itself,
    weights_of,
)


class Call(NamedTuple):
    """The arguments of a call of fit or partial_fit.

    Parameters
    ----------
    X, y, sample_weight : object
        The rows as the user gave them.
    validation : tuple or None
        The user's own validation rows: X, y and weights.
    groups : object
        Rows of one group stay together when validation rows are split off.
    resume : bool
        Whether it continues from the fitted weights.
    n_epochs : int or None
        Epochs that partial_fit trains, None for a fit.
    classes : object
        The labels that partial_fit was given.
    """

    X: Any
    y: Any = None
    sample_weight: Any = None
    validation: tuple[Any, Any, Any] | None = None
    groups: Any = None
    resume: bool = False
    n_epochs: int | None = None
    classes: Any = None

    @property
    def partial(self) -> bool:
        """Whether it is a call of partial_fit."""
        return self.n_epochs is not None


def check_data(task: Task, call: Call) -> Data:
    """Check all rows of a call; the draft gets what is learnt from them."""
    X, home = to_numpy(call.X)
    if call.partial:
        task.hear_classes(call.y, call.classes)
    how = {"resume": call.resume, "partial": call.partial}
    rows = task.check(X, call.y, call.sample_weight, **how)
    held_out = None
    if call.validation is not None:
        held_out = task.check_held_out(*call.validation)
        warn_of_other_scale(rows.X, held_out.X)
    groups = task.check_groups(call.groups, rows)
    return Data(rows, held_out, groups, home_name(home))


@dataclass(frozen=True)
class Source:
    """Where the randomness of a call comes from.

    Parameters
    ----------
    random_state : RandomState
        The call's own generator.
    origin : dict or None
        Its state when the call began, for checkpoints.
    given : RandomState or None
        The user's generator, which `random_state` copies.
    """

    random_state: np.random.RandomState
    origin: dict[str, Any] | None
    given: np.random.RandomState | None

    def hand_back(self, random_state: np.random.RandomState) -> None:
        """Advance the user's generator to the end of the call."""
        if self.given is not None:
            self.given.set_state(random_state.get_state(legacy=False))


def source_of(estimator: Any, before: Before | None) -> Source:
    """Choose the source of randomness of a call."""
    given = None
    if before is not None:
        random_state = copy_random_state(before.memory.random_state)
    elif isinstance(estimator.random_state, np.random.RandomState):
        given = estimator.random_state
        random_state = copy_random_state(given)
    else:
        random_state = own_random_state(estimator.random_state)
    path, seed = estimator.checkpoint, estimator.random_state
    if path is not None and find_checkpoint(path) and seed is None and before is None:
        # The run that is continued began with this entropy.
        random_state.set_state(read_origin(path))
    origin = None if path is None else random_state.get_state(legacy=False)
    return Source(random_state, origin, given)


@dataclass(frozen=True)
class Fit:
    """A fit in progress, as scorers and callbacks see it, and its result.

    Parameters
    ----------
    estimator : NeuralEstimator
        The estimator; it is only read.
    call : Call
        The arguments.
    task : Task
        How the rows are treated; its draft holds what was learnt from them.
    data : Data
        The checked rows.
    source : Source
        Where randomness comes from.
    planned : Planned
        The plan, and what it does not hold.
    is_interrupted : bool, default=False
        Whether the user has ended training, and waits for the estimator.
    """

    estimator: Any
    call: Call
    task: Task
    data: Data
    source: Source
    planned: Planned
    is_interrupted: bool = False

    @property
    def plan(self) -> FitPlan:
        """The plan."""
        return self.planned.plan

    @property
    def earlier(self) -> dict[str, Any]:
        """Fitted attributes from which the call continues."""
        return fitted_attributes(self.estimator) if self.call.resume else {}

    def prepare(self) -> "Fit":
        """Train what must be trained first; find the learning rate if it is "auto"."""
        call, encoder = self.call, self.planned.encoder
        how = {"resume": call.resume, "partial": call.partial}
        plan = self.task.prepare(self.plan, encoder, **how)
        if isinstance(plan.settings.learning_rate_init, str):
            test = run_range_test(plan, default=self.task.default_rate())
            plan = plan.change(learning_rate_init=test.suggestion)
        return replace(self, planned=self.planned._replace(plan=plan))

    def net(self, weights: dict[str, np.ndarray]) -> FittedNet:
        """Make the fitted net."""
        task, plan = self.task, self.plan
        net = FittedNet(
            encoder=self.planned.encoder,
            network=plan.network,
            weights=weights,
            dtype=str(plan.place.dtype).removeprefix("torch."),
            target=task.target,
            home=self.data.home,
            work_per_row=self.planned.work_per_row,
            reading=task.reading,
            rows_at_once=task.rows_at_once(plan.network),
        )
        return task.to_predict(net)

    def attributes(self, trained: Trained) -> dict[str, Any]:
        """All fitted attributes after training."""
        attributes = record(self.earlier, self.plan, trained)
        fit = replace(self, is_interrupted=trained.interrupted)
        net = self.task.finish(self.net(trained.weights), fit)
        attributes |= self._shown(net, trained.random_state)
        memory = Memory.of(self.estimator, trained, partial=self.call.partial)
        return attributes | {"_memory": memory}

    def explain(self, trained: Trained) -> str:
        """Say why training has not converged, if that is known."""
        return self.task.explain(self.net(trained.weights), self.plan)

    def untrained(self) -> dict[str, Any]:
        """Fitted attributes with the initial weights, to look at the network."""
        settings = settled(self.task, self.plan)
        return self.task.of.learnt | settings | {"_net": self.net(self.plan.weights)}

    def snapshot(self, net: TensorNet) -> Any:
        """Make an estimator that predicts with a net as it is now."""
        with net.averaged_weights():
            weights = weights_of(net.module_, copy=True)
        attributes = self.earlier | self._learnt(weights, net.random_state)
        attributes |= {
            "n_iter_": len(net.history),
            "loss_": net.history[-1]["train_loss"],
            "out_activation_": self.plan.loss.out_activation,
        }
        return with_attributes(self.estimator, attributes)

    def _learnt(self, weights: dict[str, np.ndarray], random_state: Any) -> dict:
        return self._shown(self.net(weights), random_state)

    def _shown(self, net: FittedNet, random_state: Any) -> dict:
        shown = self.task.show(net, self.data.rows, random_state)
        settings = settled(self.task, self.plan)
        return self.task.of.learnt | settings | shown | {"_net": net}

    def scorer(self) -> Callable[[TensorNet], float] | None:
        """Make the scorer of the validation rows, if it is not the usual score."""
        own = self.task.scorer(self)
        if own is not None:
            return own
        scoring, held_out = self.estimator.early_stopping_scoring, self.planned.held_out
        if scoring is None or held_out is None:
            return None
        rows = self.task.held_out_for_scorers(held_out)
        return ValidationScorer(scoring, self.snapshot, rows)

    def callbacks(self) -> list[Any]:
        """List the callbacks that the parameters ask for, the user's own last."""
        estimator, plan, call = self.estimator, self.plan, self.call
        callbacks = self.task.callbacks(self)
        given = [
            *(estimator.callbacks or []),
            *getattr(estimator, "_skl_callbacks", []),
        ]
        if estimator.verbose:
            callbacks.append(EpochLine())
        elif not call.partial and trains_itself() and not any(map(reports, given)):
            callbacks.append(SignOfLife(type(estimator).__name__))
        if not call.partial:
            rows = (call.X, call.y, call.sample_weight)
            bridge = make_bridge(estimator, self.snapshot, rows, plan.planned_epochs)
            checkpoint = make_checkpoint(estimator, plan, self.source.origin)
            callbacks += [c for c in (bridge, checkpoint) if c is not None]
        return callbacks + list(estimator.callbacks or [])


def plan_call(estimator: Any, call: Call) -> Fit:
    """Make a plan from the rows of a call; nothing is set on the estimator."""
    refuse_combinations(estimator)
    task = estimator._task(draft(estimator, resumes=call.resume))
    data = check_data(task, call)
    before = Before.of(estimator) if call.resume else None
    source = source_of(estimator, before)
    planned = plan_fit(task, data, source.random_state, before, call.n_epochs)
    return Fit(estimator, call, task, data, source, planned)


def warn_unless_converged(fit: Fit, trained: Trained) -> None:
    """Warn that training was interrupted, or ended before it converged."""
    task, plan = fit.task, fit.plan
    if trained.interrupted:
        has_best = trained.progress.best_weights is not None
        when = "best epoch so far" if has_best else "last batch"
        warn_user(
            f"Training interrupted by user. The weights of the {when} are kept. "
            "Fit again to train to the end.",
            InterruptedWarning,
        )
    elif plan.settings.solver == "lbfgs":
        result, planned = trained.result, plan.planned_epochs
        if trained.stop_reason is None and result is not None:
            why = fit.explain(trained).strip() if result.status != 0 else None
            check_optimize_result("lbfgs", result, planned, why or None)
    elif trained.stop_reason is None and len(trained.history) >= plan.planned_epochs:
        if trained.is_planned or task.is_complete_recipe:
            return  # a schedule that was planned for all epochs is complete
        warn_user(
            f"Stochastic Optimizer: Maximum iterations ({plan.planned_epochs}) reached "
            f"and the optimization hasn't converged yet.{fit.explain(trained)}",
            ConvergenceWarning,
        )
