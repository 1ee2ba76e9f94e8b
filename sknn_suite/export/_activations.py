"""Activations as nodes."""

import math
from collections.abc import Callable
from typing import Any

from torch import nn

from sknn_suite.export._value import Value
from sknn_suite.modules import ACTIVATIONS


def _rational_tanh(x: Value) -> Value:
    z = abs(x) * (2.0 / 3.0)
    z2 = z * z
    return 1.7159 * x.then("Sign") * (1.0 - 1.0 / (1.0 + z + z2 + 1.41645 * z2 * z2))


def _gelu(x: Value) -> Value:
    # The node Gelu is younger than the versions that are written here.
    return 0.5 * x * (1.0 + (x * math.sqrt(0.5)).then("Erf"))


def _leaky(slope: float) -> Callable[[Value], Value]:
    return lambda x: x.then("LeakyRelu", alpha=slope)


_HARD_SIGMOID = {"alpha": 1 / 6, "beta": 0.5}
_RRELU = nn.RReLU()

# In evaluation, with torch's default arguments.
WRITTEN: dict[str, Callable[[Value], Value]] = {
    "identity": lambda x: x,
    "logistic": lambda x: x.then("Sigmoid"),
    "tanh": lambda x: x.then("Tanh"),
    "relu": lambda x: x.then("Relu"),
    "celu": lambda x: x.then("Elu"),  # the same for alpha 1
    "elu": lambda x: x.then("Elu"),
    "gelu": _gelu,
    "hardshrink": lambda x: x.then("Shrink", lambd=0.5, bias=0.0),
    "hardsigmoid": lambda x: x.then("HardSigmoid", **_HARD_SIGMOID),
    "hardswish": lambda x: x * x.then("HardSigmoid", **_HARD_SIGMOID),
    "hardtanh": lambda x: x.clip(-1.0, 1.0),
    "leaky_relu": _leaky(0.01),
    "log_sigmoid": lambda x: -(-x).then("Softplus"),
    "mish": lambda x: x * x.then("Softplus").then("Tanh"),
    "relu6": lambda x: x.clip(0.0, 6.0),
    "rrelu": _leaky((_RRELU.lower + _RRELU.upper) / 2),
    "selu": lambda x: x.then("Selu"),
    "silu": lambda x: x * x.then("Sigmoid"),
    "softplus": lambda x: x.then("Softplus"),
    "softshrink": lambda x: x.then("Shrink", lambd=0.5, bias=0.5),
    "softsign": lambda x: x.then("Softsign"),
    "tanhshrink": lambda x: x - x.then("Tanh"),
    "cube": lambda x: x * x * x,
    "rational_tanh": _rational_tanh,
}

# Other spellings are the same classes.
_NAMES: dict[Any, str] = {ACTIVATIONS[name]: name for name in WRITTEN}


def write_activation(layer: nn.Module, x: Value, n_axes: int = 2) -> Value:
    """Write an activation.

    Parameters
    ----------
    layer : nn.Module
        What `make_activation` gives.
    x : Value
        Its input: (..., n_units), or (n, channels, h, w).
    n_axes : int, default=2
        Axes of the input. Slopes of several nets side by side are on its third last.
    """
    if isinstance(layer, nn.PReLU):
        slopes = layer.weight.detach().numpy()
        if len(slopes) == 1:
            return x.then("PRelu", x.alike(slopes))
        return x.then("PRelu", x.alike(slopes.reshape(-1, 1, 1)))
    return WRITTEN[_NAMES[type(layer)]](x)


def is_activation(layer: nn.Module) -> bool:
    """Whether a layer is one of `ACTIVATIONS`."""
    return isinstance(layer, nn.PReLU) or type(layer) in _NAMES
