"""ModelFile: an open model file, whose parts are read only as what they say."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from sknn_suite.data import open_regular, reason_of
from sknn_suite.exceptions import CorruptModelError, MissingDependencyError
from sknn_suite.persistence._arrays import (
    Layout,
    flat,
    read_npy_header,
    read_tensors_header,
    refuse_letters,
    tensors_header_length,
)
from sknn_suite.persistence._catalog import BY_NAME
from sknn_suite.persistence._container import Container
from sknn_suite.persistence._foreign import read_foreign
from sknn_suite.persistence._json import MOST_BYTES, read_json
from sknn_suite.persistence._reader import Reader

FORMAT = 1

# Largest file that `load` reads unless it is told otherwise.
MAX_BYTES = 2 << 30

MANIFEST, MODEL, WEIGHTS = "manifest.json", "model.json", "weights.safetensors"
ARRAY, STEP = "arrays/{}.npy", "skops/{}.skops"

# How files of other kinds begin, and what they are.
_OTHERS = (
    (b"\x80", "a pickle"),
    (b"\x1f\x8b", "a compressed pickle, or another gzip file"),
    (b"\x78\x01", "a compressed joblib file"),
    (b"\x78\x5e", "a compressed joblib file"),
    (b"\x78\x9c", "a compressed joblib file"),
    (b"\x78\xda", "a compressed joblib file"),
    (b"BZh", "a compressed joblib file"),
    (b"\xfd7zXZ", "a compressed joblib file"),
    (b"\x04\x22\x4d\x18", "a compressed joblib file"),
    (b"\x89HDF", "an HDF5 file, as Keras writes it"),
)


@dataclass(frozen=True)
class _Part:
    """What the manifest says of a part."""

    size: int
    sha256: str


class ModelFile:
    """An open model file whose list of parts has been checked.

    Parameters
    ----------
    file : BinaryIO
        The file.
    max_bytes : int
        Its largest size.
    """

    def __init__(self, file: BinaryIO, max_bytes: int) -> None:
        _refuse_others(file)
        self._container = Container(file, max_bytes)
        self.n_bytes = self._container.n_bytes
        if self._container.names[:1] != [MANIFEST]:
            raise ValueError("its first part is not manifest.json")
        data, _ = self._container.read(MANIFEST, MOST_BYTES)
        manifest = read_json(data)
        if not isinstance(manifest, dict) or "format" not in manifest:
            raise ValueError("its manifest has no format")
        self._refuse_format(manifest["format"])
        if manifest.keys() != {"format", "parts", "versions"}:
            raise ValueError("its manifest has other entries")
        self.versions = self._read_versions(manifest["versions"])
        self.parts = self._read_parts(manifest["parts"])
        self.tree = read_json(self._read_part(MODEL, MOST_BYTES))

    @staticmethod
    def _refuse_format(number: Any) -> None:
        if type(number) is not int or number < 1:
            raise ValueError(f"it has the format {str(number)[:20]}")
        if number > FORMAT:
            raise NewerFormat(number)

    @staticmethod
    def _read_versions(given: Any) -> dict[str, str]:
        if not isinstance(given, dict) or len(given) > 50:
            raise ValueError("its versions are not told")
        for name, version in given.items():
            if not isinstance(version, str) or len(version) > 100 or len(name) > 100:
                raise ValueError("its versions are not told")
        return given

    def _read_parts(self, given: Any) -> dict[str, _Part]:
        parts = {}
        for entry in given if isinstance(given, list) else [None]:
            if not isinstance(entry, dict) or entry.keys() != {
                "name",
                "size",
                "sha256",
            }:
                raise ValueError("its manifest does not list the parts")
            digest = entry["sha256"]
            if not isinstance(digest, str) or len(digest) != 64:
                raise ValueError("a part has no SHA-256")
            parts[entry["name"]] = _Part(entry["size"], digest)
        names = [MANIFEST, *parts]
        if names != self._container.names or len(parts) != len(given):
            raise ValueError("its manifest lists other parts")
        n_arrays = sum(name.startswith("arrays/") for name in names)
        n_steps = sum(name.startswith("skops/") for name in names)
        expected = [MANIFEST, MODEL, WEIGHTS]
        expected += [ARRAY.format(i) for i in range(n_arrays)]
        expected += [STEP.format(i) for i in range(n_steps)]
        if names != expected:
            raise ValueError("its parts are not those of a model")
        self.n_arrays, self.n_steps = n_arrays, n_steps
        for name, part in parts.items():
            if type(part.size) is not int or part.size != self._container.size(name):
                raise ValueError(f"its part {name} is not as large as it says")
        return parts

    def _read_part(self, name: str, most: int) -> bytes:
        data, digest = self._container.read(name, most)
        self._refuse_digest(name, digest)
        return data

    def _refuse_digest(self, name: str, digest: str) -> None:
        if digest != self.parts[name].sha256:
            raise ValueError(f"its part {name} does not have its SHA-256")

    def layout(self, number: int) -> Layout:
        """Type and shape of an array."""
        return self._array_header(number)[1]

    def _array_header(self, number: int) -> tuple[bytes, Layout]:
        name = ARRAY.format(number)
        start = self._container.start(name, 1 << 10)
        return read_npy_header(start, self.parts[name].size)

    def array(self, number: int) -> np.ndarray:
        """Read an array; it takes no more memory than its part has bytes."""
        name = ARRAY.format(number)
        header, layout = self._array_header(number)
        array = layout.empty()
        digest = self._container.read_into(name, [flat(array)], [header])
        self._refuse_digest(name, digest)
        refuse_letters(array)
        return array

    def tensors(self) -> dict[str, np.ndarray]:
        """Read all weights."""
        header, layouts = self.tensor_layouts()
        arrays = {name: layout.empty() for name, layout in layouts.items()}
        buffers = [flat(array) for array in arrays.values()]
        digest = self._container.read_into(WEIGHTS, buffers, [header])
        self._refuse_digest(WEIGHTS, digest)
        for array in arrays.values():
            refuse_letters(array)
        return arrays

    def tensor_layouts(self) -> tuple[bytes, dict[str, Layout]]:
        """Header of the weights: types and shapes by name."""
        n_bytes = self.parts[WEIGHTS].size
        length = tensors_header_length(self._container.start(WEIGHTS, 8), n_bytes)
        start = self._container.start(WEIGHTS, 8 + length)
        return read_tensors_header(start, n_bytes)

    def model(self, trusted: frozenset[str]) -> Any:
        """Make the model."""
        arrays = [self.array(i) for i in range(self.n_arrays)]
        tensors = self.tensors()

        def foreign(number: int, name: str) -> Any:
            if not 0 <= number < self.n_steps:
                raise ValueError("it names a step that is missing")
            data = self._read_part(STEP.format(number), MAX_BYTES)
            return read_foreign(data, name, trusted)

        reader = Reader(BY_NAME, arrays, tensors, trusted, foreign)
        model = reader.read(self.tree)
        steps = {("skops", i) for i in range(self.n_steps)}
        unused = ({*range(len(arrays))} | tensors.keys() | steps) - reader.used
        if unused:
            raise ValueError("one of its arrays has no use")
        if not hasattr(model, "get_params"):
            raise ValueError("it holds no estimator")
        return model


class NewerFormat(Exception):
    """A file is of a later format."""


def _refuse_others(file: BinaryIO) -> None:
    file.seek(0)
    start = file.read(8)
    for sign, kind in _OTHERS:
        if start.startswith(sign):
            raise ValueError(
                f"it is {kind}, whose code would run when it is opened; open it only "
                "if you trust its author, where it was made, and save its model"
            )
    if not start.startswith(b"PK\x03\x04"):
        raise ValueError("it does not begin as a model does")


@contextmanager
def opened(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a model file; what is wrong with it ends in one kind of error."""
    try:
        file = open_regular(path)
    except OSError as error:
        raise OSError(
            f"'{path}' cannot be opened: {reason_of(error)}. Expected a file written "
            "by sknn_suite.persistence.save. Check the path."
        ) from error
    with file:
        try:
            yield file
        except CorruptModelError:
            raise
        except MissingDependencyError:
            raise
        except NewerFormat as error:
            raise CorruptModelError(
                f"'{path}' was written in format {error}. This sknn_suite reads "
                f"formats up to {FORMAT}. Upgrade sknn_suite to load it."
            ) from error
        except Exception as error:  # files have many ways to be damaged
            raise CorruptModelError(
                f"'{path}' cannot be read as a model: {_in_words(error)}. Expected a "
                "file written by sknn_suite.persistence.save, unchanged. Get it again "
                "from where it came, or save the model anew."
            ) from error


def _in_words(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    if isinstance(error, OSError):
        return reason_of(error)
    if not isinstance(error, ValueError) or isinstance(error, UnicodeError):
        return f"its parts are not where they belong ({type(error).__name__})"
    return "".join(c for c in str(error) if c.isprintable())[:300].rstrip(".")
