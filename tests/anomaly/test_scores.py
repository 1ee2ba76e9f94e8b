"""Scores that learn what is usual."""

import numpy as np
import pytest

from sknn_suite import AutoencoderDetector
from sknn_suite.anomaly._spread import far_off


def test_outliers_are_not_among_the_references():
    X = np.random.RandomState(0).normal(size=(400, 6))
    X[:12, 0] = 30.0  # more than four, scaled
    model = AutoencoderDetector(random_state=0).fit(X)
    assert model._scores.score.references_[..., 0].max() < 1.5


def test_rows_alike_leave_no_reference_out():
    X = np.tile([[0.0, 1.0], [1.0, 0.0]], (20, 1))
    model = AutoencoderDetector(random_state=0).fit(X)
    assert np.isfinite(model.score_samples(X)).all()


def test_far_off_is_three_robust_deviations_above_the_median():
    scores = np.r_[np.linspace(-2, 0, 51), np.linspace(0, 1, 51)[1:]]
    assert far_off(scores, None) == pytest.approx(3 * 1.5 / 1.349)
    assert far_off(scores, np.full(101, 2.0)) == pytest.approx(3 * 1.5 / 1.349)
