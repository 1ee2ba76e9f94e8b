"""From fitted arrays to raw scores: the state of an estimator, and what reads it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sknn_suite._arrays import Home, check_same_home, to_numpy
from sknn_suite._bundle import TensorBundle
from sknn_suite._device import prediction_device, suited_threads
from sknn_suite.modules import largest_weight, materialize, n_parameters
from sknn_suite.training import bind_weights, make_batches

# Rows per chunk of a prediction: hidden layers of this many rows stay in the cache.
PREDICT_ROWS = 4096


@dataclass
class BoundModule:
    """A module in evaluation mode that computes with fitted arrays.

    Parameters
    ----------
    module : nn.Module
        The module.
    device, dtype : torch.device and torch.dtype
        Where and as what it computes.
    arrays : list of ndarray
        What it was bound to last.
    shares : bool
        Whether it shares their memory, and so sees what is changed in place.
    """

    module: nn.Module
    device: torch.device
    dtype: torch.dtype
    arrays: list[np.ndarray]
    shares: bool

    def __post_init__(self) -> None:
        self.largest = largest_weight(self.module)
        self.n_weights = n_parameters(self.module)
        self.places: list[tuple] = []

    def bind(self, weights: dict[str, np.ndarray]) -> None:
        """Compute with `weights` from now on."""
        arrays = list(weights.values())
        places = [_memory(array) for array in arrays]
        if self.shares and places == self.places:
            return
        bind_weights(self.module, weights)
        self.arrays, self.places = arrays, places
        own = {"float32": torch.float32, "float64": torch.float64}.get
        self.shares = self.device.type == "cpu" and all(
            own(array.dtype.name) in (self.dtype, None) and array.flags.writeable
            for array in arrays
        )


class LiveModule:
    """Holder of the module in memory; it is rebuilt from the state when missing."""

    bound: BoundModule | None = None


class NetworkPrediction:
    """Mixin of estimators whose state is arrays, from which a module is built.

    Whoever mixes it in has ``_config``, ``_dtype``, ``_home``, ``_encoder`` and
    ``device``, and the methods `_build_module`, `_check_rows` and `_work`.
    """

    def _keep_weights(self, weights: dict[str, np.ndarray]) -> None:
        """Store the module's arrays; a subclass may show some of them as attributes."""
        self._module_state = weights

    def _weights(self) -> dict[str, np.ndarray]:
        """All arrays of the module by name."""
        return self._module_state

    def __getstate__(self: Any) -> dict:
        state = dict(super().__getstate__())  # type: ignore[call-overload]
        state.pop("_live", None)  # configuration, arrays and plain containers only
        return state

    def __setstate__(self: Any, state: dict) -> None:
        super().__setstate__(state)  # type: ignore[misc]
        if self.__sklearn_is_fitted__():
            self._live = LiveModule()

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_config")

    def _raw_scores(self: Any, X: Any, caller: str) -> tuple[torch.Tensor, Home | None]:
        """Raw scores of rows, in X's type, on the host; and where X came from."""
        check_is_fitted(self)
        X, home = to_numpy(X)
        check_same_home(self._home, home, f"{type(self).__name__}.{caller}")
        X = self._check_rows(X)
        bound = self._bind_module(X.shape[0])
        bundle = self._encoder.transform(X, bound.dtype)
        work = min(len(bundle), PREDICT_ROWS) * bound.largest
        with torch.inference_mode(), suited_threads(work):
            if bundle.is_dense and len(bundle) <= PREDICT_ROWS:
                on_host = bound.device.type == "cpu"
                rows = bundle if on_host else bundle.to(bound.device)
                raw = bound.module(**rows.inputs)
            else:
                raw = self._scores_of_parts(bundle, bound)
            kind = torch.float32 if is_float32(X) else torch.float64
            return raw.to("cpu", kind), home

    def _scores_of_parts(
        self, bundle: TensorBundle, bound: BoundModule
    ) -> torch.Tensor:
        """Raw scores part by part; rows of unequal length meet their like."""
        order = None
        lengths = bundle.lengths
        if lengths is not None:
            bundle = bundle.to(bound.device)  # once, with what all its batches share
            order = lengths.to(bound.device).argsort(stable=True)
        parts = [
            bound.module(**batch.to(bound.device).inputs).cpu()
            for batch in make_batches(bundle.select(order), PREDICT_ROWS)
        ]
        raw = torch.cat(parts)
        return raw if order is None else raw[order.argsort().cpu()]

    def _bind_module(self: Any, n_rows: int) -> BoundModule:
        """Give the module the memory of the fitted arrays, on the device that suits."""
        weights = self._weights()
        bound = self._live.bound
        if bound is None:
            n_weights = sum(w.size for w in weights.values())
        else:
            n_weights = bound.n_weights
        device = prediction_device(self.device, work=self._work(n_rows, n_weights))
        dtype = getattr(torch, self._dtype)
        if bound is None or bound.device != device or bound.dtype != dtype:
            # A new one, since another thread may be predicting with the old.
            module = self._build_module(self._config).eval()
            materialize(module, device, dtype)
            bound = BoundModule(module, device, dtype, [], False)
        bound.bind(weights)
        self._live.bound = bound
        return bound

    def _prediction_module(self, n_rows: int) -> nn.Module:
        """Build the module in evaluation mode, for whoever wants other outputs."""
        return self._bind_module(n_rows).module


def _memory(array: np.ndarray) -> tuple:
    """Where an array lies; no other one does while it is kept."""
    return array.__array_interface__["data"][0], array.strides


def is_float32(X: Any) -> bool:
    """Whether X is an array of float32; scikit-learn makes all else float64."""
    return getattr(X, "dtype", None) == np.float32
