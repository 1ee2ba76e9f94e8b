"""Distributions of rows around their reconstruction as nodes."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from sknn_suite.export._value import Value
from sknn_suite.losses import (
    Bernoulli,
    Categorical,
    Gaussian,
    Huber,
    Laplace,
    Poisson,
    ScaleDistribution,
    StudentT,
)
from sknn_suite.losses._reconstruction import (
    DEGREES_OF_FREEDOM,
    MAX_LOG_COUNT,
    MAX_LOG_SCALE,
    MIN_LOG_SCALE,
)

# Steps by which `log_gamma` moves into the range of Stirling's series, and the series.
STEPS = 8
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680)


def write_mean(distribution: Any, raw: Value) -> Value:
    """Write the mean of each feature, in the scale of the encoder's inputs."""
    if isinstance(distribution, ScaleDistribution):
        return raw.cut(-1, 0, distribution.n_features)
    # Runtimes approximate functions of float32, and a score may divide the error by a
    # small scale.
    exact = raw.cast(np.float64)
    if isinstance(distribution, Bernoulli):
        mean = exact.then("Sigmoid")
    elif isinstance(distribution, Poisson):
        mean = (exact.clip(high=MAX_LOG_COUNT).exp() + 1.0).log()
    else:
        mean = _log_p(distribution, exact).exp()
    return mean.cast(np.float32)


def write_neg_log_likelihood(distribution: Any, raw: Value, x: Value) -> Value:
    """Write the negative log-likelihood of each feature."""
    if isinstance(distribution, Bernoulli):
        return raw.then("Softplus") - x.clip(0.0, 1.0) * raw
    if isinstance(distribution, Categorical):
        return -x * _log_p(distribution, raw)
    if isinstance(distribution, Poisson):
        count = (x.exp() - 1.0).clip(0.0)
        constant = log_gamma((count + 1.0).cast(np.float64)).cast(np.float32)
        return raw.clip(high=MAX_LOG_COUNT).exp() - count * raw + constant
    n = distribution.n_features
    residual = x - raw.cut(-1, 0, n)
    standard = _STANDARD[type(distribution)]
    if not distribution.learns_scale:
        return standard(residual)
    log_scale = raw.cut(-1, n).clip(MIN_LOG_SCALE, MAX_LOG_SCALE)
    return standard(residual * (-log_scale).exp()) + log_scale


def log_gamma(z: Value) -> Value:
    """Write the logarithm of the gamma function for z >= 1, which has no node."""
    product = z
    for i in range(1, STEPS):
        product = product * (z + float(i))
    z = z + float(STEPS)
    series = (z - 0.5) * z.log() - z + 0.5 * math.log(2 * math.pi)
    power = 1.0 / z
    for term in STIRLING:
        series = series + term * power
        power = power / (z * z)
    return series - product.log()


def _log_p(distribution: Categorical, raw: Value) -> Value:
    ends = np.cumsum([0, *distribution.block_sizes]).tolist()
    parts = [
        raw.cut(-1, first, stop).then("LogSoftmax", axis=-1)
        for first, stop in pairwise(ends)
    ]
    return parts[0].join(*parts[1:], axis=-1)


def _huber(z: Value) -> Value:
    near = abs(z).clip(high=1.0)
    return near * (abs(z) - 0.5 * near) + Huber.log_total


def _student(z: Value) -> Value:
    power = (DEGREES_OF_FREEDOM + 1) / 2
    return power * (z * z / DEGREES_OF_FREEDOM + 1.0).log() + StudentT.log_total


_STANDARD: dict[type[ScaleDistribution], Callable[[Value], Value]] = {
    Gaussian: lambda z: 0.5 * z * z + 0.5 * math.log(2 * math.pi),
    Huber: _huber,
    Laplace: lambda z: abs(z) + math.log(2),
    StudentT: _student,
}
