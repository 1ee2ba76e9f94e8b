"""The known words and their codes."""

from collections.abc import Sequence

# Codes that no word has: the padding, unknown words, the text without words.
PAD, UNKNOWN, EMPTY = 0, 1, 2
N_SPECIAL = 3


class Vocabulary:
    """The most frequent words of the training texts.

    Parameters
    ----------
    min_df : int
        Smallest number of texts in which a word must occur.
    max_features : int or None
        Largest number of words.

    Attributes
    ----------
    words_ : dict of str to int
        Code of each word, the most frequent first.

    Examples
    --------
    >>> from sknn_suite.encoding import Vocabulary
    >>> Vocabulary(min_df=2, max_features=None).fit(["a", "b"], [1, 2]).words_
    {'b': 3}
    """

    words_: dict[str, int]

    def __init__(self, min_df: int, max_features: int | None) -> None:
        self.min_df = min_df
        self.max_features = max_features

    def fit(self, words: Sequence[str], counts: Sequence[float]) -> "Vocabulary":
        """Choose from `words`; `counts` are weighted numbers of texts."""
        known = [(word, n) for word, n in zip(words, counts) if n >= self.min_df]
        known.sort(key=lambda item: (-item[1], item[0]))
        known = known[: self.max_features]
        self.words_ = {word: i for i, (word, _) in enumerate(known, N_SPECIAL)}
        return self

    def __len__(self) -> int:
        return len(self.words_) + N_SPECIAL

    def number(self, word: str) -> int:
        """Return the code of a word, or that of unknown words."""
        return self.words_.get(word, UNKNOWN)
