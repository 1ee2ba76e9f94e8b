"""Weights of log-probabilities: they mend how sure members are, and shifted shares."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.special import softmax
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss

from sknn_suite.ensemble import (
    CrossFitStackingClassifier,
    CrossFitStackingRegressor,
)
from sknn_suite.ensemble._logits import LEAST, LogitWeights, _LogLoss
from sknn_suite.persistence import load, save

FOREST = RandomForestClassifier(20, min_samples_leaf=3, random_state=0)
MEMBERS = [("line", LogisticRegression()), ("forest", FOREST)]


@pytest.fixture(scope="module")
def rows():
    """True probabilities of three classes, and labels that were drawn from them."""
    source = np.random.default_rng(0)
    true = softmax(2 * source.normal(size=(20_000, 3)), axis=1)
    codes = (source.uniform(size=(20_000, 1)) > true.cumsum(axis=1)).sum(axis=1)
    return true, codes


def normed(proba):
    return proba / proba.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("power", [0.25, 2.0])
def test_members_that_are_too_shy_or_too_sure_are_mended(rows, power):
    true, codes = rows
    found = LogitWeights.find(normed(true**power)[None], codes, None)
    assert found.weights[0] == pytest.approx(1 / power, rel=0.05)
    mended = found.combine(normed(true**power)[None])
    assert log_loss(codes, mended) == pytest.approx(log_loss(codes, true), abs=1e-3)


def test_shares_of_classes_are_mended(rows):
    true, codes = rows
    wrong = normed(true * [1.0, 3.0, 9.0])
    found = LogitWeights.find(wrong[None], codes, None)
    np.testing.assert_allclose(
        found.shifts - found.shifts[0], -np.log([1, 3, 9]), atol=0.1
    )
    mended = found.combine(wrong[None])
    np.testing.assert_allclose(mended.mean(axis=0), true.mean(axis=0), atol=0.01)


def test_a_member_that_knows_nothing_has_no_weight(rows):
    true, codes = rows
    noise = normed(np.random.default_rng(1).uniform(size=true.shape) ** 4)
    found = LogitWeights.find(np.stack([true, noise]), codes, None)
    np.testing.assert_allclose(found.weights, [1, 0], atol=0.03)
    assert (found.weights >= 0).all()


def test_the_loss_is_smallest(three):
    """Another method, from another start, without derivatives, finds no less."""
    X, y = three
    scores = CrossFitStackingClassifier(MEMBERS).fit(X, y)._layer().scores
    codes = np.unique(y, return_inverse=True)[1]
    weight = np.random.RandomState(0).uniform(0.5, 2, size=210)
    found = LogitWeights.find(scores, codes, weight)
    problem = _LogLoss(np.log(np.maximum(scores, LEAST)), codes, weight)
    start = np.array([0.3, 0.9, 0.2, 0.1, -0.1, 0.2])
    bounds = [(0, None) if is_share else (-5, 5) for is_share in problem.bounded]
    slow = minimize(problem.value, start, method="Powell", bounds=bounds, tol=1e-10)
    weights, shifts = problem.read(slow.x)
    np.testing.assert_allclose(found.weights, weights, atol=1e-3)
    np.testing.assert_allclose(found.shifts, shifts, atol=1e-3)
    slope, curve = problem.slope_and_curve(start)
    expected = approx_fprime(start, problem.value, 1e-7)
    np.testing.assert_allclose(slope, expected, rtol=1e-4, atol=1e-3)
    assert (np.linalg.eigvalsh(curve) > 0).all()


def test_labels_without_meaning_do_not_free_the_weights():
    """The result is unsure then, but members keep level shares of it."""
    source = np.random.default_rng(0)
    scores = source.dirichlet([1, 1], size=(3, 400))
    found = LogitWeights.find(scores, source.permutation(400) % 2, None)
    assert found.weights.sum() < 0.2
    assert found.weights.min() > 0.1 * found.weights.max()


def test_a_weight_of_two_is_the_row_twice(two):
    X, y = two
    scores = CrossFitStackingClassifier(MEMBERS).fit(X, y)._layer().scores
    some = np.arange(0, 200, 3)
    weight = np.ones(200)
    weight[some] = 2
    found = LogitWeights.find(scores, y, weight)
    twice = np.concatenate([np.arange(200), some])
    expected = LogitWeights.find(scores[:, twice], y[twice], None)
    np.testing.assert_allclose(found.weights, expected.weights, atol=1e-4)
    np.testing.assert_allclose(found.shifts, expected.shifts, atol=1e-4)


def test_a_zero_that_was_wrong_does_not_cost_all_weight(rows):
    true, codes = rows
    sure = true.copy()
    sure[0] = 0.0
    sure[0, codes[0] - 1] = 1.0
    found = LogitWeights.find(sure[None], codes, None)
    assert found.weights[0] == pytest.approx(1, rel=0.05)
    assert np.isfinite(found.combine(sure[None])).all()


# -- in a stack ----------------------------------------------------------------------


@pytest.mark.parametrize("rows", ["two", "three"])
def test_a_stack_predicts_by_them(request, rows):
    X, y = request.getfixturevalue(rows)
    how = {"final_estimator": "logits", "cv": 4}
    stack = CrossFitStackingClassifier(MEMBERS, **how).fit(X, y)
    assert stack.final_step_ == "logits"
    parts = np.stack([m.predict_proba(X[:9]) for m in stack.members_.values()])
    logs = np.tensordot([*stack.weights_.values()], np.log(parts), axes=1)
    logs += LogitWeights.find(
        stack._layer().scores, np.unique(y, return_inverse=True)[1], None
    ).shifts
    np.testing.assert_allclose(stack.predict_proba(X[:9]), softmax(logs, axis=1))
    # Its own out-of-fold predictions are by the other folds.
    other = y.copy()
    test = stack.members_["line"].splits_[0][1]
    other[test] = np.roll(y[test], 1)
    pairs = stack.members_["line"].splits_
    again = clone(stack).set_params(cv=pairs).fit(X, other)
    changed = stack._layer().scores[:, test] - again._layer().scores[:, test]
    np.testing.assert_array_equal(changed, 0)
    assert stack.gains_.keys() == {"line", "forest"}


def test_a_stack_of_members_that_know_nothing_predicts_shares(two):
    X, y = two
    members = [("one", DummyClassifier()), ("other", DummyClassifier())]
    stack = CrossFitStackingClassifier(members, final_estimator="logits").fit(X, y)
    share = stack.predict_proba(X)[0]
    np.testing.assert_allclose(share, [0.5, 0.5], atol=0.05)


def test_numbers_have_no_logits(numbers):
    stack = CrossFitStackingRegressor([("line", Ridge())], final_estimator="logits")
    with pytest.raises(ValueError, match="final_estimator='logits' weighs"):
        stack.fit(*numbers)


def test_a_file_keeps_weights_and_shifts(three, tmp_path):
    X, y = three
    lines = [("line", LogisticRegression()), ("other", LogisticRegression(C=0.01))]
    stack = CrossFitStackingClassifier(lines, final_estimator="logits").fit(X, y)
    save(stack, tmp_path / "stack.sknn")
    loaded = load(tmp_path / "stack.sknn")
    np.testing.assert_array_equal(loaded.predict_proba(X), stack.predict_proba(X))
    assert loaded.weights_ == stack.weights_
