"""Checkpoints: one file from which a run continues bit by bit."""

import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
from skorch.callbacks import Callback

from sknn_suite.data import reason_of, remove_parts
from sknn_suite.exceptions import CheckpointError, DataError
from sknn_suite.training._archive import read_state, write_state
from sknn_suite.training._lock import FileLock
from sknn_suite.training._net import TensorNet
from sknn_suite.training._net_state import load_training_state, training_state
from sknn_suite.training._state_check import refuse_state


def find_checkpoint(path: str | os.PathLike) -> bool:
    """Whether there is a checkpoint to continue from.

    Raises
    ------
    CheckpointError
        If `path` cannot be a checkpoint.
    """
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        if Path(path).is_symlink():
            raise _refuse(path, "it is a link to a file that is not there") from None
        return False
    except (OSError, ValueError) as error:
        raise _refuse(path, reason_of(error)) from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no file, but a pipe or a device"
        raise _refuse(path, f"it is {kind}")
    return True


def _refuse(path: Any, reason: str) -> CheckpointError:
    shown = str(path) if len(str(path)) <= 200 else f"{str(path)[:200]}..."
    return CheckpointError(
        f"checkpoint={shown!r} cannot be used: {reason}. "
        "Expected the name of a file, in an existing folder, that fit may write. "
        "Choose another path."
    )


class Checkpoint(Callback):
    """Write the net's training state after each `every` epochs.

    Train inside ``with checkpoint:``; meanwhile no other fit may write to the path.

    Parameters
    ----------
    path : path-like
        The file; its folder must exist.
    every : int
        Epochs after which it is written again.
    fingerprint : str
        Identifies data and parameters, see `fingerprint`.
    origin : dict
        State of the random generator when the run began.
    """

    written_: tuple[int, str | None] | None = None

    def __init__(
        self, path: str | os.PathLike, every: int, fingerprint: str, origin: dict | None
    ) -> None:
        self.path = Path(path)
        self.origin = origin
        find_checkpoint(path)
        if not self.path.parent.is_dir():
            raise ValueError(
                f"checkpoint='{path}' is in a folder that does not exist. "
                "Expected a file name in an existing folder. Create the folder first."
            )
        self.every = every
        self.fingerprint = fingerprint
        self._lock = FileLock(self.path)

    def __enter__(self) -> "Checkpoint":
        self._lock.acquire()
        remove_parts(self.path)
        return self

    def __exit__(self, *error: Any) -> None:
        self._lock.release()

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        if net.out_of_time_:
            return  # the epoch is not complete; the file keeps the one before
        if net.epoch_ % self.every == 0 or net.stop_reason_ is not None:
            self._write(net)

    def on_train_end(self, net: TensorNet, **kwargs: Any) -> None:
        complete = not (net.out_of_time_ or net.interrupted_)
        if complete and self.written_ != (net.epoch_, net.stop_reason_):
            self._write(net)

    def _write(self, net: TensorNet) -> None:
        training = training_state(net)
        if not all(np.isfinite(w).all() for w in training["weights"].values()):
            return  # an error follows; the file still serves to continue
        state = {
            "fingerprint": self.fingerprint,
            "origin": self.origin,
            "training": training,
        }
        write_state(self.path, state)
        self.written_ = (net.epoch_, net.stop_reason_)

    def resume(self, net: TensorNet, n_rows: int) -> bool:
        """Load the file, if there is one, into an initialised net.

        Raises
        ------
        DataError
            If the file belongs to other data or parameters, or is no checkpoint.
        """
        if not find_checkpoint(self.path):
            return False
        state = read_state(self.path)
        if state["fingerprint"] != self.fingerprint:
            raise DataError(
                f"Checkpoint '{self.path}' belongs to other data or other parameters. "
                "Expected one written by the same call of fit. "
                "Delete the file to start anew, or choose another path."
            )
        try:
            refuse_state(net, state["training"], n_rows)
            load_training_state(net, state["training"])
        except (
            ArithmeticError,
            AttributeError,
            LookupError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataError(
                f"Checkpoint '{self.path}' does not fit the network: "
                f"{reason.rstrip('.')[:200]}. "
                "Expected a file written by the same call of fit, unchanged. "
                "Delete the file to start anew, or choose another path."
            ) from error
        return True
