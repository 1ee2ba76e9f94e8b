"""The scale of the target is blamed where it is the cause, and only there."""

import numpy as np
import pytest

from sknn_suite.checks import blame_target_scale

source = np.random.RandomState(0)
UNIT = source.normal(size=300)
NEAR_ZERO = 0.1 * source.normal(size=300)


@pytest.mark.parametrize(
    ("factor", "shift"), [(1e5, 0), (1e5, 2e5), (1, 1000), (50, 0)]
)
def test_targets_far_from_what_the_network_predicts_are_large(factor, shift):
    assert blame_target_scale(factor * UNIT + shift, NEAR_ZERO) == "large"


@pytest.mark.parametrize("factor", [1e-3, 1e-6])
def test_targets_whose_loss_is_below_tol_are_small(factor):
    y = factor * UNIT
    assert blame_target_scale(y, NEAR_ZERO) == "small"
    assert blame_target_scale(y, NEAR_ZERO, tol=0.0) is None


def test_a_network_that_has_arrived_is_not_blamed_for_large_targets():
    y = 1e5 * UNIT + 2e5
    assert blame_target_scale(y, y + 1e4 * NEAR_ZERO) is None


def test_noise_of_unit_size_is_another_cause():
    assert blame_target_scale(UNIT, NEAR_ZERO) is None


def test_a_constant_target_is_never_blamed():
    assert blame_target_scale(np.full(300, 1e6), NEAR_ZERO) is None


def test_one_column_of_several_is_enough():
    y = np.column_stack([UNIT, 1e4 * UNIT])
    assert blame_target_scale(y, np.column_stack([UNIT, NEAR_ZERO])) == "large"
    assert blame_target_scale(y, np.column_stack([NEAR_ZERO, y[:, 1]])) is None


def test_rows_without_weight_have_no_say():
    y, weight = UNIT.copy(), np.ones(300)
    y[:10], weight[:10] = 1e9, 0
    assert blame_target_scale(y, NEAR_ZERO) == "large"
    assert blame_target_scale(y, NEAR_ZERO, weight) is None
