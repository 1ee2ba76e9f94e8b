"""A lock: one writer of a file at a time."""

import errno
import importlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from sknn_suite.data import name_beside, reason_of
from sknn_suite.exceptions import CheckpointError

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)

# Errors of the system when another process, or another thread, holds the lock.
_HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


class FileLock:
    """A lock on ``path.lock``, which the system releases when its process dies.

    Parameters
    ----------
    path : Path
        The file that one fit at a time may write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.beside = name_beside(path, ".lock")
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises
        ------
        CheckpointError
            If another fit holds it, or the folder cannot be written to.
        """
        while self._file is None:
            try:
                file = os.open(self.beside, _FLAGS, 0o666)
            except (OSError, ValueError) as error:
                raise CheckpointError(
                    f"Nothing can be written next to checkpoint '{self.path}': "
                    f"{reason_of(error)}. Expected a folder that may be written to. "
                    "Choose another path."
                ) from error
            try:
                _lock(file)
                if self._is_current(file):
                    self._file = file
            except OSError as error:
                os.close(file)
                raise CheckpointError(
                    f"Checkpoint '{self.path}' is being written by another fit. "
                    "Expected one fit per path at a time. "
                    "Wait until it has ended, or choose another path."
                ) from error
            if self._file is None:  # its holder has removed it: try again
                os.close(file)

    def release(self) -> None:
        """Release the lock, and remove its file."""
        if self._file is None:
            return
        file, self._file = self._file, None
        if os.name == "nt":  # Windows removes no open file
            os.close(file)
            file = -1
        with suppress(OSError):
            self.beside.unlink()
        if file >= 0:
            os.close(file)

    def _is_current(self, file: int) -> bool:
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(file), self.beside.stat())
        return False


def _lock(file: int) -> None:
    """Lock an open file, or raise OSError if it is locked already."""
    try:
        system: Any = importlib.import_module("fcntl")
    except ImportError:
        system = importlib.import_module("msvcrt")
        system.locking(file, system.LK_NBLCK, 1)
        return
    try:
        system.flock(file, system.LOCK_EX | system.LOCK_NB)
    except OSError as error:
        # Some network folders have no locks; files are replaced as a whole there too.
        if error.errno in _HELD:
            raise
