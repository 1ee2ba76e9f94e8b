"""The diagnosis finds what was broken on purpose, and leaves the model alone."""

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from torch import nn

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    TextRNNClassifier,
    diagnose,
)
from sknn_suite.estimator import Call, plan_call
from sknn_suite.exceptions import DataError
from sknn_suite.inspection._layer_findings import find_in_layers
from sknn_suite.inspection._layers import LayerReport, examine
from sknn_suite.inspection._module import net_to_go_on
from sknn_suite.inspection._settings import acting_parameters
from sknn_suite.modules import Network
from sknn_suite.training import begin

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
    model = MLPClassifier((30,), max_iter=3000, random_state=0).fit(X, y)
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


# -- every family --------------------------------------------------------------------


@pytest.fixture(scope="module")
def images():
    """Sixty images, brighter above or below."""
    random = np.random.RandomState(0)
    y = np.arange(60) % 2
    X = random.randint(0, 100, (60, 8, 8)).astype(np.uint8)
    X[y == 1, :4] += 100
    return X, y


def in_place(n_channels):
    return nn.Sequential(
        nn.Conv2d(1, n_channels, 3),
        nn.BatchNorm2d(n_channels),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(36 * n_channels, 2),
    )


LARGE = pytest.param("resnet18", marks=pytest.mark.slow)
ARCHITECTURES = ["auto", "mlp", LARGE, [(6, 3), "pool", 9], in_place(5)]


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda a: str(a)[:12])
def test_every_network_for_images_can_be_diagnosed(
    architecture, images, snapshot, same_state, global_randomness
):
    model = CNNClassifier(architecture, max_iter=1, random_state=0).fit(*images)
    before, random = snapshot(model), global_randomness()
    report = diagnose(model, *images)
    assert same_state(model.__getstate__(), before)
    assert global_randomness() == random
    for layer in report.layers:
        assert 0 <= layer.dead <= 1
        assert layer.gradient_norm > 0
        assert layer.update_ratio > 0


@pytest.mark.parametrize("function", [nn.ReLU(inplace=True), torch.relu])
def test_units_of_a_convolution_are_its_channels(images, function):
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.head = nn.Conv2d(1, 8, 3), nn.Linear(36 * 8, 2)
            self.function = function

        def forward(self, x):
            return self.head(self.function(self.convolution(x)).flatten(1))

    network = Network()
    with torch.no_grad():
        network.convolution.bias[:3] = -1e3
        network.convolution.bias[3:] = 1e3
    model = CNNClassifier(network, max_iter=1, learning_rate_init=1e-9, solver="sgd")
    report = diagnose(model.fit(*images), *images)
    assert [layer.name for layer in report.layers] == [
        "network.convolution",
        "network.head",
    ]
    assert report.layers[0].dead == pytest.approx(3 / 8)


def test_dead_units_are_those_of_all_rows_not_of_a_batch(images, monkeypatch):
    X, y = images
    model = CNNClassifier([(6, 3), "pool", 9], max_iter=1, random_state=0).fit(X, y)
    whole = [layer.dead for layer in diagnose(model, X, y).layers]
    monkeypatch.setattr(model._net, "rows_at_once", 8)
    in_parts = [layer.dead for layer in diagnose(model, X, y).layers]
    assert in_parts == whole


def test_detectors_need_no_target(detector_class, numbers):
    model = detector_class(max_iter=5, random_state=0).fit(numbers.X)
    report = diagnose(model, numbers.X)
    assert report.layers == diagnose(model, numbers.X, numbers.y).layers or np.isnan(
        report.layers[0].saturated
    )
    assert {layer.name for layer in report.layers} >= {
        "encoder.linears.0",
        "encoder.shortcut",
        "decoder.linears.1",
    }


def test_dead_units_of_each_of_several_networks_are_counted(numbers):
    settings = {"activation": "relu", "hidden_layer_sizes": (10,), "n_estimators": 2}
    model = AutoencoderDetector(**settings, max_iter=2, random_state=0).fit(numbers.X)
    bias = model._net.weights["encoder.linears.0.bias"]
    bias[:5] = -1e3  # five units of the first network of two
    bias[5:] = 1e3
    (layer,) = (
        layer
        for layer in diagnose(model, numbers.X).layers
        if layer.name == "encoder.linears.0"
    )
    assert layer.dead == pytest.approx(5 / 20)


def test_a_recurrent_layer_says_nothing_of_units_within_it(sequential_class, rows):
    model = sequential_class(hidden_sizes=4, max_iter=2, random_state=0).fit(*rows)
    layers = {layer.name: layer for layer in diagnose(model, *rows).layers}
    assert np.isnan(layers["nets.0.layers.0"].dead)
    assert layers["nets.0.layers.0"].gradient_norm > 0
    assert 0 <= layers["nets.0.dense"].dead <= 1


def test_a_schedule_that_has_ended_is_judged_by_its_highest_rate(numbers, sequences):
    detector = AutoencoderDetector(random_state=0).fit(numbers.X)
    network = RNNClassifier(hidden_sizes=4, max_iter=5, random_state=0).fit(*sequences)
    assert diagnose(detector, numbers.X).advice == []
    assert diagnose(network, *sequences).advice == []


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", "exponential"])
def test_an_update_is_that_at_the_highest_rate(labels, schedule):
    X, y = labels
    settings = {"solver": "sgd", "momentum": 0.0, "max_iter": 30, "random_state": 0}
    model = MLPClassifier((9,), learning_rate=schedule, **settings).fit(X, y)
    assert model.history_[-1]["learning_rate"] < 0.3 * model.learning_rate_
    last, highest = model.history_[-1]["learning_rate"], 0.001
    layers = diagnose(model, X, y).layers
    assert not any("hardly move" in s for s in diagnose(model, X, y).advice)
    net, train = net_to_go_on(model, X, y)
    small = examine(net, train, 120, last)
    for layer, with_last_rate in zip(layers, small):
        ratio = layer.update_ratio / with_last_rate.update_ratio
        assert ratio == pytest.approx(highest / last, rel=0.05)


def test_a_sound_network_for_images_gets_no_advice(images):
    X, y = images
    model = CNNClassifier([(8, 3), "pool", 8], max_iter=20, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9
    assert not any("one step" in s for s in diagnose(model, X, y).advice)


def test_frozen_layers_have_no_gradient_and_get_no_advice(labels):
    X, y = labels
    model = MLPClassifier(**SETTINGS, freeze=1).fit(X, y)
    first, second, _ = diagnose(model, X, y).layers
    assert np.isnan(first.gradient_norm)
    assert np.isnan(first.update_ratio)
    assert second.update_ratio > 0
    assert not any(s.startswith("layer 1") for s in diagnose(model, X, y).advice)


def test_the_same_advice_for_many_layers_is_one_sentence(numbers):
    X, y = numbers
    model = MLPRegressor(
        hidden_layer_sizes=(9,) * 6, learning_rate_init=0.3, max_iter=2
    )
    report = diagnose(model.set_params(random_state=0).fit(X, y), X, y)
    said = [s for s in report.advice if "one step changes" in s]
    assert len(said) == 1
    ratios = {layer.name: layer.update_ratio for layer in report.layers}
    worst = max(ratios, key=ratios.get)
    n = sum(ratio > 0.05 for ratio in ratios.values())
    assert said[0].startswith(f"{n} layers, as {worst}: one step")


def test_activations_are_recommended_only_where_they_are_a_parameter(images):
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    for architecture, is_told in ((network, False), ([(4, 3), 9], True)):
        model = CNNClassifier(architecture, max_iter=1, random_state=0).fit(*images)
        acting = acting_parameters(model)
        assert ("activation" in acting) is is_told
        assert ("batch_norm" in acting) is is_told
    layers = [LayerReport("a", 0.9, np.nan, 1e-9, 1e-3)]
    layers += [LayerReport("b", 0.0, 0.9, 1.0, 1e-3)]
    plain = [finding.sentence for finding in find_in_layers(layers, 0.05, ())]
    assert plain[0].endswith("never fire; lower learning_rate_init.")
    assert plain[1].endswith("saturated; scale X or lower learning_rate_init.")
    assert plain[2].endswith("output's; take fewer layers.")
    both = find_in_layers(layers, 0.05, ("activation", "batch_norm"))
    assert "leaky_relu" in both[0].sentence
    assert both[2].sentence.endswith(
        "use relu, set batch_norm=True or take fewer layers."
    )


def test_estimators_without_an_activation_have_none_to_recommend():
    assert "activation" not in acting_parameters(RNNClassifier())
    assert "activation" in acting_parameters(MLPClassifier())


# -- rows of every kind --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["list", "pandas", "polars", "sparse", "float32"])
def test_rows_may_be_of_any_kind(kind, labels, texts):
    X, y = labels
    model = MLPClassifier(**SETTINGS)
    if kind in ("pandas", "polars"):
        frames = pytest.importorskip(kind)
        words = frames.Series(list(texts.X))
        X = frames.DataFrame({f"c{i}": column for i, column in enumerate(X.T)})
        y = frames.Series(list(y))
        if kind == "pandas":
            X.index = y.index = range(500, 500 + len(y))
    elif kind == "sparse":
        X, words = sparse.coo_matrix(X), texts.X
    elif kind == "list":
        X, y, words = X.tolist(), y.tolist(), list(texts.X)
    else:
        X, words = X.astype(np.float32), tuple(texts.X)
    assert len(diagnose(model.fit(X, y), X, y).layers) == 3
    model = TextRNNClassifier(hidden_sizes=4, max_iter=1, random_state=0)
    assert diagnose(model.fit(words, texts.y), words, texts.y).layers


def test_ragged_rows_and_files_are_rows_too(sequences, tmp_path):
    model = RNNClassifier(hidden_sizes=4, max_iter=1, random_state=0).fit(*sequences)
    assert diagnose(model, *sequences) is not None
    pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    paths = [str(tmp_path / f"{i}.png") for i in range(12)]
    for i, path in enumerate(paths):
        pillow.new("RGB", (8, 8), (20 * i, 0, 0)).save(path)
    y = np.arange(12) % 2
    settings = {"image_shape": (8, 8, 3), "max_iter": 1, "random_state": 0}
    model = CNNClassifier([(4, 3)], **settings).fit(paths, y)
    assert len(diagnose(model, paths, y).layers) == 2


def test_of_many_rows_some_are_looked_at_evenly_spaced(numbers):
    X, y = np.repeat(numbers.X, 20, axis=0), np.repeat(numbers.y, 20)
    model = MLPRegressor(**SETTINGS).fit(X, y)
    report = diagnose(model, X, y)
    wild = X.copy()
    wild[1::2] = 1e6
    assert str(diagnose(model, wild, y)) == str(report)
    wild[2398] = 1e6
    assert str(diagnose(model, wild, y)) != str(report)


def test_what_is_not_fitted_or_not_ours_is_refused(numbers):
    X, y = numbers
    with pytest.raises(NotFittedError):
        diagnose(MLPRegressor(), X, y)
    with pytest.raises(TypeError, match="LinearRegression"):
        diagnose(LinearRegression().fit(X, y), X, y)
    model = MLPRegressor(**SETTINGS).fit(X, y)
    with pytest.raises(DataError, match="y is None, but MLPRegressor needs a target"):
        diagnose(model, X)
    with pytest.raises(DataError, match="X has 120 rows and y has 60"):
        diagnose(model, X, y[:60])
    with pytest.raises(ValueError, match="X has 3 features"):
        diagnose(model, X[:, :3], y)
    for nothing in (None, 5, iter(X), {"a": 1}):
        with pytest.raises(DataError, match=r"X is .*, which has no rows\. Expected"):
            diagnose(model, nothing, y)


def test_nets_side_by_side_have_the_gradients_of_one(numbers):
    model = AutoencoderDetector(n_estimators=1, noise=0.0, random_state=0)
    one = plan_call(model, Call(numbers[0])).plan
    network = Network(one.network.kind, one.network.config | {"n_members": 2})
    shapes = network.skeleton().state_dict()
    weights = {
        name: np.tile(value.ravel(), 2).reshape(tuple(shapes[name].shape))
        for name, value in one.weights.items()
    }
    plans = (one, one.change(network=network, weights=weights))
    alone, both = (examine(begin(plan), plan.train, 100, 1e-3) for plan in plans)
    for expected, found in zip(alone, both):
        assert found.name == expected.name
        assert found.gradient_norm == pytest.approx(expected.gradient_norm)
        assert found.update_ratio == pytest.approx(expected.update_ratio)


def test_a_calibrated_network_is_diagnosed_on_a_few_rows():
    source = np.random.RandomState(0)
    X, y = source.normal(size=(60, 3)), source.normal(size=60)
    model = MLPRegressor(
        loss="quantile", quantile=[0.1, 0.9], calibrated=True, max_iter=300, tol=0.1
    ).fit(X, y)
    assert len(diagnose(model, X[:4], y[:4]).layers) == 2
