"""The wide branch: what it computes, and how its weights are found."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning

from sknn_suite.data._bundle import RaggedRows
from sknn_suite.encoding import FIRST_GRAM, TextEncoder, Tokenizer
from sknn_suite.losses import SoftmaxLoss
from sknn_suite.modules import WideBranch
from sknn_suite.text._ngram_model import fit_ngrams


def encode(texts):
    encoder = TextEncoder(Tokenizer(), 1, None, None, ngrams=2, letters=True)
    X = np.array(texts, dtype=object)
    inputs = encoder.fit(X).transform(X, torch.float64).inputs
    return encoder, inputs["words"], inputs["runs"]


def written_out(words, runs, n_grams):
    """Value of each n-gram in each text, as a dense matrix."""
    values = np.zeros((len(words), n_grams + FIRST_GRAM))
    for i in range(len(words)):
        own = words.values[words.starts[i] : words.starts[i + 1]]
        for word in own.tolist():
            first, last = words.table.starts[word : word + 2].tolist()
            numbers = words.table.values[first:last].tolist()
            for k, number in enumerate(numbers):
                values[i, number] += (len(numbers) - 1) ** -0.5 if k else 1
            values[i, 0] += min(len(numbers), 2)
        for number in runs.values[runs.starts[i] : runs.starts[i + 1]].tolist():
            values[i, number] += 1
            values[i, 0] += 1
    values[:, 1:] /= np.sqrt(np.maximum(values[:, :1], 1))
    return values[:, FIRST_GRAM:]


def test_it_equals_the_product_with_all_n_grams_written_out():
    texts = ["a fine film", "a film, a fine film", "", "dull", "?"]
    encoder, words, runs = encode(texts)
    n_grams = len(encoder.grams_)
    branch = WideBranch(n_grams, 3, "cpu").double()
    source = np.random.RandomState(0)
    weight, bias = source.normal(size=(n_grams, 3)), source.normal(size=3)
    branch.set_weights(torch.from_numpy(weight), torch.from_numpy(bias))
    expected = written_out(words, runs, n_grams) @ weight + bias
    found = branch(words[0:5], runs[0:5]).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_its_weights_minimise_the_penalised_loss():
    texts = ["a fine film", "fine and warm", "a dull film", "dull and long"] * 3
    encoder, words, runs = encode(texts)
    n_grams = len(encoder.grams_)
    target = torch.tensor([1, 1, 0, 0] * 3)
    found = fit_ngrams(words, runs, target, None, n_grams, 2, SoftmaxLoss())
    values = torch.from_numpy(written_out(words, runs, n_grams))
    raw = values @ found[0] + found[1]
    assert (raw.argmax(dim=1) == target).all()
    # A row of twice the weight is the row twice.
    weight = torch.tensor([2.0] + [1.0] * 11)
    index = torch.tensor([0, *range(12)])
    twice = fit_ngrams(
        words.choose(index),
        runs.choose(index),
        target[index],
        None,
        n_grams,
        2,
        SoftmaxLoss(),
    )
    once = fit_ngrams(words, runs, target, weight, n_grams, 2, SoftmaxLoss())
    np.testing.assert_allclose(once.weight, twice.weight, rtol=1e-6, atol=1e-8)
    assert once.loss == pytest.approx(twice.loss)
    # Weights that sum up to one say the same as those that sum up to the rows.
    ones, shares = torch.ones(12), torch.full((12,), 1 / 12)
    equal = [
        fit_ngrams(words, runs, target, w, n_grams, 2, SoftmaxLoss()).weight
        for w in (None, ones, shares)
    ]
    np.testing.assert_array_equal(equal[1], equal[0])
    np.testing.assert_allclose(equal[2], equal[0], rtol=1e-6, atol=1e-8)


def test_weights_that_are_not_found_in_time_are_told_of(monkeypatch):
    encoder, words, runs = encode(["a fine film", "fine", "a dull film", "dull"])
    target = torch.tensor([1, 1, 0, 0])
    n_grams = len(encoder.grams_)

    def fit():
        return fit_ngrams(words, runs, target, None, n_grams, 2, SoftmaxLoss())

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = fit()
    monkeypatch.setattr("sknn_suite.text._ngram_model.MAX_ITER", 2)
    with pytest.warns(ConvergenceWarning, match=r"in 2 iterations.*wide_ngrams=1"):
        short = fit()
    assert short.n_iter == 2 < whole.n_iter
    assert short.loss > whole.loss


def test_a_fit_that_is_near_ends(monkeypatch):
    encoder, words, runs = encode(["a fine film", "fine", "a dull film", "dull"])
    target = torch.tensor([1, 1, 0, 0])
    n_grams = len(encoder.grams_)
    whole = fit_ngrams(words, runs, target, None, n_grams, 2, SoftmaxLoss())
    monkeypatch.setattr("sknn_suite.text._ngram_model.ENOUGH_ITER", 0)
    monkeypatch.setattr("sknn_suite.text._ngram_model.WINDOW", 1)
    monkeypatch.setattr("sknn_suite.text._ngram_model.TOL", 0.3)
    near = fit_ngrams(words, runs, target, None, n_grams, 2, SoftmaxLoss())
    assert near.n_iter < whole.n_iter
    assert near.loss < 1.3 * whole.loss


def test_unknown_n_grams_make_the_others_less_sure():
    branch = WideBranch(1, 1, "cpu")
    branch.set_weights(torch.tensor([[4.0]]), torch.zeros(1))
    table = RaggedRows(torch.tensor([0, 0, 1, 2]), torch.tensor([2, 1]))
    words = RaggedRows(torch.tensor([0, 1, 3]), torch.tensor([1, 1, 2]), table)
    runs = torch.zeros(2, 0, dtype=torch.int64)
    known, mixed = branch(words[0:2], runs).flatten().tolist()
    assert known > mixed > 0
