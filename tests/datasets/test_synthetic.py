"""Data that is made."""

from datetime import UTC, datetime

import numpy as np
import pytest

from sknn_suite.datasets import make_bursty_timestamps


def test_bursts_lie_within_four_hours_and_other_rows_over_a_year():
    X, y = make_bursty_timestamps(n_samples=500, n_anomalies=7, random_state=0)
    assert X.shape == (500, 50)
    assert y.sum() == 7
    spread = np.ptp(X, axis=1)
    assert spread[y == 1].max() <= 4 * 3600
    assert spread[y == 0].min() > 180 * 86400
    years = {datetime.fromtimestamp(t, UTC).year for t in (X.min(), X.max())}
    assert len(years) == 1
    assert (np.diff(X, axis=1) < 0).any()  # unsorted


@pytest.mark.parametrize("hours", [0.5, 12])
def test_bursts_last_as_long_as_is_asked_for(hours):
    X, y = make_bursty_timestamps(200, 5, random_state=0, burst_hours=hours)
    spread = np.ptp(X[y == 1], axis=1) / 3600
    assert spread.max() <= hours
    assert spread.min() > 0.7 * hours


@pytest.mark.parametrize("hours", [0, -1, 9000, np.nan])
def test_bursts_are_a_part_of_the_year(hours):
    with pytest.raises(ValueError, match="is not a part of a year"):
        make_bursty_timestamps(burst_hours=hours)


def test_seconds_are_whole_unless_fractions_are_asked_for():
    X, _ = make_bursty_timestamps(50, 2, random_state=0)
    fractions, _ = make_bursty_timestamps(50, 2, random_state=0, whole_seconds=False)
    np.testing.assert_array_equal(X, np.floor(fractions))
    assert (fractions % 1 > 0).mean() > 0.9


def test_the_defaults_are_those_of_the_study():
    X, y = make_bursty_timestamps(random_state=0)
    assert (X.shape, y.sum()) == ((10_000, 50), 25)


def test_the_seed_decides():
    first, second = (make_bursty_timestamps(50, 2, random_state=0) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    other = make_bursty_timestamps(50, 2, random_state=1)
    assert not np.array_equal(first[0], other[0])


def test_more_anomalies_than_rows_are_refused():
    with pytest.raises(ValueError, match="n_anomalies=9 does not fit"):
        make_bursty_timestamps(n_samples=5, n_anomalies=9)
