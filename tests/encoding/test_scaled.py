"""Scaling inside detectors."""

import numpy as np
import pytest
import torch

from sknn_suite.encoding import ScaledTable, weighted_quantiles


@pytest.fixture
def X():
    return np.random.RandomState(0).standard_t(2, size=(300, 4)) * [1, 10, 1e-6, 1e6]


@pytest.mark.parametrize("scaling", ["standard", "robust", None])
@pytest.mark.parametrize("squash", [False, True])
def test_rows_come_back(X, scaling, squash):
    encoder = ScaledTable(scaling, squash and scaling is not None).fit(X)
    x = encoder.transform(X, torch.float64).inputs["x"].numpy()
    np.testing.assert_allclose(encoder.inverse_transform(x), X, rtol=1e-9)


def test_counts_come_back():
    counts = np.arange(12.0).reshape(6, 2)
    encoder = ScaledTable("log1p").fit(counts)
    x = encoder.transform(counts, torch.float64).inputs["x"].numpy()
    np.testing.assert_allclose(x, np.log1p(counts))
    np.testing.assert_allclose(encoder.inverse_transform(x), counts)


def test_numbers_far_off_are_drawn_in_smoothly():
    encoder = ScaledTable("standard", squash=True)
    encoder.fit(np.array([[-1.0], [1.0]]))
    z = np.array([[-1e6], [-3.0], [0.5], [3.0], [3.0001], [1e6]])
    x = encoder.transform(z, torch.float64).inputs["x"].numpy()[:, 0]
    np.testing.assert_allclose(x[1:5], [-3, 0.5, 3, 3.0001], atol=1e-6)
    assert x[5] == -x[0]
    assert x[5] < 20
    assert (np.diff(x) > 0).all()


def test_epoch_seconds_keep_their_digits_in_float32():
    seconds = 1.4e9 + np.arange(100.0)[:, None]
    x = ScaledTable("standard").fit(seconds).transform(seconds, torch.float32)
    step = np.diff(x.inputs["x"].numpy()[:, 0])
    np.testing.assert_allclose(step, step.mean(), rtol=1e-4)


@pytest.mark.parametrize("scaling", ["standard", "robust"])
def test_weight_two_is_the_row_twice(X, scaling):
    times = np.random.RandomState(1).randint(0, 4, len(X)).astype(float)
    weighted = ScaledTable(scaling).fit(X, None, times)
    repeated = ScaledTable(scaling).fit(X.repeat(times.astype(int), axis=0))
    np.testing.assert_allclose(weighted.center_, repeated.center_)
    np.testing.assert_allclose(weighted.scale_, repeated.scale_)
    tenth = ScaledTable(scaling).fit(X, None, times / 10)
    np.testing.assert_allclose(weighted.scale_, tenth.scale_)


def test_statistics_come_from_the_training_rows_only(X):
    rows = torch.arange(100)
    encoder = ScaledTable("standard").fit(X, rows)
    np.testing.assert_allclose(encoder.center_, X[:100].mean(axis=0))
    np.testing.assert_allclose(encoder.scale_, X[:100].std(axis=0))


def test_quantiles_without_weights_are_numpys(X):
    fractions = (0.25, 0.5, 0.9)
    expected = np.quantile(X, fractions, axis=0, method="averaged_inverted_cdf")
    np.testing.assert_array_equal(weighted_quantiles(X, None, fractions), expected)
    with_ones = weighted_quantiles(X, np.ones(len(X)), fractions)
    np.testing.assert_allclose(with_ones, expected)
