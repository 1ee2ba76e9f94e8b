"""L-BFGS over all rows."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge

import sknn_suite.training._lbfgs as lbfgs_module
from sknn_suite import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few iterations are enough here
)

LBFGS = {"solver": "lbfgs", "random_state": 0}


def test_a_linear_net_is_ridge_regression(numbers):
    X, y = numbers
    model = MLPRegressor(
        hidden_layer_sizes=(), **LBFGS, alpha=3.0, tol=1e-8, max_iter=500
    ).fit(X, y)
    ridge = Ridge(alpha=3.0).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], ridge.coef_, atol=1e-4)
    np.testing.assert_allclose(model.predict(X), ridge.predict(X), atol=1e-4)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_linear_net_is_logistic_regression(two_classes, weighted):
    X, y = two_classes
    weight = np.random.RandomState(0).uniform(0.2, 2, len(X)) if weighted else None
    model = MLPClassifier(
        hidden_layer_sizes=(), **LBFGS, alpha=2.0, tol=1e-8, max_iter=500
    ).fit(X, y, sample_weight=weight)
    logistic = LogisticRegression(C=0.5, tol=1e-8, max_iter=500)
    logistic.fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(
        model.predict_proba(X), logistic.predict_proba(X), atol=1e-4
    )


def test_passes_over_parts_of_the_rows_add_up(
    estimator_class, rows, scores_of, monkeypatch
):
    model = estimator_class(hidden_layer_sizes=(6,), **LBFGS, max_iter=4)
    weight = np.random.RandomState(0).uniform(size=len(rows.X))
    at_once = clone(model).fit(*rows, sample_weight=weight)
    monkeypatch.setattr(lbfgs_module, "ROWS_PER_PASS", 7)
    in_parts = clone(model).fit(*rows, sample_weight=weight)
    assert in_parts.loss_ == pytest.approx(at_once.loss_, rel=1e-9)
    np.testing.assert_allclose(
        scores_of(in_parts, rows.X), scores_of(at_once, rows.X), atol=1e-6
    )


def test_max_fun_and_tol_end_it(estimator_class, rows):
    model = estimator_class(hidden_layer_sizes=(6,), **LBFGS)
    assert clone(model).set_params(max_fun=5).fit(*rows).n_iter_ < 6
    assert clone(model).set_params(tol=1e3).fit(*rows).n_iter_ <= 1


def test_what_is_kept_is_what_the_last_iteration_reached(estimator_class, rows):
    X, y = rows
    model = estimator_class(hidden_layer_sizes=(6,), **LBFGS, max_iter=5, alpha=0.0)
    model.fit(X, y)
    model.set_params(warm_start=True, max_iter=1, max_fun=1).fit(X, y)
    assert model.history_[5]["train_loss"] <= model.history_[4]["train_loss"]


def test_it_has_neither_a_loss_curve_nor_partial_fit(estimator_class, rows):
    model = estimator_class(hidden_layer_sizes=(6,), max_iter=3).fit(*rows)
    assert hasattr(model, "loss_curve_")
    model.set_params(solver="lbfgs").fit(*rows)
    assert not hasattr(model, "loss_curve_")
    with pytest.raises(AttributeError, match="partial_fit"):
        model.partial_fit  # noqa: B018
