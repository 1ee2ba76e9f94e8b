"""FittedNet: encoder, network and weights, and the way from rows to raw scores."""

import operator
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.data import TensorBundle, as_tensor, make_batches
from sknn_suite.device import (
    CHUNK_ROWS,
    RowLimit,
    map_rows,
    prediction_device,
    share_tasks,
    suited_threads,
)
from sknn_suite.modules import MLPScores, Network, largest_weight, n_parameters
from sknn_suite.training import bind_weights, load_weights

CPU = torch.device("cpu")

# Axis of rows in raw scores; the axis of models, if there are several, comes first.
ROW_AXIS = -2

# Rows that are encoded together for batches of similar length.
ENCODED_ROWS = 2048


@dataclass
class FittedNet:
    """What a fit has learnt: all that predictions need, and no rows.

    Parameters
    ----------
    encoder : object
        Rows to tensors: has ``transform(X, dtype)``, which returns a `TensorBundle`.
    network : Network
        Kind and configuration of the network.
    weights : dict of str to ndarray
        Its parameters and buffers.
    dtype : str
        Type of the arithmetic, such as "float32".
    target : object or None
        Raw scores to predictions: a `ClassTarget`, a `NumberTarget`, or None.
    home : str
        Array library and device of the training rows.
    work_per_row : float
        Multiply-adds per row, from which "auto" chooses a device.
    reading : {"chunks", "batches", "lengths"}
        How rows are read: encoded chunk by chunk, which suits numbers; encoded at once,
        and predicted in batches; or in batches of similar length.
    rows_at_once : int or None
        Largest number of rows that go through the module at a time.
    """

    encoder: Any
    network: Network
    weights: dict[str, np.ndarray]
    dtype: str
    target: Any = None
    home: str = "numpy"
    work_per_row: float = 0.0
    reading: str = "chunks"
    rows_at_once: int | None = None
    live: "LiveModule" = field(default_factory=lambda: LiveModule(), repr=False)

    def __getstate__(self) -> dict[str, Any]:
        # configuration, arrays and plain containers only
        return {name: value for name, value in vars(self).items() if name != "live"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.live = LiveModule()

    def module(self, device: torch.device = CPU) -> nn.Module:
        """Build a new module with the weights, in evaluation mode."""
        module = self.network.build(device, getattr(torch, self.dtype)).eval()
        load_weights(module, self.weights)
        return module.requires_grad_(False)

    def bundle(self, X: Any) -> TensorBundle:
        """Encode checked rows, on the CPU, in the type of the arithmetic."""
        return self.encoder.transform(X, getattr(torch, self.dtype))

    def bind(
        self, n_rows: int, device: str = "auto", adapt: Callable | None = None
    ) -> "BoundModule":
        """Give the module the weights, on the device that suits `n_rows` rows.

        Parameters
        ----------
        n_rows : int
            The rows that will be predicted.
        device : str, default="auto"
            The parameter of estimators.
        adapt : callable, default=None
            Called with module and network, to set what is not a weight.
        """
        where = prediction_device(device, work=n_rows * self.work_per_row)
        dtype = getattr(torch, self.dtype)
        bound = self.live.bound
        if bound is None or bound.device != where or bound.dtype != dtype:
            # A new one, since another thread may be predicting with the old.
            module = self.network.build(where, dtype).eval()
            bound = BoundModule(module, where, dtype)
        bound.bind(self.weights)
        if adapt is not None:
            adapt(bound.module, self.network)
        self.live.bound = bound
        return bound

    def raw_scores(
        self, X: Any, device: str = "auto", adapt: Callable | None = None
    ) -> Tensor:
        """Raw scores of checked rows, in X's type, on the host; see `bind`.

        Those of several models have an axis of models in front.
        """
        bound = self.bind(X.shape[0], device, adapt)
        raw = _READINGS[self.reading](self, bound, X, bound.raw_scores)
        dtype = torch.float32 if is_float32(X) else torch.float64
        if raw.dtype == dtype:
            return raw
        with torch.inference_mode():
            return raw.to(dtype)

    @property
    def n_features(self) -> int | None:
        """Number of `features`; None if the network has no layer that reads them."""
        bound = self.live.bound
        module = self.network.skeleton() if bound is None else bound.module
        return getattr(module, "n_features", None)

    def features(
        self, X: Any, device: str = "auto", adapt: Callable | None = None
    ) -> Tensor:
        """Compute the last layer's inputs for checked rows; see `raw_scores`."""
        bound = self.bind(X.shape[0], device, adapt)
        found = _READINGS[self.reading](self, bound, X, bound.features)
        exact = getattr(X, "dtype", None) in (np.float32, np.uint8)
        with torch.inference_mode():
            return found.to(torch.float32 if exact else torch.float64)

    def scores_of(
        self,
        bundle: TensorBundle,
        device: str = "auto",
        adapt: Callable | None = None,
    ) -> Tensor:
        """Raw scores of rows that are encoded already, on the host; see `bind`."""
        bound = self.bind(len(bundle), device, adapt)
        return _in_batches(self, bound, bundle, bound.raw_scores)


@dataclass
class LiveModule:
    """Holder of the module in memory; it is rebuilt from the state when missing.

    Parameters
    ----------
    bound : BoundModule or None
        The module.
    shown : list of ndarray
        Attributes of the estimator from which the weights were last taken.
    """

    bound: "BoundModule | None" = None
    shown: list[np.ndarray] = field(default_factory=list)


class BoundModule:
    """A module in evaluation mode that computes with fitted arrays.

    Parameters
    ----------
    module : nn.Module
        The module.
    device, dtype : torch.device and torch.dtype
        Device and type of its arithmetic.
    """

    def __init__(
        self, module: nn.Module, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.module = module
        self.device = device
        self.dtype = dtype
        self.largest = largest_weight(module)
        self.n_weights = n_parameters(module)
        self._arrays: list[np.ndarray] = []
        self._recast: list[tuple[Tensor, Tensor]] = []
        self._written_out: MLPScores | None = None
        if MLPScores.supports(module):
            self._written_out = MLPScores(module)

    def bind(self, weights: dict[str, np.ndarray]) -> None:
        """Compute with `weights` from now on, also if they are changed in place."""
        arrays = list(weights.values())
        if same_objects(arrays, self._arrays):
            for tensor, source in self._recast:
                tensor.copy_(source)
            return
        bind_weights(self.module, weights)
        tensors = self.module.state_dict()
        # Read-only arrays stay as they are, and need no second cast.
        self._recast = [
            (tensors[name], as_tensor(array))
            for name, array in weights.items()
            if array.flags.writeable and tensors[name].data_ptr() != array.ctypes.data
        ]
        if self._written_out is not None:
            self._written_out.bind()
        self._arrays = arrays

    def raw_scores(self, rows: TensorBundle, buffers: list) -> Tensor:
        """Raw scores of rows, on the host; `buffers` as for `MLPScores`."""
        rows = self._bring(rows)
        if self._written_out is not None:
            return self._written_out(rows.inputs["x"], buffers).cpu()
        return self.module(**rows.inputs).cpu()

    def features(self, rows: TensorBundle, buffers: list) -> Tensor:
        """Compute the last layer's inputs, on the host; `buffers` stay empty."""
        module: Any = self.module
        return module.features(**self._bring(rows).inputs).cpu()

    def _bring(self, rows: TensorBundle) -> TensorBundle:
        """Make rows that are chosen or ragged one dense batch, on the device."""
        if not rows.is_dense:
            rows = rows.slice(slice(None))
        return rows if self.device.type == "cpu" else rows.to(self.device)


def same_objects(one: list, other: list) -> bool:
    """Whether two lists hold the same objects."""
    return len(one) == len(other) and all(map(operator.is_, one, other))


def is_float32(X: Any) -> bool:
    """Whether X is an array of float32; scikit-learn makes all else float64."""
    return getattr(X, "dtype", None) == np.float32


# -- ways to read rows ---------------------------------------------------------------

# What is computed of a batch: `BoundModule.raw_scores` or `BoundModule.features`.
Look = Callable[[TensorBundle, list], Tensor]


def _within(limit: RowLimit, look: Look, batch: TensorBundle) -> Tensor:
    """Look at a batch; `limit` bounds the rows at once."""
    return limit.map(lambda rows: look(batch.slice(rows), []), len(batch), ROW_AXIS)


def _by_chunks(net: FittedNet, bound: BoundModule, X: Any, look: Look) -> Tensor:
    """Encode and predict chunk by chunk."""

    def begin() -> Callable[[slice], Tensor]:
        buffers: list[Tensor] = []

        def scores(rows: slice) -> Tensor:
            bundle = net.encoder.transform(X[rows], bound.dtype)
            return look(bundle, buffers)

        return scores

    work = bound.largest
    return map_rows(begin, X.shape[0], bound.device, work=work, dim=ROW_AXIS)


def _by_batches(net: FittedNet, bound: BoundModule, X: Any, look: Look) -> Tensor:
    """Encode all rows at once, and predict them in batches."""
    return _in_batches(net, bound, net.encoder.transform(X, bound.dtype), look)


def _in_batches(
    net: FittedNet, bound: BoundModule, bundle: TensorBundle, look: Look
) -> Tensor:
    """Predict encoded rows in batches."""
    n_rows = net.rows_at_once or CHUNK_ROWS
    limit = RowLimit(bound.device)
    with torch.inference_mode(), suited_threads(n_rows * bound.largest):
        batches = make_batches(bundle, n_rows)
        parts = [_within(limit, look, batch) for batch in batches]
        return torch.cat(parts, ROW_AXIS)


def _by_lengths(net: FittedNet, bound: BoundModule, X: Any, look: Look) -> Tensor:
    """Predict rows of similar length together; meanwhile encode the next ones."""
    n_rows = net.rows_at_once or ENCODED_ROWS
    limit = RowLimit(bound.device)
    module: Any = bound.module
    places: list[Tensor] = []

    def encode(first: int) -> TensorBundle:
        rows = X[first : first + ENCODED_ROWS]
        bundle = net.encoder.transform(rows, bound.dtype).to(bound.device)
        return TensorBundle(module.look_up(bundle.inputs))

    def draw() -> Iterator[Callable[[], Tensor | None]]:
        for first, bundle, encode_next in encode_ahead(encode, X.shape[0]):
            if encode_next is not None:
                yield encode_next
            order = bundle.lengths.argsort(stable=True)  # type: ignore[union-attr]
            places.append(order.cpu() + first)
            for batch in make_batches(bundle.select(order), n_rows):
                yield partial(_within, limit, look, batch)

    with torch.inference_mode(), suited_threads(n_rows * bound.largest):
        on_host = bound.device.type == "cpu"
        parts = (share_tasks if on_host else map)(lambda task: task(), draw())
        found = torch.cat([part for part in parts if part is not None])
        return found[torch.cat(places).argsort()]


_READINGS: dict[str, Callable[[FittedNet, BoundModule, Any, Look], Tensor]] = {
    "chunks": _by_chunks,
    "batches": _by_batches,
    "lengths": _by_lengths,
}


def encode_ahead(
    encode: Callable[[int], TensorBundle], n_rows: int
) -> Iterator[tuple[int, TensorBundle, Callable[[], None] | None]]:
    """Encode rows block by block, the next one while batches of one are computed.

    Parameters
    ----------
    encode : callable
        Bundle of the block that begins at a row.
    n_rows : int
        Rows of all blocks.

    Yields
    ------
    first, bundle, encode_next : int, TensorBundle, callable
        First row of the block, the block, and a function that encodes the next one,
        None after the last. Call it, or start it in another thread, before the next
        block is asked for.
    """
    bundle = encode(0)
    for first in range(0, n_rows, ENCODED_ROWS):
        then: Future = Future()
        next_first = first + ENCODED_ROWS
        if next_first < n_rows:
            yield first, bundle, partial(_settle, then, encode, next_first)
            bundle = then.result()
        else:
            yield first, bundle, None


def _settle(then: Future, encode: Callable[[int], TensorBundle], first: int) -> None:
    try:
        then.set_result(encode(first))
    except BaseException as error:
        then.set_exception(error)
