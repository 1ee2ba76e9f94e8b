"""Targets in units that a network learns well, and back."""

import numpy as np
import pytest
import torch

from sknn_suite.encoding import NumberTarget, TargetScale

source = np.random.RandomState(0)
Y = np.column_stack([1e5 + 3e4 * source.normal(size=200), source.exponential(size=200)])


@pytest.mark.parametrize("kind", [True, "log"])
def test_targets_are_standardised_and_come_back(kind):
    scale = TargetScale.learn(kind, Y, None)
    scaled = scale.apply(Y)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(scale.undo(scaled), Y, rtol=1e-10)


@pytest.mark.parametrize("kind", [True, "log"])
def test_weight_two_is_the_row_twice(kind):
    weight = source.randint(0, 3, size=200)
    weighted = TargetScale.learn(kind, Y, weight)
    repeated = TargetScale.learn(kind, Y.repeat(weight, axis=0), None)
    np.testing.assert_allclose(weighted.mean, repeated.mean, rtol=1e-12)
    np.testing.assert_allclose(weighted.deviation, repeated.deviation, rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e12])
def test_a_constant_column_keeps_its_units(value):
    scale = TargetScale.learn(True, np.full(7, value), None)
    assert scale.deviation.tolist() == [1.0]
    np.testing.assert_allclose(scale.apply(np.full(2, value)), 0, atol=1e-3)


@pytest.mark.parametrize("factor", [1e300, 1e-300])
def test_the_largest_and_smallest_numbers_have_a_scale(factor):
    scale = TargetScale.learn(True, factor * Y[:, 1], None)
    expected = Y[:, 1].std()
    np.testing.assert_allclose(scale.deviation / factor, expected, rtol=1e-10)


def test_float32_predictions_keep_the_digits_of_a_distant_mean():
    y = 1e6 + source.normal(size=50)
    scale = TargetScale.learn(True, y, None)
    back = scale.undo(scale.apply(y).astype(np.float32))
    assert back.dtype == np.float32
    assert np.abs(back[:, 0] - y).max() <= 0.0625 / 2 + 1e-9  # float32 near a million


def test_a_logarithm_beyond_the_largest_number_is_infinite_without_a_warning():
    scale = TargetScale.learn("log", Y, None)
    assert np.isinf(scale.undo(np.full((1, 2), 1e9))).all()


def test_a_target_with_a_scale_encodes_and_decodes():
    target = NumberTarget().fit(Y)
    target.scale = TargetScale.learn(True, Y, None)
    encoded = target.transform(Y, torch.float64)
    np.testing.assert_allclose(encoded.std(dim=0, correction=0), 1, rtol=1e-12)
    np.testing.assert_allclose(target.inverse_transform(encoded.numpy()), Y)


def test_a_shift_never_lets_quantiles_cross():
    target = NumberTarget((0.1, 0.5, 0.9)).fit(Y[:, 1])
    shifted = target.shifted(np.array([1.0, 0.0, -1.0]))
    assert target.shift is None
    values = shifted.inverse_transform(np.array([[0.0, 0.5, 1.0], [0.0, 2.0, 4.0]]))
    assert values.tolist() == [[0.0, 0.5, 1.0], [1.0, 2.0, 3.0]]
