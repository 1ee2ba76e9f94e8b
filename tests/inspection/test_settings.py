"""What a fit used is told: by fitted attributes, and by the summary's settings."""

import numpy as np
import pytest
import torch
from torch import nn

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    TextRNNClassifier,
    summary,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

COMMON = {"solver_", "schedule_", "max_iter_", "batch_size_", "device_", "precision_"}


@pytest.fixture(scope="module")
def images():
    """Sixty images, brighter above or below."""
    random = np.random.RandomState(0)
    y = np.arange(60) % 2
    X = random.randint(0, 100, (60, 8, 8)).astype(np.uint8)
    X[y == 1, :4] += 100
    return X, y


def test_no_setting_is_left_to_choose(public_class, rows):
    model = public_class(random_state=0).set_params(max_iter=2).fit(*rows)
    settings = summary(model).settings
    assert set(settings) >= COMMON | {"learning_rate_"}
    for name, value in settings.items():
        assert value == getattr(model, name)
        assert not (isinstance(value, str) and value == "auto"), name
    assert model.max_iter_ == model.n_iter_ == 2
    assert model.device_ == "cpu"


def test_what_auto_stood_for_gives_the_same_fit_when_it_is_set(
    public_class, rows, scores_of
):
    auto = public_class(max_iter=3, random_state=0).fit(*rows)
    told = {
        name.removesuffix("_"): value
        for name, value in summary(auto).settings.items()
        if name.removesuffix("_") in auto.get_params()
        and name not in ("learning_rate_", "augment_", "architecture_", "scaling_")
    }
    # A mixed table has no solver: each member's own settings are drawn.
    params = auto.get_params().keys()
    expected = {"solver", "batch_size", "device", "precision"} & params
    assert len(expected) >= 3
    assert set(told) >= expected
    given = public_class(max_iter=3, random_state=0).set_params(**told)
    np.testing.assert_array_equal(
        scores_of(given.fit(*rows), rows.X), scores_of(auto, rows.X)
    )


def test_epochs_are_those_that_were_planned_not_those_that_ran(labels):
    model = MLPClassifier(max_iter=50, max_time=1e-9, random_state=0).fit(*labels)
    assert (model.n_iter_, model.max_iter_) == (1, 50)


def test_batches_are_those_of_training(numbers):
    X, y = numbers
    assert MLPRegressor(max_iter=1).fit(X, y).batch_size_ == 120
    assert MLPRegressor(max_iter=1, batch_size=7).fit(X, y).batch_size_ == 7
    held_out = MLPRegressor(max_iter=1, early_stopping=True).fit(X, y)
    assert held_out.batch_size_ == 108
    assert MLPRegressor(solver="lbfgs", batch_size=7).fit(X, y).batch_size_ == 120


def test_solver_and_schedule_are_those_that_train(numbers):
    X, y = numbers
    scripts = MLPRegressor(learning_rate="adaptive", max_iter=1).fit(X, y)
    assert (scripts.solver_, scripts.schedule_) == ("adam", "constant")
    sgd = MLPRegressor(learning_rate="adaptive", solver="sgd", max_iter=1).fit(X, y)
    assert (sgd.solver_, sgd.schedule_) == ("sgd", "adaptive")
    assert MLPRegressor(solver="lbfgs", max_iter=1).fit(X, y).schedule_ is None
    own = MLPRegressor(solver=torch.optim.Adamax, max_iter=1).fit(X, y)
    assert own.solver_ is torch.optim.Adamax
    assert "Adamax" in str(summary(own))


def test_a_call_of_partial_fit_says_what_it_used(numbers):
    model = AutoencoderDetector(random_state=0).partial_fit(numbers.X)
    assert model.schedule_ == "constant"
    assert model.fit(numbers.X).schedule_ == "one_cycle"


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float64"])
def test_precision_is_that_of_the_weights_and_products(numbers, precision):
    model = MLPRegressor(precision=precision, max_iter=1).fit(*numbers)
    assert model.precision_ == precision
    kept = "float32" if precision == "bfloat16" else precision
    assert model.coefs_[0].dtype == kept


def test_images_tell_network_augmentation_and_recipe(images):
    model = CNNClassifier(max_iter=1, random_state=0).fit(*images)
    assert (model.architecture_, model.solver_) == ("resnet_small", "muon")
    assert model.augment_ == model._net.network.config["augment"]
    assert "shift" in model.augment_
    assert model.n_tta_ == (2 if "flip" in model.augment_ else 1)
    assert (model.alpha_, model.label_smoothing_) == (0.0, 0.1)
    flat = CNNClassifier(max_iter=1).fit(images[0].reshape(60, -1), images[1])
    assert (flat.architecture_, flat.augment_, flat.solver_) == ("mlp", {}, "sgd")
    body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
    tuned = CNNClassifier(backbone=body, max_iter=1, head_iter=3).fit(*images)
    assert (tuned.head_iter_, tuned.architecture_) == (3, "module")
    assert tuned.schedule_ == "warm_restarts"
    assert tuned.max_iter_ == 1


def test_recurrent_networks_tell_sizes_and_shares(sequences, texts):
    model = RNNClassifier(max_iter=1).fit(*sequences)
    assert (model.hidden_sizes_, model.dense_size_) == ((32,), 32)
    assert model.n_networks_ == 1
    both = TextRNNClassifier(max_iter=1, random_state=0).fit(*texts)
    assert both.n_networks_ == 2
    assert both.wide_ is True
    assert both.wide_share_ == both.ngram_model_.share
    assert both.wide_ngrams_ == 3
    alone = TextRNNClassifier(max_iter=1, wide=False, random_state=0).fit(*texts)
    assert (alone.wide_, alone.wide_share_, alone.wide_ngrams_) == (False, 0, 0)


def test_detectors_tell_how_features_are_scaled(numbers):
    fit = AutoencoderDetector(max_iter=1).fit(numbers.X)
    assert (fit.scaling_, fit.distribution_) == ("compressed", "huber")
    counts = np.random.RandomState(0).poisson(3, (80, 4)).astype(float)
    assert AutoencoderDetector(max_iter=1).fit(counts).scaling_ is None


def test_the_range_test_is_not_run_for_a_summary(labels):
    model = MLPClassifier(learning_rate_init="auto", random_state=0)
    assert "learning_rate_" not in summary(model, *labels).settings


def test_text_and_html_hold_the_settings(labels):
    model = MLPClassifier((7,), learning_rate=lambda epoch: 1.0, max_iter=4)
    told = summary(model, *labels)
    text, page = str(told), told._repr_html_()
    after = text[text.index("\nSettings\n") :]
    for name in told.settings:
        assert f"\n{name} " in after
        assert f">{name}<" in page
    assert "<caption>Settings</caption>" in page
    assert "&lt;lambda&gt;" in page
    assert "max_iter_       4" in after
