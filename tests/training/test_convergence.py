"""When training ends, and with which weights."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.model_selection import train_test_split

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # often it is the end itself
)

SMALL = {"hidden_layer_sizes": (8,), "random_state": 0}


def test_training_ends_when_the_loss_no_longer_improves(estimator_class, rows):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a converged fit does not warn
        model = estimator_class(
            **SMALL,
            tol=0.01,
            n_iter_no_change=3,
            max_iter=500,
            solver="sgd",
            learning_rate_init=0.1,
        ).fit(*rows)
    assert model.n_iter_ < 500
    best = np.minimum.accumulate(model.loss_curve_)
    assert model.best_loss_ == best[-1] == min(model.loss_curve_)
    # The last n_iter_no_change + 1 epochs did not beat the best by tol, and the one
    # before them did.
    misses = np.array(model.loss_curve_[1:]) > best[:-1] - 0.01
    assert misses[-4:].all()
    assert not misses[-5]


def test_without_tolerance_training_takes_all_epochs(estimator_class, rows):
    model = estimator_class(**SMALL, n_iter_no_change=np.inf, tol=1e9, max_iter=30)
    assert model.fit(*rows).n_iter_ == 30


def test_early_stopping_ends_with_the_weights_of_the_best_epoch(
    drop_in_class, rows, scores_of
):
    model = drop_in_class(
        **SMALL, early_stopping=True, n_iter_no_change=5, learning_rate_init=0.05
    ).fit(*rows)
    scores = model.validation_scores_
    assert model.best_validation_score_ == max(scores)
    best_epoch = int(np.argmax(scores)) + 1
    shorter = clone(model).set_params(max_iter=best_epoch, n_iter_no_change=10**6)
    np.testing.assert_array_equal(
        scores_of(shorter.fit(*rows), rows.X), scores_of(model, rows.X)
    )


def test_the_best_score_is_that_of_the_validation_rows(estimator_class, rows):
    X, y = rows
    model = estimator_class(**SMALL, early_stopping=True, max_iter=20).fit(X, y)
    strata = y if is_classifier(model) else None
    splits = train_test_split(
        np.arange(len(y)),
        test_size=0.1,
        random_state=np.random.RandomState(0),
        stratify=strata,
    )
    # Whichever way the seed was used, twelve rows were held out and never learnt.
    assert model.t_ == model.n_iter_ * len(splits[0])


def test_validation_rows_teach_nothing(estimator_class, rows, scores_of):
    X, y = rows
    weight = np.ones(len(X))
    model = estimator_class(**SMALL, early_stopping=True, max_iter=5, tol=0.0)
    reference = scores_of(clone(model).fit(X, y, sample_weight=weight), X)
    changed = 0
    for row in range(0, len(X), 5):
        other = X.copy()
        other[row] += 0.5
        fitted = clone(model).fit(other, y, sample_weight=weight)
        # Weights after a fixed number of epochs differ only if the row was learnt.
        changed += not np.array_equal(scores_of(fitted, X), reference)
    assert 0 < changed < len(X) / 5


def test_a_warm_start_does_not_lose_the_best_weights(drop_in_class, rows):
    X, y = rows
    model = drop_in_class(
        **SMALL, early_stopping=True, max_iter=30, warm_start=True
    ).fit(X, y)
    best, coefs = model.best_validation_score_, [w.copy() for w in model.coefs_]
    model.set_params(max_iter=1, learning_rate_init=1.0).fit(X, y)
    if model.best_validation_score_ == best:
        for now, then in zip(model.coefs_, coefs):
            np.testing.assert_array_equal(now, then)


def test_adaptive_divides_the_rate_by_five_and_ends_below_a_millionth(
    regressor_class, numbers
):
    model = regressor_class(
        **SMALL,
        solver="sgd",
        learning_rate="adaptive",
        learning_rate_init=0.01,
        tol=10.0,
        n_iter_no_change=1,
        max_iter=500,
    ).fit(*numbers)
    rates = [row["learning_rate"] for row in model.history_]
    distinct = list(dict.fromkeys(rates))
    np.testing.assert_allclose(distinct, 0.01 / 5.0 ** np.arange(len(distinct)))
    assert distinct[-1] <= 1e-6 < distinct[-2]
    assert model.n_iter_ < 500


def test_invscaling_follows_its_formula(regressor_class, numbers):
    model = regressor_class(
        **SMALL,
        solver="sgd",
        learning_rate="invscaling",
        learning_rate_init=0.1,
        power_t=0.4,
        max_iter=6,
        tol=0.0,
    ).fit(*numbers)
    rows_seen = 120 * np.arange(6)
    np.testing.assert_allclose(
        [row["learning_rate"] for row in model.history_],
        0.1 / (rows_seen + 1.0) ** 0.4,
    )


def test_schedules_are_for_sgd_as_in_scikit_learn(drop_in_class, rows, scores_of):
    model = drop_in_class(**SMALL, max_iter=5)
    constant = scores_of(clone(model).fit(*rows), rows.X)
    for name in ("invscaling", "adaptive"):
        other = clone(model).set_params(learning_rate=name).fit(*rows)
        np.testing.assert_array_equal(scores_of(other, rows.X), constant)
