"""A fingerprint of a call of fit: its parameters and rows, as one short text.

Two values have the same digest if a fit could not tell them apart. A digest is the same
in every process: it uses no address and no order of a hash table. Functions are
compared by their code and by what it refers to, objects by what pickle would store.
"""

import copyreg
import dis
import functools
import hashlib
import inspect
import math
import os
import reprlib
import sys
import sysconfig
import types
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from sknn_suite.data import LazyRows, TensorBundle
from sknn_suite.exceptions import DataError

# The parts of code, except its name, its file and its lines.
_CODE = (
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_flags",
    "co_code",
    "co_names",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
)

# These do not change what a module computes: fit sets its own mode, and a counter of
# the process numbers hooks.
_NOT_OF_MODULES = ("training", "_is_full_backward_hook")

# What every module has: parameters, modules and hooks by name. Most are empty.
_REGISTRIES = {
    name for name, part in vars(nn.Module()).items() if isinstance(part, dict)
}


def fingerprint(parts: dict[str, Any], *bundles: TensorBundle | None) -> str:
    """Digest of parameters and of the rows of bundles.

    Raises
    ------
    DataError
        If a parameter holds something that has no digest.
    """
    describer = Describer()
    digest = hashlib.blake2b(digest_size=16)
    for name, value in parts.items():
        digest.update(name.encode())
        try:
            digest.update(describer.digest(value))
        except IndescribableError as error:
            shown = " ".join(reprlib.repr(value).split())
            raise DataError(
                f"checkpoint does not go with {name}={shown}: {error}, so a run "
                "with another one would look the same. Expected values, functions, "
                "modules and objects that can be pickled. Pass one of these, or leave "
                "checkpoint out."
            ) from error
    for bundle in bundles:
        if bundle is None:
            digest.update(b"none")
            continue
        for name in sorted(bundle.inputs):
            x = bundle.inputs[name]
            _update(digest, *(x.content() if isinstance(x, LazyRows) else (x,)))
        _update(digest, bundle.target, bundle.weight, bundle.rows)
    return digest.hexdigest()


def digest_of_tensor(tensor: torch.Tensor | None) -> bytes:
    """Digest of the numbers of a tensor, 16 bytes."""
    digest = hashlib.blake2b(digest_size=16)
    _update(digest, tensor)
    return digest.digest()


def _update(digest: Any, *tensors: torch.Tensor | None) -> None:
    for tensor in tensors:
        if tensor is None:
            digest.update(b"none")
        else:
            array = np.ascontiguousarray(tensor.cpu().numpy())
            digest.update(f"{array.shape}{array.dtype}".encode())
            digest.update(array.reshape(-1).view(np.uint8))


class IndescribableError(ValueError):
    """A value holds something that has no digest."""


class Describer:
    """Digests of values; a value inside itself counts by its number of levels up."""

    def __init__(self) -> None:
        self._path: list[int] = []
        # Values are kept, since Python reuses the address of a deleted one.
        self._known: dict[int, tuple[Any, bytes]] = {}

    def digest(self, value: Any) -> bytes:
        """Digest of one value, 16 bytes."""
        plain = _plain(value)
        if plain is not None:
            return _hash(plain)
        if type(value) is np.ndarray and not value.dtype.hasobject:
            return _hash(*self._array(value))
        if id(value) in self._known:
            return self._known[id(value)][1]
        if id(value) in self._path:
            return _hash(b"above", str(self._path[::-1].index(id(value))).encode())
        self._path.append(id(value))
        try:
            digest = _hash(*self._parts(value))
        except RecursionError:
            raise IndescribableError("it is nested too deeply") from None
        finally:
            self._path.pop()
        self._known[id(value)] = value, digest
        return digest

    def _all(self, *values: Any) -> Iterator[bytes]:
        """Plain values as they are, which spares a digest, and digests of others."""
        for value in values:
            plain = _plain(value)
            yield self.digest(value) if plain is None else plain

    def _parts(self, value: Any) -> Iterator[bytes]:
        """Parts of a value, the first of which names its kind."""
        if isinstance(value, np.ndarray):
            yield from self._array(value)
        elif isinstance(value, torch.Tensor):
            yield from self._tensor(value)
        elif isinstance(value, nn.Module):
            yield from self._module(value)
        elif type(value) in (list, tuple):  # a list of layers may be a tuple as well
            yield b"list"
            yield from self._all(*value)
        elif type(value) is dict:
            yield b"dict"
            for item in value.items():
                yield from self._all(*item)
        elif type(value) in (set, frozenset):
            yield b"set"
            yield from sorted(self._all(*value))
        elif isinstance(value, os.PathLike):
            yield from (b"path", os.fsencode(os.fspath(value)))
        elif isinstance(value, types.CodeType):
            yield b"code"
            yield from self._all(*(getattr(value, name) for name in _CODE))
            yield from self._all(value.co_consts)
        elif isinstance(value, types.FunctionType):
            yield from self._function(value)
        elif isinstance(value, types.MethodType):
            yield b"method"
            yield from self._all(value.__func__, value.__self__)
        elif isinstance(value, types.BuiltinFunctionType):
            owner = value.__self__
            yield from (b"builtin", value.__qualname__.encode())
            yield from self._all(value.__module__ if owner is None else owner)
        elif isinstance(value, types.ModuleType):
            yield from (b"package", value.__name__.encode())
        elif isinstance(value, type):
            yield from self._class(value)
        elif isinstance(value, weakref.ref):  # recurrent layers have some
            yield b"reference"
            yield from self._all(value())
        elif isinstance(value, functools.partial):
            yield b"partial"
            yield from self._all(type(value), value.func, value.args, value.keywords)
        else:
            yield from self._object(value)

    def _array(self, value: np.ndarray) -> Iterator[bytes]:
        fields = value.dtype.names and value.dtype.descr
        yield f"array {value.shape} {fields or value.dtype.str}".encode()
        if value.dtype.hasobject:
            yield from self._all(*value.ravel().tolist())
        else:
            yield value.tobytes()

    def _tensor(self, value: torch.Tensor) -> Iterator[bytes]:
        yield from (b"tensor", str(value.dtype).encode())
        yield from self._all(value.requires_grad)
        if isinstance(
            value, nn.parameter.UninitializedParameter | nn.UninitializedBuffer
        ):
            return  # a lazy layer has no numbers yet
        yield str(tuple(value.shape)).encode()
        if value.layout != torch.strided or value.is_quantized or value.is_meta:
            raise IndescribableError(
                "it holds a tensor that is sparse, quantised or meta"
            )
        data = value.detach().cpu().resolve_conj().resolve_neg().contiguous()
        yield data.reshape(-1).view(torch.uint8).numpy().tobytes()

    def _module(self, value: nn.Module) -> Iterator[bytes]:
        yield b"module"
        yield from self._all(type(value))
        for name, part in vars(value).items():
            if name in _NOT_OF_MODULES or (name in _REGISTRIES and not part):
                continue
            if "_hooks" in name and isinstance(part, dict):
                part = list(part.values())
            yield from self._all(name, part)

    def _function(self, value: types.FunctionType) -> Iterator[bytes]:
        name = f"{value.__module__}.{value.__qualname__}"
        if _is_installed(value.__module__) and "<" not in name:
            yield from (b"name", name.encode())
            return
        cells = [_content(cell) for cell in value.__closure__ or ()]
        yield b"function"
        yield from self._all(
            value.__code__, value.__defaults__, value.__kwdefaults__, cells
        )
        for name in sorted(_globals_of(value.__code__)):
            if name in value.__globals__:
                yield from self._all(name, value.__globals__[name])

    def _class(self, value: type) -> Iterator[bytes]:
        yield from (b"class", f"{value.__module__}.{value.__qualname__}".encode())
        if _is_installed(value.__module__):
            return
        for name, part in sorted(vars(value).items()):
            part = getattr(part, "__func__", getattr(part, "fget", part))
            if isinstance(part, types.FunctionType):
                yield from self._all(name, part.__code__, part.__defaults__)
            elif _plain(part) is not None and not name.startswith("__"):
                yield from self._all(name, part)
        yield from self._all(*value.__bases__)

    def _object(self, value: Any) -> Iterator[bytes]:
        """Take what pickle would store of an object."""
        kind = type(value)
        try:
            reduce = copyreg.dispatch_table.get(kind)
            stored = reduce(value) if reduce else value.__reduce_ex__(4)
        except RecursionError:
            raise
        except Exception as error:  # an object may raise any error
            raise IndescribableError(
                f"it holds a {kind.__name__}, which cannot be stored"
            ) from error
        yield b"object"
        yield from self._all(kind)
        if isinstance(stored, str):  # the name of a global one
            yield stored.encode()
            inner = inspect.unwrap(value, stop=lambda found: found is not value)
            yield from self._all(None if inner is value else inner)
            return
        make, arguments, *more = stored
        yield from self._all(make, arguments, more[0] if more else None)
        for items in more[1:3]:
            yield from self._all(*(items or ()))


def _hash(*parts: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


def _plain(value: Any) -> bytes | None:
    """Bytes of a plain value, None if it is not plain."""
    kind = type(value)
    if kind is str:
        return b"str" + value.encode("utf-8", "surrogatepass")
    if kind in (int, float, bool, complex, type(None), type(Ellipsis)):
        return repr(value).encode()
    if kind in (bytes, bytearray):
        return b"bytes" + bytes(value)
    if isinstance(value, np.generic) and not value.dtype.hasobject:
        if value.dtype.kind in "biuf" and math.isfinite(value):
            return repr(value.item()).encode()
        return str(value.dtype).encode() + value.tobytes()
    if isinstance(value, torch.dtype | torch.device | np.dtype):
        return str(value).encode()
    return None


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # the variable has no value yet
        return "empty"


def _globals_of(code: types.CodeType) -> set[str]:
    """Names that code looks up outside of it, inner functions included."""
    names = {
        step.argval
        for step in dis.get_instructions(code)
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _globals_of(constant)
    return names


@functools.cache
def _is_installed(name: str | None) -> bool:
    """Whether a module belongs to Python or to an installed package."""
    first = (name or "").partition(".")[0]
    if first == __name__.partition(".")[0]:
        return True  # this package, also where it runs from a checkout
    package = sys.modules.get(first)
    if package is None or package.__name__ == "__main__":
        return False
    file = getattr(package, "__file__", None)
    if file is None:  # built in, or folders without a file, or made while it runs
        spec = getattr(package, "__spec__", None)
        return getattr(spec, "origin", None) in ("built-in", "frozen")
    places = [sysconfig.get_paths()[key] for key in ("stdlib", "purelib", "platlib")]
    real = os.path.realpath(file)
    return any(real.startswith(os.path.realpath(place) + os.sep) for place in places)
