"""Checks of single values, from which kinds are put together."""

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from sknn_suite.persistence._kinds import Check

# Sizes of what predictions multiply with each other.
MOST = 1 << 40


def refuse(condition: Any, reason: str) -> None:
    """Raise ValueError if `condition` holds."""
    if condition:
        raise ValueError(reason)


def flag(value: Any) -> None:
    """Accept True and False, NumPy's too."""
    refuse(not isinstance(value, bool | np.bool_), "is not true or false")


def nothing(value: Any) -> None:
    """Accept None."""
    refuse(value is not None, "is not None")


def text(value: Any) -> None:
    """Accept a str of moderate length."""
    refuse(not isinstance(value, str) or len(value) > 10_000, "is no text")


def number(value: Any) -> None:
    """Accept any number, NaN and infinity too."""
    known = isinstance(value, int | float | np.integer | np.floating)
    refuse(not known or isinstance(value, bool), "is no number")


def finite(value: Any) -> None:
    """Accept finite numbers."""
    number(value)
    refuse(not math.isfinite(value), "is not finite")


def integer(low: int = 0, high: int = MOST) -> Check:
    """Accept integers from `low` to `high`."""

    def check(value: Any) -> None:
        known = isinstance(value, int | np.integer) and not isinstance(value, bool)
        refuse(not known or not low <= value <= high, "is no possible number")

    return check


def one_of(*values: Any) -> Check:
    """Accept some texts or None."""

    def check(value: Any) -> None:
        refuse(
            not (value is None or isinstance(value, str)) or value not in values,
            "is unknown",
        )

    return check


def either(*checks: Check) -> Check:
    """Accept what one of `checks` accepts."""

    def check(value: Any) -> None:
        reasons = []
        for one in checks:
            try:
                one(value)
            except ValueError as error:
                reasons.append(str(error))
            else:
                return
        raise ValueError(reasons[0])

    return check


def instance(*classes: type) -> Check:
    """Accept objects of exactly these classes."""

    def check(value: Any) -> None:
        refuse(type(value) not in classes, f"is a {type(value).__name__}")

    return check


def array(
    kinds: str = "f",
    ndim: int | Iterable[int] | None = None,
    *,
    is_finite: bool = False,
) -> Check:
    """Accept arrays of some kinds of types, such as "if", and numbers of axes."""
    axes = None if ndim is None else {ndim} if isinstance(ndim, int) else set(ndim)

    def check(value: Any) -> None:
        refuse(not isinstance(value, np.ndarray), "is no array")
        refuse(value.dtype.kind not in kinds, f"has the type {value.dtype}")
        refuse(axes is not None and value.ndim not in axes, f"has {value.ndim} axes")
        if is_finite and value.dtype.kind == "f":
            refuse(not all_finite(value), "has NaN or infinity")

    return check


def all_finite(values: np.ndarray) -> bool:
    """Whether all numbers are finite; in pieces, to take little memory."""
    if not values.flags.c_contiguous and not values.flags.f_contiguous:
        return bool(np.isfinite(values).all())
    flat = values.ravel(order="K")
    step = 1 << 18
    pieces = (flat[at : at + step] for at in range(0, flat.size, step))
    with np.errstate(over="ignore", invalid="ignore"):
        # A sum is finite only if all its terms are, and takes half of the time.
        return all(np.isfinite(p.sum()) or np.isfinite(p).all() for p in pieces)


def sequence(check: Check, *, most: int = 1_000_000, kind: Any = list) -> Check:
    """Accept a list (or another `kind`) of what `check` accepts."""

    def check_all(value: Any) -> None:
        refuse(type(value) is not kind or len(value) > most, f"is no {kind.__name__}")
        for one in value:
            check(one)

    return check_all


def mapping(keys: Check, values: Check) -> Check:
    """Accept a dict."""

    def check(value: Any) -> None:
        refuse(type(value) is not dict, "is no dict")
        for key, one in value.items():
            keys(key)
            values(one)

    return check


def plain(value: Any) -> None:
    """Accept values that nothing computes with: texts, numbers, lists of them."""
    if isinstance(value, list | tuple):
        for one in value:
            plain(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            either(text, integer(-MOST))(key)
            plain(one)
    elif isinstance(value, np.ndarray):
        array("biufUO")(value)
    else:
        either(nothing, flag, number, text)(value)


def shape(value: Any, *sides: int | None) -> None:
    """Refuse an array whose shape is another; None stands for any length."""
    found = np.shape(value)
    right = len(found) == len(sides) and all(
        side is None or side == length for side, length in zip(sides, found)
    )
    refuse(not right, f"an array has the shape {found}")


def ascending(values: np.ndarray, *, strictly: bool = True) -> bool:
    """Whether values are sorted; a missing value may come last."""
    known = list(values) if values.dtype.kind == "O" else values
    n = len(known)
    while n and (known[n - 1] is None or known[n - 1] != known[n - 1]):
        n -= 1
    refuse(len(known) - n > 2, "has many missing values")
    known = known[:n]
    if isinstance(known, np.ndarray):
        first, then = known[:-1], known[1:]
        return bool((first < then if strictly else first <= then).all())
    kinds = {str if isinstance(v, str) else float for v in known}
    refuse(len(kinds) > 1, "mixes texts and numbers")
    return all(a < b if strictly else a <= b for a, b in pairwise(known))


def categories(value: Any) -> None:
    """Accept a sorted table of categories."""
    array("biufUO", 1)(value)
    refuse(not ascending(value), "is not in ascending order")


def index(first: int = 0) -> Check:
    """Accept a dict from text to numbers that follow each other from `first`."""

    def check(value: Any) -> None:
        refuse(type(value) is not dict, "is no dict")
        numbers = list(value.values())
        right = all(isinstance(k, str) for k in value) and all(
            isinstance(n, int | np.integer) and not isinstance(n, bool) for n in numbers
        )
        refuse(
            not right or sorted(numbers) != list(range(first, first + len(numbers))),
            "is no index",
        )

    return check


def random_state(value: Any) -> None:
    """Accept a generator."""
    refuse(type(value) is not np.random.RandomState, "is no generator")
