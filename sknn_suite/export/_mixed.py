"""Mixed tables as nodes: columns to numbers and codes, and networks over them."""

import math
from typing import Any

import numpy as np

from sknn_suite.encoding import MixedTableEncoder
from sknn_suite.encoding._numbers import CLIP
from sknn_suite.export._activations import WRITTEN
from sknn_suite.export._graph import ML_DOMAIN, Graph
from sknn_suite.export._layers import weights_of
from sknn_suite.export._value import Value

# Kinds of columns that a graph can read.
READ = {"number": "numbers", "boolean": "numbers", "category": "words"}


def write_columns(
    graph: Graph, encoder: MixedTableEncoder, dtype: Any
) -> dict[str, Value]:
    """Declare an input for each column, and write what the encoder does.

    Returns
    -------
    dict of str to Value
        "numbers" and "flags", float32, and "choices" and "codes", int64; those without
        a column are missing.

    Raises
    ------
    ValueError
        If a column has dates or texts.
    """
    for name, kind in encoder.kinds_.items():
        if kind not in READ and kind != "drop":
            raise ValueError(
                f"Column {name!r} is of the kind {kind!r}, which has no graph. "
                "Expected numbers, booleans and categories. Turn it into "
                "one of these, or keep the model with sknn_suite.persistence.save."
            )
    numbers: list[Value] = []
    words: list[Value] = []
    for name, kind in encoder.kinds_.items():
        is_words = READ.get(kind) == "words"
        type_ = np.dtype(np.str_) if is_words else dtype
        column = graph.input(str(name), type_, ("n_rows", 1))
        if is_words:
            words.append(column)
        elif kind in READ:
            numbers.append(column.cast(np.float64))
    found = {}
    if numbers:
        found = _write_numbers(encoder.numbers_, numbers[0].join(*numbers[1:], axis=1))
    codes = [
        _write_codes(column, levels, gap)
        for column, levels, gap in zip(
            words, encoder.categories_.levels_, encoder.categories_.code_of_gap_
        )
    ]
    for name, wanted in (("choices", True), ("codes", False)):
        own = [
            code for code, is_it in zip(codes, encoder.is_choice_) if is_it == wanted
        ]
        if own:
            found[name] = own[0].join(*own[1:], axis=1)
    return found


def _write_codes(column: Value, levels: list[str], code_of_gap: int) -> Value:
    """Write the codes of words: 0 for unknown ones, and "" is a gap."""
    numbers = list(range(1, len(levels) + 1))
    return column.then(
        "LabelEncoder",
        keys_strings=[*levels, ""],
        values_int64s=[*numbers, code_of_gap],
        default_int64=0,
        domain=ML_DOMAIN,
        dtype=np.int64,
    )


def _write_numbers(columns: Any, values: Value) -> dict[str, Value]:
    """Write what `NumberColumns` does, in float64."""
    gaps = values.then("IsNaN", dtype=bool)
    center = values.alike(columns.center_)
    z = (gaps.choose(center, values) - center) * columns.scale_
    z = z.clip(-1e30, 1e30)
    z = z / (z * z / CLIP**2 + 1.0).then("Sqrt")
    there = 1.0 - gaps.cast(np.float64)
    plain = np.flatnonzero(columns.is_plain_)
    others = np.flatnonzero(~columns.is_plain_)
    gap_columns = np.flatnonzero(columns.has_gaps_)
    parts: dict[str, list[Value]] = {"numbers": [], "flags": []}
    if len(others):
        parts["numbers"].append(z.at(others, axis=1))
    for column, quantiles in zip(columns.heavy_, columns.ranks_):
        place = np.array([column])
        known = gaps.at(place, axis=1).choose(0.0, values.at(place, axis=1))
        score = _write_normal_score(known, quantiles)
        parts["numbers"].append(score * there.at(place, axis=1))
    if len(plain):
        parts["flags"].append(z.at(plain, axis=1))
    if len(gap_columns):
        parts["flags"].append(gaps.cast(np.float64).at(gap_columns, axis=1))
    return {
        name: own[0].join(*own[1:], axis=1).cast(np.float32)
        for name, own in parts.items()
        if own
    }


def _write_normal_score(x: Value, quantiles: np.ndarray) -> Value:
    left = _interpolate(x, quantiles)
    right = -_interpolate(-x, -quantiles[::-1])
    middle = (left + right) / 2.0
    return 2.0 * middle / (2.2 - 1.2 * middle * middle).then("Sqrt")


def _interpolate(x: Value, quantiles: np.ndarray) -> Value:
    """Write NumPy's interp of (n, 1), from quantiles to places from -1 to 1."""
    last, step = len(quantiles) - 2, 2 / (len(quantiles) - 1)
    inside = x.clip(quantiles[0], quantiles[-1])
    before = (inside >= quantiles).cast(np.float32).sum(1, keep=True) - 1.0
    place = before.clip(0.0, last).cast(np.int64)
    low, high = (x.alike(q).at(place) for q in (quantiles[:-1], quantiles[1:]))
    share = (inside - low) / (high - low).clip(1e-300)
    found = (place.cast(np.float64) + share) * step - 1.0
    return (x >= quantiles[-1]).choose(1.0, found)


# -- the networks --------------------------------------------------------------------


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
