"""Pre-trained word vectors: files, dicts and pairs."""

import itertools
import os
import reprlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from sknn_suite.encoding._vector_file import read_vectors
from sknn_suite.exceptions import DataError


def find_vectors(
    source: Any, words: Iterable[str], n_more: int = 0
) -> dict[str, np.ndarray]:
    """Find the vectors of `words` in the source, in the exact case or in lower case.

    Parameters
    ----------
    source : path-like, mapping, pair or list of these
        A text file in the format of GloVe, word2vec or fastText (plain or
        gzipped), a dict from word to vector, (words, matrix), or several of these. If
        several contain a word, its vector is the mean [1]_; shorter vectors are filled
        up with zeros.
    words : iterable of str
        The needed words.
    n_more : int, default=0
        Number of other words to keep from the start of each source. These are usually
        the most frequent. None are kept from a source without a needed word.

    References
    ----------
    .. [1] Coates & Bollegala, "Frustratingly Easy Meta-Embedding", NAACL 2018.
    """
    needed = set(words)
    sources = source if isinstance(source, list) else [source]
    if not sources:
        raise _empty()
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
        found = dict(read_vectors(Path(source), needed, n_more))
    elif isinstance(source, Mapping):
        found = _look_up(source, needed, n_more)
    elif isinstance(source, tuple) and len(source) == 2:
        found = _look_up(_pair(*source), needed, n_more)
    else:
        raise DataError(
            f"embeddings is a {type(source).__name__}. Expected a path, a dict from "
            "word to vector, a (words, matrix) pair, or a list of these. "
            "Convert it to one of them."
        )
    sizes = {len(vector) for word, vector in found.items() if word in needed}
    if len(sizes) > 1:
        raise DataError(
            f"embeddings has vectors of the lengths {sorted(sizes)[:5]}. "
            "Expected the same length within a source. Remove those that differ."
        )
    for word in needed & found.keys():
        if not np.isfinite(found[word]).all():
            raise DataError(
                f"The vector of {word!r} in embeddings has NaN or infinity. "
                "Expected finite numbers. Remove the word."
            )
    # Unneeded vectors may be invalid without harm. If training uses no vector of a
    # source, the network cannot learn what the source means.
    return {
        word: vector
        for word, vector in found.items()
        if len(vector) in sizes and np.isfinite(vector).all()
    }


def _pair(words: Any, matrix: Any) -> dict[str, np.ndarray]:
    try:
        rows, n_words = np.asarray(matrix), len(words)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"embeddings is a pair of a {type(words).__name__} and a "
            f"{type(matrix).__name__}. Expected a list of words and a matrix of "
            "numbers. Convert them."
        ) from error
    if rows.ndim != 2 or n_words != len(rows) or rows.dtype.kind not in "biufO":
        raise DataError(
            f"embeddings has {n_words} words and a matrix of shape {rows.shape} and "
            f"type {rows.dtype}. Expected one row of numbers per word. Check the pair."
        )
    return dict(zip(words, rows))


def _look_up(source: Mapping, needed: set[str], n_more: int) -> dict[str, np.ndarray]:
    if not source:
        raise _empty()
    found = {}
    for word in itertools.islice(source, n_more):
        if not isinstance(word, str):
            continue
        with suppress(TypeError, ValueError):
            found[str(word)] = _vector(source[word])
    for word in needed:
        for form in (word, word.lower()):
            if form in source:
                try:
                    found[word] = _vector(source[form])
                except (TypeError, ValueError, RuntimeError) as error:
                    shown = reprlib.repr(source[form])
                    raise DataError(
                        f"The vector of {form!r} in embeddings is {shown}. Expected "
                        "at least one real number. Remove the word, or give it numbers."
                    ) from error
                break
    return found


def _vector(value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "biufO" or array.size == 0:
        raise ValueError("no real numbers")
    with np.errstate(over="ignore"):  # a later check names the word
        return array.astype(np.float32).ravel()


def _empty() -> DataError:
    return DataError(
        "embeddings is empty. Expected at least one word with its vector. "
        "Check how it was made, or leave embeddings out."
    )
