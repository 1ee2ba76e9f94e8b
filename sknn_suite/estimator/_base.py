"""NeuralEstimator: the way from user data to a fitted network, once for all."""

import copy
import functools
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from torch import nn

from sknn_suite.checks import check_groups, warn_of_other_scale
from sknn_suite.data import TensorBundle, as_tensor
from sknn_suite.device import (
    Place,
    choose_place,
    free_bytes,
    rows_that_fit,
    suited_threads,
)
from sknn_suite.doors import check_optimize_result, home_name, to_numpy, warn_user
from sknn_suite.estimator._initial import init_from
from sknn_suite.estimator._prediction import LiveModule, NetworkPrediction, is_float32
from sknn_suite.estimator._record import TrainingRecord
from sknn_suite.estimator._resumption import Resumption
from sknn_suite.estimator._rows import Rows, Run
from sknn_suite.estimator._snapshot import Snapshot
from sknn_suite.estimator._split import split_rows
from sknn_suite.exceptions import InterruptedWarning
from sknn_suite.losses import Loss
from sknn_suite.modules import (
    largest_weight,
    materialize,
    n_parameters,
    narrowest_side,
    values_per_row,
)
from sknn_suite.parameters import (
    TrainingParameters,
    parameters,
    refuse_combinations,
)
from sknn_suite.training import (
    Mixup,
    RangeTest,
    TensorNet,
    load_weights,
    make_callbacks,
    make_net,
    run_range_test,
    weights_of,
)


def transactional(method: Callable) -> Callable:
    """Make a method that raises leave the estimator as it was before."""

    @functools.wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = self.__dict__.copy()
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    return run


@parameters
class NeuralEstimator(
    TrainingParameters,
    TrainingRecord,
    Resumption,
    Snapshot,
    NetworkPrediction,
    CallbackSupportMixin,
    BaseEstimator,
):
    """Base of all estimators: checks, split, encoder, net, fitted attributes.

    A subclass says how rows are checked (`_check_training_rows`, `_check_rows`) and
    encoded (`_make_encoder`, `_encode_target`), which module is trained
    (`_configure_module`, `_build_module`, `_init_module`), by which loss
    (`_make_loss`), and how validation rows are chosen and scored.
    """

    # Whether the encoder learns from rows, and validation rows must be set aside first.
    _encoder_learns = True

    # Schedules that are planned for a whole fit; partial_fit goes on with a constant
    # rate instead.
    _planned_schedules: ClassVar[tuple[str, ...]] = ()

    def _check_training_rows(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        raise NotImplementedError

    def _check_rows(self, X: Any) -> Any:
        raise NotImplementedError

    def _make_encoder(self) -> Any:
        raise NotImplementedError

    def _encode_target(self, y: Any, dtype: torch.dtype) -> torch.Tensor:
        raise NotImplementedError

    def _configure_module(self) -> dict:
        """Arguments of the module as plain values; the encoder has learnt."""
        raise NotImplementedError

    def _build_module(self, config: dict) -> nn.Module:
        """Build the module on the meta device."""
        raise NotImplementedError

    def _init_module(self, module: nn.Module) -> None:
        """Draw the initial weights from ``self._random_state``."""
        raise NotImplementedError

    def _make_loss(self) -> Loss:
        raise NotImplementedError

    def _strata(self, y: Any) -> np.ndarray | None:
        """Classes whose shares the validation rows keep; None for none."""
        return None

    def _check_validation_rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        """Check the user's own validation rows; the encoder and target are known."""
        raise NotImplementedError

    def _validation_score(self, raw: torch.Tensor, valid: TensorBundle) -> float:
        raise NotImplementedError

    # -- fit -------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        validation: tuple[Any, Any, Any] | None = None,
        groups: Any = None,
        resume: bool = False,
        n_epochs: int | None = None,
    ) -> "NeuralEstimator":
        """Train on X and y; `resume` continues from the fitted weights.

        `validation` is the user's own X, y and weights, `groups` keeps rows together
        when validation rows are split off, and `n_epochs` is the number of epochs that
        partial_fit wants, None for a fit.
        """
        refuse_combinations(self)
        run = self._prepare(X, y, sample_weight, validation, groups, resume, n_epochs)
        self._train(run, resume=resume, partial=n_epochs is not None)
        return self

    def _prepare(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: tuple[Any, Any, Any] | None,
        groups: Any,
        resume: bool,
        n_epochs: int | None,
    ) -> Run:
        """Go the straight way from the user's data to a net that is ready to train."""
        given = (X, y, sample_weight)
        X, home = to_numpy(X)
        rows = self._check_training_rows(
            X, y, sample_weight, resume=resume, partial=n_epochs is not None
        )
        self._home = home_name(home)
        self._random_state = self._take_random_state(resume)
        self._input_dtype = "float32" if is_float32(rows.X) else "float64"
        split = functools.partial(self._split, rows, groups, split=validation is None)
        parts = split() if self._encoder_learns else None
        if not resume or not self.__sklearn_is_fitted__():
            self._encoder = self._make_encoder().fit(
                rows.X, parts and parts[0], rows.weight
            )
        self._config = self._configure_module()
        module, place = self._place_module(rows, resume)
        train_rows, valid_rows = split() if parts is None else parts
        train, valid = self._bundle_parts(rows, train_rows, valid_rows, place)
        held_out = None
        if validation is not None:
            held_out = self._check_validation_rows(*validation)
            warn_of_other_scale(rows.X, held_out.X)
            valid = self._bundle(held_out, place)
        elif valid_rows is not None:
            held_out = rows.take(valid_rows.numpy())
        progress = self._begin_record(resume=resume)
        batch_size = self._clip_batch_size(len(train), place)
        if self.batch_size == "auto":
            batch_size = _limit_by_memory(batch_size, train, module, place)
        planned = self._plan_epochs(len(train), batch_size)
        if not isinstance(self.batch_size, str) and self.batch_size > len(train):
            warn_user(
                "Got `batch_size` less than 1 or larger than sample size. "
                "It is going to be clipped",
                UserWarning,
            )
        loss = self._make_loss()
        self.out_activation_ = loss.out_activation

        def build(module: nn.Module, random_state: Any, rate: float) -> TensorNet:
            return make_net(
                self._training_parameters(),
                module,
                loss,
                place,
                progress,
                rate=rate,
                n_rows=len(train),
                batch_size=batch_size,
                max_epochs=n_epochs or planned,
                planned_epochs=planned,
                learning_rate=self._schedule(partial=n_epochs is not None),
                t=self.t_,
                epochs_before=len(self.history_) if n_epochs is not None else 0,
                random_state=random_state,
                mixup=self._make_mixup(module, random_state),
                valid_rows=self._rows_at_once(1024),
            )

        return Run(
            given, rows, train, valid, held_out, module, progress, planned, build
        )

    def _bundle_parts(
        self,
        rows: Rows,
        train: torch.Tensor | None,
        valid: torch.Tensor | None,
        place: Place,
    ) -> tuple[TensorBundle, TensorBundle | None]:
        """Encode training and validation rows; of a large table only those chosen."""
        n_chosen = sum(len(part) for part in (train, valid) if part is not None)
        if train is None or 2 * n_chosen >= rows.n:
            bundle = self._bundle(rows, place)
            return bundle.select(train), None if valid is None else bundle.select(valid)
        first = self._bundle(rows.take(train.numpy()), place)
        if valid is None:
            return first, None
        return first, self._bundle(rows.take(valid.numpy()), place)

    def _schedule(self, *, partial: bool) -> Any:
        """Kind of the learning rate's schedule."""
        planned = self.learning_rate in self._planned_schedules
        return "constant" if partial and planned else self.learning_rate

    def _training_parameters(self) -> TrainingParameters:
        """Parameters that the net is made from; what "auto" stands for is settled."""
        return self

    def _make_mixup(
        self, module: nn.Module, random_state: np.random.RandomState
    ) -> Callable | None:
        """Make what changes a training batch before the module sees it."""
        return Mixup(self.mixup, random_state) if self.mixup else None

    def _plan_epochs(self, n_rows: int, batch_size: int) -> int:
        """Epochs of a whole fit on `n_rows` training rows."""
        if self.max_iter != "auto":
            return int(self.max_iter)
        return self._suited_epochs(n_rows, -(-n_rows // (batch_size * self.accumulate)))

    def _suited_epochs(self, n_rows: int, updates_per_epoch: int) -> int:
        """Epochs that max_iter="auto" stands for, where it is allowed."""
        raise NotImplementedError

    def _split(
        self, rows: Rows, groups: Any, *, split: bool
    ) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Numbers of the training and validation rows; None means all, and none."""
        groups = check_groups(groups, rows.n)
        index = np.arange(rows.n)
        if rows.weight is not None:
            index = index[rows.weight > 0]  # a weight of 0 is the same as no row
        if not split or not self.early_stopping or self.solver == "lbfgs":
            return (None if len(index) == rows.n else as_tensor(index)), None
        strata = None if rows.y is None else self._strata(rows.y[index])
        if groups is not None:
            groups = groups[index]
        train, valid = split_rows(
            index, strata, self.validation_fraction, self._random_state, groups=groups
        )
        return as_tensor(train), as_tensor(valid)

    def _place_module(self, rows: Rows, resume: bool) -> tuple[nn.Module, Place]:
        """Build the module, with its weights, where and in the type it will train."""
        module = self._build_module(self._config)
        place = choose_place(
            self.device,
            self.precision,
            is_float64=self._input_dtype == "float64",
            work=self._work(rows.n, n_parameters(module)),
            width=self._product_width(module, rows.n),
        )
        materialize(module, place.device, place.dtype)
        if resume:
            self._load_fitted_weights(module)
        else:
            self._init_module(module)
            if self.init_from is not None:
                self.init_matched_ = init_from(module, self.init_from)
        self._dtype = str(place.dtype).removeprefix("torch.")
        return module, place

    def _work(self, n_rows: int, n_parameters: int) -> float:
        """Multiply-adds of an epoch, by which device and precision are chosen."""
        return float(n_rows) * n_parameters

    def _product_width(self, module: nn.Module, n_rows: int) -> int:
        """Smallest side of the largest product, by which "auto" takes bfloat16."""
        return min(narrowest_side(module), self._clip_batch_size(n_rows, None))

    def _clip_batch_size(self, n_rows: int, place: Place | None) -> int:
        """Rows per batch; "auto" and sizes larger than the data are settled here."""
        if self.batch_size != "auto":
            return min(int(self.batch_size), n_rows)
        if place is None or place.device.type == "cpu":
            return min(200, n_rows)
        # A GPU is busy only with large batches; a hundred updates an epoch remain.
        return min(max(256, 1 << (n_rows // 100).bit_length()), 8192, n_rows)

    def _bundle(self, rows: Rows, place: Place) -> TensorBundle:
        dtype = place.dtype
        return TensorBundle(
            self._encoder.transform(rows.X, dtype).inputs,
            None if rows.y is None else self._encode_target(rows.y, dtype),
            None if rows.weight is None else as_tensor(rows.weight, dtype),
        ).to(place.device)

    def _train(self, run: Run, *, resume: bool, partial: bool) -> None:
        rate = self._find_rate(run)
        net = run.build(run.module, self._random_state, rate)
        score = None
        if run.valid is not None:
            score = functools.partial(self._score_validation, run=run)
        checkpoint = None if partial else self._make_checkpoint(run)
        net.callbacks = make_callbacks(
            self,
            net,
            score=score,
            bridge=None if partial else self._make_bridge(run),
            checkpoint=checkpoint,
        )
        net.initialize()
        if resume:
            self._resume_optimizer(net, partial)
            if np.isfinite(net.progress.best_score):  # the fitted weights hold it
                net.progress.best_weights = weights_of(net.module_, copy=True)
        if checkpoint is not None and not resume:
            checkpoint.resume(net)
        with suited_threads(net.batch_size * largest_weight(net.module_)):
            net.partial_fit(run.train, run.valid)
        self._resume_state = self._state_to_resume(net)
        self._settle_weights(net)
        self._record(net, len(run.train))
        self._keep_weights(_finite(weights_of(net.module_, copy=False), net))
        self._live = LiveModule()
        if not partial:
            self._warn_unless_converged(net, run.n_epochs)

    def _find_rate(self, run: Run) -> float:
        """Resolve learning_rate_init, by a range test if it is "auto"."""
        rate = self._training_parameters().learning_rate_init
        if isinstance(rate, str):
            rate = self._range_test(run).suggestion
        self.learning_rate_ = float(np.ravel(rate)[-1])
        return self.learning_rate_

    def _range_test(self, run: Run, **limits: Any) -> RangeTest:
        if self.solver == "lbfgs":
            raise ValueError(
                "solver='lbfgs' has no learning rate. Expected a stochastic solver for "
                "a range test. Choose solver='adam' or another one."
            )
        limits = {"min_rate": 1e-6, "max_rate": 10.0, "n_steps": 120} | limits
        net = run.build(
            copy.deepcopy(run.module),
            copy.deepcopy(self._random_state),
            limits["min_rate"],
        )
        with suited_threads(net.batch_size * largest_weight(run.module)):
            return run_range_test(net, run.train, **limits)

    def _test_learning_rates(
        self, X: Any, y: Any, sample_weight: Any, **limits: Any
    ) -> RangeTest:
        """Run the range test on an unfitted estimator; it is left prepared only."""
        self._validate_params()
        run = self._prepare(X, y, sample_weight, None, None, False, None)
        return self._range_test(run, **limits)

    def _net_to_go_on(self, X: Any, y: Any) -> tuple[TensorNet, TensorBundle]:
        """Build the net with which partial_fit would go on, ready for a step."""
        run = self._prepare(X, y, None, None, None, True, 1)
        net = run.build(run.module, self._random_state, self.learning_rate_)
        net.callbacks = []
        net.initialize()
        self._resume_optimizer(net, partial=True)
        net.prepare(run.train)
        return net, run.train

    def _settle_weights(self, net: TensorNet) -> None:
        """Leave in the module the weights that predictions shall use."""
        if net.progress.best_weights is not None:
            load_weights(net.module_, net.progress.best_weights)
        else:
            net.adopt_average()

    def _warn_unless_converged(self, net: TensorNet, n_epochs: int) -> None:
        if net.interrupted_:
            warn_user(
                "Training interrupted by user. The best state so far is kept. "
                "Fit again to train to the end.",
                InterruptedWarning,
            )
        elif self.solver == "lbfgs":
            if net.stop_reason_ is None:
                check_optimize_result("lbfgs", net.result_, n_epochs)
        elif net.stop_reason_ is None and self.n_iter_ >= n_epochs:
            if net.recipe.schedule.ends:
                return  # a schedule that was planned for max_iter epochs is complete
            warn_user(
                f"Stochastic Optimizer: Maximum iterations ({n_epochs}) reached "
                "and the optimization hasn't converged yet.",
                ConvergenceWarning,
            )


def _limit_by_memory(
    batch_size: int, train: TensorBundle, module: nn.Module, place: Place
) -> int:
    """Lower a batch size to what the free memory of the device has room for."""
    size = place.dtype.itemsize
    # Beside the weights there will be a copy of them, a gradient and two moments.
    free = free_bytes(place.device) - 4 * size * n_parameters(module)
    per_row = 2 * train.bytes_per_row + size * values_per_row(module)
    return rows_that_fit(free, per_row, batch_size)


def _finite(weights: dict[str, np.ndarray], net: TensorNet) -> dict[str, np.ndarray]:
    if not all(np.isfinite(w).all() for w in weights.values()):
        net.raise_diverged()
    return weights
