"""Split texts into tokens: words, punctuation, emoji, characters."""

import functools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sknn_suite.doors import HasMethods, Interval, StrOptions
from sknn_suite.exceptions import DataError
from sknn_suite.parameters import param, parameters

# Placeholders for masked kinds of tokens. Letters of the private use area hold their
# place until the text is split, because no keyboard writes them.
MASKS = {"\ue000": "<url>", "\ue001": "<user>", "\ue002": "<number>", "\ue003": "<tag>"}
MASKS |= {"\ue004": "<emoji>"}
URL, USER, NUMBER, TAG, EMOJI = MASKS

_URLS = re.compile(r"(?:https?://|www\.)\S+", re.I)
_USERS = re.compile(r"(?<!\w)@\w+")
_TAGS = re.compile(r"(?<![\w&])#(\w+)")
_NUMBERS = re.compile(r"(?<!\w)\d+(?:[.,:/]\d+)*(?!\w)")

# An emoji, its colour or presentation, and joined emoji; two letters of a flag;
# emoticons made of punctuation.
_PICTURE = "[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
_CHANGE = "[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]"
_EMOJI = (
    "[\U0001f1e6-\U0001f1ff]{2}"
    f"|{_PICTURE}{_CHANGE}*(?:\u200d{_PICTURE}{_CHANGE}*)*"
    r"|[:;=][-o*']?[()\[\]dDpP/\\|](?!\w)|<3"
)
# Scripts that put no space between words: each character is a word.
_LOGOGRAM = "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"


# Characters that may repeat: digits, white space and the underscore.
_STAYS = re.compile(r"[\d_\s]")

# Separates two texts that are split together; it is white space to all patterns.
BREAK = "\x1e"


@functools.cache
def _pattern(punctuation: bool, is_ascii: bool) -> re.Pattern:
    """Pattern of tokens and of `BREAK`; the one for ASCII finds the same, faster."""
    letter = r"\w"
    if not is_ascii:
        # Marks (vowel signs, accents) belong to words, but \w does not match them.
        marks = "".join(
            re.escape(chr(i))
            for i in range(0x300, 0x1E950)
            if unicodedata.category(chr(i)) in ("Mn", "Mc")
        )
        letter = rf"(?:(?!{_LOGOGRAM})[\w{marks}\u200c\u200d])"
    word = rf"{letter}+(?:['’]{letter}+)*"
    number = r"(?<!\w)\d+(?:[.,:/]\d+)+(?!\w)"
    tokens = [number, word, BREAK, "[\ue000-\ue004]", _EMOJI, f"[#@]{word}"]
    if not is_ascii:
        tokens.append(_LOGOGRAM)
    return re.compile("|".join([*tokens, r"[^\s\w]"] if punctuation else tokens))


# Choices for a kind of token.
_CHOICES = StrOptions({"keep", "mask", "drop"})


@parameters(group="texts")
class Tokenizer(BaseEstimator):
    """How texts are split into tokens.

    Pass it to `TextRNNClassifier` as `tokenizer`. Call it with a text to see the tokens
    of the classifier. In a search its parameters have names like ``tokenizer__urls``.

    Parameters
    ----------
    kind : {"word", "char"}, callable or vectorizer, default="word"
        What a token is. "word": a word, punctuation mark or emoji, in any script.
        "char": a character; of the parameters below only `lowercase` applies. A
        function returns the tokens of a text as a list of str; a vectorizer, such as
        :class:`sklearn.feature_extraction.text.CountVectorizer`, uses its `analyzer`.
        For these two, no parameter below applies.

    lowercase : bool, default=True
        Whether to ignore case.

    punctuation : bool, default=True
        Whether punctuation marks are tokens. If False, they are removed.

    numbers : {"keep", "mask", "drop"}, default="keep"
        Whether to keep numbers, to replace them by the token ``<number>``, or to remove
        them.

    urls : {"keep", "mask", "drop"}, default="mask"
        The same for web addresses, which become ``<url>``.

    mentions : {"keep", "mask", "drop"}, default="mask"
        The same for @names, which become ``<user>``.

    hashtags : {"keep", "split", "mask", "drop"}, default="keep"
        The same for #tags. "split" gives the token ``<tag>`` and the word.

    emoji : {"keep", "mask", "drop"}, default="keep"
        The same for emoji, including emoticons like ``:-)``, which become ``<emoji>``.

    repeated_letters : int or None, default=3
        Longest allowed run of one letter or mark. Longer runs are shortened to it. None
        means no limit.

    See Also
    --------
    sknn_suite.TextRNNClassifier : Takes it as `tokenizer`.

    Examples
    --------
    >>> from sknn_suite.text import Tokenizer
    >>> Tokenizer()
    Tokenizer()
    >>> Tokenizer(urls="drop")("Sooooo good!!! See https://a.org/b 👍🏽")
    ['sooo', 'good', '!', '!', '!', 'see', '👍🏽']
    """

    kind: Any = param(
        "word",
        StrOptions({"word", "char"}),
        callable,
        HasMethods(["build_analyzer"]),
        kw_only=False,
    )
    lowercase: bool = param(True, "boolean")
    punctuation: bool = param(True, "boolean")
    numbers: str = param("keep", _CHOICES)
    urls: str = param("mask", _CHOICES)
    mentions: str = param("mask", _CHOICES)
    hashtags: str = param("keep", StrOptions({"keep", "split", "mask", "drop"}))
    emoji: str = param("keep", _CHOICES)
    repeated_letters: int | None = param(
        3, Interval(Integral, 1, None, closed="left"), None
    )

    def __call__(self, text: str) -> list[str]:
        """Split a text into tokens.

        Parameters
        ----------
        text : str
            The text.

        Returns
        -------
        list of str
            Its tokens.
        """
        return settle_tokenizer(self).tokens(text)

    def tokens(self, text: str) -> list[str]:
        """Split a text; the parameters have been checked."""
        (pieces,) = self.pieces([text])
        tokens = self.cut(pieces) if pieces else []
        return [MASKS.get(token, token) for token in tokens if token != BREAK]

    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """Split each text at white space; no token contains white space.

        All texts go through each pattern together, because most texts are short.
        """
        if callable(self.kind):
            return [self._call(text) for text in texts]
        joined = BREAK.join(texts)
        if joined.count(BREAK) >= max(len(texts), 1):
            joined = BREAK.join(text.replace(BREAK, " ") for text in texts)
        joined = unicodedata.normalize("NFC", joined)
        if self.lowercase:
            joined = joined.lower()
        if self.kind == "char":
            return [list(text) for text in joined.split(BREAK)]
        return [text.split() for text in self._normalize(joined).split(BREAK)]

    def cut(self, pieces: Sequence[str]) -> list[str]:
        """Split pieces into tokens, end to end, with `BREAK` between pieces.

        Masked tokens stay placeholders, see `MASKS`.
        """
        if callable(self.kind) or self.kind == "char":
            return [token for piece in pieces for token in (BREAK, piece)][1:]
        joined = BREAK.join(pieces)
        return _pattern(self.punctuation, joined.isascii()).findall(joined)

    def _call(self, text: str) -> list[str]:
        tokens: Any = self.kind(text.replace(BREAK, " "))
        if isinstance(tokens, str) or not isinstance(tokens, Iterable):
            raise DataError(
                f"tokenizer returns {tokens!r} for the text {text[:50]!r}. Expected a "
                "list of str. Return the tokens of one text."
            )
        tokens = list(tokens)
        for token in tokens:
            if not isinstance(token, str):
                raise DataError(
                    f"tokenizer returns the token {token!r} for {text[:50]!r}. "
                    "Expected a list of str. Convert tokens with str()."
                )
        return [" " if token == BREAK else token for token in tokens]

    def _normalize(self, text: str) -> str:
        if self.urls != "keep" and ("://" in text or "www." in text.lower()):
            text = _URLS.sub(self._stand_in(self.urls, URL), text)
        if self.mentions != "keep" and "@" in text:
            text = _USERS.sub(self._stand_in(self.mentions, USER), text)
        if self.hashtags != "keep" and "#" in text:
            stand_in = self._stand_in(self.hashtags, TAG)
            split = self.hashtags == "split"
            text = _TAGS.sub(rf" {TAG} \1 " if split else stand_in, text)
        if self.numbers != "keep":
            text = _NUMBERS.sub(self._stand_in(self.numbers, NUMBER), text)
        if self.emoji != "keep":
            text = _emoji().sub(self._stand_in(self.emoji, EMOJI), text)
        if self.repeated_letters is not None:
            text = _shorten(text, self.repeated_letters)
        return text

    @staticmethod
    def _stand_in(choice: str, mask: str) -> str:
        return f" {mask} " if choice == "mask" else " "


def settle_tokenizer(given: Any) -> Tokenizer:
    """Make a separate, checked tokenizer from the user's parameter.

    Parameters
    ----------
    given : Tokenizer, None or what `Tokenizer` takes as `kind`
        None means the default.
    """
    if given is None:
        given = Tokenizer()
    elif not isinstance(given, Tokenizer):
        given = Tokenizer(given)
    given._validate_params()
    params = given.get_params(deep=False)
    if hasattr(params["kind"], "build_analyzer"):
        params["kind"] = params["kind"].build_analyzer()
    return type(given)(**params)


@functools.cache
def _emoji() -> re.Pattern:
    return re.compile(_EMOJI)


def _shorten(text: str, longest: int) -> str:
    """Shorten runs of one letter or mark to `longest`."""
    if len(text) <= longest:
        return text
    encoded = text.encode("utf-32-le", "surrogatepass")
    letters = np.frombuffer(encoded, np.uint32)
    alike = letters[longest:] == letters[: len(letters) - longest]
    for shift in range(1, longest):
        alike &= letters[longest:] == letters[shift : len(letters) - longest + shift]
    if not alike.any():
        return text
    # Digits may repeat, because 10000 is not 1000. White space does not matter.
    at = np.flatnonzero(alike) + longest
    kinds = np.unique(letters[at])
    cut = [i for i in kinds.tolist() if not _STAYS.match(chr(i))]
    kept = np.ones(len(letters), bool)
    kept[at] = ~np.isin(letters[at], cut)
    return letters[kept].tobytes().decode("utf-32-le", "surrogatepass")
