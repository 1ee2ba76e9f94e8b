"""Text files of word vectors, in the format of GloVe, word2vec and fastText."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sknn_suite.data import open_regular, reason_of
from sknn_suite.exceptions import DataError

# Most letters of a line and numbers of a vector: ten times those of published files.
MOST_LETTERS = 1 << 19
MOST_NUMBERS = 20_000

# Most numbers in vectors that are kept for later texts: 512 MiB.
MOST_KEPT = 1 << 27

# Other file formats, by their first bytes.
_FOREIGN = (
    (rb"\x93NUMPY", "a NumPy array"),
    (rb"PK\x03\x04|PK\x05\x06", "a zip archive"),
    (rb"\x80[\x02-\x05]", "a pickle"),
    (rb"\x1f\x8b", "a gzipped file within a gzipped one"),
    (rb"BZh|\xfd7zXZ|\x28\xb5\x2f\xfd", "a compressed file that is not gzip"),
    (rb"\xff\xfe|\xfe\xff", "text in UTF-16"),
    (rb"\x89HDF", "an HDF5 file"),
    (rb"\s*[\[{]\s*[\"\[{}\]]", "JSON"),
)


def read_vectors(
    path: Path, needed: set[str], n_more: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Stream a file; keep the needed words, and the first `n_more` other ones.

    Raises
    ------
    DataError
        If the file cannot be read, is of another kind, or has a broken line.
    """
    forms: dict[str, list[str]] = {}
    for word in needed:
        for form in {word, word.lower()}:
            forms.setdefault(form, []).append(word)
    exact: set[str] = set()
    size, n_lines, n_kept = None, 0, 0
    with _open(path) as lines:
        for number, line in enumerate(lines, 1):
            parts = line.rstrip("\r\n ").split(" ")
            if number == 1 and _is_header(parts):
                size = _size_in_header(path, parts)
                continue
            n_lines += 1
            if size is None:
                size = len(parts) - 1
            # Words may contain spaces, so the numbers are counted from the end.
            word, numbers = " ".join(parts[:-size]), parts[-size:]
            if not word or len(numbers) < size or not 1 <= size <= MOST_NUMBERS:
                raise _broken(path, number, f"{len(parts) - 1} numbers", size)
            if not _are_numbers(numbers):
                raise _broken(path, number, f"{numbers[-1][:20]!r}", size)
            takers = forms.get(word, [])
            if number <= n_more and word not in needed and n_kept < MOST_KEPT:
                takers = [*takers, word]
            if not takers:
                continue
            try:
                with np.errstate(over="ignore"):  # a later check names the word
                    vector = np.array(numbers, np.float32)
            except ValueError as error:
                if takers == [word] and word not in needed:
                    continue
                raise _broken(path, number, "words among the numbers", size) from error
            n_kept += size
            for wanted in takers:
                # The exact word has priority over its lower case.
                if word == wanted or wanted not in exact:
                    if word == wanted:
                        exact.add(wanted)
                    yield wanted, vector
    if not n_lines:
        raise DataError(
            f"embeddings='{path}' has a header but no vectors. Expected a word and "
            "its numbers in each line. Download the file again."
        )


def _is_header(parts: list[str]) -> bool:
    """Whether the first line is word2vec's header: the number of words, and a size."""
    return len(parts) == 2 and parts[0].isdigit() and parts[1].isdigit()


def _size_in_header(path: Path, parts: list[str]) -> int:
    text = parts[1]
    if text.isascii() and len(text) < 10 and 1 <= int(text) <= MOST_NUMBERS:
        return int(text)
    raise DataError(
        f"Line 1 of '{path}' announces vectors of {text[:20]!r} numbers. "
        f"Expected an integer from 1 to {MOST_NUMBERS}, as in '400000 300'. "
        "Correct the line, or download the file again."
    )


def _are_numbers(numbers: list[str]) -> bool:
    """Whether the first and the last are numbers; checking all would be too slow."""
    try:
        float(numbers[-1])
        float(numbers[0])
    except ValueError:
        return False
    return True


def _broken(path: Path, number: int, found: str, size: int) -> DataError:
    size = min(max(size, 1), MOST_NUMBERS)
    return DataError(
        f"Line {number} of '{path}' is damaged: it has {found}. "
        f"Expected a word and {size} numbers, separated by spaces. "
        "Repair or delete the line."
    )


@contextmanager
def _open(path: Path) -> Iterator[Iterator[str]]:
    try:
        with open_regular(path) as file:
            stream: Any = file
            if _start(file).startswith(b"\x1f\x8b"):
                stream = gzip.GzipFile(fileobj=file)
            _refuse_foreign(path, _start(stream))
            yield _lines(path, stream)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"embeddings='{path}' cannot be read: {reason_of(error)}. Expected a text "
            "file of word vectors, plain or gzipped. Check the path and the file."
        ) from error


def _start(stream: Any) -> bytes:
    return stream.peek(16)[:16]


def _refuse_foreign(path: Path, start: bytes) -> None:
    kind = None if start else "empty"
    for pattern, name in _FOREIGN:
        if kind is None and re.match(pattern, start):
            kind = name
    if kind is not None:
        raise DataError(
            f"embeddings='{path}' is {kind}. Expected a text file of word vectors, "
            "each line a word and its numbers, plain or gzipped. "
            "Convert it, or pass a dict from word to vector."
        )


def _lines(path: Path, stream: Any) -> Iterator[str]:
    """Yield the lines of a file; raise an error for long lines and binary data."""
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline="\n")
    number = 0
    while line := text.readline(MOST_LETTERS):
        number += 1
        if len(line) == MOST_LETTERS or "\0" in line:
            what = f"more than {MOST_LETTERS} letters"
            if "\0" in line:
                what = "a zero byte, as in binary files"
            raise DataError(
                f"Line {number} of '{path}' has {what}. Expected a text file of word "
                "vectors, each line a word and its numbers. "
                "Save the vectors as text, one word per line."
            )
        yield line
    text.detach()
