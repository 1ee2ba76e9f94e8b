"""Networks over mixed tables as nodes."""

import math
from typing import Any

import numpy as np

from sknn_suite.export._activations import WRITTEN
from sknn_suite.export._layers import weights_of
from sknn_suite.export._value import Value


def write_pack(module: Any, config: Any, inputs: dict[str, Value]) -> Value:
    """Write a `TabularPack`: the scores of the mean of its models."""
    n_models = len(module.sizes)
    shared = [inputs[name] for name in ("numbers", "flags") if name in inputs]
    if "choices" in inputs:
        shared += _one_hot(inputs["choices"], config["n_choices"])
    own = []
    if shared:
        together = shared[0].join(*shared[1:], axis=1)
        own.append(together.unsqueeze(0) * np.ones((n_models, 1, 1)))
    if module.waves is not None:
        own.append(_write_waves(module.waves, inputs["numbers"]))
    if module.embedding is not None:
        table = inputs["codes"].graph.constant(weights_of(module.embedding))
        places = inputs["codes"] + module.first_code.numpy()
        size = module.embedding.shape[2]
        vectors = table.at(places, axis=1)
        own.append(vectors.reshape(0, 0, size * len(config["n_codes"])))
    x = own[0].join(*own[1:], axis=2)
    scale = weights_of(module.scale).reshape(n_models, 1, -1)
    x = x * (scale * weights_of(module.linears[0].factor))
    activate, factor = WRITTEN[config["activation"]], weights_of(module.output.factor)
    done = []
    for i, linear in enumerate(module.linears):
        x = activate(_linear(linear, x))
        n, n_next = module.n_with[i], [*module.n_with, 0][i + 1]
        if n_next < n:
            done.append(x.cut(0, n_next) * factor[n_next:n])
            x = x.cut(0, 0, n_next)
        if n_next:
            x = x * weights_of(module.linears[i + 1].factor)[:n_next]
    done.reverse()
    raw = _linear(module.output, done[0].join(*done[1:], axis=0))
    return _mean(raw, module) * weights_of(module.sharpness)


def _one_hot(choices: Value, sizes: tuple[int, ...]) -> list[Value]:
    return [
        choices.at(np.array([i]), axis=1)
        .then("Equal", np.arange(size), dtype=bool)
        .cast(np.float32)
        for i, size in enumerate(sizes)
    ]


def _write_waves(waves: Any, numbers: Value) -> Value:
    angle = numbers.transpose(1, 0).unsqueeze(0, 3)
    angle = angle * (2 * math.pi * weights_of(waves.frequency))
    cosine = (angle + weights_of(waves.phase)).then("Cos")
    functions = cosine @ weights_of(waves.mix) + weights_of(waves.shift)
    n = waves.mix.shape[1] * waves.n_functions
    return functions.transpose(0, 2, 1, 3).reshape(0, 0, n)


def _linear(layer: Any, x: Value) -> Value:
    weight = weights_of(layer.weight)
    return x @ weight + weights_of(layer.bias).reshape(len(weight), 1, -1)


def _mean(raw: Value, module: Any) -> Value:
    """Write `mean_of_models`, of the models that have a share."""
    share = weights_of(module.share)
    kept = np.flatnonzero(share > 0)
    raw, share = raw.at(kept), share[kept].reshape(-1, 1, 1)
    if module.link == "ascending":
        raw = raw.ascending(module.output.weight.shape[2])
    if module.link in ("identity", "ascending"):
        return (raw * share).sum(0)
    log = np.log(share)
    if module.link == "softmax":
        return _log_sum(raw.then("LogSoftmax", axis=-1) + log)
    if module.link == "exp":
        return _log_sum(raw + log)
    yes, no = (-raw).then("Softplus"), raw.then("Softplus")
    return _log_sum(log - yes) - _log_sum(log - no)


def _log_sum(x: Value) -> Value:
    return x.then("ReduceLogSumExp", np.array([0]), keepdims=0)
