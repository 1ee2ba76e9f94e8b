"""Recurrent networks as nodes."""

import math
from typing import Any

import numpy as np

from sknn_suite.export._layers import weights_of, write_linear, write_norm
from sknn_suite.export._value import Value

# Operators, and the order of their gates in terms of torch's.
OPERATORS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
GATES = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "rnn": (0,)}


def write_recurrent_net(net: Any, x: Value, lengths: Value) -> Value:
    """Write recurrent layers and the layers that read them.

    Parameters
    ----------
    net : RecurrentNet
        The network.
    x : Value
        (n, n_steps, n_inputs), padded on the right.
    lengths : Value
        Steps of each row, (n,), at least 1.
    """
    steps = Value(x.graph, x.graph.name("range"), lengths.dtype)
    zero, one = (x.graph.constant(np.int64(n)) for n in (0, 1))
    ends = [zero.name, x.size(1).squeeze(0).name, one.name]
    x.graph.add("Range", ends, [steps.name], {})
    there = steps < lengths.unsqueeze(1)
    pooled = []
    for layer, pooling in zip(net.layers, net.poolings):
        x = write_layer(layer, x, lengths)
        for kind in pooling.kinds:
            pooled.append(_POOLINGS[kind](pooling, x, lengths, there))
    x = pooled[0].join(*pooled[1:], axis=1)
    if net.dense is not None:
        x = write_linear(net.dense, x).then("Relu")
        if net.norm is not None:
            x = write_norm(net.norm, x)
    return write_linear(net.output, x)


def write_layer(layer: Any, x: Value, lengths: Value) -> Value:
    """Write a recurrent layer; steps behind the end of a row are zero."""
    directions = layer.directions
    cell = directions[0].cell
    n_hidden = directions[0].n_hidden

    def gates(tensor: Any) -> np.ndarray:
        parts = weights_of(tensor).reshape(len(GATES[cell]), n_hidden, -1)
        return parts[list(GATES[cell])].reshape(len(tensor), -1)

    inputs = np.stack([gates(d.weight_ih) for d in directions])
    states = np.stack([gates(d.weight_hh) for d in directions])
    biases = np.stack(
        [np.concatenate([gates(d.bias_ih), gates(d.bias_hh)])[:, 0] for d in directions]
    )
    attributes: dict[str, Any] = {"linear_before_reset": 1} if cell == "gru" else {}
    found = x.transpose(1, 0, 2).then(
        OPERATORS[cell],
        inputs,
        states,
        biases,
        lengths.cast(np.int32),
        hidden_size=n_hidden,
        direction="bidirectional" if len(directions) == 2 else "forward",
        **attributes,
    )
    # (n_steps, directions, n, n_hidden)
    return found.transpose(2, 0, 1, 3).reshape(0, 0, len(directions) * n_hidden)


def _attention(pooling: Any, h: Value, lengths: Value, there: Value) -> Value:
    attention = pooling.attention
    projected = h @ weights_of(attention.project.weight).T
    units = (2.0 * (projected + weights_of(attention.project.bias))).then("Sigmoid")
    scores = 2.0 * (units @ weights_of(attention.judge.weight).T).squeeze(2)
    weights = there.choose(scores, -math.inf).then("Softmax", axis=1)
    return (weights.unsqueeze(1) @ h).squeeze(1)


def _mean(pooling: Any, h: Value, lengths: Value, there: Value) -> Value:
    total = (h * there.unsqueeze(2).cast(np.float32)).sum(1)
    return total / lengths.unsqueeze(1).cast(np.float32)


def _max(pooling: Any, h: Value, lengths: Value, there: Value) -> Value:
    return there.unsqueeze(2).choose(h, -math.inf).max(1)


def _last(pooling: Any, h: Value, lengths: Value, there: Value) -> Value:
    last = h.then("GatherND", (lengths - 1).unsqueeze(1), batch_dims=1)
    if not pooling.bidirectional:
        return last
    half = pooling.n_outputs // len(pooling.kinds) // 2
    first = h.at(np.int64(0), axis=1)
    return last.cut(1, 0, half).join(first.cut(1, half), axis=1)


_POOLINGS = {"attention": _attention, "mean": _mean, "max": _max, "last": _last}
