"""Values as a tree of JSON, arrays beside it, and back.

Numbers, texts, lists and None are themselves. All else is a JSON object whose "is" says
what: this file is the list of what there is.
"""

import importlib
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from sknn_suite.exceptions import UntrustedModelError
from sknn_suite.persistence._arrays import plain
from sknn_suite.persistence._kinds import Kind

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
_TYPE_NAMES = {t: name for name, t in TYPES.items()}

_DTYPE = re.compile(r"[|<]([biuf][1248]|U[0-9]{1,5}|O)8?", re.ASCII)
_GLOBAL = re.compile(r"[A-Za-z_][\w.]{0,200}\.[A-Za-z_]\w{0,100}", re.ASCII)

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
        if isinstance(value, type) and value in _TYPE_NAMES:
            return {"is": "type", "name": _TYPE_NAMES[value]}
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
        if callable(value) and hasattr(value, "__qualname__"):
            name = f"{value.__module__}.{value.__qualname__}"
            refuse_untrusted(name, self.trusted)
            if _find_global(name) is not value:
                raise ValueError(f"{name} is not found under its name")
            return {"is": "global", "name": name}
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        if name == "imblearn.pipeline.Pipeline":
            return self.write(_without_samplers(value))
        if self.foreign is None or not hasattr(value, "get_params"):
            raise ValueError(f"a {name} has no form in a file")
        refuse_untrusted(name, self.trusted)
        self.skops.append(self.foreign(value))
        return {"is": "skops", "number": len(self.skops) - 1, "class": name}


class Reader:
    """Turns a tree back into the value; every node is checked.

    Parameters
    ----------
    kinds : dict of str to Kind
        What may be in it, by name.
    arrays : sequence of ndarray
        The plain arrays.
    tensors : dict of str to ndarray
        The weights.
    trusted : iterable of str
        Names of functions and classes that the user trusts.
    foreign : callable or None
        Reads the object of a number and a name that is of another class.
    """

    def __init__(
        self,
        kinds: dict[str, Kind],
        arrays: Any,
        tensors: dict[str, np.ndarray],
        trusted: Iterable[str] = (),
        foreign: Callable[[int, str], Any] | None = None,
    ) -> None:
        self.kinds = kinds
        self.arrays = arrays
        self.tensors = tensors
        self.trusted = frozenset(trusted)
        self.foreign = foreign
        self.used: set[Any] = set()
        self._read = {
            "array": self._read_array,
            "dict": self._read_dict,
            "dtype": _read_dtype,
            "floats": self._read_floats,
            "global": self._read_global,
            "index": _read_index,
            "number": _read_number,
            "object": self._read_object,
            "objects": self._read_objects,
            "random_state": self._read_random_state,
            "records": self._read_records,
            "scalar": self._read_scalar,
            "skops": self._read_skops,
            "slice": self._read_slice,
            "tensor": self._read_tensor,
            "tuple": self._read_tuple,
            "type": _read_type,
        }

    def read(self, node: Any) -> Any:
        """Turn a tree into the value."""
        if isinstance(node, list):
            return [self.read(one) for one in node]
        if not isinstance(node, dict):
            return node
        what = node.get("is")
        if not isinstance(what, str) or what not in self._read:
            raise ValueError(f"it holds a {str(what)[:40]!r}")
        return self._read[what](node)

    def _read_array(self, node: dict) -> np.ndarray:
        _refuse_fields(node, "turned", "number")
        number = node["number"]
        if type(number) is not int or not 0 <= number < len(self.arrays):
            raise ValueError("it names an array that is missing")
        self.used.add(number)
        return _turn(self.arrays[number], node["turned"])

    def _read_tensor(self, node: dict) -> np.ndarray:
        _refuse_fields(node, "turned", "name")
        if not isinstance(node["name"], str) or node["name"] not in self.tensors:
            raise ValueError("it names a weight that is missing")
        self.used.add(node["name"])
        return _turn(self.tensors[node["name"]], node["turned"])

    def _read_tuple(self, node: dict) -> tuple:
        _refuse_fields(node, "items")
        return tuple(self.read(_list(node["items"])))

    def _read_slice(self, node: dict) -> slice:
        _refuse_fields(node, "items")
        items = self.read(_list(node["items"]))
        if len(items) != 3 or any(type(i) not in (int, str, type(None)) for i in items):
            raise ValueError("it holds a slice that is none")
        return slice(*items)

    def _read_dict(self, node: dict) -> dict:
        _refuse_fields(node, "items")
        found: dict[Any, Any] = {}
        for pair in _list(node["items"]):
            key, value = (self.read(one) for one in _list(pair))
            if isinstance(key, tuple | list | dict | np.ndarray) or key in found:
                raise ValueError("it holds a dict with an impossible key")
            found[key] = value
        return found

    def _read_floats(self, node: dict) -> list[float]:
        _refuse_fields(node, "array")
        array = self.read(node["array"])
        if not isinstance(array, np.ndarray) or array.dtype != float or array.ndim != 1:
            raise ValueError("it holds a list of numbers that is none")
        return array.tolist()

    def _read_records(self, node: dict) -> list[dict]:
        _refuse_fields(node, "keys", "columns")
        keys, columns = _list(node["keys"]), self.read(_list(node["columns"]))
        texts = all(isinstance(key, str) for key in keys)
        if not texts or len(set(keys)) < len(keys) or len(columns) != len(keys):
            raise ValueError("it holds records without names")
        if len({len(_list(column)) for column in columns}) != 1:
            raise ValueError("it holds records of unequal length")
        return [dict(zip(keys, row)) for row in zip(*columns)]

    def _read_objects(self, node: dict) -> np.ndarray:
        _refuse_fields(node, "shape", "items")
        items, shape = self.read(_list(node["items"])), _list(node["shape"])
        simple = (str, int, float, bool, type(None), np.generic)
        if any(type(side) is not int or side < 0 for side in shape) or len(shape) > 8:
            raise ValueError("it holds an array of an impossible shape")
        if math.prod(shape) != len(items):
            raise ValueError("it holds an array that is not as large as it says")
        if not all(isinstance(item, simple) for item in items):
            raise ValueError("it holds an array of objects")
        flat = np.empty(len(items), object)
        flat[:] = items
        return flat.reshape(shape)

    def _read_scalar(self, node: dict) -> Any:
        _refuse_fields(node, "dtype", "value")
        dtype, value = _read_dtype({"is": "", "name": node["dtype"]}), node["value"]
        value = self.read(value)
        if dtype.kind not in "biufU" or type(value) not in (bool, int, float, str):
            raise ValueError("it holds a number that is none")
        found = np.array(value).astype(dtype)[()]
        if found.dtype != dtype or (found != value and value == value):
            raise ValueError("it holds a number of another type")
        return found

    def _read_random_state(self, node: dict) -> np.random.RandomState:
        _refuse_fields(node, "keys", "place", "has_gauss", "gauss")
        keys, place = self.read(node["keys"]), node["place"]
        right = isinstance(keys, np.ndarray) and keys.dtype == np.uint32
        if not right or keys.shape != (624,) or type(place) is not int:
            raise ValueError("it holds a generator that is none")
        gauss = self.read(node["gauss"])
        if not 0 <= place <= 624 or node["has_gauss"] not in (0, 1):
            raise ValueError("it holds a generator in an impossible state")
        if not isinstance(gauss, float):
            raise ValueError("it holds a generator in an impossible state")
        made = np.random.RandomState(0)
        made.set_state(("MT19937", keys, place, int(node["has_gauss"]), gauss))
        return made

    def _read_object(self, node: dict) -> Any:
        _refuse_fields(node, "class", "state")
        name, state = node["class"], node["state"]
        if not isinstance(name, str) or name not in self.kinds:
            raise ValueError(f"it names the class {str(name)[:80]!r}")
        if not isinstance(state, dict):
            raise ValueError("it holds an object without attributes")
        read = {key: self.read(value) for key, value in state.items()}
        return self.kinds[name].build(read)

    def _read_global(self, node: dict) -> Any:
        _refuse_fields(node, "name")
        name = node["name"]
        if not isinstance(name, str) or not _GLOBAL.fullmatch(name):
            raise ValueError("it names a function that has no name")
        refuse_untrusted(name, self.trusted)
        return _find_global(name)

    def _read_skops(self, node: dict) -> Any:
        _refuse_fields(node, "number", "class")
        name = node["class"]
        if not isinstance(name, str) or type(node["number"]) is not int:
            raise ValueError("it holds a step without a name")
        refuse_untrusted(name, self.trusted)
        if self.foreign is None:
            raise ValueError("it holds a step of another kind")
        self.used.add(("skops", node["number"]))
        return self.foreign(node["number"], name)


def refuse_untrusted(name: str, trusted: frozenset[str]) -> None:
    """Refuse the code of others unless the user has named it."""
    if name not in trusted:
        raise UntrustedModelError(
            f"The model holds {name[:200]}, whose code is not part of the format. "
            "Expected estimators of sknn_suite and those of scikit-learn that the "
            "guide lists. If you know it and where the file is from, add "
            f"trusted=[{name[:200]!r}]."
        )


def _find_global(name: str) -> Any:
    """Find a function or class at the top of a module; the user has trusted it."""
    module, _, last = name.rpartition(".")
    found = vars(importlib.import_module(module)).get(last)
    if not callable(found) or getattr(found, "__qualname__", None) != last:
        raise ValueError(f"{name} is no function or class of its module")
    return found


def _turn(array: np.ndarray, turned: Any) -> np.ndarray:
    if type(turned) is not bool:
        raise ValueError("it holds an array of an unknown order")
    return array.T if turned else array


def _list(value: Any) -> list:
    if not isinstance(value, list):
        raise ValueError("its parts are not where they belong")
    return value


def _refuse_fields(node: dict, *names: str) -> None:
    if node.keys() != {"is", *names}:
        raise ValueError(f"it holds a {node['is']!r} with other fields")


def _without_samplers(pipeline: Any) -> Pipeline:
    """Make the pipeline that predicts: samplers act only during fit."""
    steps = [
        (n, step) for n, step in pipeline.steps if not hasattr(step, "fit_resample")
    ]
    return Pipeline(steps)


def _write_float(value: float) -> Any:
    return value if math.isfinite(value) else {"is": "number", "text": str(value)}


def _read_number(node: dict) -> float:
    _refuse_fields(node, "text")
    if node["text"] not in ("nan", "inf", "-inf"):
        raise ValueError("it holds a number that is none")
    return float(node["text"])


def _read_dtype(node: dict) -> np.dtype:
    _refuse_fields(node, "name")
    if not isinstance(node["name"], str) or not _DTYPE.fullmatch(node["name"]):
        raise ValueError("it holds an unknown type")
    return np.dtype(node["name"])


def _read_type(node: dict) -> type:
    _refuse_fields(node, "name")
    if not isinstance(node["name"], str) or node["name"] not in TYPES:
        raise ValueError("it holds an unknown type")
    return TYPES[node["name"]]


def _read_index(node: dict) -> dict[str, int]:
    _refuse_fields(node, "first", "words")
    first, words = node["first"], _list(node["words"])
    if type(first) is not int or not all(isinstance(word, str) for word in words):
        raise ValueError("it holds an index that is none")
    found = {word: i for i, word in enumerate(words, first)}
    if len(found) < len(words):
        raise ValueError("it holds an index with a word twice")
    return found
