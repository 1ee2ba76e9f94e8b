"""How far out a value lies in its column."""

import numpy as np
import pytest
import torch

from sknn_suite.anomaly._tails import Tails


def surprise(x, rows=None, weight=None):
    rows = x if rows is None else rows
    return Tails().fit(x, weight).measure(torch.from_numpy(rows)).numpy()


@pytest.fixture
def x():
    return np.random.RandomState(0).normal(size=(300, 3))


def test_it_is_the_logarithm_of_a_two_sided_p_value(x):
    ranks = x.argsort(axis=0).argsort(axis=0)
    share = np.minimum(ranks + 1, len(x) - ranks) / len(x)
    step = np.log(len(x) / 2) / 47  # quantiles are kept, no rows
    expected = -np.log(np.minimum(2 * share, 1))
    difference = surprise(x) - expected
    assert difference.min() > -1e-9
    assert difference.max() <= step + 1e-6


@pytest.mark.parametrize("function", [np.exp, np.cbrt, lambda x: 1e9 * x - 7e12])
def test_only_the_order_of_values_counts(x, function):
    np.testing.assert_array_equal(surprise(function(x)), surprise(x))


def test_both_ends_are_alike(x):
    np.testing.assert_allclose(surprise(-x), surprise(x))


def test_a_value_that_many_rows_share_is_no_surprise_at_the_end():
    x = np.r_[np.zeros(60), np.arange(1.0, 40)][:, None]
    scores = surprise(x)[:, 0]
    assert scores[0] == 0
    assert scores[-1] == scores.max() > 2


def test_a_column_of_one_value_surprises_only_by_others():
    x = np.full((50, 1), 3.0)
    assert (surprise(x) == 0).all()
    assert (surprise(x, np.array([[2.0], [4.0]])) > np.log(25)).all()


def test_beyond_all_training_rows_is_more_surprising_than_any_of_them(x):
    far = np.array([[9.0, -9.0, 1e300]])
    assert (surprise(x, far) > surprise(x).max(axis=0)).all()


def test_a_weight_of_two_is_the_row_twice(x):
    times = np.random.RandomState(1).randint(1, 4, len(x))
    weighted = Tails().fit(x, times.astype(float))
    repeated = Tails().fit(np.repeat(x, times, axis=0), None)
    np.testing.assert_allclose(weighted.shares_[0], 1 / times.sum())
    np.testing.assert_allclose(repeated.shares_, weighted.shares_)
    np.testing.assert_array_equal(weighted.below_, repeated.below_)
    np.testing.assert_array_equal(weighted.above_, repeated.above_)


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_few_rows_are_enough(n_rows):
    x = np.arange(float(n_rows))[:, None]
    assert np.isfinite(surprise(x, np.array([[-1.0], [0.5], [9.0]]))).all()
