"""Values as a tree of JSON, with arrays beside it.

Numbers, texts, lists and None are themselves. All else is a JSON object whose "is" says
what; `_reader` has the list of what there is.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from sknn_suite.doors import warn_user
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.persistence._arrays import plain
from sknn_suite.persistence._kinds import Kind
from sknn_suite.persistence._names import (
    TYPE_NAMES,
    find_global,
    name_of,
    refuse_untrusted,
)

# Shortest lists of numbers that become arrays.
FEW = 8


class Writer:
    """Turns a value into a tree, and collects its arrays.

    Parameters
    ----------
    kinds : dict of type to Kind
        What may be written.
    trusted : iterable of str
        Names of functions and classes that the user trusts.
    foreign : callable or None
        Writes an object of another class as bytes.
    """

    def __init__(
        self,
        kinds: dict[type, Kind],
        trusted: Iterable[str] = (),
        foreign: Callable[[Any], bytes] | None = None,
    ) -> None:
        self.kinds = kinds
        self.trusted = frozenset(trusted)
        self.foreign = foreign
        self.arrays: list[np.ndarray] = []
        self.tensors: dict[str, np.ndarray] = {}
        self.skops: list[bytes] = []
        self._known: dict[int, dict] = {}
        self._alive: list[Any] = []  # so that no id is given twice
        self._n_holders = 0

    def write(self, value: Any, tensors: str | None = None) -> Any:
        """Turn a value into a tree; `tensors` is the name of its weights, if any."""
        if value is None or type(value) in (bool, str):
            return value
        if type(value) is int:
            return value
        if type(value) is float:
            return _write_float(value)
        if isinstance(value, np.ndarray):
            return self._write_array(value, tensors)
        if isinstance(value, np.dtype):
            return {"is": "dtype", "name": value.str}
        if isinstance(value, np.generic):
            return {
                "is": "scalar",
                "dtype": value.dtype.str,
                "value": self.write(value.item()),
            }
        if type(value) is list:
            return self._write_list(value, tensors)
        if type(value) is tuple:
            return {"is": "tuple", "items": self._each(value, tensors)}
        if type(value) is dict:
            return self._write_dict(value, tensors)
        if type(value) is slice:
            parts = (value.start, value.stop, value.step)
            return {"is": "slice", "items": [self.write(part) for part in parts]}
        if type(value) is np.random.RandomState:
            return self._write_random_state(value)
        if isinstance(value, type) and value in TYPE_NAMES:
            return {"is": "type", "name": TYPE_NAMES[value]}
        if type(value) in self.kinds:
            return self._write_object(value)
        return self._write_other(value)

    def _each(self, values: Iterable[Any], tensors: str | None) -> list[Any]:
        return [
            self.write(value, None if tensors is None else f"{tensors}.{i}")
            for i, value in enumerate(values)
        ]

    def _write_array(self, array: np.ndarray, tensors: str | None) -> dict:
        key = id(array)
        if key in self._known:
            return self._known[key]
        self._alive.append(array)
        if array.dtype.kind == "O":
            items = [self.write(value) for value in array.ravel()]
            return {"is": "objects", "shape": list(array.shape), "items": items}
        turned = array.ndim > 1 and array.flags.f_contiguous
        turned = turned and not array.flags.c_contiguous
        rows = plain(array.T if turned else array)
        node: dict[str, Any] = {"is": "array", "turned": bool(turned)}
        if tensors is None:
            node["number"] = len(self.arrays)
            self.arrays.append(rows)
        else:
            node |= {"is": "tensor", "name": tensors}
            self.tensors[tensors] = rows
        self._known[key] = node
        return node

    def _write_list(self, values: list, tensors: str | None) -> Any:
        if len(values) >= FEW and all(type(value) is float for value in values):
            return {"is": "floats", "array": self.write(np.array(values))}
        if len(values) >= FEW and all(type(value) is dict for value in values):
            keys = list(values[0])
            if keys and all(list(value) == keys for value in values):
                columns = [[v[key] for v in values] for key in keys]
                return {"is": "records", "keys": keys, "columns": self.write(columns)}
        return self._each(values, tensors)

    def _write_dict(self, value: dict, tensors: str | None) -> dict:
        numbers = list(value.values())
        if len(value) >= FEW and set(map(type, numbers)) <= {int, np.int64}:
            first = int(min(numbers))
            words = sorted(value, key=value.__getitem__)
            if all(type(w) is str for w in words) and sorted(numbers) == list(
                range(first, first + len(words))
            ):
                return {"is": "index", "first": first, "words": words}
        items = []
        for key, one in value.items():
            inner = None if tensors is None else f"{tensors}.{key}"
            items.append([self.write(key), self.write(one, inner)])
        return {"is": "dict", "items": items}

    def _write_random_state(self, value: np.random.RandomState) -> dict:
        name, keys, place, has_gauss, cached = value.get_state(legacy=True)
        if name != "MT19937":
            raise ValueError(f"a generator is of the kind {name}")
        return {
            "is": "random_state",
            "keys": self.write(np.array(keys)),
            "place": int(place),
            "has_gauss": int(has_gauss),
            "gauss": self.write(float(cached)),
        }

    def _write_object(self, value: Any) -> dict:
        kind = self.kinds[type(value)]
        holder = self._n_holders
        self._n_holders += bool(kind.tensors)
        state = {}
        for name, one in sorted(kind.state(value).items()):
            inner = f"{holder}.{name}" if name in kind.tensors else None
            state[name] = self.write(one, inner)
        return {"is": "object", "class": kind.name, "state": state}

    def _write_other(self, value: Any) -> dict:
        name = name_of(value)
        if name is not None:
            refuse_untrusted(name, self.trusted)
            if find_global(name) is not value:
                raise ValueError(f"{name} is not found under its name")
            if name.startswith("__main__."):
                warn_user(
                    f"The model holds {name}, which belongs to the program that is "
                    "running. Expected a function of a module: another program opens "
                    "the file only if it defines the function under the same name. "
                    "Move it into a module, and import it from there.",
                    SuiteWarning,
                )
            return {"is": "global", "name": name}
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        if self.foreign is None or not hasattr(value, "get_params"):
            raise ValueError(f"a {name} has no form in a file")
        refuse_untrusted(name, self.trusted)
        self.skops.append(self.foreign(value))
        return {"is": "skops", "number": len(self.skops) - 1, "class": name}


def _write_float(value: float) -> Any:
    return value if math.isfinite(value) else {"is": "number", "text": str(value)}
