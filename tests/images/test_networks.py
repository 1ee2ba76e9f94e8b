"""Networks for images: their sizes, their names, and what they refuse."""

import copy
import json
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from sknn_suite import CNNClassifier
from sknn_suite.estimator._draft import draft
from sknn_suite.exceptions import DataError, SuiteWarning
from sknn_suite.images._configuration import configure
from sknn_suite.modules import (
    CONV_SPECS,
    VGG,
    VGG_LAYERS,
    AirbenchNet,
    AlexNet,
    BasicBlock,
    Bottleneck,
    ConvNet,
    GoogLeNet,
    ResNet,
    ResNetSmall,
    build_image_network,
    draw_user_network,
    draw_weights,
    n_parameters,
)

NAMES = json.loads(Path(__file__).with_name("torchvision_names.json").read_text())

NETWORKS = {
    "resnet18": lambda: ResNet(BasicBlock, (2, 2, 2, 2), 3, 1000),
    "resnet34": lambda: ResNet(BasicBlock, (3, 4, 6, 3), 3, 1000),
    "resnet50": lambda: ResNet(Bottleneck, (3, 4, 6, 3), 3, 1000),
    "vgg11_bn": lambda: VGG(VGG_LAYERS["vgg11"], 3, 1000, batch_norm=True),
    "alexnet": lambda: AlexNet(3, 1000),
    "googlenet": lambda: GoogLeNet(3, 1000),
    **{name: lambda n=name: VGG(VGG_LAYERS[n], 3, 1000) for name in VGG_LAYERS},
}


@pytest.mark.parametrize("name", NAMES)
def test_names_and_shapes_are_those_of_torchvisions_checkpoints(name):
    with torch.device("meta"):
        network = NETWORKS[name]()
    ours = [[key, list(value.shape)] for key, value in network.state_dict().items()]
    assert ours == NAMES[name]


@pytest.mark.parametrize(
    ("name", "shape", "n"),
    [("lenet5", (32, 32, 1), 61_706), ("simple", (28, 28, 1), 61_482)],
)
def test_textbook_networks_have_the_textbooks_size(name, shape, n):
    assert n_parameters(ConvNet(CONV_SPECS[name], shape, 10)) == n


LAYERS = [
    [(4, 3), "pool", 8],
    [(4, 3, 2, 1), "average_pool", (6, 3, 1, "same"), "global_max_pool"],
    [(4, 5), "batch_norm", ("max_pool", 3, 1), ("spatial_dropout", 0.2), 8],
    [(4, 3), "global_average_pool", ("dropout", 0.5), 8, "batch_norm"],
    ["average_pool", 4],
    [(4, 3, "relu"), 10],
    [(4, 3, 1, "same", "tanh"), "batch_norm", "pool", (8, "selu"), [6, "prelu"]],
    [],
]


@pytest.mark.parametrize("layers", LAYERS, ids=str)
def test_a_list_of_layers_is_a_network(grey, layers):
    model = CNNClassifier(layers, max_iter=2, random_state=0).fit(*grey)
    assert model.predict_proba(grey.X).shape == (120, 3)


def test_batch_norm_stands_before_the_activation():
    net = ConvNet([(4, 3), "batch_norm", 5, "batch_norm"], (8, 8, 1), 2)
    kinds = [type(part).__name__ for part in net.layers]
    assert kinds == [
        "Conv2d",
        "BatchNorm2d",
        "ReLU",
        "Flatten",
        "Linear",
        "BatchNorm",
        "ReLU",
        "Linear",
    ]


def test_a_layer_may_have_its_own_activation():
    layers = [(4, 3, "tanh"), "batch_norm", (3, 3), (5, "selu"), 6]
    net = ConvNet(layers, (8, 8, 1), 2, activation="elu")
    kinds = [type(part).__name__ for part in net.layers]
    assert kinds == [
        *("Conv2d", "BatchNorm2d", "Tanh"),
        *("Conv2d", "ELU"),
        *("Flatten", "Linear", "SELU"),
        *("Linear", "ELU"),
        "Linear",
    ]


def test_weights_are_drawn_for_the_activation_of_their_layer():
    def deviation(layers):
        net = ConvNet(layers, (8, 8, 1), 2)
        draw_weights(net, "auto", "relu", np.random.RandomState(0))
        return float(net.layers[1].weight.detach().std())

    # He's draws have twice the variance that selu wants.
    ratio = deviation([(200, "relu")]) / deviation([(200, "selu")])
    assert ratio == pytest.approx(np.sqrt(2), rel=1e-6)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([(4, 3, "rleu")], r"has layer 1, \(4, 3, 'rleu'\), which is unknown"),
        ([(4, (3, 3))], r"has layer 1, \(4, \(3, 3\)\), which is unknown"),
        ([(64,)], r"has layer 1, \(64,\), which .* Write 64 for 64 dense units\.$"),
        ([(4, 3), (3, "softmax")], r"layer 2, \(3, 'softmax'\), which is an output la"),
        ([("relu", 4)], "is unknown"),
        ([(8, "tanh"), (4, 3)], "convolution of 4 channels after a dense layer"),
        (["poll"], "has layer 1, 'poll', which is unknown"),
        ([(4, 3), 8, (4, 3)], "convolution of 4 channels after a dense layer"),
        ([8, "pool"], "unknown or in the wrong place"),
        ([(4, 13)], r"Images are too small for layer 1, \(4, 13\), of architecture"),
        (["pool", (4, 3), "pool", "pool", "pool"], "too small for layer 5, 'pool', of"),
        ([("dropout", 2)], "is unknown"),
        ([-3], "is unknown"),
    ],
    ids=str,
)
def test_a_layer_that_cannot_be_is_named(grey, layers, message):
    with pytest.raises(ValueError, match=message):
        CNNClassifier(layers).fit(*grey)


def test_relu_in_place_changes_no_value_and_no_gradient():
    net = ResNetSmall(3, 4, widths=(8, 16), pools=(True, False), stem=8, depth=2)
    apart = copy.deepcopy(net)
    for part in apart.modules():
        if isinstance(part, torch.nn.ReLU):
            assert part.inplace
            part.inplace = False
    x = torch.randn(5, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    scores, expected = net(x), apart(x)
    assert torch.equal(scores, expected)
    scores.square().sum().backward()
    expected.square().sum().backward()
    for ours, theirs in zip(net.parameters(), apart.parameters()):
        assert torch.equal(ours.grad, theirs.grad)


@pytest.mark.parametrize("name", ["resnet18", "inception", "airbench", "resnet_small"])
def test_networks_by_name_train_and_predict(colour, name):
    model = CNNClassifier(name, max_iter=1, random_state=0).fit(*colour)
    assert model.predict_proba(colour.X).shape == (90, 3)
    assert np.isfinite(model.loss_)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["alexnet", "vgg11", "resnet50", "resnet34"])
def test_large_networks_by_name_train_and_predict(colour, name):
    X = np.tile(colour.X[:12], (1, 4, 4, 1))
    model = CNNClassifier(name, max_iter=1, random_state=0).fit(X, colour.y[:12])
    assert model.predict_proba(X).shape == (12, 3)


@pytest.mark.parametrize("name", ["alexnet", "vgg13", "airbench", "lenet5", "simple"])
def test_images_smaller_than_the_strides_are_refused(name):
    X = np.zeros((20, 6, 6, 3), np.uint8)
    with pytest.raises(DataError, match=r"too small|cannot take images of 6 x 6"):
        CNNClassifier(name).fit(X, np.arange(20) % 2)


@pytest.mark.parametrize("side", [4, 8, 13, 28, 32, 64, 96, 150, 224])
def test_the_default_suits_images_of_every_size(side):
    of = draft(CNNClassifier("resnet_small"), resumes=False)
    of.image_shape_ = (side, side, 3)
    config = configure(of, 10)
    assert 50_000 < n_parameters(build_image_network(**config)) < 1_500_000
    assert config["macs"] < 250e6


def test_whitened_patches_are_uncorrelated(colour):
    model = CNNClassifier("airbench", max_iter=1, random_state=0).fit(*colour)
    kernels = torch.from_numpy(model._fitted_net().weights["network.whiten.weight"])
    half = kernels[: len(kernels) // 2].flatten(1).double()
    covariance = torch.from_numpy(model._net.encoder.patches_)
    white = half @ covariance @ half.T
    values = torch.linalg.eigvalsh(covariance)
    expected = torch.diag(values / (values + AirbenchNet.WHITENING_EPSILON))
    torch.testing.assert_close(white, expected.flip(0, 1), atol=1e-3, rtol=0)


class Own(torch.nn.Module):
    """A network of the user's own."""

    def __init__(self, n_outputs=3, n_channels=1):
        super().__init__()
        self.conv = torch.nn.Conv2d(n_channels, 4, 3)
        self.register_buffer("twice", torch.full((1,), 2.0), persistent=False)
        self.fc = torch.nn.Linear(4, n_outputs)

    def forward(self, x):
        return self.fc(self.conv(x).amax((2, 3)) * self.twice)


@pytest.mark.parametrize("kind", ["class", "instance"])
def test_a_module_of_ones_own_is_trained_and_left_alone(
    grey, kind, global_randomness, scores_of
):
    own = Own if kind == "class" else Own()
    kept = None if kind == "class" else own.conv.weight.detach().clone()
    before = global_randomness()
    model = CNNClassifier(own, max_iter=3, random_state=0).fit(*grey)
    assert global_randomness() == before
    if kept is not None:
        assert torch.equal(own.conv.weight, kept)
    again = CNNClassifier(own, max_iter=3, random_state=0).fit(*grey)
    np.testing.assert_array_equal(scores_of(again, grey.X), scores_of(model, grey.X))
    assert model.transform(grey.X).shape == (120, 4)


def test_two_scores_for_two_classes_are_their_difference(grey):
    own, y = Own(2), (grey.y == 1).astype(int)
    model = CNNClassifier(
        own, max_iter=1, learning_rate_init=1e-9, augment=None, alpha=0
    )
    model.fit(grey.X, y)
    x = (torch.from_numpy(grey.X).double() - model._net.encoder.center_[0])[:, None]
    with torch.no_grad():
        scores = own((x / model._net.encoder.scale_[0]).float())
    expected = torch.softmax(scores, dim=1).numpy()
    np.testing.assert_allclose(model.predict_proba(grey.X), expected, atol=1e-4)


def test_a_module_with_the_wrong_number_of_scores_is_refused(grey):
    with pytest.raises(ValueError, match=r"gives 5 scores. Expected 3, one per class"):
        CNNClassifier(Own(5)).fit(*grey)
    with pytest.raises(TypeError, match="makes a dict"):
        CNNClassifier(dict).fit(*grey)


# What a class is told.
USER_CONFIG = {"n_classes": 3, "image_shape": (8, 8, 1)}

DRAWS = {
    "a linear layer": lambda: torch.nn.Linear(3, 4),
    "a convolution": lambda: torch.nn.Conv2d(3, 4, 3),
    "a recurrent layer": lambda: torch.nn.LSTM(3, 4),
    "an embedding": lambda: torch.nn.Embedding(3, 4),
    "attention": lambda: torch.nn.MultiheadAttention(4, 2),
    "numbers": lambda: Constants(torch.randn(3), torch.rand_like(torch.zeros(3))),
    "orthogonal": lambda: Constants(torch.nn.init.orthogonal_(torch.empty(3, 3))),
    "cut off": lambda: Constants(torch.nn.init.trunc_normal_(torch.empty(3))),
}


class Constants(torch.nn.Module):
    """Numbers that a module draws for itself."""

    def __init__(self, *numbers):
        super().__init__()
        for i, number in enumerate(numbers):
            self.register_buffer(f"n{i}", number)


@pytest.mark.parametrize("kind", DRAWS)
def test_a_class_draws_from_the_fits_own_generator(kind, global_randomness):
    before = global_randomness()
    first, again, other = (
        draw_user_network(DRAWS[kind], USER_CONFIG, seed).state_dict()
        for seed in (0, 0, 1)
    )
    assert global_randomness() == before
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_classes_that_draw_in_several_threads_do_not_disturb_each_other():
    def draw(seed):
        made = draw_user_network(Own, USER_CONFIG, seed % 4)
        return made.conv.weight.detach()

    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(draw, range(64)))
    for seed, weights in enumerate(drawn):
        assert torch.equal(weights, drawn[seed % 4])


@pytest.mark.parametrize(("side", "cropped"), [(8, True), (64, False)])
def test_kernels_are_cropped_where_a_layer_meets_one_pixel(side, cropped):
    """oneDNN's gradient of such a convolution has what was in memory."""
    images = np.random.RandomState(0).randint(0, 256, (4, side, side, 3))
    model = CNNClassifier("resnet18", max_iter=1, precision="bfloat16", random_state=0)
    model.fit(images.astype(np.uint8), [0, 1, 0, 1])
    config = model._net.network.config
    assert config["crops_kernels"] == cropped
    assert build_image_network(**config).crops_kernels == cropped


class ChoosesPixels(torch.nn.Module):
    """A network whose state holds the numbers of the pixels that it looks at."""

    def __init__(self):
        super().__init__()
        self.register_buffer("chosen", torch.arange(0, 64, 2))
        self.head = torch.nn.Linear(32, 2)

    def forward(self, x):
        return self.head(x.flatten(1)[:, self.chosen])


def test_a_network_of_ones_own_may_hold_indices_in_its_state():
    X, y = np.random.RandomState(0).uniform(size=(40, 8, 8)), np.arange(40) % 2
    X[y == 1] /= 2
    model = CNNClassifier(
        ChoosesPixels(), normalization=None, max_iter=3, random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(
        model._fitted_net().weights["network.chosen"], np.arange(0, 64, 2)
    )
    other = X.copy()
    other.reshape(40, 64)[:, 1::2] = 0.25
    np.testing.assert_array_equal(model.predict_proba(other), model.predict_proba(X))


class TiedAndFixed(torch.nn.Module):
    """One kernel that is used twice, and a filter that is not to be trained."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv2d(1, 1, 3, padding=1)
        self.second = torch.nn.Conv2d(1, 1, 3, padding=1, bias=False)
        self.second.weight = self.first.weight
        self.fixed = torch.nn.Conv2d(1, 1, 3, padding=1).requires_grad_(False)
        self.head = torch.nn.Linear(144, 2)

    def forward(self, x):
        x = self.second(torch.relu(self.first(x)))
        return self.head(self.fixed(x).flatten(1))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"precision": "float64", "batch_size": 7},
        {"solver": "lbfgs"},
        {"solver": torch.optim.Adamax, "averaging": "ema"},
        {"learning_rate_init": (0.01, 0.01, 0.01)},
        {"freeze": 1, "unfreeze_every": 1},
    ],
    ids=str,
)
def test_tied_weights_stay_tied_and_frozen_ones_frozen(grey, changes):
    network, y = draw_user_network(TiedAndFixed, USER_CONFIG, 0), grey.y > 0
    model = CNNClassifier(network, augment=None, max_iter=3, random_state=0)
    model.set_params(**changes)

    def check(model):
        weights = model._fitted_net().weights
        tied = weights["network.first.weight"]
        np.testing.assert_array_equal(tied, weights["network.second.weight"])
        assert not np.allclose(tied, network.first.weight.detach(), atol=1e-7)
        for name, value in network.fixed.named_parameters():
            ours = weights[f"network.fixed.{name}"]
            np.testing.assert_array_equal(ours, value.detach().numpy())

    check(model.fit(grey.X, y))
    again = pickle.loads(pickle.dumps(model))
    expected = model.predict_proba(grey.X)
    np.testing.assert_array_equal(again.predict_proba(grey.X), expected)
    check(again)
    if model.solver != "lbfgs":
        check(again.partial_fit(grey.X, y))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_tied_weight_is_trained_as_torch_trains_it(grey):
    network, y = draw_user_network(TiedAndFixed, USER_CONFIG, 0), grey.y > 0
    model = CNNClassifier(network, augment=None, normalization=None, alpha=0.0)
    model.set_params(solver="sgd", momentum=0.0, learning_rate="constant")
    model.set_params(learning_rate_init=0.5, batch_size=120, max_iter=1)
    model.set_params(precision="float64", label_smoothing=0.0, max_grad_norm=None)
    model.fit(grey.X / 255.0, y)
    network.double()
    scores = network(torch.from_numpy(grey.X / 255.0)[:, None])
    torch.nn.functional.cross_entropy(scores, torch.from_numpy(y * 1)).backward()
    expected = network.first.weight - 0.5 * network.first.weight.grad
    tied = model._fitted_net().weights["network.first.weight"]
    np.testing.assert_allclose(tied, expected.detach().numpy(), rtol=1e-6)


def test_a_network_of_frozen_parameters_alone_is_refused(grey):
    frozen = Own().requires_grad_(False)
    with pytest.raises(ValueError, match=r"no parameter to train: .*Expected .*Set"):
        CNNClassifier(frozen, max_iter=1).fit(*grey)


class Table(torch.nn.Sequential):
    """Layers for flat rows, with a norm of torch and a last layer."""

    def __init__(self, n_channels, n_outputs, last=torch.nn.Identity):
        layer = torch.nn.Linear(n_channels, 8), torch.nn.BatchNorm1d(8)
        norms = torch.nn.ReLU(), torch.nn.Linear(8, n_outputs), last()
        super().__init__(torch.nn.Flatten(), *layer, *norms)


class EndsInSigmoid(Table):
    def __init__(self, n_channels, n_outputs):
        super().__init__(n_channels, n_outputs, torch.nn.Sigmoid)


class EndsInSoftmax(Table):
    def __init__(self, n_channels, n_outputs):
        super().__init__(n_channels, 2, lambda: torch.nn.Softmax(dim=1))


@pytest.mark.parametrize("kind", [EndsInSigmoid, EndsInSoftmax])
def test_probabilities_instead_of_raw_scores_are_told(kind):
    X = np.random.RandomState(0).normal(size=(20, 3))
    with pytest.warns(SuiteWarning, match=f"ends in {kind.__name__[6:]}. Expected raw"):
        CNNClassifier(kind, max_iter=1).fit(X, np.arange(20) % 2)


def test_a_last_batch_of_one_row_goes_through_a_norm_of_torch():
    X = np.random.RandomState(0).normal(size=(21, 3))
    model = CNNClassifier(Table, max_iter=2, batch_size=10, random_state=0)
    model.fit(X, np.arange(21) % 2)
    assert model.t_ == 2 * 21
    assert np.isfinite(model.predict_proba(X)).all()


def test_a_list_that_ends_in_the_outputs_is_warned_of(colour):
    layers = [(4, 3), "pool", 3]
    with pytest.warns(SuiteWarning, match="ends in 3 dense units, as many as y needs"):
        CNNClassifier(layers, max_iter=1).fit(*colour)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SuiteWarning)
        CNNClassifier([*layers[:2], (3, "relu")], max_iter=1).fit(*colour)
        CNNClassifier([*layers[:2], 4], max_iter=1).fit(*colour)
