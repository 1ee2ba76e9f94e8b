"""Texts as numbers of the words that occur in them."""

from collections import defaultdict
from collections.abc import Callable, Sequence

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
        """Cut texts into words."""
        numbers: defaultdict[str, int] = defaultdict()
        numbers[BREAK] = 0
        numbers.default_factory = numbers.__len__  # each new word has the next one
        codes, lengths = [], []
        for first in range(0, len(texts), BLOCK_ROWS):
            block = texts[first : first + BLOCK_ROWS]
            part, length = _number(tokenizer.cut(block), numbers.__getitem__)
            codes.append(part)
            lengths.append(length)
        words = [MASKS.get(word, word) for word in numbers][1:]
        starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
        return cls(words, np.concatenate(codes), starts)

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


def _number(
    tokens: list[str], number: Callable[[str], int]
) -> tuple[np.ndarray, np.ndarray]:
    """Give the tokens of some texts their numbers, and count those of each text."""
    codes = np.fromiter(map(number, tokens), np.int64, len(tokens)) + (FIRST - 1)
    is_break = codes == FIRST - 1  # the number of no token
    ends = np.append(np.flatnonzero(is_break), len(codes))
    lengths = np.diff(ends, prepend=-1) - 1
    before = ends - np.arange(len(ends))  # where each text ends without breaks
    codes = np.insert(codes[~is_break], before[lengths == 0], NO_WORD)
    return codes, np.maximum(lengths, 1)
