"""`coefs_` and `intercepts_` are the weights that predictions use."""

import copy

import numpy as np
import pytest

from sknn_suite import MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:.*converged")


@pytest.fixture
def fitted():
    X = np.random.RandomState(0).normal(size=(40, 3))
    return MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0).fit(
        X, X[:, 0]
    ), X


def edit_array(model):
    model.coefs_[0][:] = 0


def assign_array(model):
    model.coefs_[0] = np.zeros((3, 4))


def assign_list(model):
    model.coefs_[0] = [[0.0] * 4 for _ in range(3)]


def edit_list(model):
    model.coefs_[0] = model.coefs_[0].tolist()
    model.predict(np.ones((1, 3)))
    for row in model.coefs_[0]:
        row[:] = [0.0] * 4


@pytest.mark.parametrize("change", [edit_array, assign_array, assign_list, edit_list])
@pytest.mark.parametrize("predicts_before", [False, True])
def test_predictions_follow_the_shown_weights(fitted, change, predicts_before):
    model, X = fitted
    if predicts_before:
        model.predict(X)
    change(model)
    hidden = np.maximum(model.intercepts_[0], 0)
    expected = hidden @ model.coefs_[1] + model.intercepts_[1]
    np.testing.assert_allclose(model.predict(X), np.full(len(X), expected[0]))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_after_a_prediction_predicts_the_same(fitted, duplicate):
    model, X = fitted
    expected = model.predict(X)
    np.testing.assert_array_equal(duplicate(model).predict(X), expected)
