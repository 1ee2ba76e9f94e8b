"""Telling values of all parameters of all estimators.

A test with the arguments `kind`, `parameter` and `case` runs for each of them.
"""

import inspect
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

import sknn_suite

CLASSIFIERS = {"CNNClassifier", "MLPClassifier", "RNNClassifier", "TextRNNClassifier"}
DETECTORS = {"AutoencoderDetector", "VAEDetector"}
MIXED = {"TabularClassifier", "TabularRegressor"}
KINDS = {*CLASSIFIERS, *DETECTORS, *MIXED, "MLPRegressor"}


@dataclass
class Case:
    """A telling value, and the settings in which it should matter.

    Parameters
    ----------
    value : object
        The value.
    base : dict
        Other parameters.
    data : str
        Which rows; "" for the usual ones of the estimator.
    fails : bool
        Whether fits without the value fail, as they should.
    """

    value: Any
    base: dict = field(default_factory=dict)
    data: str = ""
    fails: bool = False


class Spoil(Callback):
    """A callback that spoils the weights before the second epoch."""

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 2:
            net.flat_.data.fill_(np.nan)


class StopAtOnce(Callback):
    """A callback of the user's that ends training."""

    def on_epoch_end(self, net, **kwargs):
        raise KeyboardInterrupt


def make_backbone():
    """Build a network that might have been trained."""
    torch_state = torch.get_rng_state()
    torch.manual_seed(0)  # noqa: TID251 - restored below
    made = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5), nn.Linear(5, 2)
    )
    torch.set_rng_state(torch_state)
    return made


SGD = {"solver": "sgd"}
STOPS = {"early_stopping": True}
TRAINING = {
    "solver": Case("rmsprop"),
    "solver_params": Case({"weight_decay": 0.5}, SGD),
    "alpha": Case(50.0),
    "l1_alpha": Case(5.0),
    "decay_biases": Case(True, {"alpha": 50.0}),
    "max_norm": Case(0.01),
    "mixup": Case(0.5),
    "max_grad_norm": Case(1e-4, SGD),
    "max_grad_value": Case(1e-4, SGD),
    "batch_size": Case(7),
    "accumulate": Case(2, {"batch_size": 8}),
    "learning_rate": Case("exponential"),
    "schedule_params": Case({"gamma": 0.5}, {"learning_rate": "exponential"}),
    "warmup": Case(3.0, {"learning_rate": "constant"}),
    "learning_rate_init": Case(0.03),
    "power_t": Case(0.9, {**SGD, "learning_rate": "invscaling"}),
    "max_iter": Case(4),
    "shuffle": Case(False, {"batch_size": 8}),
    "random_state": Case(1),
    "tol": Case(1e9, {"n_iter_no_change": 1, "max_iter": 6}),
    "verbose": Case(True),
    "warm_start": Case(True),
    "momentum": Case(0.3, SGD),
    "nesterovs_momentum": Case(False, SGD),
    "early_stopping": Case(True),
    "early_stopping_scoring": Case("neg_log_loss", STOPS),
    "max_time": Case(1e-9),
    "averaging": Case("ema"),
    "averaging_start": Case(1, {"averaging": "swa"}),
    "ema_decay": Case(0.1, {"averaging": "ema"}),
    "on_divergence": Case("recover", {"callbacks": [Spoil]}, fails=True),
    "checkpoint": Case("run.npz"),
    "checkpoint_every": Case(2, {"checkpoint": "run.npz"}),
    "freeze": Case(1),
    "unfreeze_every": Case(1, {"freeze": 1}),
    "init_from": Case("fitted"),
    "validation_fraction": Case(0.5, STOPS),
    "beta_1": Case(0.3, {"solver": "adam"}),
    "beta_2": Case(0.3, {"solver": "adam"}),
    "epsilon": Case(1.0, {"solver": "adam"}),
    "n_iter_no_change": Case(1, {"tol": 1e9, "max_iter": 6}),
    "max_fun": Case(2, {"solver": "lbfgs"}),
    "device": Case("abacus"),
    "precision": Case("float32"),
    "callbacks": Case([StopAtOnce()]),
}
NETWORK = {
    "hidden_layer_sizes": Case((3, 3)),
    "activation": Case("tanh"),
    "dropout": Case(0.5),
    "batch_norm": Case(True),
    "weight_init": Case("orthogonal"),
}
CLASSIFICATION = {
    "loss": Case("focal", {"label_smoothing": 0.0}),
    "focal_gamma": Case(5.0, {"loss": "focal", "label_smoothing": 0.0}),
    "label_smoothing": Case(0.3),
    "class_weight": Case({0: 5.0, 1: 0.5}),
    "batch_sampling": Case({0: 0.9, 1: 0.1}),
    "decision_threshold": Case(0.0),
    "probabilities": Case("true_shares", {"class_weight": {0: 5.0, 1: 0.5}}),
}
REGRESSION = {
    "loss": Case("absolute_error"),
    "huber_delta": Case(0.1, {"loss": "huber"}),
    "quantile": Case(0.9, {"loss": "quantile"}),
    "scale_target": Case(True),
    "calibrated": Case(True, {"loss": "quantile"}),
    "early_stopping_scoring": Case("neg_mean_absolute_error", STOPS),
}
RECURRENT = {
    "hidden_sizes": Case(3),
    "cell": Case("gru"),
    "bidirectional": Case(False),
    "pooling": Case("max"),
    "dense_size": Case(3),
    "batch_norm": Case(True, {"batch_norm": False}),
    "dropout": Case(0.6),
    "spatial_dropout": Case(0.6),
    "recurrent_dropout": Case(0.6),
    "n_networks": Case(3),
    "max_bptt": Case(1),
}
VECTORS = {"dull": [1.0, 0.0], "fine": [0.0, 2.0], "warm": [0.5, 2.0]}
TEXT = {
    "tol": Case(
        1e9,
        {
            "n_iter_no_change": 4,
            "max_iter": 8,
            "dropout": 0.0,
            "spatial_dropout": 0.0,
            "token_dropout": 0.0,
            "learning_rate": "constant",
        },
    ),
    "precision": Case("float64"),
    "tokenizer": Case("char"),
    "lowercase": Case(False),
    "punctuation": Case(False),
    "numbers": Case("mask"),
    "urls": Case("drop"),
    "mentions": Case("drop"),
    "hashtags": Case("split"),
    "emoji": Case("drop"),
    "repeated_letters": Case(None),
    "min_df": Case(15),
    "max_features": Case(3),
    "max_length": Case(2),
    "embedding_size": Case(3),
    "subwords": Case(False),
    "embeddings": Case(VECTORS),
    "embedding_rate": Case(1.0, {"embeddings": VECTORS}),
    "token_dropout": Case(0.6),
    "wide": Case(False),
    "wide_ngrams": Case(1),
    "wide_letters": Case(False),
}
MLP = {"architecture": "mlp"}
BACKBONE = {"architecture": "auto", "backbone": make_backbone(), "head_iter": 2}
IMAGES = {
    "architecture": Case("resnet_small"),
    "hidden_layer_sizes": Case((3, 3), MLP),
    "image_shape": Case((8, 8), {"architecture": "auto"}, "flat"),
    "data_format": Case("channels_first", {}, "cube"),
    "resize": Case("pad", {"image_shape": (8, 8)}, "files"),
    "cache_size": Case(0, {"image_shape": (8, 8)}, "files"),
    "on_bad_image": Case("skip", {"image_shape": (8, 8)}, "bad files", fails=True),
    "augment": Case(["rotate90"]),
    "n_tta": Case(4, {"augment": ["shift"]}),
    "normalization": Case(None),
    "backbone": Case(make_backbone(), {"architecture": "auto"}),
    "weights": Case("gone.safetensors", BACKBONE),
    "finetune": Case("full", BACKBONE),
    "body_rate": Case(1.0, BACKBONE | {"learning_rate": "constant"}),
    "head_iter": Case(4, BACKBONE),
    "freeze": Case(1, MLP),
    "unfreeze_every": Case(1, MLP | {"freeze": 1}),
    "precision": Case("float64"),
}
DETECTION = {
    "decoder_hidden_layer_sizes": Case((3, 3)),
    "n_components": Case(1),
    "n_estimators": Case(2),
    "shortcut": Case(False),
    "tied_weights": Case(True, {"variance": "fixed"}),
    "noise": Case(2.0),
    "noise_kind": Case("masking", {"noise": 0.5}),
    "sparsity": Case(3.0),
    "sparsity_target": Case(0.3, {"sparsity": 3.0}),
    "contractive": Case(3.0),
    "trim": Case(0.3),
    "pretraining_iter": Case(2, {"hidden_layer_sizes": (4, 4, 4)}),
    "distribution": Case("laplace"),
    "variance": Case("row"),
    "scaling": Case(None),
    "score_method": Case("reconstruction"),
    "contamination": Case(0.4),
    "early_stopping_scoring": Case(lambda model, X, y: -7.0, STOPS),
    "beta": Case(5.0),
    "kl_warmup": Case(1.0),
    "n_draws": Case(3, {"score_method": "likelihood"}),
}
HELD_OUT = {"cv": None, "n_members": 2}
MIXED_TABLE = {
    "n_members": Case(3),
    "cv": Case(None),
    "categorical_features": Case([1]),
    "numeric_features": Case([0], {}, "codes"),
    "date_features": Case([0]),
    "monotonic_cst": Case({"x0": -1}),
    "text_features": Case("drop", {}, "texts"),
    "n_iter_no_change": Case(1, {"max_iter": 30, "learning_rate_init": 3.0}),
    "early_stopping_scoring": Case("neg_brier_score", {"max_iter": 12}),
    "validation_fraction": Case(0.5, HELD_OUT),
    "precision": Case("float32"),
}
MIXED_CLASSIFICATION = {
    "imbalance": Case("weights", {}, "rare"),
}
MIXED_REGRESSION = {
    "scale_target": Case(False),
    "early_stopping_scoring": Case("neg_mean_absolute_error", {"max_iter": 12}),
}


def cases(kind):
    """Telling values of an estimator's parameters."""
    name = kind.__name__
    table = TRAINING | NETWORK
    if name in CLASSIFIERS or name == "TabularClassifier":
        table = table | CLASSIFICATION
    if name in ("MLPRegressor", "TabularRegressor"):
        table = table | REGRESSION
    if name in MIXED:
        table = table | MIXED_TABLE
    if name == "TabularClassifier":
        table = table | MIXED_CLASSIFICATION
    if name == "TabularRegressor":
        table = table | MIXED_REGRESSION
    if "RNN" in name:
        table = table | RECURRENT | {"scaling": Case(None)}
    if name == "TextRNNClassifier":
        table = table | TEXT
    if name == "CNNClassifier":
        table = table | IMAGES
    if name in DETECTORS:
        table = table | DETECTION
    return {p: table[p] for p in inspect.signature(kind).parameters if p in table}


def pytest_generate_tests(metafunc):
    """Run a test for every parameter of every estimator."""
    if "parameter" not in metafunc.fixturenames:
        return
    kinds = [getattr(sknn_suite, name) for name in sorted(KINDS)]
    triples = [
        pytest.param(kind, parameter, case, id=f"{kind.__name__}-{parameter}")
        for kind in kinds
        for parameter, case in cases(kind).items()
    ]
    metafunc.parametrize(("kind", "parameter", "case"), triples)


@pytest.fixture
def telling_values():
    """Return the function that lists the telling values of an estimator."""
    return cases
