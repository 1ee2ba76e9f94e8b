"""What values are taken for, which rows are equal, and how long a code may be."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from sknn_suite.anomaly._rows import (
    LONGEST_CODE,
    choose_distribution,
    merge_repeated,
    suited_code_length,
)
from sknn_suite.datasets import make_bursty_timestamps

N_ROWS = 120


def seconds():
    return make_bursty_timestamps(N_ROWS, 2, random_state=0)[0]


def source():
    return np.random.RandomState(0)


REAL = {
    "whole seconds": seconds,
    "fractions of seconds": lambda: make_bursty_timestamps(
        N_ROWS, 2, random_state=0, whole_seconds=False
    )[0],
    "milliseconds": lambda: seconds() * 1000,
    "nanoseconds": lambda: seconds() * 1e9,
    "minutes": lambda: np.floor(seconds() / 60),
    "seconds from the first": lambda: seconds() - seconds().min(),
    "seconds of the day": lambda: source().randint(0, 86400, (N_ROWS, 3)),
    "hours": lambda: source().randint(0, 24, (N_ROWS, 3)),
    "years": lambda: source().randint(1990, 2020, (N_ROWS, 2)),
    "identifiers": lambda: np.arange(N_ROWS)[:, None] + 10**9,
    "grades": lambda: source().randint(1, 6, (N_ROWS, 8)),
    "pixels": lambda: source().randint(0, 256, (N_ROWS, 20)),
    "pixels of digits": lambda: load_digits().data[:N_ROWS],
    "bytes sent": lambda: np.floor(np.exp(source().normal(8, 3, (N_ROWS, 4)))),
    "shares": lambda: source().uniform(size=(N_ROWS, 5)),
    "scaled to 0 and 1": lambda: MinMaxScaler().fit_transform(
        source().normal(size=(N_ROWS, 5))
    ),
    "counts beside seconds": lambda: np.hstack(
        [source().poisson(2, (N_ROWS, 20)), seconds()[:, :1]]
    ),
    "below zero": lambda: source().poisson(3, (N_ROWS, 5)) - 4,
}
COUNTS = {
    "events": lambda: source().poisson(3, (N_ROWS, 5)),
    "rare events": lambda: np.minimum(source().poisson(0.2, (N_ROWS, 5)), 2),
    "words": lambda: source().poisson(source().gamma(0.3, 1, (N_ROWS, 30))),
}
CHANCES = {
    "one-hot": lambda: OneHotEncoder(sparse_output=False).fit_transform(
        source().randint(0, 4, (N_ROWS, 2))
    ),
    "flags": lambda: source().randint(0, 2, (N_ROWS, 5)),
    "nothing but zeros": lambda: np.zeros((N_ROWS, 2)),
}


@pytest.mark.parametrize("name", REAL)
def test_real_numbers_stay_real_whatever_their_unit(name):
    assert choose_distribution(REAL[name]().astype(float), "gaussian") == "gaussian"


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_told_by_how_they_are_distributed(name):
    assert choose_distribution(COUNTS[name]().astype(float), "huber") == "poisson"


@pytest.mark.parametrize("name", CHANCES)
def test_only_zeros_and_ones_are_chances(name):
    assert choose_distribution(CHANCES[name]().astype(float), "huber") == "bernoulli"


def test_a_weight_of_two_is_the_row_twice_when_a_distribution_is_chosen():
    # Sevens and nines are no counts; so many zeros and ones beside them are.
    X = np.repeat([[0.0], [1.0], [7.0], [9.0]], 3, axis=0)
    few, many = np.repeat([1, 1, 9, 9], 3), np.repeat([60, 60, 1, 1], 3)
    chosen = [choose_distribution(X, "real", w.astype(float)) for w in (few, many)]
    repeated = [choose_distribution(np.repeat(X, w, 0), "real") for w in (few, many)]
    assert chosen == repeated == ["real", "poisson"]


@pytest.mark.parametrize("n_columns", [1, 3, 64, 65, 200])
def test_repeated_rows_are_merged_in_their_lexicographic_order(n_columns):
    rows = source().randint(0, 2, (30, n_columns)).astype(float)
    rows[:, : n_columns - 1] *= np.arange(n_columns - 1) >= n_columns // 2
    X = np.repeat(rows, 2, axis=0)[source().permutation(60)]
    different, weight = merge_repeated(X, None, 60)
    expected, counts = np.unique(X, axis=0, return_counts=True)
    np.testing.assert_array_equal(different, expected)
    np.testing.assert_array_equal(weight, counts)


@pytest.mark.parametrize("n_features", [1, 2, 9, 100, 10**4, 10**6])
@pytest.mark.parametrize("n_rows", [2, 4, 1000, 10**6])
def test_a_code_is_shorter_than_rows_and_features_are_many(n_features, n_rows):
    length = suited_code_length(n_features, n_rows)
    assert 1 <= length <= max(1, min(n_rows - 1, n_features - 1, LONGEST_CODE))


def test_the_weights_of_a_detector_of_a_wide_table_are_few_a_column(detector_class):
    X = source().normal(size=(4, 5000))
    model = detector_class(hidden_layer_sizes=5, max_iter=1, random_state=0).fit(X)
    n_weights = sum(w.size for w in model._fitted_net().weights.values())
    per_net_and_column = 2 * (model.n_components_ + 5 + 1)
    assert n_weights < 1.1 * model.n_estimators * X.shape[1] * per_net_and_column
    assert model.n_components_ == 3
