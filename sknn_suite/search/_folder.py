"""Folder: results of trainings as files, read without trust."""

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from sknn_suite.data import PART, reason_of
from sknn_suite.doors import warn_user
from sknn_suite.exceptions import CheckpointError, DataError, SuiteWarning
from sknn_suite.training import (
    FitPlan,
    Paused,
    Progress,
    Trained,
    plain_row,
    read_state,
    write_state,
)

_NAME = re.compile(r"([0-9a-f]{32})-([1-9][0-9]{0,8})\.npz", re.ASCII)

# A file takes less time to write, so an older part of one belongs to nobody.
SECONDS_OF_A_PART = 3600

# Fields of a result that are plain already.
_PLAIN = ("weights", "state", "stop_reason", "interrupted", "is_planned")

# What `check_optimize_result` and `record` read of a result of SciPy's.
_OF_SCIPY = ("status", "message", "nit", "nfev", "fun", "success")


class Folder:
    """A folder with a file for each training that has ended.

    Files are written whole or not at all, so one may end the process at any time, and
    several processes may use the folder.

    Parameters
    ----------
    path : path-like
        The folder; it is made if it does not exist, but not the folders above it.

    Raises
    ------
    ValueError
        If it cannot be used.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        try:
            self.path.mkdir(exist_ok=True)
            names = [file.name for file in self.path.iterdir()]
        except (OSError, ValueError) as error:
            raise ValueError(
                f"store={str(path)!r} cannot be used: {reason_of(error)}. Expected a "
                "folder that may be written to, or its name in an existing folder. "
                "Choose another one, or leave store out."
            ) from error
        _remove_old_parts(self.path)
        self._lengths: dict[str, set[int]] = {}
        for match in filter(None, map(_NAME.fullmatch, names)):
            self._lengths.setdefault(match[1], set()).add(int(match[2]))

    def lengths(self, key: str) -> set[int]:
        """Numbers of epochs after which a training has been kept."""
        return self._lengths.get(key, set())

    def write(self, key: str, n_epochs: int, trained: Trained) -> None:
        """Keep a result; warn if the disk refuses, since the search can go on."""
        try:
            write_state(self._file(key, n_epochs), to_plain(trained))
        except CheckpointError as error:
            warn_user(
                f"A training cannot be kept in the store: {reason_of(error)}. The "
                "search goes on without. Make room to keep what comes next.",
                SuiteWarning,
            )
            return
        self._lengths.setdefault(key, set()).add(n_epochs)

    def read(self, key: str, n_epochs: int, plan: FitPlan) -> Trained | None:
        """Read a result; warn and return None if the file is damaged."""
        path = self._file(key, n_epochs)
        try:
            state = read_state(path, parts=("trained", "progress", "random_state"))
            return from_plain(state, plan)
        except (DataError, LookupError, TypeError, ValueError) as error:
            self._lengths.get(key, set()).discard(n_epochs)
            reason = reason_of(error.__cause__ or error)
            warn_user(
                f"'{path}' cannot be used: {reason}. The network is trained again. "
                "Delete the file if this happens twice.",
                SuiteWarning,
            )
            return None

    def _file(self, key: str, n_epochs: int) -> Path:
        return self.path / f"{key}-{n_epochs}.npz"


def _remove_old_parts(folder: Path) -> None:
    """Remove what killed processes have begun to write; others may be at work."""
    with suppress(OSError):
        for file in folder.glob(f"*{PART}"):
            if time.time() - file.stat().st_mtime > SECONDS_OF_A_PART:
                file.unlink(missing_ok=True)


def to_plain(trained: Trained) -> dict[str, Any]:
    """Turn a result into plain values and arrays."""
    scipy = trained.result
    return {
        "trained": {name: getattr(trained, name) for name in _PLAIN},
        "history": [plain_row(row) for row in trained.history],
        "progress": {
            **vars(trained.progress),
            "earlier": [plain_row(row) for row in trained.progress.earlier],
        },
        "random_state": trained.random_state.get_state(legacy=False),
        "paused": None if trained.paused is None else trained.paused.training,
        "scipy": scipy and {n: scipy[n] for n in _OF_SCIPY if n in scipy},
    }


def from_plain(state: dict[str, Any], plan: FitPlan) -> Trained:
    """Turn plain values into the result of a plan, if they can be one.

    Raises
    ------
    ValueError, TypeError, LookupError
        If they cannot.
    """
    fields, paused = dict(state["trained"]), state["paused"]
    own = {name: (array.shape, array.dtype) for name, array in plan.weights.items()}
    all_weights = [fields["weights"], state["progress"]["best_weights"]]
    all_weights += [] if paused is None else [paused["weights"]]
    for weights in all_weights:
        if weights is not None and own != {
            name: (array.shape, array.dtype) for name, array in weights.items()
        }:
            raise ValueError("it belongs to another network")
    random_state = np.random.RandomState()
    random_state.set_state(state["random_state"])
    return Trained(
        **{name: fields[name] for name in _PLAIN},
        history=state["history"],
        progress=Progress(**state["progress"]),
        random_state=random_state,
        result=state["scipy"] and OptimizeResult(state["scipy"]),
        paused=None if paused is None else Paused(paused),
    )
