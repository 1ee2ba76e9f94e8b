"""From fitted arrays to raw scores: the state of an estimator, and what reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sknn_suite.data import TensorBundle, as_tensor, make_batches
from sknn_suite.device import (
    CHUNK_ROWS,
    RowLimit,
    map_rows,
    prediction_device,
    suited_threads,
)
from sknn_suite.doors import Home, check_same_home, to_numpy
from sknn_suite.modules import (
    MLPScores,
    largest_weight,
    materialize,
    n_parameters,
)
from sknn_suite.training import bind_weights


@dataclass
class BoundModule:
    """A module in evaluation mode that computes with fitted arrays.

    Parameters
    ----------
    module : nn.Module
        The module.
    device, dtype : torch.device and torch.dtype
        Where and as what it computes.
    """

    module: nn.Module
    device: torch.device
    dtype: torch.dtype

    def __post_init__(self) -> None:
        self.largest = largest_weight(self.module)
        self.n_weights = n_parameters(self.module)
        self._places: list[tuple] = []
        self._recast: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._written_out: MLPScores | None = None
        if MLPScores.supports(self.module):
            self._written_out = MLPScores(self.module)

    def bind(self, weights: dict[str, np.ndarray]) -> None:
        """Compute with `weights` from now on, also if they are changed in place."""
        places = [_memory(array) for array in weights.values()]
        if places == self._places:
            for tensor, source in self._recast:
                tensor.copy_(source)
            return
        bind_weights(self.module, weights)
        tensors = self.module.state_dict()
        self._recast = [
            (tensors[name], as_tensor(array))
            for name, array in weights.items()
            if tensors[name].data_ptr() != _memory(array)[0]
        ]
        if self._written_out is not None:
            self._written_out.bind()
        # The arrays are kept, so that no other ones can come to lie in their places.
        self._arrays, self._places = list(weights.values()), places

    def raw_scores(self, rows: TensorBundle, buffers: list) -> torch.Tensor:
        """Raw scores of rows, on the host; `buffers` as `MLPScores` wants it."""
        if not rows.is_dense:
            rows = rows.slice(slice(None))
        if self.device.type != "cpu":
            rows = rows.to(self.device)
        if self._written_out is not None:
            return self._written_out(rows.inputs["x"], buffers).cpu()
        return self.module(**rows.inputs).cpu()

    def scores_within(self, limit: RowLimit, batch: TensorBundle) -> torch.Tensor:
        """Raw scores of a batch, on the host, as many rows at once as `limit` says."""
        return limit.map(lambda r: self.raw_scores(batch.slice(r), []), len(batch))


class LiveModule:
    """Holder of the module in memory; it is rebuilt from the state when missing."""

    bound: BoundModule | None = None


class NetworkPrediction:
    """Mixin of estimators whose state is arrays, from which a module is built.

    Whoever mixes it in has ``_config``, ``_dtype``, ``_home``, ``_encoder`` and
    ``device``, and the methods `_build_module`, `_check_rows` and `_work`.
    """

    # Whether rows are encoded chunk by chunk, as suits those that are numbers already.
    _encodes_by_chunks = True

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
        if not self.__sklearn_is_fitted__():  # the tags it asks for take their time
            check_is_fitted(self)
        X, home = to_numpy(X)
        check_same_home(self._home, home, f"{type(self).__name__}.{caller}")
        X = self._check_rows(X)
        bound = self._bind_module(X.shape[0])
        if self._encodes_by_chunks:
            raw = map_rows(
                lambda: self._scores_by_chunks(bound, X),
                X.shape[0],
                bound.device,
                work=bound.largest,
            )
        else:
            raw = self._scores_by_batches(bound, X)
        with torch.inference_mode():
            return raw.to(torch.float32 if is_float32(X) else torch.float64), home

    def _scores_by_chunks(
        self: Any, bound: BoundModule, X: Any
    ) -> Callable[[slice], torch.Tensor]:
        buffers: list[torch.Tensor] = []

        def scores(rows: slice) -> torch.Tensor:
            bundle = self._encoder.transform(X[rows], bound.dtype)
            return bound.raw_scores(bundle, buffers)

        return scores

    def _scores_by_batches(self: Any, bound: BoundModule, X: Any) -> torch.Tensor:
        """Raw scores of rows whose encoding gives batches of itself."""
        bundle = self._encoder.transform(X, bound.dtype)
        n_rows = self._rows_at_once(CHUNK_ROWS)
        limit = RowLimit(bound.device)
        with torch.inference_mode(), suited_threads(n_rows * bound.largest):
            batches = make_batches(bundle, n_rows)
            return torch.cat([bound.scores_within(limit, batch) for batch in batches])

    def _rows_at_once(self, n_rows: int) -> int:
        """Rows that go through the module at a time, of `n_rows` that usually do."""
        return n_rows

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
            bound = BoundModule(module, device, dtype)
        bound.bind(weights)
        self._live.bound = bound
        return bound

    def _prediction_module(self, n_rows: int) -> nn.Module:
        """Build the module in evaluation mode, for whoever wants other outputs."""
        return self._bind_module(n_rows).module


def _memory(array: np.ndarray) -> tuple:
    """Where an array lies and what it is; no other one does while it is kept."""
    address = array.__array_interface__["data"][0]
    return address, array.strides, array.shape, array.dtype


def is_float32(X: Any) -> bool:
    """Whether X is an array of float32; scikit-learn makes all else float64."""
    return getattr(X, "dtype", None) == np.float32
