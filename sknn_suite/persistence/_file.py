"""`save` and `load`: a model in one file that anyone may open."""

import os
import platform
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import torch
from sklearn.utils.validation import check_is_fitted

from sknn_suite._version import __version__
from sknn_suite.data import reason_of
from sknn_suite.exceptions import CorruptModelError
from sknn_suite.persistence._arrays import (
    Layout,
    flat,
    layouts_of,
    npy_header,
    refuse_letters,
    tensors_header,
    tensors_order,
)
from sknn_suite.persistence._catalog import BY_NAME, BY_TYPE
from sknn_suite.persistence._container import (
    Buffer,
    size_of,
    write_container,
)
from sknn_suite.persistence._foreign import write_foreign
from sknn_suite.persistence._json import write_json
from sknn_suite.persistence._model_file import (
    ARRAY,
    FORMAT,
    MANIFEST,
    MAX_BYTES,
    MODEL,
    STEP,
    WEIGHTS,
    ModelFile,
    opened,
)
from sknn_suite.persistence._reader import Reader
from sknn_suite.persistence._writer import Writer


def save(model: Any, path: str | os.PathLike, *, trusted: Iterable[str] = ()) -> None:
    """Write a fitted model to a file that holds no code.

    The model may be any estimator of sknn_suite, or a pipeline, ColumnTransformer or
    FeatureUnion of them and of those of scikit-learn that the user guide lists. Of a
    fitted search its best estimator is written, and of samplers of imbalanced-learn the
    parameters. What was learnt is in the file. Training rows are not, nor is the state
    of the optimiser: a later warm start begins with a new one.

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
    >>> model = MLPClassifier(max_iter=1000, random_state=0).fit(X, y)
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
        write_container(Path(path), parts, (MANIFEST, partial(_manifest, parts)))
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


def _parts_of(model: Any, trusted: frozenset[str]) -> list[tuple[str, list[Buffer]]]:
    """Make the parts of a file, but the manifest."""
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
    return contents


def _manifest(parts: list[tuple[str, list[Buffer]]], digests: list[str]) -> bytes:
    """Make the list of all other parts."""
    listed = [
        {"name": name, "size": size_of(buffers), "sha256": digest}
        for (name, buffers), digest in zip(parts, digests)
    ]
    return write_json({"format": FORMAT, "parts": listed, "versions": versions()})


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
