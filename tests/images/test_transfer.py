"""A network that is trained already, on images that it has not seen."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from skorch.callbacks import Callback

from sknn_suite import CNNClassifier
from sknn_suite.estimator import Call, plan_call
from sknn_suite.exceptions import DataError
from sknn_suite.images._task import ImageTask
from sknn_suite.modules import BasicBlock, ResNet


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Write a checkpoint of a resnet18 with a thousand classes."""
    torch_state = torch.random.get_rng_state()
    network = ResNet(BasicBlock, (2, 2, 2, 2), 3, 1000)
    torch.random.set_rng_state(torch_state)
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(network.state_dict(), path)
    return path


def body(seed=0):
    """Build a small network that stands for a pre-trained one."""
    generator = torch.Generator().manual_seed(seed)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, padding=1),
        torch.nn.BatchNorm2d(8),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 16, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.AdaptiveMaxPool2d(4),
        torch.nn.Flatten(),
        torch.nn.Linear(256, 7),
    )
    with torch.no_grad():
        for p in network.parameters():
            if p.ndim > 1:
                p.normal_(0, p[0].numel() ** -0.5, generator=generator)
    return network


class OnEpochEnd(Callback):
    """Calls a function after each epoch."""

    def __init__(self, function):
        self.function = function

    def on_epoch_end(self, net, **kwargs):
        self.function(net, **kwargs)


@pytest.mark.parametrize("finetune", ["head", "gradual", "full"])
def test_every_way_of_fine_tuning_learns(colour, unseen, finetune):
    network = body()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    model = CNNClassifier(
        backbone=network, finetune=finetune, augment=None, random_state=0
    ).fit(*colour)
    assert model.score(*unseen) > 0.9
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
    kept = np.array_equal(
        model._fitted_net().weights["network.0.weight"], before["0.weight"].numpy()
    )
    assert kept == (finetune == "head")


def test_a_frozen_body_keeps_its_batch_statistics(colour):
    network = body()
    for augment in (None, ["shift", "flip"]):
        model = CNNClassifier(
            backbone=network, finetune="head", augment=augment, max_iter=3
        ).fit(*colour)
        mean = model._fitted_net().weights["network.1.running_mean"]
        np.testing.assert_array_equal(mean, network[1].running_mean.numpy())


def test_the_features_of_a_frozen_body_are_computed_once(colour):
    network, calls = body(), []
    model = CNNClassifier(backbone=network, finetune="head", max_iter=30)
    own = torch.nn.Conv2d.forward

    def counted(self, x):
        calls.append(len(x))
        return own(self, x)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.Conv2d, "forward", counted)
        model.fit(*colour)
    # once for the cost of an image, once for all features, two convolutions each
    assert sum(calls) == 2 * (1 + len(colour.X))


def test_early_layers_have_smaller_rates(colour):
    model = CNNClassifier(
        backbone=body(),
        finetune="full",
        learning_rate="cosine",
        learning_rate_init=0.01,
        body_rate=0.1,
        random_state=0,
    )
    model.fit(*colour)
    assert model.learning_rate_ == 0.01
    plan = plan_call(model, Call(*colour)).plan
    rates = plan.settings.learning_rate_init
    np.testing.assert_allclose(rates, (0.0001, 0.001, 0.01))


def test_gradual_restarts_the_rate_with_longer_cycles(colour):
    model = CNNClassifier(backbone=body(), max_iter=7, random_state=0).fit(*colour)
    rates = [row["learning_rate"] for row in model.history_[-7:]]
    assert rates[3] > rates[2]  # the third cycle begins with the fourth epoch
    assert rates[6] < rates[5] < rates[4] < rates[3]


@pytest.mark.parametrize("n_rows", [9, 90])
def test_few_images_make_longer_cycles_and_smaller_batches(colour, n_rows):
    X, y = colour.X[:n_rows], colour.y[:n_rows]
    model = CNNClassifier(backbone=body(), random_state=0).fit(X, y)
    assert model.n_iter_ == 100 + 70
    rates = np.array([row["learning_rate"] for row in model.history_[100:]])
    restarts = np.flatnonzero(np.diff(rates) > 0) + 1
    assert restarts.tolist() == [10, 30]


def test_the_epochs_of_the_last_layer_alone_are_in_the_record(colour):
    settings = {"backbone": body(), "head_iter": 4, "max_iter": 7, "random_state": 0}
    model = CNNClassifier(**settings).fit(*colour)
    assert model.n_iter_ == 4 + 7
    assert [row["epoch"] for row in model.history_] == list(range(1, 12))
    assert model.loss_curve_ == [row["train_loss"] for row in model.history_]
    assert model.loss_curve_[3] < model.loss_curve_[0]
    assert model.t_ == 11 * len(colour.X)
    stopped = CNNClassifier(**settings, early_stopping=True).fit(*colour)
    assert len(stopped.validation_scores_) == 7
    kept = stopped.history_[stopped.best_epoch_ - 1]
    assert kept["valid_score"] == stopped.best_score_


def test_the_last_layer_alone_is_not_trained_again_after_a_checkpoint(
    colour, tmp_path, monkeypatch, scores_of
):
    settings = {"backbone": body(), "head_iter": 4, "max_iter": 7, "random_state": 0}
    expected = CNNClassifier(**settings).fit(*colour)

    class Killed(Exception):
        pass

    def kill(net, **kwargs):
        if len(net.history) == 3:
            raise Killed

    model = CNNClassifier(
        **settings, checkpoint=tmp_path / "run", callbacks=[OnEpochEnd(kill)]
    )
    with pytest.raises(Killed):
        model.fit(*colour)
    monkeypatch.setattr(ImageTask, "_train_head", None)
    model.set_params(callbacks=None).fit(*colour)
    np.testing.assert_array_equal(
        scores_of(model, colour.X), scores_of(expected, colour.X)
    )
    assert model.loss_curve_ == expected.loss_curve_
    assert model.n_iter_ == expected.n_iter_


def test_a_checkpoint_file_initialises_all_but_the_last_layer(colour, checkpoint):
    model = CNNClassifier(
        backbone="resnet18",
        weights=checkpoint,
        finetune="head",
        max_iter=1,
        random_state=0,
    ).fit(*colour)
    tensors = torch.load(checkpoint, weights_only=True)  # noqa: TID251
    for name, value in tensors.items():
        if not name.startswith("fc.") and not name.endswith("tracked"):
            ours = model._fitted_net().weights["network." + name]
            np.testing.assert_array_equal(ours, value.numpy(), err_msg=name)
    assert model._fitted_net().weights["network.fc.weight"].shape == (3, 512)
    twin = clone(model).fit(*colour)
    np.testing.assert_array_equal(
        twin.predict_proba(colour.X), model.predict_proba(colour.X)
    )


def test_safetensors_are_read_as_well(colour, checkpoint, tmp_path):
    tools = pytest.importorskip("safetensors.torch", reason="safetensors is missing")
    tensors = torch.load(checkpoint, weights_only=True)  # noqa: TID251
    path = tmp_path / "resnet18.safetensors"
    tools.save_file(tensors, path)
    settings = {"backbone": "resnet18", "finetune": "head", "max_iter": 1}
    ours, theirs = (
        CNNClassifier(**settings, weights=file, random_state=0).fit(*colour)
        for file in (path, checkpoint)
    )
    np.testing.assert_array_equal(
        ours.predict_proba(colour.X), theirs.predict_proba(colour.X)
    )


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_file_with_code_in_it_is_refused_and_not_run(colour, tmp_path):
    torch.save({"conv1.weight": Evil(tmp_path / "ran")}, tmp_path / "evil.pth")
    model = CNNClassifier(backbone="resnet18", weights=tmp_path / "evil.pth")
    with pytest.raises(DataError, match="cannot be read"):
        model.fit(*colour)
    assert not (tmp_path / "ran").exists()


def test_files_that_do_not_fit_are_refused(colour, checkpoint, tmp_path):
    with pytest.raises(DataError, match=r"do not fit the backbone: 'layer1\.2\.conv1"):
        CNNClassifier(backbone="resnet34", weights=checkpoint).fit(*colour)
    (tmp_path / "text.pth").write_text("no tensors")
    for name in ("text.pth", "missing.pth"):
        with pytest.raises(DataError, match="cannot be read"):
            CNNClassifier(backbone="resnet18", weights=tmp_path / name).fit(*colour)
    torch.save({"epoch": 3}, tmp_path / "epoch.pth")
    with pytest.raises(DataError, match="holds no tensors"):
        CNNClassifier(backbone="resnet18", weights=tmp_path / "epoch.pth").fit(*colour)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"backbone": "resnet7"}, "backbone='resnet7' is unknown"),
        ({"backbone": "resnet18"}, "was given without weights"),
        ({"weights": "a.pth"}, "without a backbone"),
        (
            {"backbone": torch.nn.Linear(2, 2), "architecture": "simple"},
            "Both architecture and backbone",
        ),
    ],
)
def test_combinations_without_sense_are_refused(colour, params, message):
    with pytest.raises(ValueError, match=message):
        CNNClassifier(**params).fit(*colour)


def test_a_body_without_a_head_gets_one(colour):
    network = body()[:-2]  # channels of 4 x 4 pixels
    model = CNNClassifier(backbone=network, random_state=0).fit(*colour)
    assert model.transform(colour.X).shape == (90, 16)


def test_grey_images_are_repeated_for_a_backbone_of_colours(grey):
    model = CNNClassifier(backbone=body(), random_state=0).fit(*grey)
    assert model.score(*grey) > 0.8


def test_features_feed_any_other_estimator(colour, unseen):
    model = CNNClassifier(backbone=body(), finetune="head", random_state=0)
    model.fit(*colour)
    features = model.transform(colour.X)
    assert features.shape == (90, 256)
    assert list(model.get_feature_names_out()[:2]) == [
        "cnnclassifier0",
        "cnnclassifier1",
    ]
    other = LogisticRegression(max_iter=1000).fit(features, colour.y)
    assert other.score(model.transform(unseen.X), unseen.y) > 0.9
