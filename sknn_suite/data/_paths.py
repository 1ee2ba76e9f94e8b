"""The user's files: open only regular files, replace them completely or not at all."""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

# What a path may point to other than a file, with the test for it.
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

# Only on some systems. O_NONBLOCK avoids waiting if a pipe has just replaced the file.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NEW = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)

# A file that is being written has its name, random letters, and this suffix.
PART = ".part"


def open_regular(path: str | os.PathLike) -> BinaryIO:
    """Open a file for reading; raise an error for anything but a regular file.

    Opening a named pipe waits forever, and a device may do anything.

    Raises
    ------
    OSError
        If the file does not exist or is not readable; the text is the reason.
    """
    try:
        _refuse_irregular(Path(path).stat().st_mode)
        file = open(path, "rb", opener=_open)  # noqa: SIM115
    except (OSError, ValueError) as error:
        raise OSError(reason_of(error)) from error
    try:
        _refuse_irregular(os.fstat(file.fileno()).st_mode)
    except BaseException:
        file.close()
        raise
    return file


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | _READ)


def _refuse_irregular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = next((name for test, name in _KINDS if test(mode)), "no regular file")
        raise OSError(f"it is {kind}")


def reason_of(error: BaseException) -> str:
    """Return the system's reason for an error with a path, in plain words."""
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror
        return reason[0].lower() + reason[1:]
    if "null" in str(error) or "surrogate" in str(error):
        return "its name contains a character that is not allowed in file names"
    return str(error).rstrip(".") or type(error).__name__


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a new file to replace `path`, which stays unchanged until all is written.

    The new file has a temporary name and follows no link. A reader sees either the old
    file or the new one. If anything fails, the new file is removed.
    """
    beside = name_beside(path, f".{secrets.token_hex(8)}{PART}")
    with open(os.open(beside, _NEW, 0o666), "wb") as file:  # noqa: PTH123
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _close_and_replace(file, beside, path)
        except BaseException:
            # Closing would write the rest of the buffer to a full disk.
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                beside.unlink()
            raise


def name_beside(path: Path, suffix: str) -> Path:
    """Name of a file that belongs to `path` and is valid on its file system."""
    name = path.name
    if len(os.fsencode(name)) > 200:
        name = hashlib.blake2b(os.fsencode(name), digest_size=16).hexdigest()
    return path.with_name(name + suffix)


def _close_and_replace(file: BinaryIO, beside: Path, path: Path) -> None:
    file.close()  # Windows does not rename open files
    beside.replace(path)


def remove_parts(path: Path) -> None:
    """Remove the partial files for `path` that killed processes left."""
    prefix = name_beside(path, ".").name
    with suppress(OSError):
        for other in path.parent.iterdir():
            middle = other.name[len(prefix) : -len(PART)]
            if other.name == f"{prefix}{middle}{PART}" and _is_token(middle):
                with suppress(OSError):
                    other.unlink()


def _is_token(text: str) -> bool:
    return len(text) == 16 and set(text) <= set("0123456789abcdef")
