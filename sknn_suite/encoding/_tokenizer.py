"""Texts to tokens: words, punctuation, emoji, characters."""

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

# What stands for a kind of token that is masked. Letters of the private use area keep
# their place in the text until it is cut; no keyboard writes them.
MASKS = {"\ue000": "<url>", "\ue001": "<user>", "\ue002": "<number>", "\ue003": "<tag>"}
MASKS |= {"\ue004": "<emoji>"}
URL, USER, NUMBER, TAG, EMOJI = MASKS

_URLS = re.compile(r"(?:https?://|www\.)\S+", re.I)
_USERS = re.compile(r"(?<!\w)@\w+")
_TAGS = re.compile(r"(?<![\w&])#(\w+)")
_NUMBERS = re.compile(r"(?<!\w)\d+(?:[.,:/]\d+)*(?!\w)")

# A picture, its colour or presentation, and what joiners append; two letters of a flag;
# pictures made of punctuation.
_PICTURE = "[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
_CHANGE = "[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]"
_EMOJI = (
    "[\U0001f1e6-\U0001f1ff]{2}"
    f"|{_PICTURE}{_CHANGE}*(?:\u200d{_PICTURE}{_CHANGE}*)*"
    r"|[:;=][-o*']?[()\[\]dDpP/\\|](?!\w)|<3"
)
# Scripts that put no space between words: each character is a word.
_LOGOGRAM = "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"


# What may repeat: digits, white space and the underscore.
_STAYS = re.compile(r"[\d_\s]")

# What stands between two texts that are cut together: white space to all patterns.
BREAK = "\x1e"


@functools.cache
def _pattern(punctuation: bool, is_ascii: bool) -> re.Pattern:
    """Pattern of tokens and of `BREAK`; the one for ASCII finds the same, faster."""
    letter = r"\w"
    if not is_ascii:
        # Marks (vowel signs, accents) belong to words, but are no letters to \w.
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


# What becomes of a kind of token.
_CHOICES = StrOptions({"keep", "mask", "drop"})


@parameters(group="texts")
class Tokenizer(BaseEstimator):
    """How texts are cut into tokens.

    Pass it to `TextRNNClassifier` as `tokenizer`; called with a text, it shows what the
    classifier would see. A search reaches its parameters by names like
    ``tokenizer__urls``.

    Parameters
    ----------
    kind : {"word", "char"}, callable or vectorizer, default="word"
        What a token is: a word, punctuation mark or emoji, in any script; a character;
        what a function makes of a text, which it returns as a list of str; or what the
        `analyzer` of a :class:`sklearn.feature_extraction.text.CountVectorizer` makes
        of it. Only `lowercase` applies to characters as well; to functions and
        vectorizers nothing below does.

    lowercase : bool, default=True
        Whether case is ignored.

    punctuation : bool, default=True
        Whether punctuation marks are tokens; else they are left out.

    numbers : {"keep", "mask", "drop"}, default="keep"
        Whether numbers stay as they are, become the token ``<number>``, or go.

    urls : {"keep", "mask", "drop"}, default="mask"
        The same for web addresses, which become ``<url>``.

    mentions : {"keep", "mask", "drop"}, default="mask"
        The same for @names, which become ``<user>``.

    hashtags : {"keep", "split", "mask", "drop"}, default="keep"
        The same for #tags; "split" gives the token ``<tag>``, and the word.

    emoji : {"keep", "mask", "drop"}, default="keep"
        The same for pictures, those made of punctuation included; ``<emoji>``.

    repeated_letters : int or None, default=3
        Longest run of one letter or mark that stays; longer ones are cut to it. None
        leaves all as they are.

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
        """Cut a text.

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
        """Cut a text by parameters that are checked already."""
        (pieces,) = self.pieces([text])
        tokens = self.cut(pieces) if pieces else []
        return [MASKS.get(token, token) for token in tokens if token != BREAK]

    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """Cut each text at white space, across which no token reaches.

        Texts go through each pattern together, since most of them are short.
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
        """Cut pieces into tokens, end to end, with `BREAK` between pieces.

        Tokens that are masked keep their letter, see `MASKS`.
        """
        if callable(self.kind) or self.kind == "char":
            return [token for piece in pieces for token in (BREAK, piece)][1:]
        joined = BREAK.join(pieces)
        return _pattern(self.punctuation, joined.isascii()).findall(joined)

    def _call(self, text: str) -> list[str]:
        tokens: Any = self.kind(text.replace(BREAK, " "))
        if isinstance(tokens, str) or not isinstance(tokens, Iterable):
            raise DataError(
                f"tokenizer gives {tokens!r} for the text {text[:50]!r}. Expected a "
                "list of str. Return the tokens of one text."
            )
        tokens = list(tokens)
        for token in tokens:
            if not isinstance(token, str):
                raise DataError(
                    f"tokenizer gives the token {token!r} for the text {text[:50]!r}. "
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
    """Make of what a user gives a tokenizer of its own, whose parameters are checked.

    Parameters
    ----------
    given : Tokenizer, None or what `Tokenizer` takes as `kind`
        None stands for the default.
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
    """Cut runs of one letter or mark to `longest`."""
    if len(text) <= longest:
        return text
    encoded = text.encode("utf-32-le", "surrogatepass")
    letters = np.frombuffer(encoded, np.uint32)
    alike = letters[longest:] == letters[: len(letters) - longest]
    for shift in range(1, longest):
        alike &= letters[longest:] == letters[shift : len(letters) - longest + shift]
    if not alike.any():
        return text
    # Digits may repeat: 10000 is not 1000; white space says nothing.
    at = np.flatnonzero(alike) + longest
    kinds = np.unique(letters[at])
    cut = [i for i in kinds.tolist() if not _STAYS.match(chr(i))]
    kept = np.ones(len(letters), bool)
    kept[at] = ~np.isin(letters[at], cut)
    return letters[kept].tobytes().decode("utf-32-le", "surrogatepass")
