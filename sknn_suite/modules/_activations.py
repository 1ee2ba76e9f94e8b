"""Elementwise activations by name: scikit-learn's words, then torch's in snake_case."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from sknn_suite.modules._dropout import OwnedRandomness


class Cube(nn.Module):
    """Third power, x ** 3 (Chen & Manning, 2014)."""

    def forward(self, x: Tensor) -> Tensor:
        return x * x * x


class RationalTanh(nn.Module):
    """Rational approximation of 1.7159 tanh(2x / 3), without an exponential.

    With z = 2|x| / 3, tanh(2x / 3) is replaced by
    sign(x) (1 - 1 / (1 + z + z^2 + 1.41645 z^4)) (LeCun et al., "Efficient
    BackProp", 1998, name this shape; the polynomial is the usual one).
    """

    def forward(self, x: Tensor) -> Tensor:
        z = x.abs() * (2.0 / 3.0)
        z2 = z * z
        approximate = 1.0 - 1.0 / (1.0 + z + z2 + 1.41645 * z2 * z2)
        return 1.7159 * torch.sign(x) * approximate


class RReLU(OwnedRandomness, nn.RReLU):
    """Randomised leaky ReLU whose slopes come from the fit's own generator."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        slope = torch.empty_like(x)
        slope.uniform_(self.lower, self.upper, generator=self.generator)
        return torch.where(x >= 0, x, x * slope)


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    # scikit-learn's four
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    # torch.nn's elementwise ones. Left out: threshold, which has no default arguments,
    # and those that are not elementwise (glu, softmax, softmin, log_softmax).
    "celu": nn.CELU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "hardshrink": nn.Hardshrink,
    "hardsigmoid": nn.Hardsigmoid,
    "hardswish": nn.Hardswish,
    "hardtanh": nn.Hardtanh,
    "leaky_relu": nn.LeakyReLU,
    "log_sigmoid": nn.LogSigmoid,
    "mish": nn.Mish,
    "prelu": nn.PReLU,
    "relu6": nn.ReLU6,
    "rrelu": RReLU,
    "selu": nn.SELU,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "softshrink": nn.Softshrink,
    "softsign": nn.Softsign,
    "tanhshrink": nn.Tanhshrink,
    # other spellings, and two that torch lacks
    "hard_sigmoid": nn.Hardsigmoid,
    "hard_swish": nn.Hardswish,
    "hard_tanh": nn.Hardtanh,
    "cube": Cube,
    "rational_tanh": RationalTanh,
}


# In-place functions for the passes that are written out by hand.
IN_PLACE: dict[str, Callable[[Tensor], Tensor] | None] = {
    "identity": None,
    "logistic": torch.sigmoid_,
    "tanh": torch.tanh_,
    "relu": torch.relu_,
}


class EnsemblePReLU(nn.PReLU):
    """PReLU of several nets side by side, each with its own slopes.

    Shape
    -----
    x : (n_members, n_samples, n_units)
    returns : the same
    """

    def forward(self, x: Tensor) -> Tensor:
        # torch expects the axis of slopes in second place.
        return super().forward(x.transpose(0, 1)).transpose(0, 1)


def make_activation(name: str, n_members: int = 1) -> nn.Module:
    """Build the activation `name`, without drawing random numbers.

    Several nets side by side learn their own slopes.
    """
    if name == "prelu":
        kind = nn.PReLU if n_members == 1 else EnsemblePReLU
        return kind(n_members, device="meta")
    return ACTIVATIONS[name]()
