"""The summary tells layers, shapes and parameters, and changes nothing."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    RNNClassifier,
    TextRNNClassifier,
    VAEDetector,
    summary,
)
from sknn_suite.exceptions import DataError
from sknn_suite.inspection._module import own_module

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)


@pytest.fixture
def images():
    """Forty images of noise, two classes."""
    X = np.random.RandomState(0).randint(0, 255, (40, 12, 12)).astype(np.uint8)
    return X, np.arange(40) % 2


def test_lenet_5_has_the_parameters_of_the_paper():
    X, y = np.zeros((10, 32, 32), np.uint8), np.arange(10)
    told = summary(CNNClassifier("lenet5"), X, y)
    assert told.n_parameters == told.n_trainable == 61_706
    shapes = [layer.output_shape for layer in told.layers]
    assert shapes[:3] == [("n", 6, 28, 28), ("n", 6, 28, 28), ("n", 6, 14, 14)]
    assert "61,706 parameters: 61,706 trainable, 0 frozen" in str(told)


def test_before_a_fit_it_is_the_summary_after_it(
    public_class, rows, snapshot, same_state, global_randomness
):
    model = public_class(max_iter=2, random_state=0)
    before, random = snapshot(model), global_randomness()
    told = summary(model, *rows)
    assert same_state(model.__getstate__(), before)
    assert not model.__sklearn_is_fitted__()
    model.fit(*rows)
    before = snapshot(model)
    assert summary(model) == told == summary(model, rows.X)
    assert same_state(model.__getstate__(), before)
    assert global_randomness() == random


def test_every_parameter_is_counted_once(public_class, rows):
    model = public_class(max_iter=2, random_state=0).fit(*rows)
    numbers = sum(p.numel() for p in own_module(model).parameters())
    solved = sum(
        layer.n_frozen
        for layer in summary(model).layers
        if layer.kind == "WideBranch"  # its weights are no parameters to torch
    )
    assert summary(model).n_parameters == numbers + solved


@pytest.mark.parametrize(
    "options",
    [{"tied_weights": True}, {"shortcut": False}, {"variance": "row"}, {}],
    ids=str,
)
@pytest.mark.parametrize("detector", [AutoencoderDetector, VAEDetector])
def test_layers_that_no_module_calls_are_counted_too(detector, options, numbers):
    model = detector(**options, max_iter=1, random_state=0).fit(numbers.X)
    told = summary(model)
    assert told.n_parameters == sum(p.numel() for p in own_module(model).parameters())
    assert {layer.output_shape for layer in told.layers} >= {(4, "n", 64)}


def test_layers_stand_in_the_order_in_which_they_are_computed():
    X, y = np.zeros((10, 4)), np.arange(10) % 2
    told = summary(MLPClassifier((5, 3), batch_norm=True, dropout=0.1), X, y)
    kinds = [layer.kind for layer in told.layers]
    hidden = ["Linear", "BatchNorm", "ReLU", "Dropout"]
    assert kinds == [*hidden, *hidden, "Linear"]
    assert told.layers[-1].output_shape == ("n", 1)
    assert told.input_shape == ("n", 4)


def test_rows_and_steps_are_told_apart_from_numbers(sequences, texts):
    told = summary(RNNClassifier(hidden_sizes=(5, 2)), *sequences)
    assert told.input_shape == ("n", "t", 2)
    shapes = {layer.name: layer.output_shape for layer in told.layers}
    assert shapes["nets.0.layers.0"] == ("n", "t", 10)
    assert shapes["nets.0.layers.1"] == ("n", "t", 4)
    assert shapes["nets.0.output"] == ("n", 3)
    told = summary(TextRNNClassifier(embedding_size=7), *texts)
    assert told.layers[0].output_shape == ("n", "t", 7)
    assert "n rows of t steps" in str(told)


def test_what_is_not_trained_is_frozen(labels, images):
    told = summary(MLPClassifier((6, 5), freeze=1), *labels)
    first, *others = [layer for layer in told.layers if layer.kind == "Linear"]
    assert (first.n_trainable, first.n_frozen) == (0, 8 * 6 + 6)
    assert all(layer.n_frozen == 0 for layer in others)
    assert told.n_parameters == told.n_trainable + 54
    told = summary(MLPClassifier((6, 5), freeze=1, unfreeze_every=2), *labels)
    assert told.n_frozen == 0
    body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
    told = summary(CNNClassifier(backbone=body, finetune="head"), *images)
    assert (told.n_trainable, told.n_frozen) == (5, 40)


@pytest.mark.parametrize(
    "architecture",
    [
        "mlp",
        "resnet_small",
        "airbench",
        [(3, 3), "pool", 5],
        pytest.param(
            "resnet18", marks=pytest.mark.slow
        ),  # imports torch's meta kernels
    ],
)
def test_every_network_for_images_has_a_summary(architecture):
    X, y = np.zeros((10, 32, 32, 3), np.uint8), np.arange(10) % 3
    told = summary(CNNClassifier(architecture), X, y)
    assert told.layers[-1].output_shape == ("n", 3)
    assert told.input_shape == ("n", 32, 32, 3)


class AsksForValues(nn.Module):
    """A network whose way depends on its numbers, with an index in its state."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(nn.init.ones_(nn.Linear(1, 1).weight)[0])
        self.register_buffer("order", nn.Linear(1, 1).weight.new_zeros(3).long())
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        x = x.flatten(1)[:, self.order] * self.scale
        return self.head(x if x.sum().item() >= 0 else -x)


@pytest.mark.parametrize("network", [AsksForValues, AsksForValues()])
def test_the_users_own_network_may_ask_for_values(network, images, global_randomness):
    random = global_randomness()
    told = summary(CNNClassifier(network), *images)
    assert [layer.name for layer in told.layers] == ["network.head", "network.scale"]
    assert told.n_parameters == 9
    assert global_randomness() == random


def test_text_and_html_hold_the_numbers_of_the_layers(labels):
    told = summary(MLPClassifier((1234,)), *labels)
    page = told._repr_html_()
    for layer in told.layers:
        assert layer.name in str(told)
        assert f'<td style="text-align:left">{layer.name}</td>' in page
    assert page.count("<tr>") == 1 + len(told.layers) + len(told.settings)
    assert repr(told) == str(told)
    assert f"{9 * 1234:,}" in str(told)
    assert f"{9 * 1234:,}" in page


def test_what_has_no_network_is_refused_in_words(labels):
    X, y = labels
    with pytest.raises(NotFittedError, match="is not fitted, and X is None"):
        summary(MLPClassifier())
    with pytest.raises(TypeError, match="LinearRegression is not an estimator of skn"):
        summary(LinearRegression(), X, y)
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(max_iter=1))
    pipeline.fit(X, y)
    with pytest.raises(TypeError, match="MLPClassifier is not an estimator"):
        summary(MLPClassifier)
    with pytest.raises(ValueError, match="'dropout' parameter"):
        summary(MLPClassifier(dropout=2.0), X, y)
    with pytest.raises(ValueError, match="X has 3 features"):
        summary(pipeline[-1], X[:, :3])
    with pytest.raises(DataError, match="y is None, but MLPClassifier needs a targ"):
        summary(MLPClassifier(), X)
    with pytest.raises(DataError, match="X is '5', which has no rows"):
        summary(pipeline[-1], 5)
    assert summary(AutoencoderDetector(), X).n_parameters > 0  # it needs no target
