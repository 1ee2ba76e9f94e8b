"""Texts to tokens: words, punctuation, emoji, characters."""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from sknn_suite.exceptions import DataError

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


@dataclass(frozen=True)
class Tokenizer:
    """Cut texts into tokens.

    Parameters
    ----------
    kind : {"word", "char"} or callable, default="word"
        Words of any script with punctuation and emoji, single characters, or a
        function from a text to a list of str, to which nothing below applies.
    lowercase : bool, default=True
        Whether case is ignored.
    punctuation : bool, default=True
        Whether marks are tokens; else they are left out.
    numbers, urls, mentions, emoji : {"keep", "mask", "drop"}
        What becomes of each kind: it stays, one token stands for all, or it goes.
    hashtags : {"keep", "split", "mask", "drop"}, default="keep"
        The same; "split" gives ``<tag>`` and the word.
    repeated_letters : int or None, default=3
        Longest run of one letter or mark; longer ones are cut to it.

    Examples
    --------
    >>> from sknn_suite.encoding import Tokenizer
    >>> Tokenizer(urls="mask")("Sooooo good!!! See https://a.org/b 👍🏽")
    ['sooo', 'good', '!', '!', '!', 'see', '<url>', '👍🏽']
    """

    kind: str | Callable[[str], Sequence[str]] = "word"
    lowercase: bool = True
    punctuation: bool = True
    numbers: str = "keep"
    urls: str = "mask"
    mentions: str = "mask"
    hashtags: str = "keep"
    emoji: str = "keep"
    repeated_letters: int | None = 3

    def __call__(self, text: str) -> list[str]:
        (pieces,) = self.pieces([text])
        tokens = self.cut(pieces) if pieces else []
        return [MASKS.get(token, token) for token in tokens if token != BREAK]

    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """Cut each text at white space, across which no token reaches.

        Texts go through each pattern together, since most of them are short.
        """
        if callable(self.kind):
            return [self._call(text.replace(BREAK, " ")) for text in texts]
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
        tokens: Any = self.kind(text)  # type: ignore[operator]
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
        return tokens

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

    def to_state(self) -> dict[str, Any]:
        """Plain values from which the same tokenizer is made."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


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
