"""Word vectors that others have trained: files, dicts, and pairs."""

import gzip
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from sknn_suite.exceptions import DataError


def find_vectors(
    source: Any, words: Iterable[str], n_more: int = 0
) -> dict[str, np.ndarray]:
    """Vectors of those of `words` that the source knows, in its own case or lower.

    Parameters
    ----------
    source : path-like, mapping, pair or list of these
        A text file as GloVe, word2vec and fastText write it (gzipped if its name ends
        in .gz), a dict from word to vector, (words, matrix), or several of them. Where
        several know a word, its vector is the mean [1]_; shorter vectors are filled up
        with zeros.
    words : iterable of str
        The words that are needed.
    n_more : int, default=0
        The words with which each source begins, the most frequent as a rule, that are
        kept as well if it knows a needed one; others are not.

    References
    ----------
    .. [1] Coates & Bollegala, "Frustratingly Easy Meta-Embedding", NAACL 2018.
    """
    needed = set(words)
    sources = source if isinstance(source, list) else [source]
    found = [_find(one, needed, n_more) for one in sources]
    size = max((len(v) for part in found for v in part.values()), default=0)
    merged: dict[str, np.ndarray] = {}
    for word in set().union(*found):
        vectors = [part[word] for part in found if word in part]
        merged[word] = _mean(vectors, size)
    return merged


def _mean(vectors: list[np.ndarray], size: int) -> np.ndarray:
    if len(vectors) == 1 and len(vectors[0]) == size:
        return vectors[0]
    filled = [np.pad(v, (0, size - len(v))) for v in vectors]
    mean = np.mean(filled, axis=0, dtype=np.float64)
    return np.asarray(mean, np.float32)


def _find(source: Any, needed: set[str], n_more: int) -> dict[str, np.ndarray]:
    if isinstance(source, str | os.PathLike):
        found = dict(_read(Path(source), needed, n_more))
    elif isinstance(source, Mapping):
        found = _look_up(source, needed, n_more)
    elif isinstance(source, tuple) and len(source) == 2:
        words, matrix = source
        matrix = np.asarray(matrix)
        if matrix.ndim != 2 or len(words) != len(matrix):
            raise DataError(
                f"embeddings has {len(words)} words and a matrix of shape "
                f"{matrix.shape}. Expected one row per word. Check the pair."
            )
        found = _look_up(dict(zip(words, matrix)), needed, n_more)
    else:
        raise DataError(
            f"embeddings is a {type(source).__name__}. Expected a path, a dict from "
            "word to vector, a (words, matrix) pair, or a list of those. "
            "Convert it to one of them."
        )
    sizes = {len(vector) for word, vector in found.items() if word in needed}
    if len(sizes) > 1:
        raise DataError(
            f"embeddings has vectors of the lengths {sorted(sizes)[:5]}. "
            "Expected one length within a source. Leave out those that differ."
        )
    for word in needed & found.keys():
        if not np.isfinite(found[word]).all():
            raise DataError(
                f"The vector of {word!r} in embeddings holds NaN or infinity. "
                "Expected finite numbers. Leave the word out."
            )
    # What nobody needs yet may be odd; and of a source of which training sees nothing
    # the network would not know what it says.
    return {
        word: vector
        for word, vector in found.items()
        if len(vector) in sizes and np.isfinite(vector).all()
    }


def _look_up(source: Mapping, needed: set[str], n_more: int) -> dict[str, np.ndarray]:
    found = {}
    for word in itertools.islice(source, n_more):
        if not isinstance(word, str):
            continue
        with suppress(TypeError, ValueError):
            found[str(word)] = np.asarray(source[word], np.float32).ravel()
    for word in needed:
        for form in (word, word.lower()):
            if form in source:
                found[word] = np.asarray(source[form], np.float32).ravel()
                break
    return found


def _read(
    path: Path, needed: set[str], n_more: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Stream a file, of which needed words are kept, and the first of others."""
    forms: dict[str, list[str]] = {}
    for word in needed:
        for form in {word, word.lower()}:
            forms.setdefault(form, []).append(word)
    exact: set[str] = set()
    size = None
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            parts = line.rstrip("\r\n ").split(" ")
            if number == 1 and len(parts) == 2 and parts[1].isdigit():
                size = int(parts[1])  # word2vec's header: words and length
                continue
            if size is None:
                size = len(parts) - 1
            # Words may hold spaces; the numbers are what ends the line.
            word, numbers = " ".join(parts[:-size]), parts[-size:]
            if not word or len(numbers) < size or size < 1:
                raise _broken(path, number, f"{len(parts) - 1} numbers", size)
            takers = forms.get(word, [])
            if number <= n_more and word not in needed:
                takers = [*takers, word]
            if not takers:
                if not _ends_in_number(numbers):
                    raise _broken(path, number, f"{numbers[-1][:20]!r}", size)
                continue
            try:
                vector = np.array(numbers, np.float32)
            except ValueError as error:
                if takers == [word] and word not in needed:
                    continue
                raise _broken(path, number, "words among the numbers", size) from error
            for wanted in takers:
                # The word as it is written goes before its lower case.
                if word == wanted or wanted not in exact:
                    if word == wanted:
                        exact.add(wanted)
                    yield wanted, vector


def _ends_in_number(numbers: list[str]) -> bool:
    try:
        float(numbers[-1])
        float(numbers[0])
    except ValueError:
        return False
    return True


def _broken(path: Path, number: int, found: str, size: int) -> DataError:
    return DataError(
        f"Line {number} of '{path}' is broken: it has {found}. "
        f"Expected a word and {size} numbers, separated by spaces. "
        "Repair or delete the line."
    )


@contextmanager
def _open(path: Path) -> Iterator[IO[str]]:
    if not path.is_file():
        raise DataError(
            f"embeddings='{path}' is no file. Expected a text file of word vectors, "
            "plain or gzipped. Check the path."
        )
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", errors="replace", newline="\n") as file:
        try:
            yield file  # type: ignore[misc]
        except (OSError, EOFError) as error:
            raise DataError(
                f"'{path}' cannot be read: {error}. Expected a text file of word "
                "vectors, plain or gzipped. Fetch it again."
            ) from error
