"""N-grams of words and of letters, as numbers."""

import zlib
from collections.abc import Sequence

import numpy as np

# Lengths of letter n-grams, of the word between its marks.
LETTERS = (3, 4, 5)

# Odd multipliers, by which the hashes of neighbouring words become one.
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)

# The marks of a text's begin and end, as words.
_EDGE = "\x00"


def letter_ngrams(word: str, longest: int = 40) -> list[str]:
    """Letter n-grams of a word between < and >, as fastText takes them.

    Of words longer than `longest` only the head is taken.
    """
    marked = f"<{word[:longest]}>"
    return [
        marked[i : i + n]
        for n in LETTERS
        if n < len(marked)
        for i in range(len(marked) - n + 1)
    ]


def hash_words(words: Sequence[str]) -> np.ndarray:
    """64-bit hashes of strings, the same in every process."""
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    low = np.array([zlib.crc32(word) for word in encoded], np.uint64)
    high = np.array([zlib.adler32(word) for word in encoded], np.uint64)
    return _mix(low | (high << np.uint64(32)))


def _mix(keys: np.ndarray) -> np.ndarray:
    keys = (keys ^ (keys >> _SHIFT)) * _FACTOR
    return keys ^ (keys >> _SHIFT)


def hash_word_ngrams(
    hashes: np.ndarray, starts: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all runs of `n` >= 2 words, the text's edges included, and their rows.

    Parameters
    ----------
    hashes : ndarray of shape (n_tokens,)
        Hashes of the tokens of all texts, end to end.
    starts : ndarray of shape (n_texts + 1,)
        Where each text begins.
    n : int
        Words of a run.
    """
    lengths = np.diff(starts)
    edge = hash_words([_EDGE])[0]
    padded = np.full(len(hashes) + 2 * len(lengths), edge, np.uint64)
    row = np.repeat(np.arange(len(lengths)), lengths)
    padded[np.arange(len(hashes)) + 2 * row + 1] = hashes
    rows = np.repeat(np.arange(len(lengths)), lengths + 2)
    key = padded[: max(len(padded) - n + 1, 0)].copy()
    for shift in range(1, n):
        key = _mix(key * _FACTOR + padded[shift : len(padded) - n + 1 + shift])
    first, last = rows[: len(key)], rows[n - 1 :]
    whole = first == last[: len(key)]
    return key[whole], first[whole]


def first_of_each(hashes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Where each pair of a hash and a row stands first."""
    keys = _mix(hashes + rows.astype(np.uint64) * _FACTOR)
    return np.unique(keys, return_index=True)[1]
