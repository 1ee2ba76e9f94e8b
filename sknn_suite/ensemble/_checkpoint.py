"""FoldFolder: folds that have been fitted, as files, so that a kill loses no more."""

import os
import pickle
from pathlib import Path
from typing import Any

import joblib
import sklearn

from sknn_suite._version import __version__
from sknn_suite.data import open_regular, reason_of, replacing
from sknn_suite.doors import warn_user
from sknn_suite.exceptions import CheckpointError, SuiteWarning


class FoldFolder:
    """A folder with a file for each fold that has been fitted.

    Files are written whole or not at all. They are pickles, as any estimator may be in
    them: a folder is for those who may run code on this machine anyway.

    Parameters
    ----------
    path : path-like
        The folder; it is made if it does not exist, but not the folders above it.

    Raises
    ------
    OSError
        If it cannot be used.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        try:
            self.path.mkdir(exist_ok=True)
            if not os.access(self.path, os.W_OK):
                raise OSError("it may not be written to")
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"checkpoint={str(path)!r} cannot be used: {reason_of(error)}. "
                "Expected a folder that may be written to, or its name in an existing "
                "folder. Choose another one."
            ) from error

    def file(self, *parts: Any) -> Path:
        """Name the file of a fold by all that its fit depends on.

        Raises
        ------
        OSError
            If something cannot be pickled, and so has no digest.
        """
        try:
            digest = joblib.hash((__version__, sklearn.__version__, *parts))
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise CheckpointError(
                f"checkpoint={str(self.path)!r} cannot keep folds: {error}. Expected "
                "estimators and rows that can be pickled. Leave checkpoint out, or "
                "define classes and functions in a module."
            ) from error
        return self.path / f"{digest}.fold"


def read_fold(path: Path) -> dict[str, Any] | None:
    """Read a fold; None if it has not been fitted, or its file is damaged."""
    if not path.exists():
        return None
    try:
        with open_regular(path) as file:
            found = pickle.load(file)
        if not isinstance(found, dict):
            raise TypeError("it holds no fold")
    except Exception as error:  # a damaged pickle may raise anything
        warn_user(
            f"'{path}' cannot be used: {reason_of(error)}. The fold is fitted again. "
            "Delete the file if this happens twice.",
            SuiteWarning,
        )
        return None
    return found


def write_fold(path: Path, fold: dict[str, Any]) -> None:
    """Keep a fold; warn if the disk refuses, since the fit can go on."""
    try:
        with replacing(path) as file:
            pickle.dump(fold, file)
    except (OSError, pickle.PicklingError, TypeError, AttributeError) as error:
        warn_user(
            f"A fold cannot be kept in '{path.parent}': {reason_of(error)}. The fit "
            "goes on without. Make room to keep what comes next.",
            SuiteWarning,
        )
