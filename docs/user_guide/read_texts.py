"""Texts as the inputs of a graph of TextRNNClassifier, with Python and NumPy only.

reader = TextReader(session.get_modelmeta().custom_metadata_map["texts"])
label, probabilities = session.run(None, reader(["a text", "another"]))
"""

import base64
import json
import re
import unicodedata

import numpy as np

MASKS = {"\ue000": "<url>", "\ue001": "<user>", "\ue002": "<number>", "\ue003": "<tag>"}
MASKS |= {"\ue004": "<emoji>"}
URL, USER, NUMBER, TAG, EMOJI = MASKS

URLS = re.compile(r"(?:https?://|www\.)\S+", re.I)
USERS = re.compile(r"(?<!\w)@\w+")
TAGS = re.compile(r"(?<![\w&])#(\w+)")
NUMBERS = re.compile(r"(?<!\w)\d+(?:[.,:/]\d+)*(?!\w)")
PICTURE = "[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
CHANGE = "[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]"
EMOJIS = (
    "[\U0001f1e6-\U0001f1ff]{2}"
    f"|{PICTURE}{CHANGE}*(?:\u200d{PICTURE}{CHANGE}*)*"
    r"|[:;=][-o*']?[()\[\]dDpP/\\|](?!\w)|<3"
)
LOGOGRAM = "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
MARKS = "".join(
    re.escape(chr(i))
    for i in range(0x300, 0x1E950)
    if unicodedata.category(chr(i)) in ("Mn", "Mc")
)
LETTER = rf"(?:(?!{LOGOGRAM})[\w{MARKS}\u200c\u200d])"
WORD = rf"{LETTER}+(?:['’]{LETTER}+)*"
TOKENS = "|".join(
    [
        r"(?<!\w)\d+(?:[.,:/]\d+)+(?!\w)",
        WORD,
        "[\ue000-\ue004]",
        EMOJIS,
        f"[#@]{WORD}",
        LOGOGRAM,
    ]
)

# Codes of unknown words and of texts without words; row of the latter in the tables.
UNKNOWN, EMPTY, FIRST_WORD, NO_WORD = 1, 2, 3, 1

FACTOR, SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)


class TextReader:
    """Turns texts into the inputs of a graph.

    Parameters
    ----------
    description : str
        The graph's metadata "texts".
    """

    def __init__(self, description):
        known = json.loads(description)
        self.tokenizer = known["tokenizer"]
        self.codes = {w: i for i, w in enumerate(known["vocabulary"], FIRST_WORD)}
        self.vectors = {w: i for i, w in enumerate(known["vectors"], 1)}
        self.max_length = known["max_length"]
        self.n_pieces, self.most_pieces = known["n_pieces"], known["most_pieces"]
        self.ngrams, self.letters = known["ngrams"], known["letters"]
        self.grams = np.frombuffer(base64.b64decode(known["grams"]), "<u8")

    def __call__(self, texts):
        """Make the inputs of texts; of lists of tokens if the tokenizer is your own."""
        texts = [t if isinstance(t, list) else self.tokens(t) for t in texts]
        different = dict.fromkeys(word for text in texts for word in text)
        rows = {word: i for i, word in enumerate(different, NO_WORD + 1)}
        shown = [[rows[w] for w in self.clip(text)] or [NO_WORD] for text in texts]
        inputs = {
            "tokens": pad(shown),
            "lengths": np.array([len(text) for text in shown]),
            "entries": pad([[0, 0], [EMPTY, 0], *map(self.entry, rows)]),
        }
        if self.ngrams:
            inputs["words"] = pad([sorted({rows[w] for w in text}) for text in texts])
            inputs["grams"] = pad([[0], [0], *map(self.grams_of, rows)])
            inputs["runs"] = pad([self.runs(text) for text in texts])
        return inputs

    def tokens(self, text):
        """Split a text into tokens."""
        how = self.tokenizer
        text = unicodedata.normalize("NFC", text.replace("\x1e", " "))
        text = text.lower() if how["lowercase"] else text
        if how["kind"] == "char":
            return list(text)
        kinds = (
            ("urls", URLS, URL),
            ("mentions", USERS, USER),
            ("hashtags", TAGS, TAG),
            ("numbers", NUMBERS, NUMBER),
            ("emoji", re.compile(EMOJIS), EMOJI),
        )
        for name, pattern, mask in kinds:
            stand_in = {"mask": f" {mask} ", "split": rf" {mask} \1 ", "drop": " "}
            if how[name] != "keep":
                text = pattern.sub(stand_in[how[name]], text)
        most = how["repeated_letters"]
        if most is not None:
            run = rf"([^\d_\s])\1{{{most},}}"
            text = re.sub(run, lambda found: found[1] * most, text)
        pattern = TOKENS + (r"|[^\s\w]" if how["punctuation"] else "")
        tokens = [t for part in text.split() for t in re.findall(pattern, part)]
        return [MASKS.get(token, token) for token in tokens]

    def clip(self, words):
        """Keep head and tail of a long text."""
        if self.max_length is None or len(words) <= self.max_length:
            return words
        tail = self.max_length // 2
        return words[: self.max_length - tail] + words[len(words) - tail :]

    def entry(self, word):
        """Code, vector and pieces of a word."""
        vector = self.vectors.get(word) or self.vectors.get(word.lower(), 0)
        pieces = []
        if self.n_pieces:
            hashes = hash_letters(word)[: self.most_pieces]
            hashes = hashes if len(hashes) else hash_word(word)
            pieces = (hashes % np.uint64(self.n_pieces)).astype(int) + 1
        return [self.codes.get(word, UNKNOWN), vector, *pieces]

    def grams_of(self, word):
        """Numbers of the n-grams of a word, its own first."""
        letters = hash_letters(word) if self.letters else []
        return self.numbers([*hash_word(word), *letters])

    def runs(self, words):
        """Numbers of the runs of words of a text."""
        edge = mix(np.array([3], np.uint64))
        hashes = np.concatenate([edge, *map(hash_word, words), edge])
        key, found = hashes, []
        for n in range(2, self.ngrams + 1):
            key = mix(key[:-1] * FACTOR + hashes[n - 1 :])
            found += self.numbers(np.unique(key))
        return found

    def numbers(self, hashes):
        """Numbers of n-grams: from 2, and 1 for unknown ones."""
        hashes = np.array(hashes, np.uint64)
        at = np.searchsorted(self.grams, hashes).clip(max=len(self.grams) - 1)
        return np.where(self.grams[at] == hashes, at + 2, 1).tolist()


def mix(keys):
    """Mix the bits of 64-bit numbers."""
    keys = (keys ^ (keys >> SHIFT)) * FACTOR
    return keys ^ (keys >> SHIFT)


def letters_of(word):
    """Code points of a word."""
    encoded = word.encode("utf-32-le", "surrogatepass")
    return np.frombuffer(encoded, np.uint32).astype(np.uint64)


def hash_word(word):
    """Hash of a word, an array of one number."""
    one, places = np.uint64(1), np.arange(len(word), dtype=np.uint64)
    keys = mix(mix(letters_of(word) + one) + places * FACTOR)
    return mix(keys.sum(dtype=np.uint64, keepdims=True) + one)


def hash_letters(word):
    """Hashes of the letter n-grams of a word, the shorter ones first."""
    letters = letters_of(f"<{word[:40]}>")
    key, parts = mix(letters + np.uint64(2)), [np.zeros(0, np.uint64)]
    for n in range(2, 6):
        key = mix(key[:-1] * FACTOR + letters[n - 1 :])
        if n > 2 and len(letters) > n:
            parts.append(key)
    return np.concatenate(parts)


def pad(rows):
    """Make lists of unequal length a matrix, with zeros on the right."""
    matrix = np.zeros((len(rows), max([1, *map(len, rows)])), np.int64)
    for row, values in zip(matrix, rows):
        row[: len(values)] = values
    return matrix
