"""NeuralEstimator: the way from user data to a fitted network, once for all."""

import copy
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sknn_suite._arrays import Home, check_same_home, home_name, to_numpy
from sknn_suite._bundle import TensorBundle, as_tensor
from sknn_suite._device import Place, choose_place, prediction_device, suited_threads
from sknn_suite._parameters import parameters
from sknn_suite._random import own_random_state
from sknn_suite._sklearn import check_optimize_result
from sknn_suite._split import split_rows
from sknn_suite._training_parameters import TrainingParameters
from sknn_suite._training_record import TrainingRecord
from sknn_suite._warnings import warn_user
from sknn_suite.exceptions import InterruptedWarning
from sknn_suite.losses import Loss
from sknn_suite.modules import largest_weight, materialize, n_parameters, narrowest_side
from sknn_suite.training import (
    BundleBatches,
    SklearnBridge,
    TensorNet,
    bind_weights,
    from_portable,
    load_weights,
    make_callbacks,
    make_net,
    to_portable,
    weights_of,
)

# Rows per chunk of a prediction: hidden layers of this many rows stay in the cache.
PREDICT_ROWS = 2048


class Rows(NamedTuple):
    """Checked training rows: X as the encoder takes it, y and weight as arrays."""

    X: Any
    y: Any
    weight: np.ndarray | None

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.X.shape[0]


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


class LiveModule:
    """The module in memory; it is rebuilt from the state where it is missing."""

    module: nn.Module | None = None


@parameters
class NeuralEstimator(
    TrainingParameters, TrainingRecord, CallbackSupportMixin, BaseEstimator
):
    """Base of all estimators: checks, split, encoder, net, fitted attributes.

    A subclass says how rows are checked (`_check_training_rows`, `_check_rows`) and
    encoded (`_make_encoder`, `_encode_target`), which module is trained
    (`_configure_module`, `_build_module`, `_init_module`), by which loss
    (`_make_loss`), and how validation rows are chosen and scored.
    """

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

    def _validation_score(self, raw: torch.Tensor, valid: TensorBundle) -> float:
        raise NotImplementedError

    # -- fit -------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        resume: bool = False,
        n_epochs: int | None = None,
    ) -> "NeuralEstimator":
        """Train on X and y; `resume` continues from the fitted weights.

        `n_epochs` is the number of epochs that partial_fit wants, None for a fit.
        """
        X, home = to_numpy(X)
        partial = n_epochs is not None
        rows = self._check_training_rows(
            X, y, sample_weight, resume=resume, partial=partial
        )
        self._home = home_name(home)
        self._random_state = self._take_random_state(resume)
        train_rows, valid_rows = self._split(rows)
        if not resume or not self.__sklearn_is_fitted__():
            self._encoder = self._make_encoder().fit(rows.X, train_rows)
            self._config = self._configure_module()
        self._input_dtype = "float32" if is_float32(rows.X) else "float64"
        module, place = self._place_module(rows, resume)
        loss = self._make_loss()
        self.out_activation_ = loss.out_activation
        bundle = self._bundle(rows, place.dtype).to(place.device)
        train = bundle.select(train_rows)
        valid = None if valid_rows is None else bundle.select(valid_rows)
        net = make_net(
            self,
            module,
            loss,
            place,
            batch_size=self._clip_batch_size(len(train)),
            max_epochs=n_epochs or self.max_iter,
            random_state=self._random_state,
        )
        self._train(net, train, valid, rows, resume=resume, partial=partial)
        return self

    def _take_random_state(self, resume: bool) -> np.random.RandomState:
        if resume and hasattr(self, "_random_state"):
            # A copy, so that a call that fails leaves the fitted state untouched.
            return copy.deepcopy(self._random_state)
        return own_random_state(self.random_state)

    def _split(self, rows: Rows) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Numbers of the training and validation rows; None means all, and none."""
        index = np.arange(rows.n)
        if rows.weight is not None:
            index = index[rows.weight > 0]  # a weight of 0 is the same as no row
        if not self.early_stopping or self.solver == "lbfgs":
            return (None if len(index) == rows.n else as_tensor(index)), None
        strata = None if rows.y is None else self._strata(rows.y[index])
        train, valid = split_rows(
            index, strata, self.validation_fraction, self._random_state
        )
        return as_tensor(train), as_tensor(valid)

    def _place_module(self, rows: Rows, resume: bool) -> tuple[nn.Module, Place]:
        """Build the module, with its weights, where and in the type it will train."""
        module = self._build_module(self._config)
        place = choose_place(
            self.device,
            self.precision,
            is_float64=self._input_dtype == "float64",
            work=float(rows.n) * n_parameters(module),
            width=min(narrowest_side(module), self._clip_batch_size(rows.n)),
        )
        materialize(module, place.device, place.dtype)
        if resume:
            load_weights(module, self._weights())
        else:
            self._init_module(module)
        self._dtype = str(place.dtype).removeprefix("torch.")
        return module, place

    def _clip_batch_size(self, n_rows: int) -> int:
        """Rows per batch: "auto" is min(200, n_rows); more than n_rows are clipped."""
        if self.batch_size == "auto":
            return min(200, n_rows)
        return min(int(self.batch_size), n_rows)

    def _bundle(self, rows: Rows, dtype: torch.dtype) -> TensorBundle:
        return TensorBundle(
            self._encoder.transform(rows.X, dtype).inputs,
            None if rows.y is None else self._encode_target(rows.y, dtype),
            None if rows.weight is None else as_tensor(rows.weight, dtype),
        )

    def _train(
        self,
        net: TensorNet,
        train: TensorBundle,
        valid: TensorBundle | None,
        rows: Rows,
        *,
        resume: bool,
        partial: bool,
    ) -> None:
        progress = self._begin_record(resume=resume)
        score = None
        if valid is not None:
            score = functools.partial(self._validation_score, valid=valid)
        net.callbacks = make_callbacks(
            self, progress, t=self.t_, score=score, bridge=self._make_bridge(rows)
        )
        net.initialize()
        if resume:
            self._resume_optimizer(net)
        with suited_threads(net.batch_size * largest_weight(net.module_)):
            net.partial_fit(train, valid)
        best = _best_weights(net)
        if best is not None:
            load_weights(net.module_, best)
        self._record(net, progress, len(train))
        self._keep(net)
        if not partial:
            self._warn_unless_converged(net)

    def _warn_unless_converged(self, net: TensorNet) -> None:
        if net.interrupted_:
            warn_user(
                "Training interrupted by user. The best state so far is kept. "
                "Fit again to train to the end.",
                InterruptedWarning,
            )
        elif self.solver == "lbfgs":
            check_optimize_result("lbfgs", net.result_, self.max_iter)
        elif net.stop_reason_ is None and self.n_iter_ == self.max_iter:
            warn_user(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached "
                "and the optimization hasn't converged yet.",
                ConvergenceWarning,
            )

    def _keep(self, net: TensorNet) -> None:
        """Turn the trained net into portable state."""
        weights = weights_of(net.module_, copy=False)
        if not all(np.isfinite(w).all() for w in weights.values()):
            net.raise_diverged()
        self._keep_weights(weights)
        self._optimizer_state = None
        if net.optimizer_ is not None:
            self._optimizer_state = {
                "solver": self.solver,
                "learning_rate_init": self.learning_rate_init,
                "learning_rate": net.optimizer_.param_groups[0]["lr"],
                "state": to_portable(net.optimizer_.state_dict()["state"]),
            }
        self._live = LiveModule()

    def _resume_optimizer(self, net: TensorNet) -> None:
        """Let the optimiser go on where an earlier call ended, if it is the same."""
        saved = getattr(self, "_optimizer_state", None)
        if saved is None or saved["solver"] != self.solver:
            return
        state = net.optimizer_.state_dict()
        state["state"] = from_portable(saved["state"])
        if saved["learning_rate_init"] == self.learning_rate_init:
            for group in state["param_groups"]:
                group["lr"] = saved["learning_rate"]
        net.optimizer_.load_state_dict(state)

    def _make_bridge(self, rows: Rows) -> SklearnBridge | None:
        """Open the context of scikit-learn's callbacks, if there are any."""
        if not hasattr(self, "_skl_callbacks"):
            return None
        metadata = None if rows.weight is None else {"sample_weight": rows.weight}
        return SklearnBridge(
            self._init_callback_context(max_subtasks=self.max_iter),
            self,
            self._as_of_now,
            {"X": rows.X, "y": rows.y, "metadata": metadata},
        )

    def _as_of_now(self, net: TensorNet) -> dict:
        """Fitted attributes that make a copy of the estimator predict with `net`."""
        now = copy.copy(self)
        now._keep_weights(weights_of(net.module_, copy=True))
        now._live = LiveModule()
        now.n_iter_ = len(net.history)
        now.loss_ = net.history[-1]["train_loss"]
        return now.__dict__

    # -- state -----------------------------------------------------------------------

    def _keep_weights(self, weights: dict[str, np.ndarray]) -> None:
        """Store the module's arrays; a subclass may show some of them as attributes."""
        self._module_state = weights

    def _weights(self) -> dict[str, np.ndarray]:
        """All arrays of the module by name."""
        return self._module_state

    def __getstate__(self) -> dict:
        state = dict(super().__getstate__())
        state.pop("_live", None)  # configuration, arrays and plain containers only
        return state

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        if self.__sklearn_is_fitted__():
            self._live = LiveModule()

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_config")

    # -- predict ---------------------------------------------------------------------

    def _raw_scores(self, X: Any, caller: str) -> tuple[torch.Tensor, Home | None]:
        """Raw scores of rows, in X's type, on the host; and where X came from."""
        check_is_fitted(self)
        X, home = to_numpy(X)
        check_same_home(self._home, home, f"{type(self).__name__}.{caller}")
        X = self._check_rows(X)
        module = self._prediction_module(X.shape[0])
        parameter = next(module.parameters())
        bundle = self._encoder.transform(X, parameter.dtype)
        work = min(len(bundle), PREDICT_ROWS) * largest_weight(module)
        with torch.inference_mode(), suited_threads(work):
            parts = [
                module(**batch.to(parameter.device).inputs).cpu()
                for batch in BundleBatches(bundle, PREDICT_ROWS)
            ]
            raw = parts[0] if len(parts) == 1 else torch.cat(parts)
            return raw.to(torch.float32 if is_float32(X) else torch.float64), home

    def _prediction_module(self, n_rows: int) -> nn.Module:
        """Give the module, in evaluation mode, the memory of the fitted arrays."""
        module = self._live.module
        if module is None:
            module = self._live.module = self._build_module(self._config).eval()
        work = float(n_rows) * n_parameters(module)
        device = prediction_device(self.device, work=work)
        parameter = next(module.parameters())
        dtype = getattr(torch, self._dtype)
        if parameter.device != device or parameter.dtype != dtype:
            materialize(module, device, dtype)
        bind_weights(module, self._weights())
        return module


def _best_weights(net: TensorNet) -> dict[str, np.ndarray] | None:
    for _, callback in net.callbacks_:
        best = getattr(callback, "best_weights_", None)
        if best is not None:
            return best
    return None


def is_float32(X: Any) -> bool:
    """Whether X is an array of float32; scikit-learn makes all else float64."""
    return getattr(X, "dtype", None) == np.float32
