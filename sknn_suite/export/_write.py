"""A fitted model of the suite as an ONNX model."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknn_suite._version import __version__
from sknn_suite.encoding import ClassTarget, MixedTableEncoder, TextEncoder
from sknn_suite.estimator import NeuralEstimator
from sknn_suite.export._answers import write_classes, write_numbers, write_scores
from sknn_suite.export._columns import describe_columns
from sknn_suite.export._foreign import write_own
from sknn_suite.export._graph import Graph
from sknn_suite.export._images import write_images
from sknn_suite.export._layers import write_mlp
from sknn_suite.export._mixed import write_pack
from sknn_suite.export._rows import write_rows
from sknn_suite.export._scores import write_score
from sknn_suite.export._sequences import write_sequences
from sknn_suite.export._texts import describe_texts
from sknn_suite.export._value import Value

DETECTORS = ("autoencoder", "vae")

EXPECTED = (
    "MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, "
    "TextRNNClassifier, RNNClassifier, CNNClassifier, AutoencoderDetector or "
    "VAEDetector"
)


def check_exportable(model: Any, needed_by: str) -> Any:
    """Return the fitted net of a model; refuse one that cannot be written.

    Parameters
    ----------
    model : object
        What the user gave.
    needed_by : str
        What the user called.

    Raises
    ------
    ValueError
        If it is of another kind.
    NotFittedError
        If it is not fitted.
    """
    if isinstance(model, NeuralEstimator):
        check_is_fitted(model)
        net = model._fitted_net()
        kind = net.network.kind
        if kind in (*_NETWORKS, *DETECTORS):
            return net
    raise ValueError(
        f"{needed_by} got a {type(model).__name__}, whose network it cannot write. "
        f"Expected a fitted {EXPECTED}. "
        "Pass one of these, or keep the model with sknn_suite.persistence.save."
    )


def write_model(model: Any, dtype: Any, rows: Any = None) -> Any:
    """Write a fitted estimator of the suite as an ONNX model.

    Parameters
    ----------
    model : estimator
        The estimator.
    dtype : dtype
        Type of the numbers in answers.
    rows : dtype or None
        Type of the numbers in rows, if it is another.
    """
    net = check_exportable(model, "to_onnx")
    graph = Graph()
    inputs = write_rows(graph, model, rows or dtype)
    module = net.module()
    if net.network.kind in DETECTORS:
        fitted = model._scores
        score = write_score(fitted.score, module, fitted.distribution, inputs["x"])
        write_scores(score, model.offset_, dtype)
    else:
        raw = _NETWORKS[net.network.kind](model, net, module, inputs)
        is_classes = isinstance(net.target, ClassTarget)
        write = write_classes if is_classes else write_numbers
        write(net.target, model.out_activation_, raw, dtype)
    metadata = {"estimator": type(model).__name__, "sknn_suite": __version__}
    if isinstance(net.encoder, TextEncoder):
        metadata["texts"] = describe_texts(net.encoder)
    if isinstance(net.encoder, MixedTableEncoder):
        metadata["columns"] = describe_columns(net.encoder)
    return graph.model(metadata)


def _mlp(model: Any, net: Any, module: Any, inputs: dict[str, Value]) -> Value:
    return write_mlp(module, inputs["x"].cast(np.float32))


def _pack(model: Any, net: Any, module: Any, inputs: dict[str, Value]) -> Value:
    return write_pack(module, net.network.config, inputs)


def _sequence(model: Any, net: Any, module: Any, inputs: dict[str, Value]) -> Value:
    return write_sequences(module, inputs)


def _image(model: Any, net: Any, module: Any, inputs: dict[str, Value]) -> Value:
    model._task(model).adapt(module, net.network)
    config = net.network.config
    h, w, _ = config["image_shape"]
    shape = (config["n_channels_expected"], h, w)

    def own(network: Any, x: Value) -> Value:
        return write_own(network.float(), shape, x)

    return write_images(module, config, inputs["x"], own)


_NETWORKS: dict[str, Callable[[Any, Any, Any, dict[str, Value]], Value]] = {
    "image": _image,
    "mlp": _mlp,
    "sequence": _sequence,
    "tabular_pack": _pack,
}
