"""partial_fit goes on with the net of the last chunk, and nobody can tell."""

import copy
import pickle

import numpy as np
import pytest

import sknn_suite.training._train
from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.exceptions import DivergedError


def chunks(numbers):
    X, y = numbers
    return [(X[i : i + 40], y[i : i + 40]) for i in (0, 40, 80)]


def weights_after(model, parts, between=lambda model: model):
    for X, y in parts:
        model = between(model.partial_fit(X, y))
    return np.concatenate([w.ravel() for w in model.coefs_ + model.intercepts_])


@pytest.fixture
def built(monkeypatch):
    """Plans for which a net was built."""
    plans, make_net = [], sknn_suite.training._train.make_net

    def counting(plan):
        plans.append(plan)
        return make_net(plan)

    monkeypatch.setattr(sknn_suite.training._train, "make_net", counting)
    return plans


@pytest.mark.parametrize(
    "options",
    [{}, {"dropout": 0.3}, {"batch_norm": True}, {"solver": "sgd"}],
    ids=str,
)
def test_one_net_trains_all_chunks_to_the_bits_of_a_new_one_each(
    numbers, built, options
):
    model = MLPRegressor(hidden_layer_sizes=(8,), random_state=0, **options)
    kept = weights_after(model, chunks(numbers))
    assert len(built) == 1
    anew = weights_after(
        MLPRegressor(hidden_layer_sizes=(8,), random_state=0, **options),
        chunks(numbers),
        lambda model: pickle.loads(pickle.dumps(model)),
    )
    np.testing.assert_array_equal(kept, anew)


@pytest.mark.parametrize(
    "change",
    [{"alpha": 1.0}, {"learning_rate_init": 0.1}, {"batch_size": 7}, {"loss": "huber"}],
    ids=str,
)
def test_another_net_is_built_when_a_parameter_changes(numbers, built, change):
    parts = chunks(numbers)
    model = MLPRegressor(hidden_layer_sizes=(8,), random_state=0).partial_fit(*parts[0])
    other = pickle.loads(pickle.dumps(model))
    for each in (model, other):
        each.set_params(**change).partial_fit(*parts[1])
    assert len(built) == 3
    np.testing.assert_array_equal(model.coefs_[0], other.coefs_[0])


def test_assigned_weights_are_trained_on(numbers):
    parts = chunks(numbers)
    model = MLPRegressor(hidden_layer_sizes=(8,), random_state=0).partial_fit(*parts[0])
    other = pickle.loads(pickle.dumps(model))
    for each in (model, other):
        each.coefs_[0] *= 2.0
        each.partial_fit(*parts[1])
    np.testing.assert_array_equal(model.coefs_[0], other.coefs_[0])


def test_a_call_that_fails_leaves_weights_and_moments(numbers):
    parts = chunks(numbers)
    model = MLPRegressor(hidden_layer_sizes=(8,), random_state=0).partial_fit(*parts[0])
    other = pickle.loads(pickle.dumps(model))
    X, y = parts[1]
    with pytest.raises(DivergedError), np.errstate(all="ignore"):
        model.partial_fit(X, np.sign(y) * 1e200)
    np.testing.assert_array_equal(model.coefs_[0], other.coefs_[0])
    for each in (model, other):
        each.partial_fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], other.coefs_[0])


def test_copies_of_an_estimator_go_on_each_for_itself(numbers):
    parts = chunks(numbers)
    model = MLPRegressor(hidden_layer_sizes=(8,), random_state=0).partial_fit(*parts[0])
    twin, expected = copy.copy(model), copy.deepcopy(model).partial_fit(*parts[1])
    for each in (model, twin):
        each.partial_fit(*parts[1])
        np.testing.assert_array_equal(each.coefs_[0], expected.coefs_[0])


def test_rows_are_not_kept_in_memory(two_classes):
    X, y = two_classes
    model = MLPClassifier((4,), random_state=0).partial_fit(X, y, classes=[0, 1])
    net = model._memory.state._net
    assert net.batches_ is None
    assert net.callbacks_ == []
