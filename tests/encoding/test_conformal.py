"""Conformal shifts: the share of later rows below a quantile is the one it names."""

import numpy as np
import pytest

from sknn_suite.encoding import conformal_shift, fewest_rows

LEVELS = np.array([0.1, 0.5, 0.9])


def test_the_bound_is_the_rank_of_romano_patterson_and_candes():
    errors = np.random.RandomState(0).normal(size=99)
    ranked = np.sort(errors)
    shift = conformal_shift(LEVELS, np.zeros((99, 3)), errors[:, None], None)
    # 90 of 100 places are above the tenth smallest of 99 errors, and below the
    # tenth largest.
    assert shift.tolist() == [ranked[9], ranked[49], ranked[89]]


@pytest.mark.parametrize("n_rows", [19, 60, 400])
def test_shares_are_met_on_average_whatever_the_predictions(n_rows):
    source, levels = np.random.RandomState(0), np.array([0.05, 0.25, 0.9])
    below = []
    for _ in range(400):
        y = source.exponential(size=(n_rows + 200, 1))
        predicted = np.tile([-3.0, 0.2, 50.0], (n_rows + 200, 1))
        shift = conformal_shift(levels, predicted[:n_rows], y[:n_rows], None)
        below.append((y[n_rows:] <= predicted[n_rows:] + shift).mean(axis=0))
    share = np.mean(below, axis=0)
    error = 4 * np.sqrt(levels * (1 - levels) * (1 / n_rows + 1 / 200) / 400)
    # Upper quantiles cover at least their level, lower ones at most.
    assert (share <= levels + error + 1 / (n_rows + 1)).all()
    assert (share >= levels - error - 1 / (n_rows + 1)).all()
    assert share[2] >= 0.9 - error[2]
    assert share[0] <= 0.05 + error[0]


def test_too_few_rows_are_counted():
    assert fewest_rows(LEVELS) == 9
    assert fewest_rows(np.array([0.5])) == 1
    assert fewest_rows(np.array([0.01, 0.5])) == 99


@pytest.mark.parametrize("n_rows", [9, 10, 11])
def test_the_fewest_rows_are_enough(n_rows):
    y = np.arange(float(n_rows))[:, None]
    shift = conformal_shift(LEVELS, np.zeros((n_rows, 3)), y, None)
    assert shift[0] == 0
    assert shift[2] == n_rows - 1


def test_rows_of_weight_zero_are_no_rows():
    source = np.random.RandomState(0)
    y, predicted = source.normal(size=(50, 1)), source.normal(size=(50, 3))
    weight = np.r_[np.ones(40), np.zeros(10)]
    part = conformal_shift(LEVELS, predicted[:40], y[:40], None)
    assert conformal_shift(LEVELS, predicted, y, weight).tolist() == part.tolist()


def test_a_common_factor_of_the_weights_changes_nothing():
    source = np.random.RandomState(0)
    y, predicted = source.normal(size=(50, 1)), source.normal(size=(50, 3))
    weight = source.uniform(0.5, 2, size=50)
    given = conformal_shift(LEVELS, predicted, y, weight)
    assert (
        conformal_shift(LEVELS, predicted, y, 1e-3 * weight).tolist() == given.tolist()
    )


def test_heavy_rows_decide():
    y = np.arange(20.0)[:, None]
    weight = np.where(np.arange(20) < 10, 1e-6, 1.0)
    shift = conformal_shift(np.array([0.5]), np.zeros((20, 1)), y, weight)
    assert 14 <= shift[0] <= 15
