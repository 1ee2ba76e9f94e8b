"""A fit is a value: it pickles, compares, and trains to the same bits anywhere."""

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.estimator import Call, plan_call
from sknn_suite.modules import NETWORKS
from sknn_suite.training import FitPlan, train


def plan_of(model, X, y=None):
    return plan_call(model, Call(X, y)).prepare().plan


def quick(kind, **parameters):
    return kind(max_iter=2, random_state=0, **parameters)


def test_a_pickled_plan_trains_to_the_same_bits(public_class, rows):
    plan = plan_of(quick(public_class), *rows)
    copied = pickle.loads(pickle.dumps(plan))
    first, second = train(plan), train(copied)
    assert first.weights.keys() == second.weights.keys()
    for name, weights in first.weights.items():
        np.testing.assert_array_equal(second.weights[name], weights)


def test_a_plan_trains_twice_to_the_bits_of_the_fit(public_class, rows):
    model = quick(public_class)
    plan = plan_of(model, *rows)
    train(plan)
    trained = train(plan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(*rows)
    for name, weights in model._fitted_net().weights.items():
        if name in trained.weights:  # others are chosen after training
            np.testing.assert_array_equal(trained.weights[name], weights)


def test_a_plan_trains_in_another_process(two_classes, tmp_path):
    plan = plan_of(quick(MLPClassifier, dropout=0.2), *two_classes)
    (tmp_path / "plan").write_bytes(pickle.dumps(plan))
    code = (
        "import pickle, sys; from sknn_suite.training import train\n"
        "plan = pickle.load(open(sys.argv[1], 'rb'))\n"
        "pickle.dump(train(plan).weights, open(sys.argv[2], 'wb'))"
    )
    paths = [str(tmp_path / "plan"), str(tmp_path / "weights")]
    subprocess.run([sys.executable, "-c", code, *paths], check=True)
    weights = pickle.loads((tmp_path / "weights").read_bytes())
    for name, array in train(plan).weights.items():
        np.testing.assert_array_equal(weights[name], array)


def test_planning_and_training_leave_the_estimator_as_it_is(public_class, rows):
    model = quick(public_class)
    before = dict(vars(model))
    train(plan_of(model, *rows))
    assert vars(model) == before


def test_no_estimator_and_nothing_open_is_in_a_plan(public_class, rows):
    plan = plan_of(quick(public_class), *rows)
    assert not any(isinstance(value, BaseEstimator) for value in vars(plan).values())
    settings = vars(plan.settings).values()
    assert "auto" not in [value for value in settings if isinstance(value, str)]
    with pytest.raises(AttributeError):
        plan.n_epochs = 3


def test_plans_of_one_program_are_compatible_and_others_are_not(two_classes):
    X, y = two_classes
    plan = plan_of(quick(MLPClassifier), X, y)
    for like in (
        {"learning_rate_init": 0.1},
        {"alpha": 1.0},
        {"early_stopping": True},
        {"batch_size": 10},
    ):
        assert plan.is_compatible(plan_of(quick(MLPClassifier, **like), X, y)), like
    for other in (
        {"hidden_layer_sizes": (7,)},
        {"solver": "sgd"},
        {"loss": "focal"},
        {"precision": "float32"},
    ):
        assert not plan.is_compatible(plan_of(quick(MLPClassifier, **other), X, y))
    assert not plan.is_compatible(plan_of(quick(MLPRegressor), X, X[:, 0]))


def test_compatibility_is_told_without_building_a_module(two_classes, monkeypatch):
    plans = [plan_of(quick(MLPClassifier, alpha=a), *two_classes) for a in (0, 1)]
    monkeypatch.setitem(NETWORKS, "mlp", None)
    assert plans[0].is_compatible(plans[1])


def test_changing_a_plan_makes_another(two_classes):
    plan = plan_of(quick(MLPClassifier), *two_classes)
    other = plan.change(n_epochs=1, alpha=5.0)
    assert (other.n_epochs, other.settings.alpha) == (1, 5.0)
    assert (plan.n_epochs, plan.settings.alpha) == (2, 0.0001)
    assert isinstance(other, FitPlan)
