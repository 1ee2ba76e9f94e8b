"""Parameters that would have no effect beside others are refused by name."""

import numpy as np
import pytest
from torch import nn

from sknn_suite import CNNClassifier, MLPRegressor, TextRNNClassifier
from sknn_suite.text import Tokenizer


def make_network():
    """Build a network of the user's own."""
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 2))


IMAGE_COMBINATIONS = [
    {"architecture": "lenet5", "hidden_layer_sizes": (7,)},
    {"architecture": "resnet18", "activation": "tanh"},
    {"architecture": "airbench", "dropout": 0.3},
    {"architecture": "alexnet", "batch_norm": True},
    {"architecture": make_network(), "weight_init": "glorot"},
    {"backbone": make_network(), "dropout": 0.2},
    {"backbone": make_network(), "finetune": "head", "freeze": 1},
    {"finetune": "head"},
    {"body_rate": 0.5},
    {"resize": "crop"},
    {"on_bad_image": "skip"},
    {"solver": "lbfgs", "augment": ["flip"]},
    {"solver": "lbfgs", "learning_rate": "one_cycle"},
    {"solver": "lbfgs", "learning_rate_init": [0.1, 0.2]},
]
TEXT_COMBINATIONS = {
    "numbers": {"tokenizer": Tokenizer("char", numbers="mask")},
    "lowercase": {"tokenizer": Tokenizer(str.split, lowercase=False)},
    "embedding_rate": {"embedding_rate": 0.5},
}


@pytest.fixture
def images():
    return np.random.RandomState(0).uniform(size=(24, 8, 8)), np.arange(24) % 2


def refusal(name):
    """Pattern of three sentences that begin with the parameter."""
    rest = r" (has no effect|does not go).*\. Expected .*\. (Leave|Choose) .*\.$"
    return rf"^{name}=.*{rest}"


@pytest.mark.parametrize("given", IMAGE_COMBINATIONS, ids="-".join)
def test_a_network_for_images_refuses_what_it_does_not_read(given, images):
    with pytest.raises(ValueError, match=refusal(list(given)[-1])):
        CNNClassifier(**given).fit(*images)


@pytest.mark.parametrize("name", TEXT_COMBINATIONS)
def test_texts_refuse_what_their_tokens_do_not_have(name, texts):
    with pytest.raises(ValueError, match=refusal(name)):
        TextRNNClassifier(**TEXT_COMBINATIONS[name]).fit(*texts)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_defaults_in_other_words_are_no_combination(images):
    given = {"hidden_layer_sizes": [100], "resize": "squash", "activation": "tanh"}
    assert CNNClassifier(**given, max_iter=1).fit(*images).n_iter_ == 1


@pytest.mark.parametrize(
    "given",
    [
        {"quantile": [0.1, 0.9]},
        {"loss": "huber", "quantile": (0.1, 0.9)},
        {"calibrated": True},
        {"loss": "quantile", "quantile": [0.1, 0.9], "early_stopping_scoring": "r2"},
    ],
    ids=str,
)
def test_quantiles_belong_to_their_loss_and_not_to_scorers_of_one_column(given):
    model = MLPRegressor(early_stopping=True, max_iter=2, **given)
    with pytest.raises(ValueError, match=refusal(list(given)[-1])):
        model.fit(np.zeros((30, 2)), np.arange(30.0))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_one_quantile_may_stay_beside_another_loss():
    rows, y = np.random.RandomState(0).normal(size=(30, 2)), np.arange(30.0)
    model = MLPRegressor(quantile=0.9, max_iter=2, random_state=0).fit(rows, y)
    usual = MLPRegressor(max_iter=2, random_state=0).fit(rows, y)
    np.testing.assert_array_equal(model.predict(rows), usual.predict(rows))
