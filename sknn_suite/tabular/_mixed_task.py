"""MixedTask: data frames as they are, for an ensemble of small networks."""

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sknn_suite.checks import check_columns, check_labels, check_layer_sizes
from sknn_suite.data import ColumnTable, TensorBundle, make_batches
from sknn_suite.device import one_thread, suited_threads
from sknn_suite.doors import copy_random_state
from sknn_suite.encoding import MixedTableEncoder
from sknn_suite.estimator import FittedNet, Rows, SupervisedTask, with_attributes
from sknn_suite.losses import ClassesByModel, Loss, LossByModel
from sknn_suite.modules import Network, largest_weight
from sknn_suite.tabular._balance import Balance
from sknn_suite.tabular._best_of_each import BestOfEach
from sknn_suite.tabular._chosen_kinds import (
    chosen_kinds,
    warn_of_answers,
    warn_of_identifiers,
)
from sknn_suite.tabular._fewer_models import combining, keep
from sknn_suite.tabular._folds import Folds, draw_folds
from sknn_suite.tabular._importances import (
    HURRIED,
    SHARE_OF_TIME,
    USUAL,
    importances,
)
from sknn_suite.tabular._judge import Judge, KnownScores
from sknn_suite.tabular._members import Members, draw_members
from sknn_suite.tabular._monotonic import (
    constraints,
    signs_of_inputs,
    without_signs,
)
from sknn_suite.tabular._roster import Roster
from sknn_suite.tabular._scale_trial import try_scales
from sknn_suite.tabular._selection import choose_greedily, choose_sharpness
from sknn_suite.training import FitPlan, load_weights, weights_of

# Rows of the first batch, whose sums the initial weights are scaled by.
ROWS_TO_SUIT = 1024

# Rows that go through the networks at a time, when they do not train.
ROWS_TOGETHER = 1024

# Members of "auto".
N_MEMBERS = 12

# With fewer rows, members take turns in leaving out a fold; with more, a part of the
# rows that all leave out is enough to judge them, and costs less.
ROWS_FOR_FOLDS, N_FOLDS = 10_000, 4

# Rows per batch by the number of training rows: about a hundred updates an epoch for
# large tables, and no fewer than ten for small ones.
SMALLEST_BATCH, LARGEST_BATCH = 32, 512

# Updates that a fit makes, within limits of epochs.
N_UPDATES, FEWEST_EPOCHS, MOST_EPOCHS = 3000, 24, 100


class MixedTask(SupervisedTask):
    """Columns of mixed kinds, and several networks side by side."""

    reading = "batches"
    is_complete_recipe = True  # type: ignore[assignment]

    members: Members
    folds: Folds | None = None
    balance: Balance | None = None
    objective: Any
    n_folds: int | None = None
    groups: np.ndarray | None = None
    table: ColumnTable
    y: np.ndarray
    _best_of_each: BestOfEach | None = None
    _roster: Roster

    # -- the user's rows -------------------------------------------------------------

    def check_both(
        self, X: Any, y: Any, *, reset: bool
    ) -> tuple[ColumnTable, np.ndarray]:
        table = check_columns(self.of, X, reset=reset, min_rows=2 if reset else 1)
        numeric = self.objective.y_is_numeric
        return table, check_labels(self.of, table, y, y_numeric=numeric)

    def check(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        rows = super().check(X, y, sample_weight, resume=resume, partial=partial)
        self.table, self.y = rows.X, rows.y
        warn_of_answers(rows.X, rows.y)
        self.n_folds = self._settle_folds(rows)
        return rows

    def check_held_out(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        self.n_folds = None
        return super().check_held_out(X, y, sample_weight)

    def check_rows(self, X: Any) -> ColumnTable:
        return check_columns(self.of, X, reset=False)

    def check_groups(self, groups: Any, rows: Rows) -> np.ndarray | None:
        self.groups = super().check_groups(groups, rows)
        return self.groups

    @property
    def n_members(self) -> int:
        """Members that are trained."""
        return N_MEMBERS if self.of.n_members == "auto" else int(self.of.n_members)

    def _settle_folds(self, rows: Rows) -> int | None:
        """Folds that members leave out in turn; None if all leave out the same rows."""
        n_folds = self.of.cv
        if n_folds == "auto":
            if self.n_members == 1 or rows.n >= ROWS_FOR_FOLDS:
                return None
            n_folds = min(N_FOLDS, self.n_members, rows.n)
        elif n_folds is not None and n_folds > min(self.n_members, rows.n):
            raise ValueError(
                f"cv={n_folds} is more than {self.n_members} members, each of which "
                f"leaves out one fold, or than {rows.n} rows. Expected at most as many "
                "folds. Lower cv, or raise n_members."
            )
        return n_folds

    # -- plan ------------------------------------------------------------------------

    def share_aside(self, n_rows: int) -> float | None:
        return super().share_aside(n_rows) if self.n_folds is None else None

    def choose(
        self,
        train: Tensor | None,
        valid: Tensor | None,
        n_rows: int,
        random_state: np.random.RandomState,
    ) -> tuple[Tensor | None, Tensor | None]:
        sizes = self.of.hidden_layer_sizes
        own = None if isinstance(sizes, str) else check_layer_sizes(sizes, least=1)
        n_train = n_rows if train is None else len(train)
        self.members = draw_members(self.n_members, own, n_train, random_state)
        if self.n_folds is None:
            return train, valid
        rows = torch.arange(n_rows) if train is None else train
        chosen, n_folds = rows.numpy(), min(self.n_folds, len(rows))
        folds = draw_folds(
            n_folds,
            self.n_members,
            len(chosen),
            self.objective.strata(self.y[chosen]),
            None if self.groups is None else self.groups[chosen],
            random_state,
        )
        self.folds = folds.among(chosen, n_rows)
        return train, rows

    def settle(self, rows: Rows, chosen: Tensor | None, held_out: Rows | None) -> None:
        super().settle(rows, chosen, held_out)
        n_folds = None if self.folds is None else self.folds.n_folds
        self.balance = self.objective.balance(len(self.members), n_folds)

    def encode(self, encoder: Any, rows: Rows, dtype: torch.dtype) -> TensorBundle:
        bundle = super().encode(encoder, rows, dtype)
        if self.folds is None:
            return bundle
        self._weight = bundle.weight
        weight = self.folds.weights(bundle.weight, dtype, held_out=False)
        return replace(bundle, weight=weight)

    def arrange(self, valid: TensorBundle) -> TensorBundle:
        if self.folds is None:
            return valid
        dtype = valid.weights.dtype
        weight = self.folds.weights(self._weight, dtype, held_out=True)
        return replace(valid, weight=weight)

    def encoder(self) -> MixedTableEncoder:
        names = [column.name for column in self.table.columns]
        given = chosen_kinds(self.of, names)
        return MixedTableEncoder(given, self.of.text_features)

    def network(self, encoder: MixedTableEncoder) -> Network:
        warn_of_identifiers(encoder.kinds_)
        members = self.members
        names = [column.name for column in self.table.columns]
        bound = constraints(self.of.monotonic_cst, names)
        signs = signs_of_inputs(encoder, bound)
        config = encoder.config | {
            "n_outputs": self.objective.n_outputs,
            "sizes": members.sizes,
            "dropout": members.dropout,
            "rates": members.rates,
            "activation": "selu" if signs else self.objective.activation,
            "signs": signs,
        }
        return Network("tabular_pack", config)

    def draw(
        self, module: Any, encoder: Any, random_state: np.random.RandomState
    ) -> None:
        module.reset_parameters(np.array(self.members.scales), random_state)

    def prepare(
        self, plan: FitPlan, encoder: Any, *, resume: bool, partial: bool
    ) -> FitPlan:
        module = _module(plan, plan.weights)
        batch = plan.train.take(_numbers(plan.train)[:ROWS_TO_SUIT])
        module.suit_rows(**batch.inputs)
        plan = plan.change(weights=weights_of(module, copy=True))
        if self.balance is not None:
            bias = plan.weights["output.bias"]
            bias += self.balance.first_biases(self.objective.n_outputs).ravel()
        other, target = self.objective.other_scale, self.objective.target
        if other is None or plan.valid is None or not _is_positive(plan, target):
            return plan
        plan, target.scale = try_scales(plan, target, other, _scores_of)
        return plan

    def settled(self, plan: FitPlan) -> dict[str, Any]:
        return self.objective.shown

    def loss(self) -> Loss:
        if self.balance is None:
            return LossByModel(super().loss())
        return ClassesByModel(super().loss(), self.balance.by_member())

    def score(self) -> Callable[[Tensor, TensorBundle], float]:
        return partial(_score_of_mean, self.loss())

    def scorer(self, fit: Any) -> Callable[[Any], float] | None:
        if fit.plan.valid is None:
            return None
        judge, best = self._judge(fit), self._best(fit)
        return lambda net: (
            -judge.of_mean(best.scores_of_all(net), _equal(self.n_members))
        )

    def callbacks(self, fit: Any) -> list[Any]:
        return [] if fit.plan.valid is None else [self._best(fit)]

    def _best(self, fit: Any) -> BestOfEach:
        """Follow the members in training; the same object in each call."""
        if self._best_of_each is None:
            self._roster = Roster(self._groups(), fit.plan.planned_epochs)
            network = fit.plan.network
            self._best_of_each = BestOfEach(self._judge(fit), network, self._roster)
        return self._best_of_each

    def _groups(self) -> np.ndarray:
        """Group members that are judged alike: by the same rows and class weights."""
        members = np.arange(self.n_members)
        n_folds = 1 if self.folds is None else self.folds.n_folds
        weighed = 0 if self.balance is None else np.array(self.balance.is_weighed)
        return members % n_folds * 2 + weighed

    def _judge(self, fit: Any) -> Judge:
        valid = fit.plan.valid
        valid = valid.take(_numbers(valid))
        return Judge(
            self.loss(),
            valid,
            self.of.early_stopping_scoring,
            fit.planned.held_out,
            partial(_with_known_scores, fit),
        )

    def work_per_row(self, encoder: Any, network: Network, n_parameters: int) -> float:
        # Several passes over each row; float64 is for tables of a few dozen rows.
        return 10.0 * n_parameters

    def product_width(self, module: Any, network: Network, batch_size: int) -> int:
        return min(max(max(sizes) for sizes in network.config["sizes"]), batch_size)

    def rows_at_once(self, network: Network) -> int | None:
        return ROWS_TOGETHER

    def batch_size(self, n_rows: int, device: torch.device) -> int:
        size = 1 << max(n_rows // 100, 1).bit_length()
        few = max(n_rows // 10, 1)
        size = int(np.clip(size, SMALLEST_BATCH, LARGEST_BATCH))
        return min(max(size, min(few, 256)), n_rows)

    def n_epochs(self, encoder: Any, n_rows: int, updates_per_epoch: int) -> int:
        n_epochs = N_UPDATES // updates_per_epoch
        return int(np.clip(n_epochs, FEWEST_EPOCHS, MOST_EPOCHS))

    # -- the fitted net --------------------------------------------------------------

    def to_predict(self, net: FittedNet) -> FittedNet:
        n_models = len(net.network.config["sizes"])
        return combining(net, self.loss().out_activation, _equal(n_models), 1.0)

    def finish(self, net: FittedNet, fit: Any) -> FittedNet:
        # As in training: threads that wait for each other cost more than they gain. On
        # a busy machine they cost ten times the time, and who pressed Ctrl-C waits.
        work, plan = ROWS_TOGETHER * largest_weight(net.network.skeleton()), fit.plan
        with one_thread() if fit.is_interrupted else suited_threads(work):
            if plan.network.config["signs"]:
                plan, net = without_signs(plan, net, _module(plan, net.weights))
            return self._finish(net, plan, fit)

    def _finish(self, net: FittedNet, plan: FitPlan, fit: Any) -> FittedNet:
        shown, share, sharpness = self.members.shown(), _equal(len(self.members)), 1.0
        link = self.loss().out_activation
        if plan.valid is not None:
            judge, module = self._judge(fit), _module(plan, net.weights)
            raw = _raw_scores(module, plan.valid)
            shown["n_epochs"] = self._roster.n_epochs_
            shown["validation_score"] = -judge.of_members(raw)
            if not judge.is_folded:
                share = choose_greedily(raw, judge)
            elif self.balance is not None:
                share = self.balance.choose(raw, judge)
            if link in ("softmax", "logistic"):
                sharpness = choose_sharpness(raw, share, judge)
            scores, rows = judge.mean(raw, share)
            scores = (scores * sharpness).cpu()
            net = self.deciding(net, lambda: scores, judge.take(rows))
            source = copy_random_state(plan.random_state)
            of_columns = net.encoder.origins, len(net.encoder.kinds_)
            limits = HURRIED if fit.is_interrupted else USUAL
            most = plan.settings.max_time
            if most is not None:
                most *= SHARE_OF_TIME
            found = importances(module, share, judge, *of_columns, source, limits, most)
            self.of.feature_importances_ = found
        self.objective.tell(self.balance, share)
        self.of.members_ = shown | {"weight": share}
        self.of.column_kinds_ = net.encoder.kinds_
        kept = np.flatnonzero(share > 0)
        return combining(keep(net, kept), link, share[kept], sharpness)


def _is_positive(plan: FitPlan, target: Any) -> bool:
    """Whether all targets are positive, those of validation rows too."""
    bundles = [rows for rows in (plan.train, plan.valid) if rows is not None]
    found = [target.scale.undo(rows.target.cpu().double()) for rows in bundles]
    return all((y > 0).all() for y in found)


def _scores_of(plan: FitPlan, weights: dict[str, np.ndarray]) -> Tensor:
    """Raw scores of each member for the validation rows of a plan."""
    assert plan.valid is not None
    return _raw_scores(_module(plan, weights), plan.valid)


def _equal(n_models: int) -> np.ndarray:
    return np.full(n_models, 1 / n_models)


def _numbers(bundle: TensorBundle) -> Tensor:
    """Numbers of the rows that a bundle selects."""
    return torch.arange(len(bundle)) if bundle.rows is None else bundle.rows


def _score_of_mean(loss: Loss, raw: Tensor, valid: TensorBundle) -> float:
    """Minus the loss of the mean of all members, each where it has left out the row."""
    valid = valid.take(_numbers(valid))
    return -Judge(loss, valid).of_mean(raw, _equal(len(raw)))


def _with_known_scores(fit: Any, scores: Tensor) -> Any:
    """Make an estimator that predicts from raw scores that are known."""
    net = fit.net(fit.plan.weights)
    known = KnownScores(**{f.name: getattr(net, f.name) for f in fields(FittedNet)})
    known.known = scores.cpu().double()
    attributes = {"_net": known, "out_activation_": fit.plan.loss.out_activation}
    attributes = fit.task.of.learnt | attributes
    attributes.pop("feature_names_in_", None)
    return with_attributes(fit.estimator, attributes)


def _module(plan: FitPlan, weights: dict[str, np.ndarray]) -> Any:
    """Build the module of a plan with trained weights, to look at each member."""
    module = plan.network.build(torch.device("cpu"), plan.place.dtype).eval()
    load_weights(module, {name: weights[name] for name in module.state_dict()})
    return module


def _raw_scores(module: Any, rows: TensorBundle) -> Tensor:
    """Raw scores of each member for all rows."""
    batches = make_batches(rows, ROWS_TOGETHER)
    with torch.inference_mode():
        return torch.cat([module(**batch.inputs) for batch in batches], dim=1)
