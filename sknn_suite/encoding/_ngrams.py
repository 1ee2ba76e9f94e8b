"""N-grams of words and of letters, as hashes."""

from collections.abc import Iterator, Sequence

import numpy as np

from sknn_suite.encoding._blocks import BLOCK_LETTERS, split_blocks, starts_of

# Lengths of letter n-grams; the marks < and > of a word count as letters.
LETTERS = (3, 4, 5)

# Letters of a word that have n-grams; in longer words only the head has them.
HEAD = 40

# Odd multipliers that combine the hashes of neighbours.
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_SHIFT = np.uint64(29)

# Different seeds for words, letters and the edge of a text.
_OF_WORD, _OF_LETTERS, _EDGE = np.uint64(1), np.uint64(2), np.uint64(3)


def hash_words(words: Sequence[str]) -> np.ndarray:
    """64-bit hashes of strings; they are the same in every process."""
    hashes = [_hash_words(block) for block in _word_blocks(words)]
    return np.concatenate([np.zeros(0, np.uint64), *hashes])


def _hash_words(words: Sequence[str]) -> np.ndarray:
    letters, starts = _letters(words)
    at = np.arange(len(letters), dtype=np.int64) - np.repeat(
        starts[:-1], np.diff(starts)
    )
    keys = _mix(_mix(letters + _OF_WORD) + at.astype(np.uint64) * _FACTOR)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(keys)])
    return _mix(sums[starts[1:]] - sums[starts[:-1]] + _OF_WORD)


def hash_letters(words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of the letter n-grams of all words, and the start for each word.

    A word is written between < and >, as in fastText, and is not an n-gram of itself.
    Of words longer than `HEAD` only the head is used. Shorter n-grams come first.

    Returns
    -------
    hashes : ndarray of shape (n_ngrams,)
        Hashes, word by word.
    starts : ndarray of shape (n_words + 1,)
        Start of the hashes of each word.
    """
    hashes, counts = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for block in _word_blocks(words):
        found, n_found = _hash_letters([f"<{word[:HEAD]}>" for word in block])
        hashes.append(found)
        counts.append(n_found)
    return np.concatenate(hashes), starts_of(np.concatenate(counts))


def _hash_letters(marked: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of the n-grams of words with their marks, and the number per word."""
    letters, starts = _letters(marked)
    lengths = np.diff(starts)
    of = np.repeat(np.arange(len(marked)), lengths)
    left = np.repeat(starts[1:], lengths) - np.arange(len(letters))
    key = _mix(letters + _OF_LETTERS)
    parts, words_of = [], []
    for n in range(2, max(LETTERS) + 1):
        key = _mix(key[:-1] * _FACTOR + letters[n - 1 :])
        if n in LETTERS:
            whole = (left[: len(key)] >= n) & (lengths[of[: len(key)]] > n)
            parts.append(key[whole])
            words_of.append(of[: len(key)][whole])
    which = np.concatenate(words_of)
    order = np.argsort(which, kind="stable")
    counts = np.bincount(which, minlength=len(marked))
    return np.concatenate(parts)[order], counts


def letter_ngrams(word: str) -> list[str]:
    """Letter n-grams in the order of `hash_letters`; * means the word continues."""
    marked = f"<{word[:HEAD]}>"
    names = []
    for n in LETTERS:
        if n >= len(marked):
            break
        for first in range(len(marked) - n + 1):
            inner = marked[max(first, 1) : min(first + n, len(marked) - 1)]
            head = "*" if first > 0 else ""
            names.append(head + inner + ("*" if first + n < len(marked) else ""))
    return names


def _word_blocks(words: Sequence[str]) -> Iterator[Sequence[str]]:
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    for first, stop in split_blocks(starts_of(lengths), BLOCK_LETTERS):
        yield words[first:stop]


def _letters(words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Code points of all words, end to end, and the start of each word."""
    encoded = "".join(words).encode("utf-32-le", "surrogatepass")
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    return np.frombuffer(encoded, np.uint32).astype(np.uint64), starts_of(lengths)


def _mix(keys: np.ndarray) -> np.ndarray:
    keys = (keys ^ (keys >> _SHIFT)) * _FACTOR
    return keys ^ (keys >> _SHIFT)


def hash_word_ngrams(
    hashes: np.ndarray, starts: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all runs of `n` >= 2 words, with the text's edges, and their rows.

    Parameters
    ----------
    hashes : ndarray of shape (n_tokens,)
        Hashes of the tokens of all texts, end to end.
    starts : ndarray of shape (n_texts + 1,)
        Start of each text.
    n : int
        Number of words in a run.
    """
    lengths = np.diff(starts)
    padded = np.full(len(hashes) + 2 * len(lengths), hash_edge(), np.uint64)
    row = np.repeat(np.arange(len(lengths)), lengths)
    padded[np.arange(len(hashes)) + 2 * row + 1] = hashes
    rows = np.repeat(np.arange(len(lengths)), lengths + 2)
    key = padded[: max(len(padded) - n + 1, 0)].copy()
    for shift in range(1, n):
        key = _mix(key * _FACTOR + padded[shift : len(padded) - n + 1 + shift])
    first, last = rows[: len(key)], rows[n - 1 :]
    whole = first == last[: len(key)]
    return key[whole], first[whole]


def hash_edge() -> np.uint64:
    """Hash that marks the edges of a text, before and after its words."""
    return _mix(np.array([_EDGE]))[0]


def without_last(run: np.uint64, lasts: np.ndarray) -> np.ndarray:
    """Hash of the words before the last word of a run, for each possible last word."""
    key = np.array([run])
    key = key ^ (key >> _SHIFT) ^ (key >> (_SHIFT + _SHIFT))  # undoes `_mix`
    key = key * _INVERSE
    key = key ^ (key >> _SHIFT) ^ (key >> (_SHIFT + _SHIFT))
    return (key - lasts) * _INVERSE


def each_once(hashes: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Remove repeated pairs of a hash and a row; the order is arbitrary."""
    keys = _mix(hashes + rows.astype(np.uint64) * _FACTOR)
    order = np.argsort(keys)
    keys = keys[order]
    once = order[
        np.concatenate([np.ones(min(len(keys), 1), bool), keys[1:] != keys[:-1]])
    ]
    return hashes[once], rows[once]


def find_sorted(sorted_hashes: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Position of each hash among sorted hashes; -1 if it is missing."""
    order = np.argsort(hashes)  # neighbours are looked up near each other, in the cache
    at = np.empty(len(hashes), np.int64)
    at[order] = np.searchsorted(sorted_hashes, hashes[order])
    at[at == len(sorted_hashes)] = 0
    return np.where(sorted_hashes[at] == hashes, at, -1)
