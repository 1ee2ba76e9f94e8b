"""Convert hashes back to n-grams, without keeping the training texts."""

from collections.abc import Sequence

import numpy as np

from sknn_suite.encoding._ngrams import (
    find_sorted,
    hash_edge,
    hash_letters,
    hash_words,
    letter_ngrams,
    without_last,
)

# Marks for the edges of a text.
START, END = "<start>", "<end>"


class NgramNames:
    """Spell out n-grams from their hashes, if their words are known.

    The hash of a run of words can be split word by word: for each possible last word,
    the hash of the words before it can be computed.

    Parameters
    ----------
    words : sequence of str
        Words that the n-grams may contain.
    grams : ndarray of uint64
        Hashes of all n-grams, sorted.
    longest : int
        Number of words in the longest runs.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.encoding import NgramNames, TextEncoder, Tokenizer
    >>> X = np.array(["a fine film"], dtype=object)
    >>> encoder = TextEncoder(Tokenizer(), 1, None, None, ngrams=3, letters=False)
    >>> encoder = encoder.fit(X)
    >>> names = NgramNames([*encoder.vocabulary_], encoder.grams_, 3)
    >>> sorted(filter(None, map(names.spell, encoder.grams_)))[:4]
    ['<start> a', '<start> a fine', 'a', 'a fine']
    """

    def __init__(self, words: Sequence[str], grams: np.ndarray, longest: int) -> None:
        own = hash_words(words)
        self._words = dict(zip(own.tolist(), words))
        self._letters = self._spell_letters(words, grams)
        self._grams = grams
        self._longest = longest
        edge = np.array([hash_edge()])
        self._lasts = np.concatenate([own, edge])
        self._last_names = [*words, END]
        firsts = np.concatenate([own, edge])
        order = np.argsort(firsts)
        self._firsts = firsts[order]
        names = [*words, START]
        self._first_names = [names[i] for i in order.tolist()]

    @staticmethod
    def _spell_letters(words: Sequence[str], grams: np.ndarray) -> dict[int, str]:
        hashes, starts = hash_letters(words)
        different, first = np.unique(hashes, return_index=True)
        known = first[find_sorted(grams, different) >= 0] if len(grams) else first[:0]
        owners = np.searchsorted(starts, known, "right") - 1
        return {
            int(hashes[at]): letter_ngrams(words[word])[at - starts[word]]
            for at, word in zip(known.tolist(), owners.tolist())
        }

    def spell(self, gram: np.uint64) -> str | None:
        """Spell out an n-gram; None if one of its words is unknown.

        In letter n-grams, * marks the side where the word continues.
        """
        key = int(gram)
        return (
            self._words.get(key)
            or self._letters.get(key)
            or self._spell_run(gram, self._longest)
        )

    def _spell_run(self, run: np.uint64, longest: int) -> str | None:
        if longest < 2:
            return None
        heads = without_last(run, self._lasts)
        at = find_sorted(self._firsts, heads)
        for last in np.flatnonzero(at >= 0).tolist():
            return f"{self._first_names[at[last]]} {self._last_names[last]}"
        if longest < 3:
            return None
        # A longer run begins with a shorter one, which is an n-gram too.
        for last in np.flatnonzero(find_sorted(self._grams, heads) >= 0).tolist():
            head = self._spell_run(heads[last], longest - 1)
            if head is not None:
                return f"{head} {self._last_names[last]}"
        return None
