"""Task: how one kind of data is treated; the estimator calls it step by step."""

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from sknn_suite.checks import check_groups, check_weights
from sknn_suite.data import TensorBundle, as_tensor
from sknn_suite.doors import to_numpy
from sknn_suite.estimator._objective import Objective
from sknn_suite.estimator._rows import Rows
from sknn_suite.losses import Loss
from sknn_suite.modules import Network, narrowest_side
from sknn_suite.training import FitPlan, Mixup


class Task:
    """Checks, encoder, network, loss and recipe of one kind of data.

    One object serves one call of fit, which calls its methods in the order below.
    Predictions call `check_rows` only.

    Parameters
    ----------
    of : Draft or estimator
        Parameters are read from it; what is learnt from the rows is written to the
        draft.
    """

    # Whether the encoder learns from rows, and validation rows must be set aside first.
    encoder_learns = True

    # How predictions read rows, see FittedNet.
    reading = "chunks"

    # Called with module and network before predictions, to set what is not a weight.
    adapt: Callable[[Any, Network], None] | None = None

    # Schedules that are planned for a whole fit; partial_fit uses a constant rate
    # instead.
    planned_schedules: ClassVar[tuple[str, ...]] = ()

    def __init__(self, of: Any) -> None:
        self.of = of

    # -- the user's rows -------------------------------------------------------------

    def check(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        """Check the training rows; with `resume` against those of earlier calls."""
        raise NotImplementedError

    def check_rows(self, X: Any) -> Any:
        """Check rows to predict."""
        raise NotImplementedError

    def check_held_out(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        """Check the user's own validation rows, after the training rows."""
        raise NotImplementedError

    def hear_classes(self, y: Any, classes: Any) -> None:
        """Take the labels that the first call of partial_fit gets."""

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """Classes whose shares the validation rows keep; None for none."""
        return None

    def share_aside(self, n_rows: int) -> float | None:
        """Share of the rows that is set aside for validation; None for none."""
        sets_aside = self.of.early_stopping and self.of.solver != "lbfgs"
        return self.of.validation_fraction if sets_aside else None

    def settle(self, rows: Rows, chosen: Tensor | None, held_out: Rows | None) -> None:
        """Learn from the target what only training rows may teach.

        `chosen` are the numbers of the training rows; None means all.
        """

    def choose(
        self,
        train: Tensor | None,
        valid: Tensor | None,
        n_rows: int,
        random_state: np.random.RandomState,
    ) -> tuple[Tensor | None, Tensor | None]:
        """Choose among the row numbers of the split; None means all, and none."""
        return train, valid

    def class_shares(self) -> tuple[float, ...] | None:
        """Share of each class in a training batch; None for that of the rows."""
        return None

    def weigh_as_drawn(self, held_out: Rows) -> Rows:
        """Weigh validation rows as `class_shares` weigh training rows."""
        return held_out

    # -- encoder and network ---------------------------------------------------------

    def encoder(self) -> Any:
        """Make the encoder; it is not fitted yet."""
        raise NotImplementedError

    def encode(self, encoder: Any, rows: Rows, dtype: torch.dtype) -> TensorBundle:
        """Encode rows with target and weight."""
        bundle = encoder.transform(rows.X, dtype)
        weight = None if rows.weight is None else as_tensor(rows.weight, dtype)
        return TensorBundle(bundle.inputs, None, weight)

    def network(self, encoder: Any) -> Network:
        """Choose the network; the encoder is fitted."""
        raise NotImplementedError

    def draw(
        self, module: Any, encoder: Any, random_state: np.random.RandomState
    ) -> None:
        """Draw the initial weights of a module."""
        raise NotImplementedError

    def loss(self) -> Loss:
        """Make the loss."""
        raise NotImplementedError

    def score(self) -> Callable[[Tensor, TensorBundle], float]:
        """Make the usual score of validation rows, from raw scores and bundle."""
        raise NotImplementedError

    # -- cost ------------------------------------------------------------------------

    def computes_float32(self, X: Any) -> bool:
        """Whether float32 is enough for the rows."""
        return getattr(X, "dtype", None) == np.float32

    def work_per_row(self, encoder: Any, network: Network, n_parameters: int) -> float:
        """Multiply-adds per row, from which device and precision are chosen."""
        return float(n_parameters)

    def product_width(self, module: Any, network: Network, batch_size: int) -> int:
        """Smallest side of the largest product; it decides if "auto" is bfloat16."""
        return min(narrowest_side(module), batch_size)

    def rows_at_once(self, network: Network) -> int | None:
        """Rows that go through the module at a time, outside of training."""
        return None

    # -- recipe ----------------------------------------------------------------------

    def rows_per_batch(self, n_rows: int, device: torch.device) -> int:
        """Rows per batch; "auto" and sizes larger than the data are settled here."""
        if self.of.batch_size != "auto":
            return min(int(self.of.batch_size), n_rows)
        return self.batch_size(n_rows, device)

    def batch_size(self, n_rows: int, device: torch.device) -> int:
        """Rows per batch for "auto"."""
        if device.type == "cpu":
            return min(200, n_rows)
        # A GPU is busy only with large batches; a hundred updates an epoch remain.
        return min(max(256, 1 << (n_rows // 100).bit_length()), 8192, n_rows)

    def n_epochs(self, encoder: Any, n_rows: int, updates_per_epoch: int) -> int:
        """Epochs for max_iter="auto", where it is allowed."""
        raise NotImplementedError

    def recipe(self, n_rows: int, *, partial: bool) -> dict[str, Any]:
        """Choose the settings that parameters leave open."""
        kind = self.of.learning_rate
        planned = partial and kind in self.planned_schedules
        return {"learning_rate": "constant" if planned else kind}

    def default_rate(self) -> float:
        """Learning rate by default, if a range test finds none."""
        estimator = getattr(self.of, "estimator", self.of)
        defaults: dict[str, Any] = {f.name: f.default for f in fields(estimator)}
        return float(defaults["learning_rate_init"])

    def augment(self, rows: Rows, random_state: np.random.RandomState) -> Any:
        """Choose the augmentation of training batches, see FitPlan."""
        return Mixup(self.of.mixup) if self.of.mixup else None

    def arrange(self, valid: TensorBundle) -> TensorBundle:
        """Sort validation rows so that scoring is fastest."""
        return valid

    def prepare(
        self, plan: FitPlan, encoder: Any, *, resume: bool, partial: bool
    ) -> FitPlan:
        """Train what must be trained first, and return the plan for the rest."""
        return plan

    def scorer(self, fit: Any) -> Callable[[Any], float] | None:
        """Make the score of a net on the validation rows; None takes the usual way."""
        return None

    def callbacks(self, fit: Any) -> list[Any]:
        """List callbacks that only a `Fit` of this task has."""
        return []

    def settled(self, plan: FitPlan) -> dict[str, Any]:
        """Fitted attributes for what "auto" and None of this kind of data stand for."""
        return {}

    # -- after training --------------------------------------------------------------

    def finish(self, net: Any, fit: Any) -> Any:
        """Learn what the trained net teaches, such as corrections of predictions.

        `net` is what `to_predict` returned.
        """
        return net

    def explain(self, net: Any, plan: FitPlan) -> str:
        """Say why training has not converged, if that is known."""
        return ""

    # -- the fitted net --------------------------------------------------------------

    @property
    def is_complete_recipe(self) -> bool:
        """Whether the schedule is planned to its end, so that no epoch is missing."""
        return False

    @property
    def target(self) -> Any:
        """The target, which turns raw scores into predictions."""
        return None

    def to_predict(self, net: Any) -> Any:
        """Return a net with what predictions need, if training needs less."""
        return net

    def show(self, net: Any, rows: Rows, random_state: Any) -> dict[str, Any]:
        """Fitted attributes that show the trained net."""
        return {}

    def check_groups(self, groups: Any, rows: Rows) -> np.ndarray | None:
        """Check the groups of the training rows."""
        return check_groups(groups, rows.n)

    def held_out_for_scorers(self, rows: Rows) -> Rows:
        """Return validation rows as the estimator's own predict takes them."""
        return rows


class SupervisedTask(Task):
    """A task with a target beside the rows.

    Parameters
    ----------
    of : Draft or estimator
        See `Task`.
    objective : Objective
        What is learnt from y.
    """

    def __init__(self, of: Any, objective: Objective) -> None:
        super().__init__(of)
        self.objective = objective

    def check_both(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, np.ndarray]:
        """Check X and y against each other."""
        raise NotImplementedError

    def check(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        X, y = self.check_both(X, y, reset=not resume)
        self.objective.learn(y, resume=resume, partial=partial)
        weight = self.objective.weigh(check_weights(sample_weight, X), y)
        return Rows(X, y, weight)

    def check_held_out(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        if X is None or y is None:
            raise ValueError(
                "Only one of X_val and y_val was given. Expected both, or none. "
                "Pass the other one too."
            )
        X, _ = to_numpy(X)
        X, y = self.check_both(X, y, reset=False)
        self.objective.check_held_out(y)
        weight = self.objective.weigh_held_out(check_weights(sample_weight, X), y)
        return Rows(X, y, weight)

    def hear_classes(self, y: Any, classes: Any) -> None:
        self.objective.hear_classes(y, classes)

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        return self.objective.strata(y)

    def share_aside(self, n_rows: int) -> float | None:
        return self.objective.share_aside(n_rows)

    def settle(self, rows: Rows, chosen: Tensor | None, held_out: Rows | None) -> None:
        y, weight = rows.y, rows.weight
        if chosen is not None:
            index = chosen.numpy()
            y, weight = y[index], None if weight is None else weight[index]
        counts = None
        if held_out is not None:
            weights = held_out.weight
            counts = np.ones(held_out.n, bool) if weights is None else weights > 0
        self.objective.settle(y, weight, counts)

    def class_shares(self) -> tuple[float, ...] | None:
        return self.objective.batch_shares

    def weigh_as_drawn(self, held_out: Rows) -> Rows:
        weight = self.objective.weigh_as_drawn(held_out.weight, held_out.y)
        return held_out._replace(weight=weight)

    def scorer(self, fit: Any) -> Callable[[Any], float] | None:
        valid, scoring = fit.plan.valid, self.of.early_stopping_scoring
        if valid is None or not (isinstance(scoring, str) and scoring == "loss"):
            return None
        return self.objective.true_score(valid)

    def finish(self, net: Any, fit: Any) -> Any:
        valid = fit.plan.valid
        if valid is None:
            return net
        train, how = fit.plan.train, (self.of.device, self.adapt)
        self.objective.look_back(partial(net.scores_of, train, *how), train)
        return self.deciding(net, partial(net.scores_of, valid, *how), valid)

    def deciding(
        self, net: Any, scores: Callable[[], Tensor], valid: TensorBundle
    ) -> Any:
        """Let a net decide as its raw `scores` of validation rows teach."""
        target = self.objective.finish(scores, valid)
        return net if target is net.target else replace(net, target=target)

    def explain(self, net: Any, plan: FitPlan) -> str:
        return self.objective.explain(net, plan.train)

    def encode(self, encoder: Any, rows: Rows, dtype: torch.dtype) -> TensorBundle:
        bundle = super().encode(encoder, rows, dtype)
        target = self.objective.target.transform(rows.y, dtype)
        return TensorBundle(bundle.inputs, target, bundle.weight)

    def label_smoothing(self) -> float:
        """Label smoothing, for objectives that have it."""
        return getattr(self.of, "label_smoothing", 0.0)

    def loss(self) -> Loss:
        return self.objective.loss(self.label_smoothing())

    def score(self) -> Callable[[Tensor, TensorBundle], float]:
        return self.objective.score()

    @property
    def target(self) -> Any:
        return self.objective.target
