"""Tokens, word vectors, padded batches."""

import pickle
import tracemalloc

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from sknn_suite.data import LengthBatches
from sknn_suite.data._bundle import RaggedRows, TensorBundle
from sknn_suite.encoding import Corpus, NgramNames, TextEncoder, Tokenizer, find_vectors
from sknn_suite.encoding._ngrams import (
    find_sorted,
    hash_letters,
    hash_words,
    letter_ngrams,
)
from sknn_suite.encoding._text import _quantile
from sknn_suite.exceptions import DataError
from sknn_suite.modules import RecurrentLayer, reverse_order

CUTS = {
    "It's 3.5 o'clock": ["it's", "3.5", "o'clock"],
    "good!!!!!": ["good", "!", "!", "!"],
    "sooooo": ["sooo"],
    "10000": ["10000"],
    "@me see www.a.org": ["<user>", "see", "<url>"],
    "#fun :) <3": ["#fun", ":)", "<3"],
    "👩‍👩‍👧 🇫🇷 👍🏽": ["👩‍👩‍👧", "🇫🇷", "👍🏽"],
    "नमस्ते दुनिया": ["नमस्ते", "दुनिया"],
    "שלום, עולם": ["שלום", ",", "עולם"],
    "天気": ["天", "気"],
    "": [],
}


@pytest.mark.parametrize("text", CUTS)
def test_texts_are_cut_where_people_would(text):
    assert Tokenizer()(text) == CUTS[text]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"numbers": "mask"}, ["a", "<number>", ",", "#b", "@c", "😀"]),
        ({"numbers": "drop", "punctuation": False}, ["a", "#b", "@c", "😀"]),
        ({"hashtags": "split"}, ["a", "12", ",", "<tag>", "b", "@c", "😀"]),
        ({"emoji": "mask"}, ["a", "12", ",", "#b", "@c", "<emoji>"]),
        ({"lowercase": False}, ["A", "12", ",", "#b", "@c", "😀"]),
    ],
)
def test_options_say_what_becomes_of_each_kind(options, expected):
    tokenizer = Tokenizer(**{"mentions": "keep", **options})
    assert tokenizer("A 12, #b @c 😀") == expected


def test_a_tokenizer_is_cloned_printed_and_pickled_like_an_estimator():
    tokenizer = Tokenizer(urls="drop", kind=str.split)
    for same in (clone(tokenizer), pickle.loads(pickle.dumps(tokenizer))):
        assert same is not tokenizer
        assert same.get_params() == tokenizer.get_params()
    assert repr(Tokenizer()) == "Tokenizer()"
    assert repr(Tokenizer(urls="drop")) == "Tokenizer(urls='drop')"
    assert tokenizer.set_params(urls="keep").urls == "keep"


def test_a_tokenizer_shows_what_a_vectorizer_makes_of_a_text():
    assert Tokenizer(CountVectorizer(stop_words=["a"]))("A cat!") == ["cat"]


STRANGE = [
    "a\x1eb",
    "",
    "Ünï #çode",
    "aaaa....",
    "no 3.5 \x1c mark",
    "\x1e",
    "天気 It's",
]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"kind": "char"},
        {"kind": str.split},
        {"hashtags": "split", "numbers": "mask", "repeated_letters": 1},
        {"punctuation": False, "lowercase": False, "repeated_letters": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [1, 1 << 16])
def test_texts_that_are_cut_together_are_cut_as_alone(options, size, monkeypatch):
    monkeypatch.setattr("sknn_suite.encoding._corpus.BLOCK_LETTERS", size)
    tokenizer = Tokenizer(**options)
    corpus = Corpus.cut(STRANGE * 2, tokenizer)
    for i, text in enumerate(STRANGE * 2):
        codes = corpus.codes[corpus.starts[i] : corpus.starts[i + 1]]
        found = [corpus.words[code - 2] for code in codes if code > 1]
        assert found == tokenizer(text)
        assert len(codes) == max(len(found), 1)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "tokenizer returns None for the text 'a cat'"),
        ("a cat", "tokenizer returns 'a cat' for the text 'a cat'"),
        (["a", 1], "tokenizer returns the token 1 for 'a cat'"),
    ],
)
def test_a_function_that_gives_no_tokens_is_refused(result, message):
    with pytest.raises(DataError, match=message):
        Corpus.cut(["a cat"], Tokenizer(kind=lambda text: result))


def test_blocks_of_texts_change_nothing_of_what_is_learnt(monkeypatch):
    X = np.array([*STRANGE, "a b a b c", "b c d", ""] * 3, dtype=object)
    results = []
    for size in (1, 7, 1 << 16):
        for name in ("_corpus.BLOCK_TOKENS", "_ngrams.BLOCK_LETTERS"):
            monkeypatch.setattr(f"sknn_suite.encoding.{name}", size)
        monkeypatch.setattr("sknn_suite.encoding._text.BLOCK_HASHES", size)
        encoder = TextEncoder(Tokenizer(), 2, None, 3, pieces=True, ngrams=3).fit(X)
        found = encoder.transform(X, torch.float32).inputs
        rows = [x for x in found.values() if isinstance(x, RaggedRows)]
        tensors = [t for x in rows for t in x.content() if t is not None]
        results.append((encoder.vocabulary_, encoder.grams_, tensors))
    for vocabulary, grams, tensors in results[1:]:
        assert vocabulary == results[0][0]
        np.testing.assert_array_equal(grams, results[0][1])
        for one, other in zip(tensors, results[0][2]):
            assert torch.equal(one, other)


@pytest.mark.parametrize("step", ["fit", "transform"])
def test_each_token_more_takes_few_bytes_more(step):
    source = np.random.RandomState(0)
    words = np.array([f"w{i}" for i in range(500)])
    chosen = words[source.zipf(1.3, (400, 150)) % 500]
    X = np.array([" ".join(row) for row in chosen], dtype=object)

    def peak(n_texts):
        encoder = TextEncoder(Tokenizer(), 2, None, "auto", pieces=True, ngrams=3)
        if step == "transform":
            encoder.fit(X)
        tracemalloc.start()
        try:
            if step == "fit":
                encoder.fit(X[:n_texts])
            else:
                encoder.transform(X[:n_texts], torch.float32)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # Results have up to 24 bytes a token; strings and 64-bit numbers had 150.
    assert peak(400) - peak(200) < 60 * 200 * 150


@pytest.mark.parametrize("large", [10, 10**6])
def test_texts_count_by_their_weight_in_what_is_learnt(monkeypatch, large):
    monkeypatch.setattr("sknn_suite.encoding._text.LARGE", large)
    source = np.random.RandomState(0)
    words = [f"w{i}" for i in range(40)]
    lengths = source.randint(0, 60, 50)
    X = np.array([" ".join(source.choice(words, n)) for n in lengths] + ["once only"])
    X, weight = X.astype(object), source.randint(0, 4, 51)
    weight[-1] = 2
    vectors = {word: [1.0, float(i)] for i, word in enumerate(words[:20])}

    def learn(X, rows=None, weight=None):
        encoder = TextEncoder(
            Tokenizer(), 9, 30, "auto", pieces=True, ngrams=2, embeddings=vectors
        )
        return encoder.fit(X, rows, weight)

    def learnt(encoder):
        return (
            encoder.vocabulary_,
            encoder.is_large_,
            encoder.max_length_,
            encoder.mean_length_,
            encoder.coverage_,
            encoder.grams_.tolist(),
        )

    rows = torch.from_numpy(np.flatnonzero(weight))
    repeated = np.repeat(X, weight)
    assert learnt(learn(X, rows, weight)) == learnt(learn(repeated))
    shares = weight / weight.sum()
    assert learnt(learn(X, rows, shares)) == learnt(learn(X, rows))
    assert learnt(learn(X, rows)) != learnt(learn(repeated))


@pytest.mark.parametrize("n", [1, 2, 7, 200])
def test_the_quantile_of_weighted_values_is_that_of_repeated_ones(n):
    source = np.random.RandomState(n)
    values, times = source.randint(0, 30, n), source.randint(1, 5, n)
    for fraction in (0.0, 0.3, 0.99, 1.0):
        expected = np.quantile(np.repeat(values, times), fraction)
        assert _quantile(values, times, fraction) == pytest.approx(expected)


def test_a_corpus_tells_the_words_and_runs_of_each_text():
    texts = ["a b a b a", "", "b", "a b c"]
    corpus = Corpus.cut(texts, Tokenizer())
    words, starts = corpus.words_of_each()
    assert np.split(words, starts[1:-1])[0].tolist() == [2, 3]
    assert np.diff(starts).tolist() == [2, 1, 1, 3]
    (texts_of, hashes, rows), *others = corpus.runs_of_each(hash_words(corpus.words), 3)
    assert texts_of == slice(0, 4)
    assert not others
    for row, text in enumerate(texts):
        tokens = ["<", *text.split(), ">"]
        runs = {
            tuple(tokens[i : i + n]) for n in (2, 3) for i in range(len(tokens) - n + 1)
        }
        assert (rows == row).sum() == len(runs)
    first, last = set(hashes[rows == 0]), set(hashes[rows == 3])
    assert len(first & last) == 3  # < a, a b, < a b


def test_hashes_of_words_and_letters_are_those_of_each_word_alone():
    words = ["film", "films", "a", "", "x" * 90, "天気", "\ud800"]
    hashes, starts = hash_letters(words)
    for i, word in enumerate(words):
        assert hash_words([word])[0] == hash_words(words)[i]
        alone, _ = hash_letters([word])
        np.testing.assert_array_equal(hashes[starts[i] : starts[i + 1]], alone)
        marked = f"<{word[:40]}>"
        counts = [len(marked) - n + 1 for n in (3, 4, 5) if n < len(marked)]
        assert len(alone) == sum(counts)
    assert len(set(hash_words(words))) == len(words)
    film, films = hashes[: starts[1]], hashes[starts[1] : starts[2]]
    assert len(set(film) & set(films)) == 6  # <fi fil ilm <fil film <film


def test_n_grams_are_spelt_out_from_their_hashes():
    X = np.array(["a fine film", "", "a dull film", "fine"], dtype=object)
    encoder = TextEncoder(Tokenizer(), 1, None, None, ngrams=4, letters=True).fit(X)
    words = [*encoder.vocabulary_]
    names = NgramNames(words, encoder.grams_, 4)
    found = [names.spell(gram) for gram in encoder.grams_]
    expected = {"<start> <end>", *words}
    for text in filter(None, X):
        tokens = ["<start>", *text.split(), "<end>"]
        for n in (2, 3, 4):
            expected |= {
                " ".join(tokens[i : i + n]) for i in range(len(tokens) - n + 1)
            }
    for word in words:
        expected |= set(letter_ngrams(word))
    assert len(set(found)) == len(found)
    assert set(found) == expected
    assert letter_ngrams("film")[:3] == ["fi*", "*fil*", "*ilm*"]
    # Of words that are not known nothing is told.
    fewer = NgramNames(["a", "fine"], encoder.grams_, 4)
    told = {fewer.spell(gram) for gram in encoder.grams_} - {None}
    assert {"a fine", "<start> a fine", "*fin*"} <= told
    assert not any("film" in name or "dull" in name for name in told)


def test_known_hashes_are_found_and_others_are_not():
    known = np.array([3, 5, 9], np.uint64)
    asked = np.array([9, 4, 3, 10], np.uint64)
    assert find_sorted(known, asked).tolist() == [2, -1, 0, -1]


# -- vectors -------------------------------------------------------------------------


def write(tmp_path, text):
    path = tmp_path / "vectors.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_only_needed_words_are_read_and_a_header_is_skipped(tmp_path):
    path = write(tmp_path, "3 2\nthe 1 2\n. . . 3 4\nof 5 6\n")
    found = find_vectors(path, ["the", ". . .", "unknown", "Of"])
    assert {k: v.tolist() for k, v in found.items()} == {
        "the": [1, 2],
        ". . .": [3, 4],
        "Of": [5, 6],
    }


@pytest.mark.parametrize("as_file", [True, False])
def test_the_first_words_are_kept_for_texts_to_come(tmp_path, as_file):
    source = {"the": [1, 2], "of": [3, 4], "Of": [5, 6], "end": [7, 8]}
    if as_file:
        lines = [f"{word} {a} {b}\n" for word, (a, b) in source.items()]
        source = write(tmp_path, "".join(lines))
    found = find_vectors(source, ["OF", "end"], n_more=2)
    assert {k: v.tolist() for k, v in found.items()} == {
        "the": [1, 2],
        "of": [3, 4],
        "OF": [3, 4],
        "end": [7, 8],
    }


@pytest.mark.parametrize("odd", [None, "x", [], [np.nan, 1], [1, 2, 3]], ids=str)
def test_odd_vectors_of_words_that_nobody_needs_are_left_out(odd):
    found = find_vectors({"odd": odd, 5: [1, 2], "a": [1, 2]}, ["a"], n_more=10)
    assert {k: v.tolist() for k, v in found.items()} == {"a": [1, 2]}


def test_odd_lines_of_words_that_nobody_needs_are_left_out(tmp_path):
    path = write(tmp_path, "odd 1 x 3\nnan 1 nan 3\na 1 2 3\n")
    assert list(find_vectors(path, ["a"], n_more=10)) == ["a"]


def test_a_source_without_a_needed_word_says_nothing_of_others():
    sources = [{"a": [1, 2], "b": [3, 4]}, {"c": [1, 2, 3, 4]}]
    found = find_vectors(sources, ["a"], n_more=10)
    assert {k: v.tolist() for k, v in found.items()} == {"a": [1, 2], "b": [3, 4]}


@pytest.mark.parametrize("line", ["of 5", "of 5 x", "of", ""])
def test_a_broken_line_is_named(tmp_path, line):
    path = write(tmp_path, f"the 1 2\na 1 2\n{line}\n")
    with pytest.raises(DataError, match=r"Line 3 of .* is damaged"):
        find_vectors(path, ["of", "the", "5"])


def test_vectors_of_several_sources_are_averaged():
    found = find_vectors([{"a": [2, 0], "b": [1, 1]}, {"a": [0, 2, 4]}], ["a", "b"])
    assert found["a"].tolist() == [1, 1, 2]
    assert found["b"].tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    "source",
    [
        "nowhere.txt",
        5,
        (["a"], np.zeros((2, 3))),
        {"a": [np.nan]},
        {"a": [1], "b": [1, 2]},
    ],
    ids=str,
)
def test_what_holds_no_vectors_is_refused(source):
    with pytest.raises(DataError, match="Expected"):
        find_vectors(source, ["a", "b"])


# -- batches and layers --------------------------------------------------------------


def ragged(lengths):
    starts = torch.tensor([0, *np.cumsum(lengths).tolist()])
    return RaggedRows(starts, torch.arange(1, int(starts[-1]) + 1))


def test_batches_hold_every_row_once_and_little_padding():
    source = np.random.RandomState(0)
    lengths = source.randint(1, 100, 500)
    bundle = TensorBundle({"x": ragged(lengths)}, torch.arange(500))
    batches = list(LengthBatches(bundle, 20, source))
    assert len(batches) == 25
    seen = torch.cat([batch.target for batch in batches])
    assert sorted(seen.tolist()) == list(range(500))
    assert (np.diff(seen.numpy()[:20]) != 1).any()
    size = sum(batch.inputs["x"].numel() for batch in batches)
    assert size < 1.1 * lengths.sum()


def test_batches_without_shuffling_keep_the_order_and_bound_the_steps():
    lengths = np.array([40_000, 40_000, 1, 1, 40_000])
    bundle = TensorBundle({"x": ragged(lengths)}, torch.arange(5))
    parts = [batch.target.tolist() for batch in LengthBatches(bundle, 100)]
    assert parts == [[0], [1], [2, 3], [4]]


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_layer_equals_torchs_on_packed_sequences(cell):
    generator = torch.Generator().manual_seed(0)
    layer = RecurrentLayer(cell, 3, 4, device="cpu").double()
    layer.reset_parameters(np.random.RandomState(0))
    kind = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[cell]
    theirs = kind(3, 4, batch_first=True, bidirectional=True).double()
    own = layer.state_dict()
    theirs.load_state_dict(
        {
            f"{name}_l0{'_reverse' if i else ''}": own[f"directions.{i}.{name}"]
            for i in (0, 1)
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
    )
    x = torch.randn(5, 7, 3, generator=generator, dtype=torch.float64)
    lengths = torch.tensor([7, 1, 4, 6, 2])
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    expected, _ = pad_packed_sequence(theirs(packed)[0], batch_first=True)
    ours = layer(x, reverse_order(lengths, 7))
    there = (torch.arange(7) < lengths[:, None]).unsqueeze(2)
    torch.testing.assert_close(ours * there, expected)
    for total, module in ((ours * there, layer), (expected, theirs)):
        total.square().sum().backward()
        module.gradient = sum(p.grad.square().sum() for p in module.parameters())
    torch.testing.assert_close(layer.gradient, theirs.gradient)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_both_directions_in_one_kernel_equal_two(cell):
    layer = RecurrentLayer(cell, 3, 4, device="cpu").double().eval()
    layer.reset_parameters(np.random.RandomState(0))
    x = torch.from_numpy(np.random.RandomState(1).normal(size=(5, 7, 3)))
    order = reverse_order(torch.full((5,), 7), 7)
    torch.testing.assert_close(layer(x, None), layer(x, order))
