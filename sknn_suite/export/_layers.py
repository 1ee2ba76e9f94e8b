"""Layers that tables and images share, as nodes."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn

from sknn_suite.export._activations import is_activation, write_activation
from sknn_suite.export._value import Value
from sknn_suite.modules import MLP, AnyBatchNorm, Dropout


def weights_of(tensor: Tensor) -> np.ndarray:
    """Weights as graphs hold them."""
    return tensor.detach().float().numpy()


def write_linear(layer: Any, x: Value) -> Value:
    """Write a linear layer: (n, n_inputs) to (n, n_outputs)."""
    weight = x.graph.constant(weights_of(layer.weight))
    if layer.bias is None:
        return x.then("Gemm", weight, transB=1)
    bias = x.graph.constant(weights_of(layer.bias))
    return x.then("Gemm", weight, bias, transB=1)


def write_norm(layer: Any, x: Value) -> Value:
    """Write a batch norm with its running statistics."""
    parts = (layer.weight, layer.bias, layer.running_mean, layer.running_var)
    arrays = [x.graph.constant(weights_of(part)) for part in parts]
    return x.then("BatchNormalization", *arrays, epsilon=layer.eps)


def write_mlp(module: MLP, x: Value) -> Value:
    """Write a multi-layer perceptron: (n, n_inputs) to (n, n_outputs)."""
    for i, linear in enumerate(module.linears):
        if i:
            if module.norms:
                x = write_norm(module.norms[i - 1], x)
            x = write_activation(module.activations[i - 1], x)
        x = write_linear(linear, x)
    return x


class LayerWriter:
    """Writes layers by their class; those without a class of ours are refused.

    Parameters
    ----------
    writers : dict of type to callable
        Functions of this writer, a layer and its input. Batch norms, activations,
        dropout and sequences of layers are known already.
    """

    def __init__(
        self, writers: Mapping[Any, Callable[["LayerWriter", Any, Value], Value]]
    ) -> None:
        self.writers = writers

    def __call__(self, layer: Any, x: Value) -> Value:
        if is_activation(layer):
            return write_activation(layer, x)
        if isinstance(layer, AnyBatchNorm):
            return write_norm(layer, x)
        if isinstance(layer, nn.Linear):
            return write_linear(layer, x)
        if isinstance(layer, Dropout):
            return x
        if type(layer) is nn.Sequential:
            for part in layer:
                x = self(part, x)
            return x
        return self.writers[type(layer)](self, layer, x)
