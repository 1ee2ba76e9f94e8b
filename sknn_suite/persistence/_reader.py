"""A tree of JSON as the value; every node is checked."""

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from sknn_suite.data import reason_of
from sknn_suite.exceptions import MissingDependencyError
from sknn_suite.persistence._kinds import Kind
from sknn_suite.persistence._names import TYPES, find_global, refuse_untrusted

_DTYPE = re.compile(r"[|<]([biuf][1248]|U[0-9]{1,5}|O)8?", re.ASCII)
_GLOBAL = re.compile(r"[A-Za-z_][\w.]{0,200}\.[A-Za-z_]\w{0,100}", re.ASCII)


# What to do when a function is missing, by whether it was one of the saving program.
_HOW_TO_GIVE = {
    False: "Install or add the module that holds it, as it was when save was called.",
    True: "Define it in this program before load, or save the model again with the "
    "function imported from a module.",
}


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

    def read(self, node: Any) -> Any:
        """Turn a tree into the value."""
        if isinstance(node, list):
            return [self.read(one) for one in node]
        if not isinstance(node, dict):
            return node
        what = node.get("is")
        if isinstance(what, str) and what in _PLAIN:
            return _PLAIN[what](node)
        if isinstance(what, str) and what in _NESTED:
            return _NESTED[what](self, node)
        raise ValueError(f"it holds a {str(what)[:40]!r}")

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
        try:
            return find_global(name)
        except (ImportError, ValueError) as error:
            raise MissingDependencyError(
                f"The model needs {name}, which is not found here: {reason_of(error)}. "
                "Expected a function or class that Python can import under this name. "
                f"{_HOW_TO_GIVE[name.startswith('__main__.')]}"
            ) from error

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


# What reads each kind of node: by itself, or with the reader.
_PLAIN: dict[str, Callable[[dict], Any]] = {
    "dtype": _read_dtype,
    "index": _read_index,
    "number": _read_number,
    "type": _read_type,
}
_NESTED: dict[str, Callable[[Reader, dict], Any]] = {
    "array": Reader._read_array,
    "dict": Reader._read_dict,
    "floats": Reader._read_floats,
    "global": Reader._read_global,
    "object": Reader._read_object,
    "objects": Reader._read_objects,
    "random_state": Reader._read_random_state,
    "records": Reader._read_records,
    "scalar": Reader._read_scalar,
    "skops": Reader._read_skops,
    "slice": Reader._read_slice,
    "tensor": Reader._read_tensor,
    "tuple": Reader._read_tuple,
}
