"""Texts as integer codes of their words."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from sknn_suite.encoding._blocks import BLOCK_LETTERS, split_blocks, starts_of
from sknn_suite.encoding._ngrams import each_once, hash_word_ngrams
from sknn_suite.encoding._tokenizer import BREAK, MASKS, Tokenizer

# Number of tokens whose n-grams are computed at a time.
BLOCK_TOKENS = 1 << 14

# Code of the only token of a text without words, and code of the first word.
NO_WORD, FIRST = 1, 2


class Corpus:
    """Texts as integer codes of their words, stored end to end.

    Parameters
    ----------
    words : list of str
        The words; the first has code 2. Code 1 is the only token of a text without
        words.
    codes : ndarray of shape (n_tokens,), int32
        Codes of the tokens of all texts.
    starts : ndarray of shape (n_texts + 1,), int64
        Start of each text in `codes`.

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
        """Split texts into words; each piece between white space is tokenized once.

        Words get their codes in order of appearance.
        """
        known: defaultdict[str, int] = defaultdict()
        known.default_factory = known.__len__  # each new piece gets the next code
        blocks: list[tuple[np.ndarray, np.ndarray]] = []
        letters = starts_of(np.fromiter((len(t) + 1 for t in texts), np.int64))
        for first, stop in split_blocks(letters, BLOCK_LETTERS):
            block = tokenizer.pieces(texts[first:stop])
            n_pieces = np.fromiter(map(len, block), np.int64, len(block))
            numbers = map(known.__getitem__, chain.from_iterable(block))
            blocks.append((np.fromiter(numbers, np.int32), n_pieces))
        words, codes, lengths = _number(tokenizer, list(known))
        del known
        begins = np.cumsum(lengths) - lengths
        n_tokens = []
        joined = []
        while blocks:
            found, counts = _join(codes, begins, lengths, *blocks.pop(0))
            joined.append(found)
            n_tokens.append(counts)
        return cls(words, np.concatenate(joined), starts_of(np.concatenate(n_tokens)))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text."""
        return np.diff(self.starts)

    def clip(self, longest: int | None) -> "Corpus":
        """Keep head and tail of the texts that are longer than `longest`."""
        lengths = self.lengths
        if longest is None or not (lengths > longest).any():
            return self
        # The removed part begins after the head and ends before the tail.
        tail = longest // 2
        is_long = lengths > longest
        change = np.zeros(len(self.codes) + 1, np.int8)
        change[self.starts[:-1][is_long] + longest - tail] = 1
        change[self.starts[1:][is_long] - tail] -= 1
        left_out = np.cumsum(change[:-1], dtype=np.int8).view(bool)
        starts = starts_of(np.minimum(lengths, longest))
        return Corpus(self.words, self.codes[~left_out], starts)

    def words_of_each(self) -> tuple[np.ndarray, np.ndarray]:
        """Codes of the words of each text without repeats, and the text starts.

        Texts without words have the code `NO_WORD`.
        """
        words, n_words = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
        for _, found, counts in self._words_of_blocks():
            words.append(found.astype(np.int32))
            n_words.append(counts)
        return np.concatenate(words), starts_of(np.concatenate(n_words))

    def texts_of_each(self, times: np.ndarray) -> np.ndarray:
        """Count the texts with each word; `times` says how often each text counts."""
        total = np.zeros(len(self.words) + FIRST)
        for texts, words, counts in self._words_of_blocks():
            total += np.bincount(words, np.repeat(times[texts], counts), len(total))
        return total[FIRST:]

    def _words_of_blocks(self) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Yield the texts of each block, their words without repeats, and counts."""
        width = len(self.words) + FIRST
        for first, stop in split_blocks(self.starts, BLOCK_TOKENS):
            starts = self.starts[first : stop + 1]
            rows = np.repeat(np.arange(stop - first), np.diff(starts))
            keys = np.sort(rows * width + self.codes[starts[0] : starts[-1]])
            keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])]
            counts = np.bincount(keys // width, minlength=stop - first)
            yield slice(first, stop), keys % width, counts

    def runs_of_each(
        self, hashes: np.ndarray, longest: int
    ) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Hashes of all runs of 2 to `longest` words, in blocks of texts.

        Parameters
        ----------
        hashes : ndarray of shape (n_words,)
            Hashes of the words.
        longest : int
            Number of words in the longest runs.

        Yields
        ------
        texts : slice
            The texts of the block.
        hashes, rows : ndarray of shape (n_runs,)
            Runs without repeats within a text, and the index of the text in the block.
        """
        for first, stop in split_blocks(self.starts, BLOCK_TOKENS):
            starts = self.starts[first : stop + 1]
            codes = self.codes[starts[0] : starts[-1]]
            there = codes >= FIRST
            starts = starts_of(there)[starts - starts[0]]
            keys = hashes[codes[there] - FIRST]
            found, rows_of = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
            for n in range(2, longest + 1):
                key, rows = each_once(*hash_word_ngrams(keys, starts, n))
                found.append(key)
                rows_of.append(rows)
            yield slice(first, stop), np.concatenate(found), np.concatenate(rows_of)


def _number(
    tokenizer: Tokenizer, pieces: list[str]
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Words of some pieces, their codes end to end, and the number per piece."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers[BREAK] = 0
    numbers.default_factory = numbers.__len__
    all_codes, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    letters = starts_of(np.fromiter(map(len, pieces), np.int64, len(pieces)))
    for first, stop in split_blocks(letters, BLOCK_LETTERS):
        tokens = tokenizer.cut(pieces[first:stop])
        found = map(numbers.__getitem__, tokens)
        codes = np.fromiter(found, np.int32, len(tokens)) + np.int32(FIRST - 1)
        is_break = codes == FIRST - 1  # the code of no token
        ends = np.append(np.flatnonzero(is_break), len(codes))
        all_codes.append(codes[~is_break])
        lengths.append(np.diff(ends, prepend=-1) - 1)
    words = [MASKS.get(word, word) for word in numbers][1:]
    return words, np.concatenate(all_codes), np.concatenate(lengths)


def _join(
    codes: np.ndarray,
    begins: np.ndarray,
    lengths: np.ndarray,
    pieces: np.ndarray,
    n_pieces: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Join the codes of pieces to those of texts, with the number per text.

    Parameters
    ----------
    codes : ndarray of shape (n_codes,)
        Codes of the different pieces, end to end.
    begins, lengths : ndarray of shape (n_different,)
        Start and number of the codes of each piece.
    pieces : ndarray of shape (n_pieces,)
        Indices of the texts' pieces, end to end.
    n_pieces : ndarray of shape (n_texts,)
        Number of pieces in each text.
    """
    counts = lengths[pieces]
    ends = starts_of(counts)
    where = np.repeat(begins[pieces] - ends[:-1], counts) + np.arange(ends[-1])
    at = ends[starts_of(n_pieces)]
    n_words = np.diff(at)
    joined = np.insert(codes[where], at[:-1][n_words == 0], NO_WORD)
    return joined, np.maximum(n_words, 1)
