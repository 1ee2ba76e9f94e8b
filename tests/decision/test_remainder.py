"""remaining_shift: what rows left out say about corrected probabilities."""

import numpy as np
import pytest
from scipy.special import softmax

from sknn_suite.decision import remaining_shift


def rare_rows(n, off, seed=0, share=0.03):
    """Log-scores that are right but for a constant, and classes by the scores."""
    source = np.random.RandomState(seed)
    codes = (source.uniform(size=n) < share).astype(int)
    x = source.normal(size=n) + 2 * codes
    odds = 2 * x - 2 + np.log(share / (1 - share))  # Bayes' rule for two normal clouds
    return np.column_stack([np.zeros(n), odds - off]), codes


@pytest.mark.parametrize("off", [-1.0, 0.7, 3.0])
def test_a_constant_that_is_wrong_is_found(off):
    scores, codes = rare_rows(20_000, off)
    left = remaining_shift(scores, codes, None, np.array([0.97, 0.03]))
    assert left[1] - left[0] == pytest.approx(off, abs=0.1)
    assert left.sum() == pytest.approx(0, abs=1e-9)


def test_several_classes_get_their_shares():
    source = np.random.RandomState(0)
    shares = np.array([0.8, 0.15, 0.05])
    codes = source.choice(3, size=6000, p=shares)
    scores = np.log(shares) + source.normal(size=(6000, 3))
    scores[np.arange(6000), codes] += 1
    off = np.array([0.0, 1.0, -1.0])
    left = remaining_shift(scores + off, codes, None, shares)
    mean = softmax(scores + off + left, axis=1).mean(axis=0)
    before = softmax(scores + off, axis=1).mean(axis=0)
    assert abs(mean - shares).max() < 0.1 * abs(before - shares).max()


def test_what_chance_explains_is_left_alone():
    found = [
        remaining_shift(*rare_rows(1000, 0.0, seed), None, np.array([0.97, 0.03]))[1]
        for seed in range(40)
    ]
    assert np.mean(np.array(found) == 0) > 0.5
    # and what is corrected is less than the noise that it answers to
    assert np.std(found) < 0.1


def test_it_is_drawn_towards_zero_on_few_rows():
    shares = np.array([0.97, 0.03])
    few, many = (
        np.mean(
            [remaining_shift(*rare_rows(n, 0.5, s), None, shares)[1] for s in seeds]
        )
        for n, seeds in ((600, range(30)), (10_000, range(3)))
    )
    assert 0 < few < many


def test_shares_of_the_rows_left_out_do_not_matter():
    # Twice as many rare rows than there are, by copies or by weight: the same answer.
    scores, codes = rare_rows(4000, 1.0)
    shares, rare = np.array([0.97, 0.03]), codes == 1
    once = remaining_shift(scores, codes, None, shares)
    weighted = remaining_shift(scores, codes, np.where(rare, 2.0, 1.0), shares)
    np.testing.assert_allclose(weighted, once, rtol=1e-6)


def test_a_row_without_weight_is_no_row():
    scores, codes = rare_rows(4000, 1.0)
    shares, keep = np.array([0.97, 0.03]), np.arange(4000) % 3 > 0
    weighted = remaining_shift(scores, codes, keep * 1.0, shares)
    dropped = remaining_shift(scores[keep], codes[keep], None, shares)
    np.testing.assert_allclose(weighted, dropped, rtol=1e-6)


@pytest.mark.parametrize("fault", ["three rare rows", "no number", "certain of all"])
def test_rows_that_cannot_tell_change_nothing(fault):
    scores, codes = rare_rows(1000, 2.0)
    if fault == "three rare rows":
        codes = np.where(np.cumsum(codes) > 3, 0, codes)
    elif fault == "no number":
        scores[0, 1] = np.nan
    else:
        scores = np.column_stack([np.zeros(1000), np.where(codes == 1, 1e5, -1e5)])
    left = remaining_shift(scores, codes, None, np.array([0.97, 0.03]))
    np.testing.assert_array_equal(left, 0)
