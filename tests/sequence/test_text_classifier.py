"""TextRNNClassifier: what texts may be, the tools around it, and what is inside."""

import copy
import gzip
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import TextRNNClassifier
from sknn_suite.text import Tokenizer

WORDS = (
    ["dull", "flat", "grey", "slow", "tired", "worn"],
    ["bright", "crisp", "keen", "lively", "quick", "sharp"],
    ["calm", "deep", "gentle", "quiet", "still", "warm"],
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_sizes": (8, 8), "dense_size": 8, "max_iter": 3, "random_state": 0}

CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "str array": lambda X: np.array(list(X)),
    "StringDType": lambda X: np.array(list(X), dtype=np.dtypes.StringDType()),
    "column": lambda X: X[:, None],
    "list of lists of one": lambda X: [[x] for x in X],
    "pandas": pd.Series,
    "pandas strings": lambda X: pd.Series(X, dtype="string"),
    "pandas Arrow": lambda X: pd.Series(X, dtype="string[pyarrow]"),
    "pandas categories": lambda X: pd.Series(X, dtype="category"),
    "pandas column": lambda X: pd.DataFrame({"text": X}),
    "polars": lambda X: pl.Series(list(X)),
    "polars column": lambda X: pl.DataFrame({"text": list(X)}),
    "Arrow": lambda X: pa.array(list(X)),
    "Arrow in chunks": lambda X: pa.chunked_array([list(X[:50]), list(X[50:])]),
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_texts_may_be_kept_in_anything(texts, kind):
    X, y = texts
    expected = TextRNNClassifier(**SMALL).fit(X, y).predict_proba(X)
    other = CONTAINERS[kind](X)
    model = TextRNNClassifier(**SMALL).fit(other, y)
    np.testing.assert_array_equal(model.predict_proba(other), expected)


BAD_TEXTS = {
    "None": (None, r"Row 3 of X is None\. Expected a str.*''"),
    "NaN": (np.nan, r"Row 3 of X is nan, a float\. Expected a str.*''"),
    "bytes": (b"word", r"Row 3 of X is b'word', a bytes.*decode"),
    "number": (5, r"Row 3 of X is 5, an int.*str\(\)"),
    "float": (2.5, r"Row 3 of X is 2\.5, a float.*str\(\)"),
    "NA": (pd.NA, r"Row 3 of X is <NA>, a NAType\. .*''"),
    "NaT": (pd.NaT, r"Row 3 of X is NaT, a NaTType\. .*''"),
    "list": (["a", "b"], r"Row 3 of X is \['a', 'b'\], a list.*Join"),
}


@pytest.mark.parametrize("fault", BAD_TEXTS)
def test_a_row_that_is_no_text_is_named(texts, fault):
    X, y = texts
    value, message = BAD_TEXTS[fault]
    spoilt = list(X)
    spoilt[3] = value
    with pytest.raises(ValueError, match=message):
        TextRNNClassifier(**SMALL).fit(spoilt, y)
    model = TextRNNClassifier(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match=message):
        model.predict(spoilt)


@pytest.mark.parametrize(
    "X",
    [
        "one text",
        [],
        np.array([["a", "b"]], dtype=object),
        np.zeros(4),
        np.zeros((4, 2)),
        object(),
        pd.Series(["a", pd.NA], dtype="string"),
        pl.Series(["a", None]),
        pl.DataFrame({"text": ["a", None]}),
        pl.Series(["a", "b"]).cast(pl.Binary),
        np.array(["a", "b"], dtype="S1"),
        np.ma.array(["a", "b"], mask=[False, True]),
        {"a": 1, "b": 2},
        {"a", "b"},
        None,
    ],
    ids=lambda X: type(X).__name__,
)
def test_what_is_no_collection_of_texts_is_refused(X):
    with pytest.raises(ValueError, match="Expected"):
        TextRNNClassifier(**SMALL).fit(X, np.arange(4) % 2)


def test_unusual_texts_have_an_answer(texts):
    model = TextRNNClassifier(**SMALL).fit(*texts)
    unusual = [
        "",
        " \n\t",
        "word",
        "qqq zzz xxx",
        "🙂🙃 👩‍👩‍👧 🇫🇷",
        "שלום עולם, مرحبا بالعالم",
        "नमस्ते दुनिया",
        "今日はいい天気ですね",
        "\ud800 \x00 \ufeff",
        "bright " * 100_000,
        "x" * 100_000,
    ]
    proba = model.predict_proba(unusual)
    assert np.isfinite(proba).all()
    alone = np.concatenate([model.predict_proba([x]) for x in unusual])
    np.testing.assert_allclose(alone, proba, atol=1e-6)


def test_texts_without_a_word_can_be_learnt_from():
    X, y = ["", "", " ", ""] * 3, [0, 1, 0, 1] * 3
    assert TextRNNClassifier(**SMALL).fit(X, y).predict(X).shape == (12,)


def test_a_misspelt_word_means_nearly_the_same(texts):
    X, y = texts
    model = TextRNNClassifier(random_state=0).fit(X, y)
    known = model.predict(["lively", "gentle", "tired"])
    assert "livelyy" not in model.vocabulary_
    np.testing.assert_array_equal(model.predict(["livelyy", "gentel", "tiired"]), known)


def test_one_text_may_be_very_long_in_training(texts):
    X, y = list(texts.X), texts.y
    X[5] = "bright " * 100_000
    model = TextRNNClassifier(**SMALL).fit(X, y)
    assert model.max_length_ < 1000
    assert np.isfinite(model.predict_proba(X)).all()


BAD_PARAMETERS = [
    ("tokenizer", "letters"),
    ("tokenizer", 5),
    ("min_df", 0.5),
    ("max_features", 0),
    ("max_length", "short"),
    ("embedding_size", -1),
    ("embedding_rate", 2.0),
    ("token_dropout", 1.0),
    ("wide", "deep"),
    ("wide_ngrams", 0),
    ("wide_letters", "some"),
    ("cell", "transformer"),
    ("spatial_dropout", -0.1),
    ("max_bptt", 0),
    ("dense_size", "large"),
    ("max_iter", 0),
]


@pytest.mark.parametrize(("name", "value"), BAD_PARAMETERS)
def test_a_bad_parameter_is_named_with_what_it_must_be(texts, name, value):
    model = TextRNNClassifier(**SMALL).set_params(**{name: value})
    message = f"The '{name}' parameter of TextRNNClassifier must be .* Got "
    with pytest.raises(ValueError, match=message):
        model.fit(*texts)


def test_a_broken_line_of_vectors_is_named_and_leaves_the_model_as_it_was(
    texts, tmp_path, snapshot, same_state
):
    path = tmp_path / "vectors.txt"
    path.write_text("bright 1 2\ncalm 3 4\ndull 5\n")
    model = TextRNNClassifier(**SMALL).fit(*texts)
    state = snapshot(model)
    with pytest.raises(ValueError, match=r"Line 3 of .* is damaged"):
        model.set_params(embeddings=path).fit(*texts)
    model.set_params(embeddings=None)
    assert same_state(snapshot(model), state)


def test_words_need_vectors_from_somewhere(texts):
    model = TextRNNClassifier(**SMALL, embedding_size=0)
    with pytest.raises(ValueError, match="embedding_size=0 leaves words without"):
        model.fit(*texts)


def test_single_words_alone_may_be_the_n_grams(texts):
    X, y = texts
    model = TextRNNClassifier(**SMALL, wide_ngrams=1, wide_letters=False).fit(X, y)
    assert len(model._net.encoder.grams_) < 100
    assert model.score(X, y) > 0.5


def test_later_fits_keep_the_vocabulary_of_the_first(texts):
    X, y = texts
    model = TextRNNClassifier(**SMALL).partial_fit(X[:60], y[:60], classes=[0, 1, 2])
    words = dict(model.vocabulary_)
    model.partial_fit([x + " zebra" for x in X[60:]], y[60:])
    model.set_params(warm_start=True).fit([x + " zebra" for x in X], y)
    assert model.vocabulary_ == words


def test_few_texts_get_two_networks_and_longer_n_grams_and_keep_them(
    texts, monkeypatch
):
    X, y = texts

    def count(model):
        n_networks = sum(
            "output.weight" in name for name in model._fitted_net().weights
        )
        return n_networks, model._net.encoder.ngrams

    model = TextRNNClassifier(**SMALL).fit(X, y)
    assert count(model) == (2, 3)
    monkeypatch.setattr("sknn_suite.text._task.FEW_TEXTS", 100)
    assert count(TextRNNClassifier(**SMALL).fit(X, y)) == (1, 2)
    monkeypatch.setattr("sknn_suite.text._task.FEW_TEXTS", 121)
    assert count(TextRNNClassifier(**SMALL).fit(X, y)) == (2, 3)
    twice = TextRNNClassifier(**SMALL).fit(X, y, sample_weight=np.full(120, 2))
    assert count(twice) == (1, 2)
    chosen = TextRNNClassifier(**SMALL, n_networks=3, wide_ngrams=1)
    assert count(chosen.fit(X, y)) == (3, 1)
    assert count(model.partial_fit(X, y)) == (2, 3)
    assert count(model.set_params(warm_start=True).fit(X, y)) == (2, 3)


# -- tools ---------------------------------------------------------------------------


def test_it_sits_in_a_grid_search(texts):
    X, y = texts
    grid = {"cell": ["lstm", "gru"], "wide": [True, False]}
    search = GridSearchCV(TextRNNClassifier(**SMALL), grid, cv=2).fit(list(X), y)
    assert set(search.best_params_) == {"cell", "wide"}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_it_is_stacked_with_words_counted(texts):
    X, y = texts
    tfidf = make_pipeline(TfidfVectorizer(), LogisticRegression())
    stack = StackingClassifier(
        [("rnn", TextRNNClassifier(**SMALL)), ("tfidf", tfidf)], cv=2
    )
    assert stack.fit(X, y).predict_proba(X).shape == (120, 3)


def test_it_takes_a_column_from_an_oversampler(texts):
    X, y = texts
    kept = (y > 0) | (np.arange(120) % 4 == 0)
    model = make_sampling_pipeline(
        RandomOverSampler(random_state=0), TextRNNClassifier(**SMALL)
    )
    model.fit(X[kept, None], y[kept])
    assert set(model.predict(X[:, None])) <= {0, 1, 2}


def test_its_threshold_is_tuned(texts):
    X, y = texts
    tuned = TunedThresholdClassifierCV(
        TextRNNClassifier(**SMALL), scoring="f1", cv=2
    ).fit(X, y == 1)
    assert 0 <= tuned.best_threshold_ <= 1


def test_it_takes_a_text_column_beside_numbers(texts):
    X, y = texts
    table = pd.DataFrame({"text": X, "a": np.arange(120.0), "b": y % 2})
    text = make_pipeline(
        ColumnTransformer([("text", "passthrough", ["text"])]),
        TextRNNClassifier(**SMALL),
    )
    numbers = make_pipeline(
        ColumnTransformer([("numbers", StandardScaler(), ["a", "b"])]),
        LogisticRegression(),
    )
    stack = StackingClassifier([("text", text), ("numbers", numbers)], cv=2)
    assert stack.fit(table, y).predict(table).shape == (120,)


def test_out_of_fold_probabilities_come_in_one_line(texts):
    X, y = texts
    proba = cross_val_predict(
        TextRNNClassifier(**SMALL), X, y, cv=3, method="predict_proba"
    )
    assert proba.shape == (120, 3)


# -- tokens and vectors --------------------------------------------------------------


def test_a_function_or_a_vectorizer_may_cut_texts(texts):
    X, y = texts
    analyzer = CountVectorizer().build_analyzer()
    by_function = TextRNNClassifier(**SMALL, tokenizer=analyzer).fit(X, y)
    by_vectorizer = TextRNNClassifier(**SMALL, tokenizer=CountVectorizer()).fit(X, y)
    assert by_function.vocabulary_ == by_vectorizer.vocabulary_
    assert "so" in by_function.vocabulary_
    letters = TextRNNClassifier(**SMALL, tokenizer="char").fit(X, y)
    assert max(map(len, letters.vocabulary_)) == 1


@pytest.mark.parametrize("short", [None, "word", "char", str.split], ids=str)
def test_a_kind_alone_stands_for_its_tokenizer(texts, short):
    X, y = texts
    whole = Tokenizer() if short is None else Tokenizer(short)
    expected = TextRNNClassifier(**SMALL, tokenizer=whole).fit(X, y).predict_proba(X)
    model = TextRNNClassifier(**SMALL, tokenizer=short).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_a_search_reaches_what_becomes_of_tokens(texts):
    X, y = texts
    grid = {"tokenizer__punctuation": [True, False], "tokenizer__emoji": ["drop"]}
    model = TextRNNClassifier(**SMALL, tokenizer=Tokenizer())
    search = GridSearchCV(model, grid, cv=2).fit(list(X), y)
    assert "😀" not in search.best_estimator_.vocabulary_
    model.set_params(tokenizer=Tokenizer(punctuation=False)).fit(X, y)
    assert "!" not in model.vocabulary_


def test_a_fitted_model_keeps_its_way_to_cut_texts(texts):
    X, y = texts
    tokenizer = Tokenizer()
    model = TextRNNClassifier(**SMALL, tokenizer=tokenizer).fit(X, y)
    expected = model.predict_proba(X)
    tokenizer.set_params(kind="char")
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "letters"),
        ("lowercase", "yes"),
        ("numbers", "split"),
        ("hashtags", "cut"),
        ("repeated_letters", 0),
    ],
)
def test_a_bad_parameter_of_a_tokenizer_is_named(texts, name, value):
    tokenizer = Tokenizer(**{name: value})
    message = f"The '{name}' parameter of Tokenizer must be .* Got "
    with pytest.raises(ValueError, match=message):
        TextRNNClassifier(**SMALL, tokenizer=tokenizer).fit(*texts)
    with pytest.raises(ValueError, match=message):
        tokenizer("a text")


def test_vocabulary_is_limited_by_frequency(texts):
    X, y = texts
    model = TextRNNClassifier(**SMALL, max_features=5).fit(X, y)
    assert list(model.vocabulary_.values()) == [3, 4, 5, 6, 7]
    assert TextRNNClassifier(**SMALL, min_df=1000).fit(X, y).vocabulary_ == {}


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_given_vectors_are_used_and_fine_tuned_only_if_asked(texts, tmp_path, rate):
    X, y = texts
    words = ["bright", "calm", "dull", "zebra"]
    matrix = np.random.RandomState(0).normal(size=(4, 5)).astype(np.float32)
    path = tmp_path / "vectors.txt.gz"
    with gzip.open(path, "wt") as file:
        for word, row in zip(words, matrix):
            file.write(f"{word} {' '.join(map(str, row))}\n")
    results = []
    for source in (path, str(path), dict(zip(words, matrix)), (words, matrix)):
        model = TextRNNClassifier(**SMALL, embeddings=source, embedding_rate=rate)
        results.append(model.fit(X, y).predict_proba(X))
        assert 0 < model.embedding_coverage_ < 0.5
        vectors = model._fitted_net().weights["embedding.vectors"]
        kept = matrix[:3] if rate else matrix  # no text has the zebra
        assert vectors.shape == (len(kept) + 1, 5)
        assert np.allclose(vectors[1:], kept / kept.std(), atol=1e-6) == (rate == 0)
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], atol=1e-5)


def test_a_word_that_no_training_text_has_means_what_its_vector_says(texts):
    X, y = texts
    words = ["bright", "calm", "dull", "radiant", "two words"]
    matrix = np.eye(3)[[0, 1, 2, 0, 1]]
    model = TextRNNClassifier(
        embeddings=(words, matrix), subwords=False, wide=False, random_state=0
    ).fit(X, y)
    assert {"radiant"} == model._net.encoder.vector_numbers_.keys() - model.vocabulary_
    known, alike, unknown = model.predict_proba(["bright", "radiant", "zorp"])
    assert alike.argmax() == known.argmax()
    assert alike.max() > unknown[known.argmax()] + 0.1


def test_unseen_words_are_looked_up_in_lower_case_too(texts):
    X, y = texts
    vectors = {"bright": [1.0, 0.0], "calm": [0.0, 1.0], "radiant": [2.0, 0.0]}
    model = TextRNNClassifier(**SMALL, embeddings=vectors)
    model.set_params(tokenizer=Tokenizer(lowercase=False)).fit(X, y)
    table = model._net.encoder.transform(np.array(["Radiant zorp"], object), np.float32)
    numbers = table.inputs["tokens"].table[-2:, 1].tolist()
    assert sorted(numbers) == [0, model._net.encoder.vector_numbers_["radiant"]]


def test_a_tokenizer_of_ones_own_meets_texts_only(texts):
    def first_of_each(text):
        words = text.split()
        return [words[0]] if text else []

    X, y = texts
    vectors = {word: [1.0, float(len(word))] for word in X[0].split()} | {" ": [0, 1]}
    model = TextRNNClassifier(**SMALL, tokenizer=first_of_each, embeddings=vectors)
    assert model.fit(X, y).predict(X).shape == y.shape


def test_vectors_of_other_words_alone_are_no_vectors(texts):
    model = TextRNNClassifier(**SMALL, embeddings={"zebra": [1.0, 2.0]}).fit(*texts)
    assert model.embedding_coverage_ == 0
    assert "embedding.vectors" not in model._fitted_net().weights


def test_token_weights_tell_every_token_and_sum_to_one(texts):
    X, y = texts
    model = TextRNNClassifier(**SMALL, max_length=6).fit(X, y)
    weights = model.token_weights(["a film, so bright!", "", "a b c d e f g h"])
    assert [word for word, _ in weights[0]] == ["a", "film", ",", "so", "bright", "!"]
    assert weights[1] == []
    assert [word for word, _ in weights[2]] == ["a", "b", "c", "f", "g", "h"]
    for row in weights[::2]:
        assert sum(weight for _, weight in row) == pytest.approx(1, abs=1e-5)


def test_token_weights_need_attention(texts):
    model = TextRNNClassifier(**SMALL, pooling="mean").fit(*texts)
    with pytest.raises(ValueError, match="needs attention"):
        model.token_weights(["a"])


# -- the two parts -------------------------------------------------------------------


def alone(model, share):
    """The same model, of which one part alone predicts."""
    part = copy.deepcopy(model)
    part._net.network.config["share"] = share
    return part


@pytest.mark.parametrize("scoring", [None, "loss", "neg_log_loss"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_history_tells_the_scores_of_both_parts(texts, scoring, n_classes):
    X, y = texts
    y = y % n_classes
    model = TextRNNClassifier(**SMALL, early_stopping_scoring=scoring)
    model.fit(X[30:], y[30:], X_val=X[:30], y_val=y[:30])
    last = model.history_[-1]
    for key, part in {
        "valid_score": model,
        "valid_score_network": alone(model, 1.0),
        "valid_score_ngrams": alone(model, 0.0),
    }.items():
        if scoring is None:
            expected = part.score(X[:30], y[:30])
        else:
            expected = -log_loss(y[:30], part.predict_proba(X[:30]))
        assert last[key] == pytest.approx(expected, abs=1e-5), key
    scores = [row["valid_score_network"] for row in model.history_]
    assert len(set(scores)) > 1 or scoring is None
    assert len({row["valid_score_ngrams"] for row in model.history_}) == 1


def test_without_n_grams_or_validation_rows_no_part_is_told(texts):
    X, y = texts
    networks = TextRNNClassifier(**SMALL, wide=False, early_stopping=True).fit(X, y)
    assert not any("ngrams" in key for key in networks.history_[-1])
    assert not hasattr(networks, "ngram_model_")
    with pytest.raises(AttributeError, match=r"wide=False.*Fit with wide=True"):
        _ = networks.ngram_model_
    whole = TextRNNClassifier(**SMALL)
    assert not hasattr(whole, "ngram_model_")
    assert "valid_score_network" not in whole.fit(X, y).history_[-1]


def test_the_n_gram_model_names_what_speaks_for_a_class(texts):
    X, y = texts
    names = np.array(["dull", "bright", "calm"])
    model = TextRNNClassifier(**SMALL, wide_letters=False).fit(X, names[y])
    for label, words in zip(names, WORDS):
        top = model.ngram_model_.top_ngrams(label, 4)
        assert len(top) == 4
        for ngram, weight in top:
            assert set(ngram.split()) & set(words)
            assert weight > 0
        assert sorted(top, key=lambda item: -item[1]) == top
    with pytest.raises(ValueError, match=r"label='x' is not a class.*Choose it from"):
        model.ngram_model_.top_ngrams("x")


def test_a_text_of_top_n_grams_is_put_into_their_class(texts):
    X, y = texts
    two = TextRNNClassifier(**SMALL).fit(X, y == 1)
    both = np.column_stack([y == 1, y == 2]).astype(int)
    several = TextRNNClassifier(**SMALL).fit(X, both)
    for model, k in ((two, 1), (several, 0), (several, 1)):
        top = model.ngram_model_.top_ngrams(model.classes_[k], 200)
        words = [ngram for ngram, _ in top if ngram in model.vocabulary_]
        proba = alone(model, 0.0).predict_proba([" ".join(words)])[0, k]
        assert proba > 0.9
    against = two.ngram_model_.top_ngrams(False, 5)
    assert not set(against) & set(two.ngram_model_.top_ngrams(True, 5))


def test_the_n_gram_model_is_there_after_a_warm_start_and_pickling(texts):
    X, y = texts
    model = TextRNNClassifier(**SMALL).fit(X, y)
    expected = model.ngram_model_.top_ngrams(0)
    assert model.ngram_model_.n_ngrams == len(model._net.encoder.grams_)
    assert model.ngram_model_.n_iter > 0
    again = pickle.loads(pickle.dumps(model)).partial_fit(X, y)
    assert again.ngram_model_.top_ngrams(0) == expected
    assert again.ngram_model_.loss == model.ngram_model_.loss
    with pytest.raises(AttributeError):
        again.ngram_model_.loss = 0.0
