"""Columns of mixed tables as nodes: what `MixedTableEncoder` does."""

import json
from typing import Any

import numpy as np

from sknn_suite.encoding import LEFT_OUT, N_BUCKETS, MixedTableEncoder
from sknn_suite.encoding._numbers import CLIP
from sknn_suite.encoding._strings import NGRAMS
from sknn_suite.export._calendar import parts_of_dates
from sknn_suite.export._graph import ML_DOMAIN, Graph
from sknn_suite.export._value import Value


def write_columns(
    graph: Graph, encoder: MixedTableEncoder, dtype: Any
) -> dict[str, Value]:
    """Declare an input for each column that is read, and write what the encoder does.

    Returns
    -------
    dict of str to Value
        "numbers" and "flags", float32, and "choices" and "codes", int64; those without
        a column are missing.
    """
    inputs: dict[str, list[Value]] = {
        kind: [] for kind in ("number", "date", "category", "text")
    }
    types = {"date": np.float64, "category": np.str_, "text": np.float32}
    for name, kind in encoder.kinds_.items():
        if kind in LEFT_OUT:
            continue
        width = N_BUCKETS if kind == "text" else 1
        kind = "number" if kind == "boolean" else kind
        column_type = np.dtype(types.get(kind, dtype))
        column = graph.input(str(name), column_type, ("n_rows", width))
        inputs[kind].append(column)
    found = _write_numbers(encoder, inputs["number"], inputs["date"])
    if inputs["text"]:
        flags = [found["flags"]] if "flags" in found else []
        flags += _write_texts(encoder.strings_, inputs["text"])
        found["flags"] = flags[0].join(*flags[1:], axis=1)
    codes = [
        _write_codes(column, levels, gap)
        for column, levels, gap in zip(
            inputs["category"],
            encoder.categories_.levels_,
            encoder.categories_.code_of_gap_,
        )
    ]
    for name, wanted in (("choices", True), ("codes", False)):
        own = [
            code for code, is_it in zip(codes, encoder.is_choice_) if is_it == wanted
        ]
        if own:
            found[name] = own[0].join(*own[1:], axis=1)
    return found


def describe_columns(encoder: MixedTableEncoder) -> str:
    """Describe columns as JSON, for a reader that makes the inputs of a graph."""
    levels = zip(encoder.categories_.levels_, encoder.categories_.code_of_gap_)
    columns = []
    for name, kind in encoder.kinds_.items():
        if kind in LEFT_OUT:
            continue
        column = {"name": str(name), "kind": kind}
        if kind == "category":
            own, gap = next(levels)
            column |= {"levels": own, "code_of_gap": gap}
        columns.append(column)
    return json.dumps(
        {"columns": columns, "n_buckets": N_BUCKETS, "ngrams": list(NGRAMS)}
    )


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


def _write_texts(strings: Any, columns: list[Value]) -> list[Value]:
    """Write the directions of texts from shares of their n-grams."""
    found = []
    parts = (strings.rarity_, strings.directions_, strings.center_)
    for column, rarity, directions, center in zip(columns, *parts):
        weighted = column.cast(np.float64) * rarity.astype(np.float64)
        numbers = weighted @ directions.astype(np.float64) - center
        found.append(numbers.cast(np.float32))
    return found


def _write_dates(dates: Any, columns: list[Value]) -> list[Value]:
    """Write the parts of dates, NaN for gaps."""
    found = []
    for column, first, kept in zip(columns, dates.first_, dates.parts_):
        gaps = column.then("IsNaN", dtype=bool)
        parts = parts_of_dates(
            gaps.choose(0.0, column),
            float(first),
            kept,
            lambda x: x.then("Floor"),
            lambda x: x.then("Sin"),
        )
        found += [gaps.choose(np.nan, part) for part in parts]
    return found


def _write_numbers(
    encoder: MixedTableEncoder, plain: list[Value], dates: list[Value]
) -> dict[str, Value]:
    """Write what `NumberColumns` does, in float64."""
    columns = encoder.numbers_
    read = [column.cast(np.float64) for column in plain]
    read += _write_dates(encoder.dates_, dates)
    if not read:
        return {}
    values = read[0].join(*read[1:], axis=1)
    gaps = values.then("IsNaN", dtype=bool)
    center = values.alike(columns.center_)
    z = (gaps.choose(center, values) - center) * columns.scale_
    z = z.clip(-1e30, 1e30)
    z = z / (z * z / CLIP**2 + 1.0).then("Sqrt")
    there = 1.0 - gaps.cast(np.float64)
    parts: dict[str, list[Value]] = {"numbers": [], "flags": []}
    others = np.flatnonzero(~columns.is_plain_)
    if len(others):
        parts["numbers"].append(z.at(others, axis=1))
    mostly_one = []
    twins = zip(columns.heavy_, columns.ranks_, columns.is_mostly_one_)
    for column, quantiles, is_mostly_one in twins:
        place = np.array([column])
        known = gaps.at(place, axis=1).choose(0.0, values.at(place, axis=1))
        score = _write_normal_score(known, quantiles) * there.at(place, axis=1)
        if is_mostly_one:
            # In the type of the rows, which may not hold the usual value itself.
            given = plain[column] if column < len(plain) else read[column]
            same = given.then("Equal", given.alike(columns.center_[place]), dtype=bool)
            other = (1.0 - same.cast(np.float64)) * there.at(place, axis=1)
            mostly_one.append(other)
            score = score * other
        parts["numbers"].append(score)
    flags = np.flatnonzero(columns.is_plain_)
    if len(flags):
        parts["flags"].append(z.at(flags, axis=1))
    with_gaps = np.flatnonzero(columns.has_gaps_)
    if len(with_gaps):
        parts["flags"].append(gaps.cast(np.float64).at(with_gaps, axis=1))
    parts["flags"] += mostly_one
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
