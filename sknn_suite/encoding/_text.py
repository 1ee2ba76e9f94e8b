"""Encode texts as tensors: token codes, pieces of words, n-grams."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sknn_suite.data import RaggedRows, TensorBundle, as_tensor
from sknn_suite.encoding._blocks import split_blocks, starts_of
from sknn_suite.encoding._corpus import FIRST, NO_WORD, Corpus
from sknn_suite.encoding._ngrams import find_sorted, hash_letters, hash_words
from sknn_suite.encoding._tally import HashTally, count_times
from sknn_suite.encoding._tokenizer import Tokenizer
from sknn_suite.encoding._vectors import find_vectors
from sknn_suite.encoding._vocabulary import EMPTY, UNKNOWN, Vocabulary

# max_length="auto": the length that 99 % of texts do not exceed, within these bounds.
QUANTILE, SHORTEST, LONGEST = 0.99, 8, 128

# Largest number of pieces of one word; more pieces of a long word add little.
MOST_PIECES = 64

# Buckets of letter n-grams per word, and bounds of their number in bits.
BUCKETS_PER_WORD, FEWEST_BITS, MOST_BITS = 4, 12, 14

# Number of hashes to look up at a time.
BLOCK_HASHES = 1 << 16

# A corpus with more tokens than this is large.
LARGE = 1_000_000

# Number of word vectors to keep although no training text has the word. These are the
# first ones, which are the most frequent in the usual files.
UNSEEN_WORDS = 30_000

# Code of the first known n-gram; 0 is the padding, 1 means unknown.
FIRST_GRAM = 2


class TextEncoder:
    """Encode texts as tokens, pieces of words and n-grams.

    A text that is longer than `max_length` keeps its head and its tail. Each batch gets
    the padded codes of its tokens, with a table that describes each token: the code of
    its word in the vocabulary, the index of its vector, and the codes of its pieces.

    Parameters
    ----------
    tokenizer : Tokenizer
        Splits texts into tokens.
    min_df, max_features : int, int or None
        See `Vocabulary`.
    max_length : int, "auto" or None
        Most tokens of a text.
    pieces : bool, default=False
        Whether to use the letter n-grams of words in the networks.
    ngrams : int, default=0
        Longest run of words among the n-grams; 0 means no n-grams.
    letters : bool or "auto", default="auto"
        Whether the n-grams include letter n-grams. For large corpora "auto" leaves them
        out, and also n-grams that occur in one text only.
    embeddings : object, default=None
        Word vectors, see `find_vectors`.
    unseen : bool, default=True
        Whether to keep the first vectors of each source for words of later texts.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        Words and their codes.
    is_large_ : bool
        Whether the texts have more than a million tokens.
    max_length_ : int or None
        Most tokens of a text.
    n_pieces_ : int
        Number of buckets of letter n-grams.
    mean_length_ : float
        Mean number of tokens that the network sees of a text.
    grams_ : ndarray of uint64
        Hashes of the n-grams of the training texts, sorted.
    coverage_ : float or None
        Fraction of the tokens of the training texts that have a word vector.
    vector_size_ : int
        Length of the given vectors.
    vector_numbers_ : dict of str to int
        Index of the vector of each word that has one, from 1.

    Shape
    -----
    X : (n_samples,), str
    tokens : ragged, codes of tokens with their table
    lengths : (n_samples,)
    words : ragged, codes of the words of each text without repeats, with the codes of
        their n-grams as table
    runs : ragged, codes of the runs of words of each text, 1 for unknown ones

    Examples
    --------
    >>> import numpy as np, torch
    >>> from sknn_suite.encoding import TextEncoder, Tokenizer
    >>> X = np.array(["a cat", "a dog sleeps"], dtype=object)
    >>> encoder = TextEncoder(Tokenizer(), min_df=1, max_features=None, max_length=None)
    >>> encoder.fit(X).transform(X, torch.float32).inputs["lengths"].tolist()
    [2, 3]
    """

    is_large_: bool
    max_length_: int | None
    n_pieces_: int
    mean_length_: float
    coverage_: float | None
    vector_size_: int
    _vectors: np.ndarray | None

    def __init__(
        self,
        tokenizer: Tokenizer,
        min_df: int,
        max_features: int | None,
        max_length: int | str | None,
        pieces: bool = False,
        ngrams: int = 0,
        letters: bool | str = "auto",
        embeddings: Any = None,
        unseen: bool = True,
    ) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.pieces = pieces
        self.ngrams = ngrams
        self.letters = letters
        self._words = Vocabulary(min_df, max_features)
        self.unseen = unseen
        self._embeddings = embeddings

    @property
    def vocabulary_(self) -> dict[str, int]:
        """Words and their codes."""
        return self._words.words_

    @property
    def n_words(self) -> int:
        """Number of word codes, including padding and unknown words."""
        return len(self._words)

    def fit(
        self,
        X: np.ndarray,
        rows: Tensor | None = None,
        weight: np.ndarray | None = None,
    ) -> "TextEncoder":
        """Learn from the training texts, all if None.

        Each text counts as often as its weight, but at least once.
        """
        texts = X if rows is None else X[rows.numpy()]
        times = np.ones(len(texts))
        if weight is not None:
            chosen = weight if rows is None else weight[rows.numpy()]
            times = count_times(chosen)
        corpus = Corpus.cut(texts.tolist(), self.tokenizer)
        n_texts = corpus.texts_of_each(times)
        self._words.fit(corpus.words, n_texts.tolist())
        self.is_large_ = bool(corpus.lengths @ times > LARGE)
        self.max_length_ = self._choose_length(corpus.lengths, times)
        lengths = corpus.lengths
        if self.max_length_ is not None:
            lengths = np.minimum(lengths, self.max_length_)
        self.mean_length_ = float(lengths @ times / times.sum())
        self.n_pieces_ = 0
        if self.pieces:
            bits = math.ceil(math.log2(BUCKETS_PER_WORD * len(corpus.words) + 1))
            self.n_pieces_ = 1 << min(max(bits, FEWEST_BITS), MOST_BITS)
        self._learn_vectors(corpus, times)
        self.grams_ = np.empty(0, np.uint64)
        if self.ngrams:
            self.grams_ = self._learn_grams(corpus, n_texts, times)
        return self

    def _choose_length(self, lengths: np.ndarray, times: np.ndarray) -> int | None:
        if self.max_length != "auto":
            return self.max_length  # type: ignore[return-value]
        longest = _quantile(lengths, times, QUANTILE)
        return int(np.clip(np.ceil(longest), SHORTEST, LONGEST))

    def _learn_vectors(self, corpus: Corpus, times: np.ndarray) -> None:
        self.vector_numbers_: dict[str, int] = {}
        self.coverage_, self.vector_size_, self._vectors = None, 0, None
        if self._embeddings is None:
            return
        found = find_vectors(
            self._embeddings, corpus.words, UNSEEN_WORDS if self.unseen else 0
        )
        of_tokens = np.repeat(times, corpus.lengths)
        counts = np.bincount(corpus.codes, of_tokens, len(corpus.words) + FIRST)[FIRST:]
        covered = np.fromiter((w in found for w in corpus.words), bool, len(counts))
        self.coverage_ = float(counts[covered].sum() / max(counts.sum(), 1))
        self._embeddings = None
        if not found:
            return
        own = found.keys() & corpus.words
        known = sorted([*own, *self._possible(found.keys() - own)])
        self.vector_numbers_ = {word: i for i, word in enumerate(known, 1)}
        self._vectors = np.stack([found[word] for word in known])
        self.vector_size_ = self._vectors.shape[1]

    def _possible(self, words: Iterable[str]) -> Iterable[str]:
        """Keep those of `words` that may be tokens, by a quick check."""
        if callable(self.tokenizer.kind):
            return words
        return [word for word in words if self.tokenizer.tokens(word) == [word]]

    def _learn_grams(
        self, corpus: Corpus, n_texts: np.ndarray, times: np.ndarray
    ) -> np.ndarray:
        """Hashes of the n-grams of the training texts, sorted."""
        large = self.is_large_
        self.letters_ = not large if self.letters == "auto" else bool(self.letters)
        tally = HashTally(repeated=large)
        own = hash_words(corpus.words)
        tally.add(own, n_texts)
        if self.letters_:
            letters, starts = hash_letters(corpus.words)
            tally.add(letters, np.repeat(n_texts, np.diff(starts)))
            del letters
        for texts, runs, rows in corpus.runs_of_each(own, self.ngrams):
            tally.add(runs, times[texts][rows])
        hashes = tally.choose()
        if len(hashes) == 0:  # all texts are without words
            return np.zeros(1, np.uint64)
        return hashes

    def take_vectors(self) -> np.ndarray | None:
        """Return and forget the vectors, which become weights of the network."""
        vectors, self._vectors = self._vectors, None
        return vectors

    # -- transform -------------------------------------------------------------------

    def transform(self, X: np.ndarray, dtype: torch.dtype) -> TensorBundle:
        """Encode texts."""
        corpus = Corpus.cut(X.tolist(), self.tokenizer)
        shown = corpus.clip(self.max_length_)
        starts = as_tensor(shown.starts)
        hashes, hash_starts = hash_letters(corpus.words)
        own = hash_words(corpus.words)
        inputs: dict[str, Any] = {
            "tokens": RaggedRows(
                starts,
                as_tensor(shown.codes),
                as_tensor(self._make_table(corpus.words, own, hashes, hash_starts)),
            ),
            "lengths": starts.diff(),
        }
        if self.ngrams:
            inputs |= self._find_grams(corpus, own, hashes, hash_starts)
        return TensorBundle(inputs)

    def cut(self, X: np.ndarray) -> list[list[str]]:
        """Tokens of each text, as far as the network sees them."""
        return [_clip(self.tokenizer.tokens(x), self.max_length_) for x in X]

    def _make_table(
        self, words: list[str], own: np.ndarray, letters: np.ndarray, starts: np.ndarray
    ) -> np.ndarray:
        """Describe each word for the network, after the rows that are no words."""
        counts = np.minimum(np.diff(starts), MOST_PIECES)
        width = int(counts.max(initial=1)) if self.pieces else 0
        table = np.zeros((len(words) + FIRST, 2 + width), np.int32)
        table[NO_WORD, 0] = EMPTY
        number, vector = self._words.words_, self.vector_numbers_
        table[FIRST:, 0] = [number.get(word, UNKNOWN) for word in words]
        if vector:
            table[FIRST:, 1] = [
                vector.get(word) or vector.get(word.lower(), 0) for word in words
            ]
        if not self.pieces:
            return table
        # 0 is the padding. A word that is too short for n-grams is its own piece.
        n_pieces, one = np.uint64(self.n_pieces_), np.uint64(1)
        for first, stop in split_blocks(starts, BLOCK_HASHES):
            own_starts = starts[first : stop + 1] - starts[first]
            lengths = np.diff(own_starts)
            part = letters[starts[first] : starts[stop]] % n_pieces + one
            column = np.arange(len(part)) - np.repeat(own_starts[:-1], lengths)
            row = np.repeat(np.arange(first, stop), lengths) + FIRST
            kept = column < width
            table[row[kept], column[kept] + 2] = part[kept]
        short = np.flatnonzero(counts == 0)
        table[short + FIRST, 2] = own[short] % n_pieces + one
        return table

    def _find_grams(
        self,
        corpus: Corpus,
        own: np.ndarray,
        letters: np.ndarray,
        starts: np.ndarray,
    ) -> dict[str, RaggedRows]:
        """Words of each text without repeats, with n-grams, and its runs of words."""
        if self.letters_:
            counts = np.diff(starts) + 1
            numbers = np.empty(counts.sum(), np.int32)
            is_own = np.zeros(len(numbers), bool)
            is_own[np.cumsum(counts) - counts] = True
            numbers[is_own] = self._number(own)
            numbers[~is_own] = self._number(letters)
        else:
            counts, numbers = np.ones(len(own), np.int64), self._number(own)
        # Entries that are no words have no n-grams, but one value must exist.
        of_words = RaggedRows(
            as_tensor(
                np.concatenate([np.zeros(FIRST + 1, np.int64), np.cumsum(counts)])
            ),
            as_tensor(np.append(numbers, np.int32(0))),
        )
        words, word_starts = corpus.words_of_each()
        runs, n_runs = [], []
        for texts, found, rows in corpus.runs_of_each(own, self.ngrams):
            keys = np.sort((rows << 32) | self._number(found))
            runs.append((keys & 0xFFFFFFFF).astype(np.int32))
            n_runs.append(np.bincount(rows, minlength=texts.stop - texts.start))
        run_starts = as_tensor(starts_of(np.concatenate(n_runs)))
        values = np.concatenate([*runs, np.zeros(1, np.int32)])
        return {
            "words": RaggedRows(as_tensor(word_starts), as_tensor(words), of_words),
            "runs": RaggedRows(run_starts, as_tensor(values)),
        }

    def _number(self, hashes: np.ndarray) -> np.ndarray:
        """Codes of n-grams; 1 means unknown."""
        numbers = np.empty(len(hashes), np.int32)
        for first in range(0, len(hashes), BLOCK_HASHES):
            block = slice(first, first + BLOCK_HASHES)
            at = find_sorted(self.grams_, hashes[block])
            numbers[block] = np.where(at < 0, 1, at + FIRST_GRAM)
        return numbers


def _clip(tokens: list[str], longest: int | None) -> list[str]:
    if longest is None or len(tokens) <= longest:
        return tokens
    tail = longest // 2
    return tokens[: longest - tail] + tokens[len(tokens) - tail :]


def _quantile(values: np.ndarray, times: np.ndarray, fraction: float) -> float:
    """NumPy's quantile of values that are repeated `times` times."""
    order = np.argsort(values)
    until = np.cumsum(times[order])
    at = fraction * (until[-1] - 1)
    low, high = np.searchsorted(until, [np.floor(at), np.floor(at) + 1], "right")
    pair = values[order[[low, min(high, len(order) - 1)]]]
    return float(np.quantile(pair, at - np.floor(at)))
