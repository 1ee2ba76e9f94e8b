"""Files of the user: opened only if they are files, replaced whole or not at all."""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

# What a path may lead to that is no file, by the test that tells it.
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

# Only on some systems; a pipe that takes a file's place in time is not waited for.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NEW = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)

# What files are called while they are written: the name, random letters, and this.
PART = ".part"


def open_regular(path: str | os.PathLike) -> BinaryIO:
    """Open a file for reading, and nothing that only looks like one.

    Opening a named pipe waits for ever, and a device may do anything.

    Raises
    ------
    OSError
        If there is no file, or it may not be read; its text is a reason in words.
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
    """Say in words why the system refused a path."""
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror
        return reason[0].lower() + reason[1:]
    if "null" in str(error) or "surrogate" in str(error):
        return "its name holds a character that no name of a file can hold"
    return str(error).rstrip(".") or type(error).__name__


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a new file in the place of `path`, which stays as it is until all is there.

    The new file has a name of its own, which follows no link; a reader sees the old
    file or the new one. If anything fails, it is removed.
    """
    beside = name_beside(path, f".{secrets.token_hex(8)}{PART}")
    with open(os.open(beside, _NEW, 0o666), "wb") as file:  # noqa: PTH123
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _close_and_replace(file, beside, path)
        except BaseException:
            # Closing would write what is left in the buffer, to a disk that is full.
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                beside.unlink()
            raise


def name_beside(path: Path, suffix: str) -> Path:
    """Name of a file that belongs to `path`, which its system surely takes."""
    name = path.name
    if len(os.fsencode(name)) > 200:
        name = hashlib.blake2b(os.fsencode(name), digest_size=16).hexdigest()
    return path.with_name(name + suffix)


def _close_and_replace(file: BinaryIO, beside: Path, path: Path) -> None:
    file.close()  # Windows renames no open file
    beside.replace(path)


def remove_parts(path: Path) -> None:
    """Remove what killed processes left half-written of `path`."""
    prefix = name_beside(path, ".").name
    with suppress(OSError):
        for other in path.parent.iterdir():
            middle = other.name[len(prefix) : -len(PART)]
            if other.name == f"{prefix}{middle}{PART}" and _is_token(middle):
                with suppress(OSError):
                    other.unlink()


def _is_token(text: str) -> bool:
    return len(text) == 16 and set(text) <= set("0123456789abcdef")
