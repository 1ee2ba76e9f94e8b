"""The inputs of a graph, and how encoders turn them into what a network reads."""

from collections.abc import Callable
from typing import Any

import numpy as np

from sknn_suite.encoding import (
    ImageEncoder,
    MixedTableEncoder,
    ScaledTable,
    SequenceEncoder,
    TableEncoder,
    TextEncoder,
)
from sknn_suite.encoding._scaled import FAR
from sknn_suite.export._columns import write_columns
from sknn_suite.export._graph import Graph
from sknn_suite.export._value import Value

# Largest size of a scaled number, as in `ScaledTable`.
LARGEST = 1e30

FREE = "n_rows"


def write_scaled(encoder: ScaledTable, x: Value) -> Value:
    """Write scaling, in float64 as `ScaledTable` computes it."""
    x = x.cast(np.float64)
    if encoder.scaling is None:
        return x
    if encoder.scaling == "log1p":
        return x.then("Sign") * (abs(x) + 1.0).log()
    z = ((x - encoder.center_) / encoder.scale_).clip(-LARGEST, LARGEST)
    if not encoder.squash:
        return z
    size = abs(z)
    far = z.then("Sign") * ((size - FAR + 1.0).clip(1.0).log() + FAR)
    return (size > FAR).choose(far, z)


def write_rows(graph: Graph, model: Any, dtype: Any) -> dict[str, Value]:
    """Declare the inputs of a model, and write what its encoder does.

    Parameters
    ----------
    graph : Graph
        The graph.
    model : estimator
        Fitted.
    dtype : dtype
        Type of the numbers in rows.

    Returns
    -------
    dict of str to Value
        What the network reads, by name; tables are in the type of its arithmetic.
    """
    net = model._fitted_net()
    kinds = type(net.encoder).__mro__
    write = next(_WRITERS[kind] for kind in kinds if kind in _WRITERS)
    return write(graph, model, net, np.dtype(dtype))


def _table(graph: Graph, model: Any, net: Any, dtype: np.dtype) -> dict[str, Value]:
    x = graph.input("X", dtype, (FREE, net.encoder.n_features_))
    if isinstance(net.encoder, ScaledTable):
        return {"x": write_scaled(net.encoder, x).cast(net.dtype)}
    return {"x": x.cast(np.float32)}


def _sequences(graph: Graph, model: Any, net: Any, dtype: np.dtype) -> dict[str, Value]:
    shape = (FREE, "n_steps", net.encoder.n_channels_)
    values = write_scaled(net.encoder._scaler, graph.input("X", dtype, shape))
    lengths = graph.input("lengths", np.int64, (FREE,))
    return {"values": values.cast(np.float32), "lengths": lengths}


def _texts(graph: Graph, model: Any, net: Any, dtype: np.dtype) -> dict[str, Value]:
    encoder, most = net.encoder, "n_words"
    width = "n_entries" if encoder.pieces else 2
    inputs = {
        "tokens": graph.input("tokens", np.int64, (FREE, "n_steps")),
        "lengths": graph.input("lengths", np.int64, (FREE,)),
        "entries": graph.input("entries", np.int64, (most, width)),
    }
    if encoder.ngrams:
        inputs |= {
            "words": graph.input("words", np.int64, (FREE, "n_different")),
            "grams": graph.input("grams", np.int64, (most, "n_grams")),
            "runs": graph.input("runs", np.int64, (FREE, "n_runs")),
        }
    return inputs


def _images(graph: Graph, model: Any, net: Any, dtype: np.dtype) -> dict[str, Value]:
    h, w, c = model.image_shape_
    if model._pixel_unit is not None:
        kind = np.uint8 if model._pixel_unit == 255.0 else dtype
        return {"x": graph.input("X", kind, (FREE, h, w, c))}
    # Flat rows of numbers, which have no unit.
    x = graph.input("X", dtype, (FREE, h * w * c))
    if model.data_format == "channels_first" and c > 1:
        return {"x": x.reshape(-1, c, h, w).transpose(0, 2, 3, 1)}
    return {"x": x.reshape(-1, h, w, c)}


def _mixed(graph: Graph, model: Any, net: Any, dtype: np.dtype) -> dict[str, Value]:
    return write_columns(graph, net.encoder, dtype)


_WRITERS: dict[type, Callable[[Graph, Any, Any, np.dtype], dict[str, Value]]] = {
    TableEncoder: _table,
    ScaledTable: _table,
    SequenceEncoder: _sequences,
    TextEncoder: _texts,
    ImageEncoder: _images,
    MixedTableEncoder: _mixed,
}
