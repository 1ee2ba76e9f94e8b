"""The diagnosis finds what was broken on purpose, and leaves the model alone."""

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from torch import nn

from sknn_suite import MLPClassifier, MLPRegressor, diagnose

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SETTINGS = {
    "hidden_layer_sizes": (20, 10),
    "max_iter": 3,
    "random_state": 0,
    "alpha": 0.0,
}


def test_share_of_dead_units_is_that_of_units_that_were_killed(labels):
    X, y = labels
    model = MLPClassifier(**SETTINGS).fit(X, y)
    model.intercepts_[0][:9] = -1e3
    model.intercepts_[1][:2] = -1e3
    report = diagnose(model, X, y)
    assert [layer.name for layer in report.layers] == ["layer 1", "layer 2", "output"]
    assert report.layers[0].dead == pytest.approx(9 / 20)
    assert report.layers[1].dead >= 2 / 10
    said = "layer 1: 45 % of its units never fire; lower learning_rate_init"
    assert any(said in sentence for sentence in report.advice)
    assert "45 %" in str(report)


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_saturation_is_that_of_outputs_at_their_ends(labels, activation):
    X, y = labels
    model = MLPClassifier(**SETTINGS, activation=activation).fit(X, y)
    calm = diagnose(model, X, y)
    assert calm.layers[0].saturated < 0.1
    model.intercepts_[0][:14] = 50.0
    report = diagnose(model, X, y)
    assert report.layers[0].saturated == pytest.approx(0.7, abs=0.05)
    assert any(s.startswith("layer 1: 7") and "saturated" in s for s in report.advice)


def test_gradients_and_updates_are_those_of_a_plain_step(numbers):
    X, y = numbers
    model = MLPRegressor(
        **SETTINGS, activation="tanh", solver="sgd", momentum=0.0, precision="float64"
    ).fit(X, y)
    net = nn.Sequential(
        nn.Linear(8, 20), nn.Tanh(), nn.Linear(20, 10), nn.Tanh(), nn.Linear(10, 1)
    ).double()
    for i, layer in enumerate((net[0], net[2], net[4])):
        layer.weight.data.copy_(torch.as_tensor(model.coefs_[i].T))
        layer.bias.data.copy_(torch.as_tensor(model.intercepts_[i]))
    errors = net(torch.as_tensor(X))[:, 0] - torch.as_tensor(y)
    (0.5 * errors.square().mean()).backward()
    report = diagnose(model, X, y)
    for seen, layer in zip(report.layers, (net[0], net[2], net[4])):
        gradient, weight = layer.weight.grad.norm(), layer.weight.norm()
        assert seen.gradient_norm == pytest.approx(gradient.item(), rel=1e-9)
        ratio = (0.001 * gradient / weight).item()
        assert seen.update_ratio == pytest.approx(ratio, rel=1e-6)


def test_steps_that_are_too_large_or_small_are_named(numbers):
    X, y = numbers
    large = MLPRegressor(**SETTINGS, learning_rate_init=0.5).fit(X, y)
    assert any("one step changes" in s for s in diagnose(large, X, y).advice)
    small = MLPRegressor(**SETTINGS, learning_rate_init=1e-9, solver="sgd").fit(X, y)
    assert any("hardly move" in s for s in diagnose(small, X, y).advice)


def test_vanishing_gradients_are_named(numbers):
    X, y = numbers
    deep = MLPRegressor(
        hidden_layer_sizes=(5,) * 8, activation="logistic", max_iter=2, random_state=0
    ).fit(X, y)
    assert any("times smaller" in s for s in diagnose(deep, X, y).advice)


def test_a_sound_network_gets_no_advice(labels):
    X, y = labels
    model = MLPClassifier((30,), max_iter=20, random_state=0).fit(X, y)
    report = diagnose(model, X, y)
    assert report.advice == []
    assert str(report).endswith("Nothing looks wrong.")
    assert len(str(report).splitlines()) == 4


OPTIONS = [
    {"dropout": 0.4, "batch_norm": True},
    {"solver": "lbfgs"},
    {"averaging": "ema", "learning_rate": "cosine"},
    {"averaging": "swa", "averaging_start": 1, "batch_norm": True},
    {"freeze": 1},
    {"freeze": 1, "unfreeze_every": 2},
    {"learning_rate_init": [0.001, 0.002, 0.003]},
    {"learning_rate_init": "auto"},
    {"early_stopping": True, "mixup": 0.3, "accumulate": 2},
    {"activation": "rrelu"},
    {"activation": "prelu"},
    {"activation": "identity"},
    {"solver": torch.optim.Adamax},
    {"warm_start": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_network_can_be_diagnosed_and_stays_as_it_is(
    estimator_class, rows, snapshot, same_state, global_randomness, scores_of, options
):
    X, y = rows
    model = estimator_class(**SETTINGS).set_params(**options).fit(X, y)
    scores_of(model, X)
    before, random = snapshot(model), global_randomness()
    report = diagnose(model, X, y)
    assert same_state(model.__getstate__(), before)
    assert global_randomness() == random
    assert len(report.layers) == 3
    assert all(0 <= layer.dead <= 1 for layer in report.layers)
    assert all(isinstance(sentence, str) for sentence in report.advice)
    assert report == diagnose(model, X, y) or np.isnan(report.layers[0].saturated)


def test_what_is_not_fitted_or_not_ours_is_refused(numbers):
    X, y = numbers
    with pytest.raises(NotFittedError):
        diagnose(MLPRegressor(), X, y)
    with pytest.raises(TypeError, match="LinearRegression"):
        diagnose(LinearRegression().fit(X, y), X, y)
