"""NeuralEstimator: the way from user data to a fitted network, once for all."""

import copy
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.utils.validation import (
    check_consistent_length,
    column_or_1d,
)
from torch import nn

from sknn_suite._arrays import home_name, to_numpy
from sknn_suite._bundle import TensorBundle, as_tensor
from sknn_suite._device import Place, choose_place, suited_threads
from sknn_suite._initial import init_from
from sknn_suite._parameters import parameters
from sknn_suite._prediction import LiveModule, NetworkPrediction, is_float32
from sknn_suite._random import own_random_state
from sknn_suite._sklearn import check_optimize_result
from sknn_suite._split import split_rows
from sknn_suite._training_parameters import TrainingParameters
from sknn_suite._training_record import TrainingRecord
from sknn_suite._warnings import warn_user
from sknn_suite.exceptions import InterruptedWarning
from sknn_suite.losses import Loss
from sknn_suite.modules import (
    largest_weight,
    materialize,
    n_parameters,
    narrowest_side,
)
from sknn_suite.training import (
    Checkpoint,
    Progress,
    RangeTest,
    SklearnBridge,
    TensorNet,
    fingerprint,
    from_portable,
    load_optimizer_state,
    load_weights,
    make_callbacks,
    make_net,
    optimizer_state,
    read_state,
    run_range_test,
    to_portable,
    weights_of,
)


class Rows(NamedTuple):
    """Checked training rows: X as the encoder takes it, y and weight as arrays."""

    X: Any
    y: Any
    weight: np.ndarray | None

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.X.shape[0]

    def take(self, index: np.ndarray) -> "Rows":
        """Choose rows."""
        return Rows(*(None if part is None else part[index] for part in self))


class Run(NamedTuple):
    """What a call of fit has prepared for training."""

    given: tuple[Any, Any, Any]  # X, y and sample_weight as the user gave them
    rows: Rows  # all rows as checked
    train: TensorBundle
    valid: Any  # TensorBundle, or None if there are no validation rows
    held_out: Any  # Rows: the validation rows as checked, for scorers
    module: nn.Module
    progress: Progress
    n_epochs: int  # what a whole fit is planned for; partial_fit trains for less
    build: Callable[[nn.Module, np.random.RandomState, float], TensorNet]


# Parameters that may differ between a checkpoint's run and the one that goes on.
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
            valid = self._bundle(held_out, place)
        elif valid_rows is not None:
            held_out = rows.take(valid_rows.numpy())
        progress = self._begin_record(resume=resume)
        batch_size = self._clip_batch_size(len(train), place)
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
                self,
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
        return self.learning_rate

    def _plan_epochs(self, n_rows: int, batch_size: int) -> int:
        """Epochs of a whole fit on `n_rows` training rows."""
        return self.max_iter

    def _take_random_state(self, resume: bool) -> np.random.RandomState:
        if resume and hasattr(self, "_random_state"):
            # A copy, so that a call that fails leaves the fitted state untouched.
            return copy.deepcopy(self._random_state)
        random_state = own_random_state(self.random_state)
        if self.checkpoint is not None and self.random_state is None:
            path = Path(self.checkpoint)
            if path.exists():  # the run that goes on began with this entropy
                random_state.set_state(read_state(path)["origin"])
        if self.checkpoint is not None:
            self._origin = random_state.get_state(legacy=False)
        return random_state

    def _split(
        self, rows: Rows, groups: Any, *, split: bool
    ) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Numbers of the training and validation rows; None means all, and none."""
        index = np.arange(rows.n)
        if rows.weight is not None:
            index = index[rows.weight > 0]  # a weight of 0 is the same as no row
        if not split or not self.early_stopping or self.solver == "lbfgs":
            return (None if len(index) == rows.n else as_tensor(index)), None
        strata = None if rows.y is None else self._strata(rows.y[index])
        if groups is not None:
            groups = column_or_1d(groups)
            check_consistent_length(rows.X, groups)
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

    def _load_fitted_weights(self, module: nn.Module) -> None:
        weights = self._weights()
        for name, tensor in module.state_dict().items():
            if name not in weights or weights[name].shape != tuple(tensor.shape):
                raise ValueError(
                    f"{type(self).__name__} cannot go on with its fitted weights: "
                    f"'{name}' has another shape now, or is new. Expected the "
                    "architecture of the last fit. Set warm_start=False to start anew."
                )
        load_weights(module, weights)

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
        rate = self.learning_rate_init
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

    def _score_validation(self, net: TensorNet, run: Run) -> float:
        """Score of the validation rows, by `early_stopping_scoring`."""
        scoring = self.early_stopping_scoring
        if scoring is None:
            return self._validation_score(net.valid_raw_, run.valid)
        if scoring == "loss":
            return -net.history[-1]["valid_loss"]
        model = copy.copy(self)
        model.__dict__.update(self._as_of_now(net))
        model.__dict__.pop("feature_names_in_", None)  # the rows are an array by now
        weights = {}
        if run.held_out.weight is not None:
            weights["sample_weight"] = run.held_out.weight
        with config_context(array_api_dispatch=False, enable_metadata_routing=False):
            scorer = check_scoring(model, scoring)
            return float(scorer(model, run.held_out.X, run.held_out.y, **weights))

    def _make_checkpoint(self, run: Run) -> Checkpoint | None:
        if self.checkpoint is None:
            return None
        if self.solver == "lbfgs":
            raise ValueError(
                "checkpoint does not go with solver='lbfgs', whose state SciPy keeps "
                "to itself. Expected a stochastic solver. Choose solver='adam', or "
                "leave checkpoint out."
            )
        parts = {
            name: value
            for name, value in self.get_params(deep=False).items()
            if name not in NOT_IN_CHECKPOINT
            and not isinstance(value, np.random.RandomState)
        }
        parts = {"estimator": type(self).__name__, "config": self._config, **parts}
        return Checkpoint(
            self.checkpoint,
            self.checkpoint_every,
            fingerprint(dict(sorted(parts.items())), run.train, run.valid),
            self.__dict__.pop("_origin", None),
        )

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
        elif net.stop_reason_ is None and self.n_iter_ == n_epochs:
            if net.recipe.schedule.ends:
                return  # a schedule that was planned for max_iter epochs is complete
            warn_user(
                f"Stochastic Optimizer: Maximum iterations ({n_epochs}) reached "
                "and the optimization hasn't converged yet.",
                ConvergenceWarning,
            )

    def _state_to_resume(self, net: TensorNet) -> dict:
        """Collect what warm_start and partial_fit need beside the weights."""
        average = net.recipe.average
        state = {
            "solver": self.solver,
            "learning_rate_init": self.learning_rate_init,
            "optimizer": to_portable(optimizer_state(net.optimizer_)),
            "schedule": net.recipe.schedule.state_dict(),
            "rate": None if net.optimizer_ is None else net.rate_,
        }
        if average is not None and average.value is not None:
            state["average"] = to_portable(average.state_dict())
            state["weights"] = weights_of(net.module_, copy=True)
        return state

    def _resume_optimizer(self, net: TensorNet, partial: bool) -> None:
        """Let the optimiser go on where an earlier call ended, if it is the same."""
        state = getattr(self, "_resume_state", None)
        if state is None or state["solver"] != self.solver or self.solver == "lbfgs":
            return
        load_optimizer_state(net.optimizer_, state["optimizer"])
        average = net.recipe.average
        if average is not None and "average" in state:
            value = from_portable(state["average"])
            if value["value"].shape == net.flat_.data.shape:
                load_weights(net.module_, state["weights"])
                average.load_state_dict(value, net.flat_.data)
        same_rate = _equal(state["learning_rate_init"], self.learning_rate_init)
        if partial and same_rate:
            net.recipe.schedule.load_state_dict(state["schedule"])
            for group in net.optimizer_.param_groups:  # what its momentum is based on
                group["lr"] = state["rate"] * group["share"]
            net.follow_schedule()

    def _make_bridge(self, run: Run) -> SklearnBridge | None:
        """Open the context of scikit-learn's callbacks, if there are any."""
        if not hasattr(self, "_skl_callbacks"):
            return None
        weight = run.given[2]
        metadata = None if weight is None else {"sample_weight": weight}
        return SklearnBridge(
            self._init_callback_context(max_subtasks=run.n_epochs),
            self,
            self._as_of_now,
            {"X": run.given[0], "y": run.given[1], "metadata": metadata},
        )

    def _as_of_now(self, net: TensorNet) -> dict:
        """Fitted attributes that make a copy of the estimator predict with `net`."""
        now = copy.copy(self)
        with net.averaged_weights():
            now._keep_weights(weights_of(net.module_, copy=True))
        now._live = LiveModule()
        now.n_iter_ = len(net.history)
        now.loss_ = net.history[-1]["train_loss"]
        return now.__dict__


def _finite(weights: dict[str, np.ndarray], net: TensorNet) -> dict[str, np.ndarray]:
    if not all(np.isfinite(w).all() for w in weights.values()):
        net.raise_diverged()
    return weights


def _equal(a: Any, b: Any) -> bool:
    return bool(np.array_equal(np.asarray(a), np.asarray(b)))
