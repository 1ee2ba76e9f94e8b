"""MixedTask: data frames as they are, for an ensemble of small networks."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sknn_suite.checks import check_columns, check_labels, check_layer_sizes
from sknn_suite.data import ColumnTable, TensorBundle, as_tensor
from sknn_suite.encoding import MixedTableEncoder
from sknn_suite.estimator import FittedNet, SupervisedTask
from sknn_suite.losses import Loss
from sknn_suite.modules import Network, mean_of_models
from sknn_suite.tabular._best_of_each import BestOfEach
from sknn_suite.tabular._members import Members, draw_members
from sknn_suite.tabular._selection import choose_greedily, choose_sharpness
from sknn_suite.training import FitPlan, weights_of

# Rows of the first batch, whose sums the initial weights are scaled by.
ROWS_TO_SUIT = 1024

# Members of "auto".
N_MEMBERS = 8

# Rows per batch by the number of training rows, as TabM's.
_BATCH_SIZES = ((2_800, 32), (4_500, 64), (6_400, 128), (32_000, 256))


class MixedTask(SupervisedTask):
    """Columns of mixed kinds, and several networks side by side."""

    reading = "batches"
    is_complete_recipe = True  # type: ignore[assignment]

    members: Members

    def check_both(
        self, X: Any, y: Any, *, reset: bool
    ) -> tuple[ColumnTable, np.ndarray]:
        table = check_columns(self.of, X, reset=reset, min_rows=2 if reset else 1)
        numeric = self.objective.y_is_numeric
        return table, check_labels(self.of, table, y, y_numeric=numeric)

    def check_rows(self, X: Any) -> ColumnTable:
        return check_columns(self.of, X, reset=False)

    # -- plan ------------------------------------------------------------------------

    def choose(
        self,
        train: Tensor | None,
        valid: Tensor | None,
        n_rows: int,
        random_state: np.random.RandomState,
    ) -> tuple[Tensor | None, Tensor | None]:
        sizes = self.of.hidden_layer_sizes
        if sizes != "auto":
            sizes = check_layer_sizes(sizes, least=1)
        n_members = N_MEMBERS if self.of.n_members == "auto" else self.of.n_members
        n_train = n_rows if train is None else len(train)
        chosen = None if isinstance(sizes, str) else sizes
        self.members = draw_members(n_members, chosen, n_train, random_state)
        return train, valid

    def encoder(self) -> MixedTableEncoder:
        return MixedTableEncoder()

    def network(self, encoder: MixedTableEncoder) -> Network:
        members = self.members
        config = encoder.config | {
            "n_outputs": self.objective.n_outputs,
            "sizes": members.sizes,
            "dropout": members.dropout,
            "rates": members.rates,
            "activation": self.objective.activation,
        }
        return Network("tabular_pack", config)

    def draw(
        self, module: Any, encoder: Any, random_state: np.random.RandomState
    ) -> None:
        module.reset_parameters(np.array(self.members.scales), random_state)

    def prepare(
        self, plan: FitPlan, encoder: Any, *, resume: bool, partial: bool
    ) -> FitPlan:
        module: Any = plan.network.build(torch.device("cpu"), plan.place.dtype)
        module.load_state_dict({n: as_tensor(w) for n, w in plan.weights.items()})
        n_rows = min(len(plan.train), ROWS_TO_SUIT)
        batch = plan.train.take(_first(plan.train, n_rows))
        module.suit_rows(**batch.inputs)
        return plan.change(weights=weights_of(module, copy=True))

    def loss(self) -> Loss:
        return super().loss()

    def score(self) -> Callable[[Tensor, TensorBundle], float]:
        return partial(_score_of_mean, self.loss())

    def computes_float32(self, X: Any) -> bool:
        return True  # the encoder has subtracted what is large

    def product_width(self, module: Any, network: Network, batch_size: int) -> int:
        return min(max(max(sizes) for sizes in network.config["sizes"]), batch_size)

    def rows_at_once(self, network: Network) -> int | None:
        return 1024

    def batch_size(self, n_rows: int, device: torch.device) -> int:
        for limit, size in _BATCH_SIZES:
            if n_rows < limit:
                return min(size, n_rows)
        return 512

    def n_epochs(self, encoder: Any, n_rows: int, updates_per_epoch: int) -> int:
        return int(np.clip(4000 // updates_per_epoch, 24, 100))

    def callbacks(self, fit: Any) -> list[Any]:
        return [BestOfEach()]

    # -- the fitted net --------------------------------------------------------------

    def to_predict(self, net: FittedNet) -> FittedNet:
        n_models = len(net.network.config["sizes"])
        share = np.full(n_models, 1 / n_models, dtype=net.dtype)
        return _combining(net, self.loss().out_activation, share, 1.0)

    def complete(
        self, net: FittedNet, plan: FitPlan, trained: dict[str, np.ndarray]
    ) -> FittedNet:
        loss = self.loss().eval()
        link = loss.out_activation
        share, scores, sharpness = net.weights["share"], None, 1.0
        if plan.valid is not None:
            raw, valid = _raw_scores(plan, trained)
            lost = partial(_lost, loss, valid)
            scores = np.array([lost(own) for own in raw])
            share = choose_greedily(raw, lost, link).astype(net.dtype)
            if link in ("softmax", "logistic"):
                mean = mean_of_models(raw, as_tensor(share), link)
                sharpness = choose_sharpness(mean, lost)
        kept = np.flatnonzero(share > 0)
        shown = self.members.shown() | {"weight": share.astype(np.float64)}
        if scores is not None:
            shown["validation_loss"] = scores
        self.of.members_ = shown
        self.of.column_kinds_ = net.encoder.kinds_
        return _combining(_keep(net, kept), link, share[kept], sharpness)


def _first(bundle: TensorBundle, n_rows: int) -> Tensor:
    return torch.arange(n_rows) if bundle.rows is None else bundle.rows[:n_rows]


def _score_of_mean(loss: Loss, raw: Tensor, valid: TensorBundle) -> float:
    """Minus the loss of the mean of all members."""
    share = raw.new_full((len(raw),), 1 / len(raw))
    mean = mean_of_models(raw, share, loss.out_activation)
    weight = None if valid.weight is None else valid.weights
    return -float(loss.eval()(mean, valid.targets, weight))


def _lost(loss: Loss, valid: TensorBundle, raw: Tensor) -> float:
    return float(loss(raw, valid.target, valid.weight))


def _raw_scores(
    plan: FitPlan, weights: dict[str, np.ndarray]
) -> tuple[Tensor, TensorBundle]:
    """Raw scores of each member for the validation rows, and these rows."""
    assert plan.valid is not None
    module: Any = plan.network.build(torch.device("cpu"), plan.place.dtype).eval()
    module.load_state_dict({n: as_tensor(w) for n, w in weights.items()})
    valid = plan.valid.take(_first(plan.valid, len(plan.valid)))
    with torch.inference_mode():
        parts = [
            module(**valid.slice(slice(i, i + 1024)).inputs)
            for i in range(0, len(valid), 1024)
        ]
        return torch.cat(parts, dim=1), valid


def _combining(
    net: FittedNet, link: str, share: np.ndarray, sharpness: float
) -> FittedNet:
    """The same net with the mean of its members as prediction."""
    network = Network(net.network.kind, net.network.config | {"link": link})
    added = {"share": share, "sharpness": np.full(1, sharpness, dtype=net.dtype)}
    return replace(net, network=network, weights=net.weights | added)


def _keep(net: FittedNet, kept: np.ndarray) -> FittedNet:
    """The same net with some of its members."""
    config = dict(net.network.config)
    module: Any = net.network.skeleton()
    weights = {}
    for name, (_, n_models) in module.stacked().items():
        own = net.weights[name]
        chosen = own.reshape(n_models, -1)[kept[kept < n_models]]
        shape = (-1,) if own.ndim == 1 else (len(chosen), *own.shape[1:])
        if len(chosen):
            weights[name] = chosen.reshape(shape).copy()
    for name in ("sizes", "dropout", "rates"):
        config[name] = tuple(config[name][m] for m in kept)
    return replace(net, network=Network(net.network.kind, config), weights=weights)
