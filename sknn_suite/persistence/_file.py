"""`save` and `load`: a model in one file that anyone may open."""

import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import sklearn
import torch
from sklearn.utils.validation import check_is_fitted

from sknn_suite._version import __version__
from sknn_suite.data import open_regular, reason_of
from sknn_suite.exceptions import CorruptModelError, MissingDependencyError
from sknn_suite.persistence._arrays import (
    Layout,
    flat,
    layouts_of,
    npy_header,
    read_npy_header,
    read_tensors_header,
    refuse_letters,
    tensors_header,
    tensors_header_length,
    tensors_order,
)
from sknn_suite.persistence._catalog import BY_NAME, BY_TYPE
from sknn_suite.persistence._container import (
    Buffer,
    Container,
    size_of,
    sums_of,
    write_container,
)
from sknn_suite.persistence._foreign import read_foreign, write_foreign
from sknn_suite.persistence._json import MOST_BYTES, read_json, write_json
from sknn_suite.persistence._nodes import Reader, Writer

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


def save(model: Any, path: str | os.PathLike, *, trusted: Iterable[str] = ()) -> None:
    """Write a fitted model to a file that holds no code.

    The model may be any estimator of sknn_suite, or a pipeline, ColumnTransformer or
    FeatureUnion of them and of those of scikit-learn that the user guide lists. Of a
    fitted search its best estimator is written, and of a pipeline of imbalanced-learn
    the steps that predict. What was learnt is in the file. Training rows are not, nor
    is the state of the optimiser: a later warm start begins with a new one.

    A file of the same name is replaced when the new one is complete, and stays as it
    is when anything fails. The same model gives the same bytes.

    Parameters
    ----------
    model : object
        A fitted estimator.
    path : path-like
        The file, such as "fraud.sknn".
    trusted : iterable of str, default=()
        Full names of functions, and of estimators of other classes, that the model
        may hold. The functions are written as names; the estimators through skops.

    Raises
    ------
    ValueError
        If the model, or a part of it, has no form in a file.
    OSError
        If the file cannot be written.

    See Also
    --------
    load : Reads the file.
    inspect : Tells what is in it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from sknn_suite import MLPClassifier
    >>> from sknn_suite.persistence import load, save
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(max_iter=300, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, Path(folder) / "iris.sknn")
    ...     again = load(Path(folder) / "iris.sknn")
    >>> bool((again.predict_proba(X) == model.predict_proba(X)).all())
    True
    """
    names = _names(trusted)
    model = best_of(model)
    check_is_fitted(model)
    try:
        parts = _parts_of(model, names)
    except CorruptModelError:
        raise
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{type(model).__name__} cannot be saved: {reason_of(error)}. Expected a "
            "fitted estimator of sknn_suite, or of scikit-learn as the user guide "
            "lists them, without functions and classes of your own. Change that part, "
            "or name it in `trusted`."
        ) from error
    try:
        write_container(Path(path), parts)
    except OSError as error:
        raise OSError(
            f"'{path}' cannot be written: {reason_of(error)}. Expected a folder that "
            "exists, may be written to and has room; an earlier file is as it was. "
            "Make room, or choose another path."
        ) from error


def load(
    path: str | os.PathLike,
    *,
    trusted: Iterable[str] = (),
    max_bytes: int = MAX_BYTES,
) -> Any:
    """Read a model that `save` has written; no code in the file is run.

    The file names classes, and only those of the format's list are made, from values
    that have been checked: parameters against their constraints, weights against the
    configuration, tables and indices against each other.

    Parameters
    ----------
    path : path-like
        The file.
    trusted : iterable of str, default=()
        Full names of functions and classes of other packages that may be used. They
        are imported, so that their code runs. Name only what you know.
    max_bytes : int, default=2 GiB
        Largest file that is read. The model takes about as much memory.

    Returns
    -------
    model : object
        The estimator. Its predictions are those of the saved one, bit by bit, on the
        same machine with the same versions.

    Raises
    ------
    CorruptModelError
        If the file is none of ours, or damaged, or made to do harm.
    UntrustedModelError
        If it needs code that `trusted` does not name.
    OSError
        If the file cannot be opened.

    See Also
    --------
    save : Writes the file, with an example.
    """
    names = _names(trusted)
    with opened(path) as file:
        return ModelFile(file, max_bytes).model(names)


def _names(trusted: Iterable[str]) -> frozenset[str]:
    if isinstance(trusted, str | bool) or not all(isinstance(n, str) for n in trusted):
        raise TypeError(
            f"trusted={trusted!r} is no list of names. Expected full names, such as "
            "['package.module.function']. There is no way to trust all."
        )
    return frozenset(trusted)


def best_of(model: Any) -> Any:
    """Give the best estimator of a search, else the model."""
    if hasattr(model, "best_estimator_") and hasattr(model, "cv_results_"):
        return model.best_estimator_
    return model


# -- writing -------------------------------------------------------------------------


def _parts_of(
    model: Any, trusted: frozenset[str]
) -> list[tuple[str, list[Buffer], int]]:
    """Make the parts of a file, each with its CRC-32."""
    writer = Writer(BY_TYPE, trusted, write_foreign)
    tree = writer.write(model)
    # What is written can be read: the same checks, on the same values.
    reader = Reader(
        BY_NAME, writer.arrays, writer.tensors, trusted, lambda i, name: _Checked(name)
    )
    if not writer.skops:
        reader.read(tree)
    order = tensors_order(writer.tensors)
    header = tensors_header(layouts_of(writer.tensors, order))
    contents: list[tuple[str, list[Buffer]]] = [
        (MODEL, [write_json(tree)]),
        (WEIGHTS, [header, *(flat(writer.tensors[name]) for name in order)]),
    ]
    for i, array in enumerate(writer.arrays):
        refuse_letters(array)
        head = npy_header(Layout(array.dtype.str, array.shape))
        contents.append((ARRAY.format(i), [head, flat(array)]))
    contents += [(STEP.format(i), [data]) for i, data in enumerate(writer.skops)]
    listed, parts = [], []
    for name, buffers in contents:
        crc, digest = sums_of(buffers)
        listed.append({"name": name, "size": size_of(buffers), "sha256": digest})
        parts.append((name, buffers, crc))
    manifest = write_json({"format": FORMAT, "parts": listed, "versions": versions()})
    return [(MANIFEST, [manifest], sums_of([manifest])[0]), *parts]


class _Checked:
    """Stands for a step that skops has written, while the rest is checked."""

    def __init__(self, name: str) -> None:
        self.name = name


def versions() -> dict[str, str]:
    """Versions of what a model is made with."""
    return {
        "numpy": np.__version__,
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
        "sknn_suite": __version__,
        "torch": torch.__version__,
    }


# -- reading -------------------------------------------------------------------------


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
