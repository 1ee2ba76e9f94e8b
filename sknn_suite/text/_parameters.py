"""The parameters of what becomes of texts before the network sees them."""

from numbers import Integral, Real
from typing import Any

from sknn_suite.doors import HasMethods, Interval, StrOptions
from sknn_suite.parameters import param, parameters


@parameters
class TextParameters:
    """Tokens, vocabulary, word vectors and n-grams.

    Parameters
    ----------
    tokenizer : Tokenizer, {"word", "char"}, callable, vectorizer or None, default=None
        How texts are cut: a :class:`~sknn_suite.text.Tokenizer`, which says what
        becomes of case, punctuation, numbers, web addresses, @names, #tags and emoji,
        or what it takes as `kind`. None is ``Tokenizer()``.

    min_df : int, default=2
        Training texts in which a word must occur to have a vector of its own.

    max_features : int or None, default=30000
        Largest number of words with a vector of their own; the most frequent ones
        get it.

    max_length : int, "auto" or None, default="auto"
        Largest number of tokens that the recurrent layers see; of longer texts they
        see the beginning and the end. "auto" leaves 99 texts in a hundred whole, up to
        128 tokens; None leaves all.

    embedding_size : int, default=100
        Length of the word vectors that are learnt; 0 for none, if others are given.

    subwords : bool, default=True
        Whether the vectors of a word's letter n-grams are added to its own, so that
        words that are new or misspelt mean something.

    embeddings : path-like, dict, pair or list of these, default=None
        Word vectors that go beside those learnt: a text file of GloVe, word2vec or
        fastText (also gzipped), a dict from word to vector, a (words, matrix) pair, or
        several, of which the mean is taken where both know a word. Kept are the words
        of the training texts and, for texts to come, those of the first 30,000 of each
        source that may be tokens, unless `embedding_rate` is above 0.

    embedding_rate : float, default=0.0
        Share of the learning rate, in [0, 1], by which those vectors are fine-tuned; 0
        leaves them as they are.

    token_dropout : float, default=0.1
        Probability, in [0, 1), that a word is unknown for a training step.

    wide : bool or "auto", default="auto"
        Whether raw scores are averaged with those of a linear model over n-grams, which
        has six tenths of the say, see `ngram_model_`. It is solved for before the
        networks train, and stays as it is in warm starts and partial_fit. "auto" is on
        up to 100,000 training texts.

    wide_ngrams : int or "auto", default="auto"
        Longest run of words among these n-grams. "auto" takes three words for fewer
        than 8,000 texts, and two for more.

    wide_letters : bool or "auto", default="auto"
        Whether letter n-grams of words are among them. "auto" is on up to a million
        tokens; with more, n-grams that occur in one text only are left out as well.
    """

    tokenizer: Any = param(
        None,
        StrOptions({"word", "char"}),
        callable,
        HasMethods(["build_analyzer"]),
        None,
    )
    min_df: int = param(2, Interval(Integral, 1, None, closed="left"))
    max_features: int | None = param(
        30000, Interval(Integral, 1, None, closed="left"), None
    )
    max_length: int | str | None = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left"), None
    )
    embedding_size: int = param(100, Interval(Integral, 0, None, closed="left"))
    subwords: bool = param(True, "boolean")
    embeddings: Any = param(
        None, str, HasMethods(["__fspath__"]), dict, tuple, list, None
    )
    embedding_rate: float = param(0.0, Interval(Real, 0, 1, closed="both"))
    token_dropout: float = param(0.1, Interval(Real, 0, 1, closed="left"))
    wide: bool | str = param("auto", "boolean", StrOptions({"auto"}))
    wide_ngrams: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    wide_letters: bool | str = param("auto", "boolean", StrOptions({"auto"}))
