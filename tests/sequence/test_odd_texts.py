"""Texts of every odd kind: they are learnt from, and tell the same alone."""

import numpy as np
import pytest

from sknn_suite import TextRNNClassifier
from sknn_suite.text import Tokenizer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_sizes": 8, "dense_size": 8, "max_iter": 1, "random_state": 0}

ODD = {
    "empty": ["", ""],
    "white space": [" ", "\t\n\x85\u2028"],
    "all equal": ["the same", "the same"],
    "one long token": ["x" * 100_000, "short"],
    "a long token of many letters": ["".join(map(chr, range(97, 20_000))), "short"],
    "long runs of marks": ["@" * 50_000 + " " + "#" * 50_000, "1.1," * 20_000],
    "halves of surrogates": ["\ud800 lone \udfff", "\ud83d\ude00"],
    "NUL": ["a\x00b", "\x00"],
    "separators": ["a\x1eb\x1f\x1d", "\x1e\x1e"],
    "right to left": ["שלום עולם, \u202eabc\u202c", "مرحبا\u200f بالعالم"],
    "combining marks": ["e\u0301" * 20 + " \u0301\u0301", "Z\u0351\u036f" * 30],
    "no width": ["a\u200bb\u200dc\ufeff", "\ufeff"],
    "private letters": ["\ue000 a", "\ue004\ue002b"],
    "beyond the basic plane": ["𝕋𝕖𝕩𝕥 👩‍👩‍👧", "🇫🇷🇩🇪 <3"],
    "letters that grow in lower case": ["İ" * 100, "ß ẞ ﬀ"],
}

TOKENIZERS = {
    "word": None,
    "char": "char",
    "function": str.split,
    "all masked": Tokenizer(
        numbers="mask", hashtags="split", emoji="mask", repeated_letters=1
    ),
}


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("kind", ODD)
def test_odd_texts_are_learnt_from_and_predicted_alone_as_together(kind, tokenizer):
    texts = [*ODD[kind], "a fine film", "a dull film"]
    model = TextRNNClassifier(**SMALL, tokenizer=TOKENIZERS[tokenizer])
    model.fit(texts * 2, [0, 1] * 4)
    together = model.predict_proba(texts)
    assert np.isfinite(together).all()
    alone = np.concatenate([model.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(alone, together, atol=1e-6)


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("texts", [["", ""], ["same", "same"], ["one", "two"]], ids=str)
def test_two_texts_that_say_nothing_are_enough(texts, wide):
    model = TextRNNClassifier(**SMALL, wide=wide).fit(texts, ["a", "b"])
    assert set(model.predict(texts)) <= {"a", "b"}


def test_one_text_alone_has_one_class_which_is_learnt():
    model = TextRNNClassifier(**SMALL).fit(["a text"], [7])
    np.testing.assert_array_equal(model.classes_, [7])
    np.testing.assert_array_equal(model.predict(["a text", "another"]), [7, 7])


def test_texts_of_numpys_str_are_texts():
    plain = ["a fine film", "a dull film"] * 4
    expected = TextRNNClassifier(**SMALL).fit(plain, [0, 1] * 4).predict_proba(plain)
    for X in (
        [np.str_(text) for text in plain],
        np.array([np.str_(text) for text in plain], dtype=object),
    ):
        model = TextRNNClassifier(**SMALL).fit(X, [0, 1] * 4)
        np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_a_function_may_give_tokens_that_separate_texts_inside():
    def cut(text):
        return ["\x1e", *text.split()]

    texts = ["good", "bad"] * 10
    model = TextRNNClassifier(**SMALL, tokenizer=cut).fit(texts, [0, 1] * 10)
    assert {"good", "bad"} <= set(model.vocabulary_)
    assert [token for token, _ in model.token_weights(["good"])[0]] == [" ", "good"]
    assert len(model.ngram_model_.top_ngrams(0, 1)) == 1
