"""JSON without surprises: no doubles, no NaN, no depths, no flood of values."""

import itertools
import json
import math
import re
from typing import Any

# Most bytes of a text, levels, and values: a list in a list in ... takes Python fifty
# times the memory of its text.
MOST_BYTES = 1 << 24
MOST_LEVELS = 64
MOST_VALUES = 1_000_000
LARGEST = (1 << 63) - 1

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SIGN = re.compile(rb"[\[\]{},:]")
_STEP = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}


def write_json(value: Any) -> bytes:
    """Write plain values; keys are sorted, so that equal values are equal bytes."""
    text = json.dumps(
        value,
        ensure_ascii=False,
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    data = text.encode("utf-8")
    _refuse_floods(data)
    return data


def read_json(data: bytes) -> Any:
    """Read plain values.

    Raises
    ------
    ValueError
        If the text is larger, deeper or looser than `write_json` writes.
    """
    _refuse_floods(data)
    value = json.loads(
        data.decode("utf-8"),
        object_pairs_hook=_once,
        parse_constant=_refuse_constant,
        parse_int=_integer,
        parse_float=_number,
    )
    # Half a pair of characters, which an escape can hide, cannot be encoded.
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _refuse_floods(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise ValueError(f"its description has {len(data)} bytes")
    # Counted before they are listed, which takes memory for each.
    if data.count(b'"') > 2 * MOST_VALUES:
        raise ValueError("its description has too many texts")
    bare = _STRING.sub(b"", data)
    if sum(map(bare.count, (b"[", b"]", b"{", b"}", b",", b":"))) > MOST_VALUES:
        raise ValueError("its description has too many values")
    signs = _SIGN.findall(bare)
    depths = itertools.accumulate(_STEP.get(sign, 0) for sign in signs)
    if max(depths, default=0) > MOST_LEVELS:
        raise ValueError("its description is nested too deeply")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("its description says one thing twice")
    return found


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"its description holds {text}")


def _integer(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > LARGEST:
        raise ValueError(f"its description holds the number {text[:30]}")
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"its description holds the number {text[:30]}")
    return number
