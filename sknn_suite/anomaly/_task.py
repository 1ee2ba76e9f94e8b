"""DetectorTask: tables of numbers, for autoencoders that score their rows."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sknn_suite.anomaly._pretraining import pretrain
from sknn_suite.anomaly._rows import (
    check_distribution,
    choose_distribution,
    find_blocks,
    merge_repeated,
    suited_code_length,
)
from sknn_suite.anomaly._scan import FittedScores, scan
from sknn_suite.anomaly._scores import SCORES
from sknn_suite.anomaly._spread import far_off
from sknn_suite.anomaly._thresholds import keep_smallest, threshold
from sknn_suite.checks import (
    check_dense_table,
    check_layer_sizes,
    check_table,
    check_weights,
)
from sknn_suite.data import TensorBundle
from sknn_suite.doors import copy_random_state
from sknn_suite.encoding import ScaledTable
from sknn_suite.estimator import FittedNet, Rows, Task
from sknn_suite.losses import AutoencoderLoss, Distribution, ElboLoss, make_distribution
from sknn_suite.modules import Network
from sknn_suite.training import FitPlan

CPU = torch.device("cpu")

# Updates of a fit with max_iter="auto".
N_UPDATES = 200

# Rows of an update, on the CPU; fewer for a wide table, whose rows hold more each.
MOST_ROWS, FEWEST_ROWS, ROWS_TIMES_FEATURES = 128, 32, 65536

# Each update trains several nets, and a fit has many.
WORK_FACTOR = 10

# Distributions of real numbers; only these are scaled by their deviation.
REAL = ("gaussian", "huber", "laplace", "student_t")


class DetectorTask(Task):
    """Tables without a target; autoencoders side by side."""

    kind = "autoencoder"
    planned_schedules = ("one_cycle", "cosine", "log_cosine")

    # Distribution that distribution="auto" takes for real numbers: small errors count
    # squared, large ones by their absolute value.
    real = "huber"

    blocks: tuple[int, ...]

    # -- rows ------------------------------------------------------------------------

    def check(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        of = self.of
        X = check_dense_table(of, X, reset=not resume, min_rows=1 if resume else 2)
        weight = check_weights(sample_weight, X)
        X, weight = merge_repeated(X, weight, self.rows_per_batch(len(X), CPU))
        if resume:
            self.blocks = of._scores.blocks
        else:
            of.distribution_ = of.distribution
            if of.distribution == "auto":
                of.distribution_ = choose_distribution(X, self.real, weight)
            categorical = of.distribution_ == "categorical"
            self.blocks = find_blocks(X) if categorical else ()
        check_distribution(X, of.distribution_)
        return Rows(X, None, weight)

    def check_rows(self, X: Any) -> Any:
        return check_table(self.of, X)  # sparse rows become dense chunk by chunk

    def check_held_out(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        return Rows(check_dense_table(self.of, X, reset=False), None, None)

    def choose(
        self,
        train: Tensor | None,
        valid: Tensor | None,
        n_rows: int,
        random_state: np.random.RandomState,
    ) -> tuple[Tensor | None, Tensor | None]:
        """Choose as many rows as the updates of max_iter="auto" can use."""
        limit = N_UPDATES * self._rows_per_update(n_rows)
        if self.of.max_iter != "auto" or n_rows <= limit:
            return train, valid
        if train is None:
            train = torch.arange(n_rows)
        chosen = random_state.permutation(len(train))[:limit]
        train = train[torch.from_numpy(chosen)]
        return train, None if valid is None else valid[:limit]

    # -- encoder and network ---------------------------------------------------------

    def encoder(self) -> ScaledTable:
        scaling, distribution = self.of.scaling, self.of.distribution_
        if distribution not in REAL:
            if scaling not in ("auto", None):
                raise ValueError(
                    f"scaling={scaling!r} does not go with the distribution "
                    f"{distribution!r}, whose values have their own scale. "
                    "Expected scaling='auto' or None. Change scaling, or choose "
                    "distribution='gaussian'."
                )
            return ScaledTable("log1p" if distribution == "poisson" else None)
        if scaling == "auto":
            return ScaledTable("standard", squash=True)
        return ScaledTable(scaling)

    def encode(
        self, encoder: ScaledTable, rows: Rows, dtype: torch.dtype
    ) -> TensorBundle:
        bundle = super().encode(encoder, rows, dtype)
        return TensorBundle(bundle.inputs, bundle.inputs["x"], bundle.weight)

    def network(self, encoder: ScaledTable) -> Network:
        of, n_features = self.of, encoder.n_features_
        sizes = check_layer_sizes(of.hidden_layer_sizes)
        decoder_sizes = sizes[::-1]
        if of.decoder_hidden_layer_sizes is not None:
            decoder_sizes = check_layer_sizes(of.decoder_hidden_layer_sizes)
        self._check_ties(sizes, decoder_sizes)
        n_components = of.n_components
        if isinstance(n_components, str):
            n_components = suited_code_length(n_features, encoder.n_rows_)
        of.n_components_ = int(n_components)
        learns_scale = self.distribution(n_features).learns_scale
        masks = of.noise_kind == "masking"
        if masks and of.noise > 1:
            raise ValueError(
                f"noise={of.noise} is not a fraction of features. Expected noise in "
                "[0, 1] for noise_kind='masking'. Lower noise."
            )
        config = {
            "n_inputs": n_features,
            "n_components": of.n_components_,
            "hidden_layer_sizes": sizes,
            "decoder_hidden_layer_sizes": decoder_sizes,
            "activation": of.activation,
            "n_members": int(of.n_estimators),
            "shortcut": of.shortcut,
            "tied": of.tied_weights,
            "scale": of.variance if learns_scale else "fixed",
            "noise": float(of.noise) * (1 if masks else encoder.spread_),
            "noise_kind": of.noise_kind,
            "contraction": of.contractive > 0,
        }
        return Network(self.kind, config | self.more_config())

    def more_config(self) -> dict[str, Any]:
        """Arguments that only some kinds of network take."""
        return {}

    def _check_ties(self, sizes: tuple, decoder_sizes: tuple) -> None:
        of = self.of
        if not of.tied_weights:
            return
        if decoder_sizes != sizes[::-1] or of.variance == "row":
            raise ValueError(
                "tied_weights=True does not go with decoder_hidden_layer_sizes="
                f"{of.decoder_hidden_layer_sizes} and variance={of.variance!r}. "
                "Expected a decoder that mirrors the encoder, and a variance that is "
                "'fixed' or 'feature'. Change them, or set tied_weights=False."
            )

    def distribution(self, n_features: int) -> Distribution:
        """Make the distribution of rows around their reconstruction."""
        return make_distribution(
            self.of.distribution_,
            n_features,
            learns_scale=self.of.variance != "fixed",
            block_sizes=self.blocks,
        )

    def draw(
        self, module: Any, encoder: Any, random_state: np.random.RandomState
    ) -> None:
        module.reset_parameters(random_state)

    def loss(self) -> AutoencoderLoss:
        return AutoencoderLoss(**self.loss_arguments())

    def loss_arguments(self) -> dict[str, Any]:
        """Arguments that all losses take."""
        of, n_features = self.of, self.of.n_features_in_
        distribution = self.distribution(n_features)
        scales = distribution.learns_scale and of.variance != "fixed"
        return {
            "distribution": distribution,
            "n_outputs": n_features * (2 if scales else 1),
            "n_components": of.n_components_,
            "sparsity": of.sparsity,
            "sparsity_target": of.sparsity_target,
            "contractive": of.contractive,
            "trim": of.trim,
        }

    def score(self) -> Callable[[Tensor, TensorBundle], float]:
        return partial(minus_loss, self.loss().eval())

    # -- cost and recipe -------------------------------------------------------------

    def work_per_row(self, encoder: Any, network: Network, n_parameters: int) -> float:
        return WORK_FACTOR * float(n_parameters)

    def batch_size(self, n_rows: int, device: torch.device) -> int:
        if device.type != "cpu":
            return super().batch_size(n_rows, device)
        suited = ROWS_TIMES_FEATURES // self.of.n_features_in_
        return min(max(FEWEST_ROWS, min(suited, MOST_ROWS)), n_rows)

    def _rows_per_update(self, n_rows: int) -> int:
        return self.rows_per_batch(n_rows, CPU) * self.of.accumulate

    def n_epochs(self, encoder: Any, n_rows: int, updates_per_epoch: int) -> int:
        return math.ceil(N_UPDATES / updates_per_epoch)

    def prepare(
        self, plan: FitPlan, encoder: Any, *, resume: bool, partial: bool
    ) -> FitPlan:
        """Train the layers one by one, if `pretraining_iter` is set."""
        n_epochs = self.of.pretraining_iter
        if resume or not n_epochs:
            return plan
        n_rows = self._rows_per_update(len(plan.train))
        return pretrain(plan, self.of.activation, n_epochs, n_rows)

    def settled(self, plan: FitPlan) -> dict[str, Any]:
        scaling = self.of.scaling
        if scaling == "auto":
            scaling = "compressed" if self.of.distribution_ in REAL else None
        return {"scaling_": scaling}

    # -- scores ----------------------------------------------------------------------

    def show(
        self, net: FittedNet, rows: Rows, random_state: np.random.RandomState
    ) -> dict[str, Any]:
        """Learn from the training rows which scores are usual."""
        distribution = self.distribution(net.network.config["n_inputs"])
        fitted = FittedScores(SCORES[self.of.score_method](), distribution, self.blocks)
        look = partial(scan, net, distribution, device=self.of.device)
        source = copy_random_state(random_state)
        scores = fitted.score.fit_score(look, rows.X, rows.weight, source)
        fitted.auto_offset = -far_off(scores, rows.weight)
        fitted.smallest = keep_smallest(-scores, rows.weight)
        offset = threshold(fitted, self.of.contamination)
        return {"_scores": fitted, "offset_": offset}


class VAETask(DetectorTask):
    """Variational autoencoders side by side."""

    kind = "vae"
    real = "gaussian"

    def more_config(self) -> dict[str, Any]:
        return {"n_draws": int(self.of.n_draws)}

    def loss(self) -> ElboLoss:
        beta, warmup = self.of.beta, self.of.kl_warmup
        return ElboLoss(beta=beta, warmup=warmup, **self.loss_arguments())


def minus_loss(loss: AutoencoderLoss, raw: Tensor, valid: TensorBundle) -> float:
    """Score of validation rows: the loss outside training, negated."""
    weight = None if valid.weight is None else valid.weights
    return -float(loss(raw, valid.targets, weight).mean())
