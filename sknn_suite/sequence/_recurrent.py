"""What RNNClassifier and TextRNNClassifier share: a network over steps."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from numbers import Integral, Real
from typing import Any, cast

import torch
from torch import Tensor

from sknn_suite.checks import check_layer_sizes
from sknn_suite.data import TensorBundle, make_batches
from sknn_suite.device import RowLimit, share_tasks, suited_threads
from sknn_suite.doors import Interval, StrOptions
from sknn_suite.estimator import BoundModule, NeuralEstimator, Run
from sknn_suite.modules import CELLS, POOLINGS, SequenceNet
from sknn_suite.parameters import OneCycleParameters, param, parameters

# Rows of a batch whose states stay in a processor's cache, and rows that are encoded
# together for a prediction: of those of like length batches are made.
CACHED_ROWS, ENCODED_ROWS = 256, 2048


@parameters
class RecurrentEstimator(OneCycleParameters, NeuralEstimator):
    """Recurrent layers with attention and other poolings over the steps of a row.

    Parameters
    ----------
    hidden_sizes : int, array-like of int or "auto", default="auto"
        Units of each recurrent layer, in each direction. Each layer runs on the one
        below; the last is pooled, and those before by attention alone. "auto" takes 32,
        for numbers in one layer, for texts in two, of which the first has 64 if there
        are more than a million tokens.

    cell : {"lstm", "gru", "rnn"}, default="lstm"
        Kind of recurrent cell. "gru" is a quarter faster, "rnn" forgets soonest.

    bidirectional : bool, default=True
        Whether layers run in both directions.

    pooling : str or array-like of str, default=("attention", "mean", "max")
        How steps become one vector: any of "attention", "mean", "max" and "last", side
        by side.

    dense_size : int or "auto", default="auto"
        Units of the dense layer behind the poolings; 0 for none.

    batch_norm : bool, default=False
        Whether the dense layer is batch-normalised.

    dropout : float, default=0.0
        Probability, in [0, 1), that a number before or behind the dense layer is set to
        zero in a training step.

    spatial_dropout : float, default=0.0
        Probability, in [0, 1), that a channel of the input is set to zero in all steps
        of a row.

    recurrent_dropout : float, default=0.0
        Probability, in [0, 1), that a unit's state is not passed on from step to step;
        one draw for all steps of a batch.

    n_networks : int or "auto", default="auto"
        Networks that train side by side, each from initial weights of its own, and
        whose raw scores are averaged. Each makes predictions a little better, the
        second most, and takes as long as the first. `max_grad_norm` limits their
        gradients together. "auto" takes one; of fewer than 8,000 texts, from which a
        network learns more by chance, two.

    max_bptt : int or None, default=None
        Steps through which gradients flow back, for long rows; None for all.

    max_iter : int or "auto", default="auto"
        Largest number of epochs (passes over the data). "auto" suits the number of
        rows.
    """

    _encodes_by_chunks = False  # rows of like length are predicted together

    hidden_sizes: int | str | Sequence[int] = param(
        "auto",
        StrOptions({"auto"}),
        "array-like",
        Interval(Integral, 1, None, closed="left"),
    )
    cell: str = param("lstm", StrOptions(set(CELLS)))
    bidirectional: bool = param(True, "boolean")
    pooling: str | Sequence[str] = param(
        ("attention", "mean", "max"), StrOptions(set(POOLINGS)), "array-like"
    )
    dense_size: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 0, None, closed="left")
    )
    batch_norm: bool = param(False, "boolean")
    dropout: float = param(0.0, Interval(Real, 0, 1, closed="left"))
    spatial_dropout: float = param(0.0, Interval(Real, 0, 1, closed="left"))
    recurrent_dropout: float = param(0.0, Interval(Real, 0, 1, closed="left"))
    n_networks: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    max_bptt: int | None = param(None, Interval(Integral, 1, None, closed="left"), None)
    max_iter: int | str = param(  # type: ignore[assignment]
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )

    def _auto_sizes(self) -> tuple[int, ...]:
        """Units of the recurrent layers, then of the dense one, for "auto"."""
        return (32, 32)

    def _auto_networks(self) -> int:
        """Networks for "auto"."""
        return 1

    def _check_solver(self) -> None:
        if self.mixup:
            raise ValueError(
                f"mixup={self.mixup} does not go with rows of unequal length. "
                "Expected mixup=0. Use dropout to regularise."
            )

    def _configure_module(self) -> dict:
        *hidden, dense = self._auto_sizes()
        sizes: Any = self.hidden_sizes
        if isinstance(sizes, str):  # an array has an == of its own
            sizes = hidden
        kinds = self.pooling
        net = {
            "hidden_sizes": check_layer_sizes(sizes, "hidden_sizes", least=1),
            "n_outputs": self._n_outputs,
            "cell": self.cell,
            "bidirectional": bool(self.bidirectional),
            "pooling": _check_pooling([kinds] if isinstance(kinds, str) else kinds),
            "dense_size": dense if self.dense_size == "auto" else int(self.dense_size),
            "batch_norm": bool(self.batch_norm),
            "spatial_dropout": float(self.spatial_dropout),
            "recurrent_dropout": float(self.recurrent_dropout),
            "dropout": float(self.dropout),
            "max_bptt": self.max_bptt,
        }
        n_networks: Any = self.n_networks
        if n_networks == "auto":
            n_networks = self._auto_networks()
        return {"net": net, "n_networks": int(n_networks)}

    def _build_module(self, config: dict) -> SequenceNet:
        return SequenceNet(**config)

    def _init_module(self, module: Any) -> None:
        module.reset_parameters(self._random_state)

    def _rows_at_once(self, n_rows: int) -> int:
        return min(n_rows, CACHED_ROWS)

    def _scores_by_batches(self: Any, bound: BoundModule, X: Any) -> Tensor:
        """Raw scores of rows, of which those of like length meet each other."""
        n_rows = self._rows_at_once(ENCODED_ROWS)
        module, limit = cast(SequenceNet, bound.module), RowLimit(bound.device)
        places: list[Tensor] = []

        def encode(first: int) -> TensorBundle:
            rows = X[first : first + ENCODED_ROWS]
            bundle = self._encoder.transform(rows, bound.dtype).to(bound.device)
            return TensorBundle(module.look_up(bundle.inputs))

        def draw() -> Iterator[Callable[[], Tensor | None]]:
            for first, bundle, encode_next in encode_ahead(encode, X.shape[0]):
                if encode_next is not None:
                    yield encode_next
                order = bundle.lengths.argsort(stable=True)  # type: ignore[union-attr]
                places.append(order.cpu() + first)
                for batch in make_batches(bundle.select(order), n_rows):
                    yield partial(bound.scores_within, limit, batch)

        with torch.inference_mode(), suited_threads(n_rows * bound.largest):
            on_host = bound.device.type == "cpu"
            parts = (share_tasks if on_host else map)(lambda task: task(), draw())
            found = torch.cat([part for part in parts if part is not None])
            return found[torch.cat(places).argsort()]

    def _work(self, n_rows: int, n_parameters: int) -> float:
        return self._encoder.mean_length_ * super()._work(n_rows, n_parameters)

    def _prepare(self, *args: Any, **kwargs: Any) -> Run:
        self._check_solver()
        run = super()._prepare(*args, **kwargs)
        if run.valid is None:
            return run
        # Sorted by length, batches of validation rows hold little padding.
        return run._replace(valid=run.valid.select(run.valid.lengths.argsort()))


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
        Where the block begins, the block, and the task of encoding the next one, None
        behind the last; it must be called, or be under way in another thread, before
        the next one is drawn.
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


def _check_pooling(kinds: Any) -> tuple[str, ...]:
    kinds = tuple(kinds)
    if not kinds or not set(kinds) <= set(POOLINGS) or len(set(kinds)) < len(kinds):
        raise ValueError(
            f"pooling={kinds} is not a choice of poolings. Expected one or several, "
            f"each once, of {', '.join(POOLINGS)}. Change it."
        )
    return kinds
