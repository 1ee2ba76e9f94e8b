"""Averaged weights, against averages of the weights that training passed through."""

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from torch.optim.swa_utils import AveragedModel, update_bn

from sknn_suite import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SETTINGS = {
    "hidden_layer_sizes": (6, 5),
    "activation": "tanh",
    "learning_rate_init": 0.02,
    "batch_size": 40,
    "max_iter": 8,
    "n_iter_no_change": 100,
    "random_state": 0,
}


def mean_of(weights):
    """Plain mean of several states."""
    return {
        name: torch.stack([state[name] for state in weights]).double().mean(dim=0)
        for name in weights[0]
    }


def ema_of(steps, decay):
    """Exponential mean of the states of all steps, faster at first."""
    average, path = dict(steps[0]), [dict(steps[0])]
    for t, state in enumerate(steps[1:], 1):
        d = min(decay, (1 + t) / (10 + t))
        average = {name: d * average[name] + (1 - d) * state[name] for name in state}
        path.append(average)
    return path


def assert_predicts_with(model, weights, X, make_twin):
    """Assert that the model's arrays and predictions are those of `weights`."""
    for i, (coef, intercept) in enumerate(zip(model.coefs_, model.intercepts_)):
        np.testing.assert_allclose(coef.T, weights[f"linears.{i}.weight"], rtol=1e-9)
        np.testing.assert_allclose(intercept, weights[f"linears.{i}.bias"], rtol=1e-9)
    raw = make_twin(weights).net(torch.as_tensor(X))
    expected = torch.softmax(raw, dim=1).detach().numpy()
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-9)


# Epochs from `averaging_start` on, counted from 1; a fraction is that of max_iter.
STARTS = {
    "None": (None, 7),
    "3": (3, 3),
    "0.25": (0.25, 3),
    "0.0": (0.0, 1),
    "8": (8, 8),
}


@pytest.mark.parametrize("start", STARTS)
def test_swa_is_the_mean_of_epochs_from_the_start_on(labels, watcher, make_twin, start):
    X, y = labels
    averaging_start, first = STARTS[start]
    model = MLPClassifier(
        **SETTINGS,
        averaging="swa",
        averaging_start=averaging_start,
        callbacks=[watcher],
    ).fit(X, y)
    average = mean_of(watcher.epochs[first - 1 :])
    assert_predicts_with(model, average, X, make_twin)


def test_swa_is_that_of_torch(labels, watcher, make_twin):
    X, y = labels
    settings = {**SETTINGS, "averaging": "swa", "averaging_start": 3}
    model = MLPClassifier(**settings, callbacks=[watcher]).fit(X, y)
    twin = make_twin(watcher.initial)
    averaged = AveragedModel(twin.net)
    for weights in watcher.epochs[2:]:
        averaged.update_parameters(twin.load(weights).net)
    raw = averaged.module(torch.as_tensor(X))
    expected = torch.softmax(raw, dim=1).detach().numpy()
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-9)


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.999])
@pytest.mark.parametrize(("start", "first"), [(None, 1), (4, 4), (0.5, 5)])
def test_ema_follows_every_step_from_the_start_on(
    labels, watcher, make_twin, decay, start, first
):
    X, y = labels
    model = MLPClassifier(
        **SETTINGS,
        averaging="ema",
        averaging_start=start,
        ema_decay=decay,
        callbacks=[watcher],
    ).fit(X, y)
    average = ema_of(watcher.steps[3 * (first - 1) :], decay)[-1]
    assert_predicts_with(model, average, X, make_twin)


@pytest.mark.parametrize("averaging", ["swa", "ema"])
def test_averaging_does_not_change_the_training(labels, watcher, averaging):
    X, y = labels
    MLPClassifier(**SETTINGS, callbacks=[watcher]).fit(X, y)
    plain = watcher.steps
    MLPClassifier(**SETTINGS, averaging=averaging, callbacks=[watcher]).fit(X, y)
    for a, b in zip(plain, watcher.steps):
        for name in a:
            assert torch.equal(a[name], b[name])


@pytest.mark.parametrize("averaging", ["swa", "ema"])
def test_batch_norm_statistics_are_those_of_the_average(
    labels, watcher, make_twin, averaging
):
    X, y = labels
    model = MLPClassifier(
        **SETTINGS,
        batch_norm=True,
        shuffle=False,  # batches of the recomputation are then known
        averaging=averaging,
        averaging_start=2,
        callbacks=[watcher],
    ).fit(X, y)
    if averaging == "swa":
        average = mean_of(watcher.epochs[1:])
    else:
        average = ema_of(watcher.steps[3:], 0.999)[-1]
    twin = make_twin(average, batch_norm=True)
    update_bn(
        [torch.as_tensor(X[start : start + 40]) for start in (0, 40, 80)], twin.net
    )
    twin.net.eval()
    raw = twin.net(torch.as_tensor(X)).detach()
    np.testing.assert_allclose(
        model.predict_proba(X), torch.softmax(raw, dim=1), rtol=1e-9
    )


@pytest.mark.parametrize("averaging", ["swa", "ema"])
def test_validation_rows_are_scored_with_the_average(
    labels, watcher, make_twin, averaging
):
    X, y = labels
    model = MLPClassifier(
        **SETTINGS, averaging=averaging, averaging_start=3, callbacks=[watcher]
    ).fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    n_batches = len(watcher.steps) // 8
    for epoch, record in enumerate(model.history_, 1):
        if epoch < 3:
            weights = watcher.epochs[epoch - 1]
        elif averaging == "swa":
            weights = mean_of(watcher.epochs[2:epoch])
        else:
            since = watcher.steps[2 * n_batches : epoch * n_batches]
            weights = ema_of(since, 0.999)[-1]
        raw = make_twin(weights).net(torch.as_tensor(X[80:])).detach()
        expected = log_loss(y[80:], torch.softmax(raw, dim=1).numpy())
        assert record["valid_loss"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("averaging", ["swa", "ema"])
def test_best_average_is_kept(labels, averaging):
    X, y = labels
    model = MLPClassifier(
        **{**SETTINGS, "max_iter": 40, "learning_rate_init": 0.1},
        averaging=averaging,
        averaging_start=2,
        early_stopping=True,
        early_stopping_scoring="neg_log_loss",
    ).fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    score = -log_loss(y[80:], model.predict_proba(X[80:]))
    assert model.best_score_ == pytest.approx(score, rel=1e-9)
    assert model.best_epoch_ < model.n_iter_


def test_partial_fit_goes_on_with_the_average(labels, watcher, make_twin):
    X, y = labels
    model = MLPClassifier(**SETTINGS, averaging="ema", callbacks=[watcher])
    steps = []
    for _ in range(4):
        model.partial_fit(X, y, classes=[0, 1, 2])
        steps += watcher.steps
    assert_predicts_with(model, ema_of(steps, 0.999)[-1], X, make_twin)


def test_warm_start_goes_on_with_the_average(labels, watcher, make_twin):
    X, y = labels
    model = MLPClassifier(
        **SETTINGS, averaging="ema", warm_start=True, callbacks=[watcher]
    )
    steps = model.fit(X, y) and watcher.steps
    steps = steps + (model.fit(X, y) and watcher.steps)
    assert_predicts_with(model, ema_of(steps, 0.999)[-1], X, make_twin)


def test_an_average_that_never_began_changes_nothing(labels):
    X, y = labels
    plain = MLPClassifier(**SETTINGS).fit(X, y)
    late = MLPClassifier(**SETTINGS, averaging="swa", averaging_start=9).fit(X, y)
    np.testing.assert_array_equal(plain.predict_proba(X), late.predict_proba(X))


def test_averaging_is_not_for_the_initial_weights(numbers):
    # A slow average of few steps would still be close to the random start.
    X, y = numbers
    settings = {**SETTINGS, "max_iter": 60}
    plain = MLPRegressor(**settings).fit(X, y)
    averaged = MLPRegressor(**settings, averaging="ema", ema_decay=0.9999).fit(X, y)
    assert averaged.score(X, y) > 0.9 * plain.score(X, y)


def test_averaging_can_be_searched(two_classes):
    grid = [
        {"averaging": ["ema"], "ema_decay": [0.9, 0.99]},
        {"averaging": ["swa"], "averaging_start": [1, 0.5]},
        {"averaging": [None]},
    ]
    model = MLPClassifier((4,), max_iter=2)
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(*two_classes)
    assert len(search.cv_results_["params"]) == 5


@pytest.mark.parametrize(
    "average", [{"averaging": "ema"}, {"averaging": "swa", "averaging_start": 2}]
)
def test_best_score_is_that_of_the_average_with_its_batch_norms(labels, average):
    X, y = labels
    model = MLPClassifier(
        **SETTINGS, **average, batch_norm=True, early_stopping=True
    ).set_params(early_stopping_scoring="neg_log_loss")
    model.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    score = -log_loss(y[80:], model.predict_proba(X[80:]))
    assert model.best_score_ == pytest.approx(score, rel=1e-9)


def test_partial_fit_counts_epochs_for_averaging(numbers):
    X, y = numbers
    model = MLPRegressor(**SETTINGS, averaging="swa", averaging_start=2)
    plain = MLPRegressor(**SETTINGS)
    for _ in range(4):
        model.partial_fit(X, y)
        plain.partial_fit(X, y)
    assert not np.array_equal(model.coefs_[0], plain.coefs_[0])
