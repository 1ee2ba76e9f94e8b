"""Texts to tensors: tokens by number, pieces of words, n-grams."""

import math
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sknn_suite._bundle import RaggedRows, TensorBundle, as_tensor
from sknn_suite.encoding._ngrams import (
    first_of_each,
    hash_word_ngrams,
    hash_words,
    letter_ngrams,
)
from sknn_suite.encoding._tokenizer import Tokenizer
from sknn_suite.encoding._vectors import find_vectors
from sknn_suite.encoding._vocabulary import EMPTY, Vocabulary

# max_length="auto": as long as all but one text in a hundred, within these bounds.
QUANTILE, SHORTEST, LONGEST = 0.99, 8, 128

# Most pieces of one word: a long word's last ones say little more.
MOST_PIECES = 64

# Buckets of letter n-grams for each word, and bounds of their number, in bits.
BUCKETS_PER_WORD, FEWEST_BITS, MOST_BITS = 4, 12, 14

# Tokens from which on a corpus is large.
LARGE = 1_000_000

# Number of the first known n-gram; 0 is the padding, 1 all that are unknown.
FIRST_GRAM = 2

# Texts whose n-grams are made at a time.
BLOCK_ROWS = 2048


class TextEncoder:
    """Texts as tokens, pieces of words and n-grams.

    A text that is longer than `max_length` keeps its head and its tail. Each batch gets
    the numbers of its tokens, padded, with a table that says what they are: the word's
    number in the vocabulary, the number of its vector, and those of its pieces.

    Parameters
    ----------
    tokenizer : Tokenizer
        Cuts texts.
    min_df, max_features : int, int or None
        See `Vocabulary`.
    max_length : int, "auto" or None
        Most tokens of a text.
    pieces : bool, default=False
        Whether words are also known by their letter n-grams.
    ngrams : int, default=0
        Longest run of words among the n-grams; 0 for no n-grams.
    letters : bool or "auto", default="auto"
        Whether letter n-grams are among the n-grams; "auto" leaves them out of large
        corpora, and n-grams that occur in one text only.
    embeddings : object, default=None
        Word vectors, see `find_vectors`.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        Words and their numbers.
    max_length_ : int or None
        Most tokens of a text.
    n_pieces_ : int
        Buckets of letter n-grams of words.
    mean_length_ : float
        Tokens of a text on average, as far as the network sees them.
    grams_ : ndarray of uint64
        Hashes of the n-grams that training texts have, sorted.
    coverage_ : float or None
        Part of the tokens of the training texts that have a word vector.
    vector_size_ : int
        Length of the vectors given.
    vector_numbers_ : dict of str to int
        Number of the vector of each word that has one, from 1.

    Shape
    -----
    X : (n_samples,), str
    tokens : ragged, numbers of tokens with their table
    lengths : (n_samples,)
    grams : ragged, numbers of n-grams, 1 for all unknown ones

    Examples
    --------
    >>> import numpy as np, torch
    >>> from sknn_suite.encoding import TextEncoder, Tokenizer
    >>> X = np.array(["a cat", "a dog sleeps"], dtype=object)
    >>> encoder = TextEncoder(Tokenizer(), min_df=1, max_features=None, max_length=None)
    >>> encoder.fit(X).transform(X, torch.float32).inputs["lengths"].tolist()
    [2, 3]
    """

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
    ) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.pieces = pieces
        self.ngrams = ngrams
        self.letters = letters
        self._words = Vocabulary(min_df, max_features)
        self._embeddings = embeddings

    @property
    def vocabulary_(self) -> dict[str, int]:
        """Words and their numbers."""
        return self._words.words_

    @property
    def n_words(self) -> int:
        """Numbers of words, those of padding and unknown words included."""
        return len(self._words)

    def fit(
        self,
        X: np.ndarray,
        rows: Tensor | None = None,
        weight: np.ndarray | None = None,
    ) -> "TextEncoder":
        """Learn from the training texts, all if None."""
        texts = [self.tokenizer(x) for x in (X if rows is None else X[rows.numpy()])]
        self._words.fit(texts)
        self.max_length_ = self._choose_length(texts)
        shown = [_clip(tokens, self.max_length_) for tokens in texts]
        self.mean_length_ = float(np.mean([max(len(tokens), 1) for tokens in shown]))
        self.n_pieces_ = 0
        if self.pieces:
            n_words = len(set(chain.from_iterable(texts)))
            bits = math.ceil(math.log2(BUCKETS_PER_WORD * n_words + 1))
            self.n_pieces_ = 1 << min(max(bits, FEWEST_BITS), MOST_BITS)
        self._learn_vectors(texts)
        self.grams_ = np.empty(0, np.uint64)
        if self.ngrams:
            corpus = _Corpus(texts)
            large = len(corpus.codes) > LARGE
            self.letters_ = not large if self.letters == "auto" else bool(self.letters)
            hashes = np.concatenate([part for part, _ in self._hashed_grams(corpus)])
            self.grams_, counts = np.unique(hashes, return_counts=True)
            if large:
                self.grams_ = self.grams_[counts > 1]
            if len(self.grams_) == 0:  # of texts without a word
                self.grams_ = np.zeros(1, np.uint64)
        return self

    def _choose_length(self, texts: list[list[str]]) -> int | None:
        if self.max_length != "auto":
            return self.max_length  # type: ignore[return-value]
        longest = np.quantile([len(tokens) for tokens in texts], QUANTILE)
        return int(np.clip(np.ceil(longest), SHORTEST, LONGEST))

    def _learn_vectors(self, texts: list[list[str]]) -> None:
        self.vector_numbers_: dict[str, int] = {}
        self.coverage_, self.vector_size_, self._vectors = None, 0, None
        if self._embeddings is None:
            return
        words = sorted(set(chain.from_iterable(texts)))
        found = find_vectors(self._embeddings, words)
        known = [word for word in words if word in found]
        self.vector_numbers_ = {word: i for i, word in enumerate(known, 1)}
        n_tokens = sum(map(len, texts))
        n_covered = sum(word in found for word in chain.from_iterable(texts))
        self.coverage_ = n_covered / max(n_tokens, 1)
        self._embeddings = None
        if known:
            self._vectors = np.stack([found[word] for word in known])
            self.vector_size_ = self._vectors.shape[1]

    def take_vectors(self) -> np.ndarray | None:
        """Give away the vectors, which become weights of the network."""
        vectors, self._vectors = self._vectors, None
        return vectors

    # -- transform -------------------------------------------------------------------

    def transform(self, X: np.ndarray, dtype: torch.dtype) -> TensorBundle:
        """Encode texts."""
        corpus = _Corpus(self.tokenizer(x) for x in X)
        shown = corpus.clip(self.max_length_)
        starts = as_tensor(shown.starts)
        inputs: dict[str, Any] = {
            "tokens": RaggedRows(
                starts,
                as_tensor(shown.codes.astype(np.int32)),
                as_tensor(self._make_table(shown.words)),
            ),
            "lengths": starts.diff(),
        }
        if self.ngrams:
            inputs["grams"] = self._find_grams(corpus)
        return TensorBundle(inputs)

    def cut(self, X: np.ndarray) -> list[list[str]]:
        """Tokens of each text, as many as the network sees."""
        return [_clip(self.tokenizer(x), self.max_length_) for x in X]

    def _make_table(self, words: list[str]) -> np.ndarray:
        """Tell what the network knows of each word, behind one row of zeros."""
        pieces = [self._pieces(word) for word in words] if self.pieces else []
        width = max((len(p) for p in pieces), default=0)
        table = np.zeros((len(words) + 2, 2 + width), np.int32)
        table[1, 0] = EMPTY
        table[2:, 0] = [self._words.number(word) for word in words]
        if self.vector_numbers_:
            table[2:, 1] = [self.vector_numbers_.get(word, 0) for word in words]
        for i, numbers in enumerate(pieces, 2):
            table[i, 2 : 2 + len(numbers)] = numbers
        return table

    def _pieces(self, word: str) -> np.ndarray:
        names = letter_ngrams(word)[:MOST_PIECES] or [word]
        # 0 is the padding.
        return (hash_words(names) % np.uint64(self.n_pieces_) + np.uint64(1)).astype(
            np.int32
        )

    def _find_grams(self, corpus: "_Corpus") -> RaggedRows:
        """Numbers of the n-grams, each once per text; all unknown ones have one."""
        counts = np.zeros(len(corpus), np.int64)
        parts = []
        for hashes, rows in self._hashed_grams(corpus):
            counts += np.bincount(rows, minlength=len(counts))
            at = np.searchsorted(self.grams_, hashes)
            at[at == len(self.grams_)] = 0
            known = self.grams_[at] == hashes
            parts.append(np.where(known, at + FIRST_GRAM, 1).astype(np.int32))
        starts = np.concatenate([[0], np.cumsum(counts)])
        # Texts may have none at all: something must stand behind their bags.
        values = np.concatenate([*parts, np.zeros(1, np.int32)])
        return RaggedRows(as_tensor(starts), as_tensor(values))

    def _hashed_grams(
        self, corpus: "_Corpus"
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Hashes of all n-grams, once per text, and the texts, block by block."""
        own = hash_words(corpus.words)
        names = [letter_ngrams(w) if self.letters_ else [] for w in corpus.words]
        letters = hash_words(["#" + n for n in chain.from_iterable(names)])
        n_letters = np.array([len(part) for part in names], np.int64)
        letters_start = np.cumsum(n_letters) - n_letters
        for first in range(0, len(corpus), BLOCK_ROWS):
            block = corpus.block(first, first + BLOCK_ROWS)
            codes = block.codes - 2
            rows = np.repeat(np.arange(len(block)), np.diff(block.starts))
            codes, rows = codes[codes >= 0], rows[codes >= 0]
            keys = np.unique(rows * np.int64(len(own)) + codes)
            each, row_of = keys % max(len(own), 1), keys // max(len(own), 1)
            found, found_rows = [own[each]], [row_of]
            counts = n_letters[each]
            shift = np.repeat(
                letters_start[each] - (np.cumsum(counts) - counts), counts
            )
            found.append(letters[shift + np.arange(len(shift))])
            found_rows.append(np.repeat(row_of, counts))
            starts = np.searchsorted(rows, np.arange(len(block) + 1))
            for n in range(2, self.ngrams + 1):
                hashes, which = hash_word_ngrams(own[codes], starts, n)
                found.append(hashes)
                found_rows.append(which)
            hashes, of = np.concatenate(found), np.concatenate(found_rows)
            once = np.sort(first_of_each(hashes, of))
            once = once[np.argsort(of[once], kind="stable")]
            yield hashes[once], of[once] + first


def _clip(tokens: list[str], longest: int | None) -> list[str]:
    if longest is None or len(tokens) <= longest:
        return tokens
    tail = longest // 2
    return tokens[: longest - tail] + tokens[len(tokens) - tail :]


class _Corpus:
    """Texts as numbers of the words that occur in them, end to end.

    Number 1 is the text without a word, which has this one token.
    """

    def __init__(self, texts: Iterable[list[str]]) -> None:
        numbers: dict[str, int] = {}
        codes: list[int] = []
        lengths = []
        for tokens in texts:
            codes += [numbers.setdefault(t, len(numbers) + 2) for t in tokens] or [1]
            lengths.append(len(tokens) or 1)
        self.words = list(numbers)
        self.codes = np.array(codes, np.int64)
        self.starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])

    def __len__(self) -> int:
        return len(self.starts) - 1

    def block(self, first: int, last: int) -> "_Corpus":
        """Texts `first` to `last`."""
        part = object.__new__(_Corpus)
        part.words = self.words
        starts = self.starts[first : last + 1]
        part.codes = self.codes[starts[0] : starts[-1]]
        part.starts = starts - starts[0]
        return part

    def clip(self, longest: int | None) -> "_Corpus":
        """Head and tail of the texts that are longer than `longest`."""
        lengths = np.diff(self.starts)
        if longest is None or not (lengths > longest).any():
            return self
        tail = longest // 2
        at = np.arange(len(self.codes)) - np.repeat(self.starts[:-1], lengths)
        full = np.repeat(lengths, lengths)
        kept = (full <= longest) | (at < longest - tail) | (at >= full - tail)
        part = object.__new__(_Corpus)
        part.words = self.words
        part.codes = self.codes[kept]
        short = np.minimum(lengths, longest)
        part.starts = np.concatenate([[0], np.cumsum(short)])
        return part
