"""Files that a command reads and writes, checked before libraries are imported."""

import difflib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sknn_suite.exceptions import DataError

# What a file is expected to be, by the name of the argument.
EXPECTED = {
    "model": "a file that `sknn-suite fit` wrote",
    "file": "a table: CSV, Parquet, Arrow or JSON lines",
}


def find_file(path: Path, expected: str = EXPECTED["file"]) -> Path:
    """Check that there is a file with content.

    Raises
    ------
    DataError
        If not.
    """
    if path.is_dir():
        raise DataError(
            f"'{path}' is a directory. Expected {expected}. Name a file in it."
        )
    refuse_missing(path, expected)
    if path.stat().st_size == 0:
        raise DataError(
            f"'{path}' is empty. Expected {expected}. Check how it was written."
        )
    return path


def refuse_missing(path: Path, expected: str = EXPECTED["file"]) -> None:
    """Check that there is a file or a directory; the nearest names are offered.

    Raises
    ------
    DataError
        If not.
    """
    if path.exists():
        return
    try:
        names = [one.name for one in path.parent.iterdir()]
    except OSError:
        names = []
    near = difflib.get_close_matches(path.name, names, 3, 0.7)
    found = ", ".join(f"'{path.parent / name}'" for name in near)
    told = f"The nearest {'is' if len(near) == 1 else 'are'} {found}. " if near else ""
    raise DataError(
        f"There is no file '{path}'. Expected {expected}. {told}Check the name."
    )


def writable(given: str | Path | None, usual: str | Path) -> Path:
    """Path of a file to be written, checked before hours of work.

    Parameters
    ----------
    given : str, Path or None
        What the user wants.
    usual : str or Path
        What None means.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    out = Path(given or usual)
    folder = out.parent
    if out.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise DataError(
            f"'{out}' cannot be written. Expected the name of a file in a directory "
            "that exists and may be written to. Change --out."
        )
    return out


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C for a moment, while a result is written."""
    if threading.current_thread() is not threading.main_thread():
        yield  # others get no signals
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
