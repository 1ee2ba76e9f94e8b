"""The parameters that turn texts into input of the network."""

from numbers import Integral, Real
from typing import Any

from sknn_suite.doors import HasMethods, Interval, StrOptions
from sknn_suite.parameters import param, parameters


@parameters(group="texts")
class TextParameters:
    """Tokens, vocabulary, word vectors and n-grams.

    Parameters
    ----------
    tokenizer : Tokenizer, {"word", "char"}, callable, vectorizer or None, default=None
        How texts are split into tokens: a :class:`~sknn_suite.text.Tokenizer`, which
        also decides how to treat case, punctuation, numbers, web addresses, @names,
        #tags and emoji; or a value for its parameter `kind`. None is ``Tokenizer()``.

    wide : bool or "auto", default="auto"
        Whether a linear model over n-grams predicts together with the networks. The
        raw scores of both are averaged, with a weight of six tenths for the n-gram
        model, see `ngram_model_`. It is fitted before the networks train; warm starts
        and partial_fit keep it unchanged. "auto" is True up to 100,000 training texts.

    max_length : int, "auto" or None, default="auto"
        Largest number of tokens that the recurrent layers read; they read the beginning
        and the end of longer texts. "auto" is the length that 99 in 100 texts do not
        exceed, up to 128; None sets no limit. Raise it when the answer is in the middle
        of long texts.

    embeddings : path-like, dict, pair or list of these, default=None
        Pretrained word vectors to use beside the learnt ones: a text file of GloVe,
        word2vec or fastText (also gzipped), a dict from word to vector, a
        (words, matrix) pair, or a list of several sources. If several sources know a
        word, the mean of its vectors is used. The model keeps the vectors of the words
        in the training texts. For new texts it also keeps those of the first 30,000
        possible tokens of each source, unless `embedding_rate` is above 0. Set it when
        there are few training texts.

    max_features : int or None, default=30000
        Largest size of the vocabulary, in words; the most frequent words get vectors.
        None sets no limit.

    min_df : int, default=2
        Number of training texts that must contain a word before the word gets a vector.

    embedding_size : int, default=100
        Length of the learnt word vectors; 0 uses only `embeddings`.

    subwords : bool, default=True
        Whether the vectors of a word's letter n-grams are added to its word vector, so
        that new and misspelt words get a useful vector.

    token_dropout : float, default=0.1
        Probability, in [0, 1), that a word is treated as unknown in a training step.

    wide_ngrams : int or "auto", default="auto"
        Largest number of words in an n-gram of the n-gram model. "auto" is 3 for fewer
        than 8,000 texts, and 2 for more.

    wide_letters : bool or "auto", default="auto"
        Whether the n-gram model also uses letter n-grams of words. "auto" is True up to
        a million tokens; beyond that it also leaves out n-grams that occur in one text
        only.

    embedding_rate : float, default=0.0
        Learning rate of `embeddings`, as a fraction of the learning rate, in [0, 1]; 0
        leaves them unchanged.
    """

    tokenizer: Any = param(
        None,
        StrOptions({"word", "char"}),
        callable,
        HasMethods(["build_analyzer"]),
        None,
    )
    wide: bool | str = param("auto", "boolean", StrOptions({"auto"}))
    max_length: int | str | None = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left"), None
    )
    embeddings: Any = param(
        None, str, HasMethods(["__fspath__"]), dict, tuple, list, None
    )
    max_features: int | None = param(
        30000, Interval(Integral, 1, None, closed="left"), None
    )
    min_df: int = param(2, Interval(Integral, 1, None, closed="left"))
    embedding_size: int = param(100, Interval(Integral, 0, None, closed="left"))
    subwords: bool = param(True, "boolean")
    token_dropout: float = param(
        0.1, Interval(Real, 0, 1, closed="left"), group="regularisation"
    )
    wide_ngrams: int | str = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Integral, 1, None, closed="left"),
        group="rare",
    )
    wide_letters: bool | str = param(
        "auto", "boolean", StrOptions({"auto"}), group="rare"
    )
    embedding_rate: float = param(
        0.0, Interval(Real, 0, 1, closed="both"), group="rare"
    )
