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
