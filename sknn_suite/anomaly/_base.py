"""AnomalyDetector: what autoencoders as outlier detectors share."""

import copy
import math
from typing import Any

import numpy as np
import torch
from sklearn.callback import with_callbacks
from sklearn.utils.metaestimators import available_if

from sknn_suite.anomaly._coding import CodingHalf
from sknn_suite.anomaly._parameters import DetectorParameters
from sknn_suite.anomaly._pretraining import pretrain
from sknn_suite.anomaly._rows import (
    check_distribution,
    choose_distribution,
    find_blocks,
    merge_repeated,
    suited_code_length,
)
from sknn_suite.anomaly._scores import SCORES, center_and_scale
from sknn_suite.anomaly._scoring import ScoringHalf
from sknn_suite.checks import check_dense_table, check_layer_sizes, check_weights
from sknn_suite.data import TensorBundle
from sknn_suite.device import Place
from sknn_suite.doors import fit_context
from sknn_suite.encoding import ScaledTable, weighted_quantiles
from sknn_suite.estimator import (
    NeuralEstimator,
    Rows,
    Run,
    can_partial_fit,
    refuse_early_stopping,
    transactional,
)
from sknn_suite.losses import AutoencoderLoss, make_distribution
from sknn_suite.parameters import parameters

# Updates of a fit with max_iter="auto".
N_UPDATES = 200

# Rows of an update, on the CPU; fewer of a wide table, whose rows tell more each.
MOST_ROWS, FEWEST_ROWS, ROWS_TIMES_FEATURES = 128, 32, 65536

# Each update trains several nets, and a fit has many; see `_work`.
WORK_FACTOR = 10

# Robust deviations above the median at which contamination="auto" sets the threshold.
FAR = 3.0

# Distributions of real numbers; only these are scaled by their deviation.
REAL = ("gaussian", "huber", "laplace", "student_t")


@parameters
class AnomalyDetector(ScoringHalf, CodingHalf, DetectorParameters, NeuralEstimator):
    """Autoencoders side by side that score rows and give their codes."""

    # Distribution that distribution="auto" takes for real numbers.
    _real = "gaussian"

    # -- fit -------------------------------------------------------------------------

    @transactional
    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None, *, X_val=None):
        """Train on the rows of X, and learn which scores are usual.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows: numbers, finite, in any units. Some may be outliers.
        y : Ignored
            Present for scikit-learn's API.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, >= 0: 2 counts like the row twice, 0 like no row.
        X_val : array-like of shape (n_validation_samples, n_features), default=None
            Validation rows of one's own, whose loss is in `history_`; with
            early_stopping=True they decide which epoch's weights are kept, and no
            rows of X are set aside.

        Returns
        -------
        self : object
            The trained detector.

        Raises
        ------
        ValueError
            If X or a parameter cannot be used; the detector is left as it was.
        """
        validation = None if X_val is None else (X_val, None, None)
        resume = self.warm_start and self.__sklearn_is_fitted__()
        return self._fit(X, None, sample_weight, validation=validation, resume=resume)

    @available_if(can_partial_fit)
    @transactional
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Train one epoch more on the given rows; the optimiser's state goes on.

        Scaling and distribution are those of the first call, usual scores those of
        the last. A schedule that is planned for a whole fit is not followed: the rate
        is constant.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        y : Ignored
            Present for scikit-learn's API.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, >= 0.

        Returns
        -------
        self : object
            The detector.
        """
        refuse_early_stopping(self)
        resume = self.__sklearn_is_fitted__()
        return self._fit(X, None, sample_weight, resume=resume, n_epochs=1)

    # -- rows ------------------------------------------------------------------------

    def _check_training_rows(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        min_rows = 1 if resume else 2
        X = check_dense_table(self, X, reset=not resume, min_rows=min_rows)
        weight = check_weights(sample_weight, X)
        X, weight = merge_repeated(X, weight, self._clip_batch_size(len(X), None))
        if not resume:
            self.distribution_ = self.distribution
            if self.distribution == "auto":
                self.distribution_ = choose_distribution(X, self._real, weight)
        check_distribution(X, self.distribution_)
        if not resume:
            self._blocks: tuple[int, ...] = ()
            if self.distribution_ == "categorical":
                self._blocks = find_blocks(X)
        return Rows(X, None, weight)

    def _check_rows(self, X: Any) -> np.ndarray:
        return check_dense_table(self, X, reset=False)

    def _check_validation_rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        return Rows(self._check_rows(X), None, None)

    def _make_encoder(self) -> ScaledTable:
        if self.distribution_ not in REAL:
            if self.scaling not in ("auto", None):
                raise ValueError(
                    f"scaling={self.scaling!r} does not go with the distribution "
                    f"{self.distribution_!r}, whose values have a scale of their own. "
                    "Expected scaling='auto' or None. Change scaling, or choose "
                    "distribution='gaussian'."
                )
            return ScaledTable("log1p" if self.distribution_ == "poisson" else None)
        if self.scaling == "auto":
            return ScaledTable("standard", squash=True)
        return ScaledTable(self.scaling)

    def _bundle(self, rows: Rows, place: Place) -> TensorBundle:
        bundle = super()._bundle(rows, place)
        return TensorBundle(bundle.inputs, bundle.inputs["x"], bundle.weight)

    def _split(
        self, rows: Rows, groups: Any, *, split: bool
    ) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Choose as many rows as the updates of max_iter="auto" can use."""
        train, valid = super()._split(rows, groups, split=split)
        limit = N_UPDATES * self._rows_per_update(rows.n)
        if self.max_iter != "auto" or rows.n <= limit:
            return train, valid
        if train is None:
            train = torch.arange(rows.n)
        chosen = self._random_state.permutation(len(train))[:limit]
        train = train[torch.from_numpy(chosen)]
        return train, None if valid is None else valid[:limit]

    # -- training --------------------------------------------------------------------

    def _rows_per_update(self, n_rows: int) -> int:
        return self._clip_batch_size(n_rows, None) * self.accumulate

    def _clip_batch_size(self, n_rows: int, place: Place | None) -> int:
        clipped = super()._clip_batch_size(n_rows, place)
        if self.batch_size == "auto" and (place is None or place.device.type == "cpu"):
            suited = ROWS_TIMES_FEATURES // self.n_features_in_
            return min(max(FEWEST_ROWS, min(suited, MOST_ROWS)), n_rows)
        return clipped

    def _suited_epochs(self, n_rows: int, updates_per_epoch: int) -> int:
        return math.ceil(N_UPDATES / updates_per_epoch)

    def _work(self, n_rows: int, n_parameters: int) -> float:
        return WORK_FACTOR * super()._work(n_rows, n_parameters)

    def _configure_module(self) -> dict:
        n_features = self._encoder.n_features_
        sizes = check_layer_sizes(self.hidden_layer_sizes)
        decoder_sizes = sizes[::-1]
        if self.decoder_hidden_layer_sizes is not None:
            decoder_sizes = check_layer_sizes(self.decoder_hidden_layer_sizes)
        self._check_ties(sizes, decoder_sizes)
        n_components = self.n_components
        if isinstance(n_components, str):
            n_components = suited_code_length(n_features, self._encoder.n_rows_)
        self.n_components_ = int(n_components)
        learns_scale = self._make_distribution(n_features).learns_scale
        if self.noise_kind == "masking" and self.noise > 1:
            raise ValueError(
                f"noise={self.noise} is no share of features. Expected noise in "
                "[0, 1] for noise_kind='masking'. Lower noise."
            )
        masks = self.noise_kind == "masking"
        return {
            "n_inputs": n_features,
            "n_components": self.n_components_,
            "hidden_layer_sizes": sizes,
            "decoder_hidden_layer_sizes": decoder_sizes,
            "activation": self.activation,
            "n_members": int(self.n_estimators),
            "shortcut": self.shortcut,
            "tied": self.tied_weights,
            "scale": self.variance if learns_scale else "fixed",
            "noise": float(self.noise) * (1 if masks else self._encoder.spread_),
            "noise_kind": self.noise_kind,
            "contraction": self.contractive > 0,
        }

    def _check_ties(self, sizes: tuple, decoder_sizes: tuple) -> None:
        if not self.tied_weights:
            return
        if decoder_sizes != sizes[::-1] or self.variance == "row":
            raise ValueError(
                "tied_weights=True does not go with decoder_hidden_layer_sizes="
                f"{self.decoder_hidden_layer_sizes} and variance={self.variance!r}. "
                "Expected a decoder that mirrors the encoder, and a variance that is "
                "'fixed' or 'feature'. Change them, or set tied_weights=False."
            )

    def _make_distribution(self, n_features: int) -> Any:
        return make_distribution(
            self.distribution_,
            n_features,
            learns_scale=self.variance != "fixed",
            block_sizes=self._blocks,
        )

    def _loss_arguments(self) -> dict[str, Any]:
        """Arguments of the loss, from the configuration of the fitted module."""
        n_features, scale = self._config["n_inputs"], self._config["scale"]
        return {
            "distribution": self._make_distribution(n_features),
            "n_outputs": n_features * (1 if scale == "fixed" else 2),
            "n_components": self._config["n_components"],
            "sparsity": self.sparsity,
            "sparsity_target": self.sparsity_target,
            "contractive": self.contractive,
            "trim": self.trim,
        }

    def _make_loss(self) -> AutoencoderLoss:
        return AutoencoderLoss(**self._loss_arguments())

    def _init_module(self, module: Any) -> None:
        module.reset_parameters(self._random_state)

    def _validation_score(self, raw: torch.Tensor, valid: TensorBundle) -> float:
        weight = None if valid.weight is None else valid.weights
        return -float(self._make_loss().eval()(raw, valid.targets, weight))

    def _train(self, run: Run, *, resume: bool, partial: bool) -> None:
        if self.pretraining_iter > 0 and not resume:
            pretrain(
                run.module,
                self.activation,
                run,
                self.pretraining_iter,
                self._rows_per_update(len(run.train)),
                self._random_state,
            )
        self._training_rows = run.rows
        super()._train(run, resume=resume, partial=partial)
        self._learn_scores(run.rows)
        del self._training_rows

    def _as_of_now(self, net: Any) -> dict:
        now = copy.copy(self)
        now.__dict__.update(super()._as_of_now(net))
        now._learn_scores(self._training_rows)
        now.__dict__.pop("_training_rows", None)
        return now.__dict__

    def _learn_scores(self, rows: Rows) -> None:
        """Learn from the training rows which scores are usual."""
        self._score = SCORES[self.score_method]()
        random_state = copy.deepcopy(self._random_state)
        scores = self._score.fit_score(self._scan, rows.X, rows.weight, random_state)
        self._auto_offset = -_far_off(scores, rows.weight)
        self._remember_scores(-scores, rows.weight)
        self._set_threshold(self.contamination)


def _far_off(scores: np.ndarray, weight: np.ndarray | None) -> float:
    """Score beyond which a row lies far from the others.

    Scores are skewed: how far is told by their upper half.
    """
    middle, high = (
        float(q[0]) for q in weighted_quantiles(scores[:, None], weight, (0.5, 0.75))
    )
    _, scale = center_and_scale(scores, weight)
    return middle + FAR * max((high - middle) / 0.6745, scale)
