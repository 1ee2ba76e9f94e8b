"""Texts as numbers of the words that occur in them."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain

import numpy as np

from sknn_suite.encoding._ngrams import each_once, hash_word_ngrams
from sknn_suite.encoding._tokenizer import BREAK, MASKS, Tokenizer

# Texts that are cut, and whose n-grams are made, at a time.
BLOCK_ROWS = 2048

# Number of the text without a word, which has this one token, and of the first word.
NO_WORD, FIRST = 1, 2


class Corpus:
    """Texts as numbers of the words that occur in them, end to end.

    Parameters
    ----------
    words : list of str
        The words; the first has number 2. Number 1 is the only token of a text
        without a word.
    codes : ndarray of shape (n_tokens,), int64
        Tokens of all texts.
    starts : ndarray of shape (n_texts + 1,), int64
        Where each text begins.

    Examples
    --------
    >>> from sknn_suite.encoding import Corpus, Tokenizer
    >>> corpus = Corpus.cut(["a cat", "", "a dog"], Tokenizer())
    >>> corpus.words, corpus.codes.tolist(), corpus.starts.tolist()
    (['a', 'cat', 'dog'], [2, 3, 1, 2, 4], [0, 2, 3, 5])
    """

    def __init__(self, words: list[str], codes: np.ndarray, starts: np.ndarray) -> None:
        self.words = words
        self.codes = codes
        self.starts = starts

    @classmethod
    def cut(cls, texts: Sequence[str], tokenizer: Tokenizer) -> "Corpus":
        """Cut texts into words: each piece between white space once, however frequent.

        Words are numbered as they come up.
        """
        known: defaultdict[str, int] = defaultdict()
        known.default_factory = known.__len__  # each new piece has the next number
        pieces: list[np.ndarray] = []
        n_pieces: list[int] = []
        for first in range(0, len(texts), BLOCK_ROWS):
            block = tokenizer.pieces(texts[first : first + BLOCK_ROWS])
            n_pieces += map(len, block)
            numbers = map(known.__getitem__, chain.from_iterable(block))
            pieces.append(np.fromiter(numbers, np.int64))
        words, codes, lengths = _number(tokenizer.cut(list(known)))
        each = np.concatenate(pieces)
        starts = np.concatenate([[0], np.cumsum(n_pieces, dtype=np.int64)])
        return cls(words, *_join(codes, lengths, each, starts))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text."""
        return np.diff(self.starts)

    def clip(self, longest: int | None) -> "Corpus":
        """Head and tail of the texts that are longer than `longest`."""
        lengths = self.lengths
        if longest is None or not (lengths > longest).any():
            return self
        tail = longest // 2
        at = np.arange(len(self.codes)) - np.repeat(self.starts[:-1], lengths)
        full = np.repeat(lengths, lengths)
        kept = (full <= longest) | (at < longest - tail) | (at >= full - tail)
        starts = np.concatenate([[0], np.cumsum(np.minimum(lengths, longest))])
        return Corpus(self.words, self.codes[kept], starts)

    def words_of_each(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the words of each text, each once, and where each text begins.

        Of texts without a word it is the number `NO_WORD`.
        """
        width = len(self.words) + FIRST
        rows = np.repeat(np.arange(len(self)), self.lengths)
        keys = np.sort(rows * width + self.codes)
        keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])]
        starts = np.searchsorted(keys, np.arange(len(self) + 1) * width)
        return (keys % width).astype(np.int32), starts

    def runs_of_each(
        self, hashes: np.ndarray, longest: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Hashes of the runs of 2 to `longest` words, once per text, and their texts.

        Parameters
        ----------
        hashes : ndarray of shape (n_words,)
            Hashes of the words.
        longest : int
            Words of the longest runs.
        """
        found, rows_of = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        for first in range(0, len(self), BLOCK_ROWS):
            starts = self.starts[first : first + BLOCK_ROWS + 1]
            codes = self.codes[starts[0] : starts[-1]]
            there = codes >= FIRST
            starts = np.concatenate([[0], np.cumsum(there)])[starts - starts[0]]
            keys = hashes[codes[there] - FIRST]
            for n in range(2, longest + 1):
                key, rows = each_once(*hash_word_ngrams(keys, starts, n))
                found.append(key)
                rows_of.append(rows + first)
        return np.concatenate(found), np.concatenate(rows_of)


def _number(tokens: list[str]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Words of some pieces, their numbers, end to end, and how many each piece has."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers[BREAK] = 0
    numbers.default_factory = numbers.__len__
    found = map(numbers.__getitem__, tokens)
    codes = np.fromiter(found, np.int64, len(tokens)) + (FIRST - 1)
    is_break = codes == FIRST - 1  # the number of no token
    ends = np.append(np.flatnonzero(is_break), len(codes))
    words = [MASKS.get(word, word) for word in numbers][1:]
    return words, codes[~is_break], np.diff(ends, prepend=-1) - 1


def _join(
    codes: np.ndarray, lengths: np.ndarray, pieces: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Codes of texts that are made of pieces, and where each text begins.

    Parameters
    ----------
    codes : ndarray of shape (n_codes,)
        Those of the pieces, end to end.
    lengths : ndarray of shape (n_different,)
        How many each piece has.
    pieces : ndarray of shape (n_pieces,)
        Numbers of the texts' pieces, end to end.
    starts : ndarray of shape (n_texts + 1,)
        Where each text begins among them.
    """
    counts = lengths[pieces]
    ends = np.concatenate([[0], np.cumsum(counts)])
    first = (np.cumsum(lengths) - lengths)[pieces]
    where = np.repeat(first - ends[:-1], counts) + np.arange(ends[-1])
    begins = ends[starts]
    n_words = np.diff(begins)
    joined = np.insert(codes[where], begins[:-1][n_words == 0], NO_WORD)
    return joined, np.concatenate([[0], np.cumsum(np.maximum(n_words, 1))])
