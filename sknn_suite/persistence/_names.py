"""Names of types, and of code that only the user may trust."""

import importlib
from typing import Any

import numpy as np

from sknn_suite.exceptions import UntrustedModelError

# Types that parameters name, such as the dtype of an encoder.
TYPES = {
    f"numpy.{t.__name__}": t
    for t in (
        np.bool_,
        np.float16,
        np.float32,
        np.float64,
        np.int8,
        np.int16,
        np.int32,
        np.int64,
        np.uint8,
        np.uint16,
        np.uint32,
        np.uint64,
        np.number,
        np.object_,
    )
} | {t.__name__: t for t in (bool, int, float, str, object)}
TYPE_NAMES = {t: name for name, t in TYPES.items()}


def refuse_untrusted(name: str, trusted: frozenset[str]) -> None:
    """Refuse the code of others unless the user has named it."""
    if name not in trusted:
        raise UntrustedModelError(
            f"The model holds {name[:200]}, whose code is not part of the format. "
            "Expected estimators of sknn_suite and those of scikit-learn that the "
            "guide lists. If you know it and where the file is from, add "
            f"trusted=[{name[:200]!r}]."
        )


def name_of(value: Any) -> str | None:
    """Name of a function or class, with its module; None if it has none."""
    own = _own_name(value)
    if own is None:
        return None
    return f"{'numpy' if isinstance(value, np.ufunc) else value.__module__}.{own}"


def _own_name(value: Any) -> str | None:
    if isinstance(value, np.ufunc):  # older ones know neither module nor __qualname__
        return value.__name__
    return getattr(value, "__qualname__", None) if callable(value) else None


def find_global(name: str) -> Any:
    """Find a function or class at the top of a module; the user has trusted it."""
    module, _, last = name.rpartition(".")
    found = vars(importlib.import_module(module)).get(last)
    if found is None or _own_name(found) != last:
        raise ValueError(f"{name} is no function or class of its module")
    return found
