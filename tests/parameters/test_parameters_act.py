"""What a user asks for acts, or is refused; nothing is silently ignored.

Each parameter of each estimator has a telling value here, and settings in which it
should matter. A fit with the value gives another result than one without, or is refused
in words, or the parameter stands in a list of those that scikit-learn ignores as well,
or that are of use to the other values of a parameter beside it.
"""

import contextlib
import inspect
import io
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

import sknn_suite

CLASSIFIERS = {"CNNClassifier", "MLPClassifier", "RNNClassifier", "TextRNNClassifier"}
DETECTORS = {"AutoencoderDetector", "VAEDetector"}
KINDS = {*CLASSIFIERS, *DETECTORS, "MLPRegressor"}


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
}
REGRESSION = {
    "loss": Case("absolute_error"),
    "huber_delta": Case(0.1, {"loss": "huber"}),
    "quantile": Case(0.9, {"loss": "quantile"}),
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


def cases(kind):
    """Telling values of an estimator's parameters."""
    name = kind.__name__
    table = TRAINING | NETWORK
    if name in CLASSIFIERS:
        table = table | CLASSIFICATION
    if name == "MLPRegressor":
        table = table | REGRESSION
    if "RNN" in name:
        table = table | RECURRENT | {"scaling": Case(None)}
    if name == "TextRNNClassifier":
        table = table | TEXT
    if name == "CNNClassifier":
        table = table | IMAGES
    if name in DETECTORS:
        table = table | DETECTION
    return {p: table[p] for p in inspect.signature(kind).parameters if p in table}


# Small nets, few epochs.
SMALL = {
    "CNNClassifier": {"architecture": [(4, 3), "pool", 6], "batch_size": 8},
    "MLPClassifier": {"hidden_layer_sizes": (5, 4)},
    "MLPRegressor": {"hidden_layer_sizes": (5, 4)},
    "RNNClassifier": {"hidden_sizes": 4},
    "TextRNNClassifier": {"hidden_sizes": 4, "embedding_size": 5, "n_networks": 1},
    "AutoencoderDetector": {"hidden_layer_sizes": (5,), "n_estimators": 1},
    "VAEDetector": {"hidden_layer_sizes": (5,), "n_estimators": 1},
}
# What lbfgs cannot train is left out.
FOR_LBFGS = {
    "AutoencoderDetector": {"noise": 0.0},
    "CNNClassifier": {"augment": None},
    "TextRNNClassifier": {
        "batch_norm": False,
        "dropout": 0.0,
        "spatial_dropout": 0.0,
        "token_dropout": 0.0,
    },
}

# Parameters that are ignored, each with its reason: by every fit, by lbfgs, and by
# stochastic solvers that are not the one that the parameter is for.
ALWAYS = {
    "checkpoint_every": "when a file is written: tests/training/test_checkpoint.py",
    "cache_size": "how often files are read: tests/images/test_files.py",
}
SCIKIT_LEARN = "scikit-learn ignores it too, and scripts and grids rely on it"
BY_LBFGS = ALWAYS | {
    "batch_size": SCIKIT_LEARN,
    "beta_1": SCIKIT_LEARN,
    "beta_2": SCIKIT_LEARN,
    "early_stopping": SCIKIT_LEARN,
    "early_stopping_scoring": "only X_val gives lbfgs validation rows",
    "epsilon": SCIKIT_LEARN,
    "learning_rate_init": SCIKIT_LEARN,
    "momentum": SCIKIT_LEARN,
    "n_iter_no_change": SCIKIT_LEARN,
    "n_tta": "views are those of augment, which lbfgs refuses",
    "nesterovs_momentum": SCIKIT_LEARN,
    "power_t": SCIKIT_LEARN,
    "shuffle": SCIKIT_LEARN,
    "validation_fraction": SCIKIT_LEARN,
}
OF_ONE_SOLVER = ALWAYS | dict.fromkeys(
    ("beta_1", "beta_2", "epsilon", "max_fun", "momentum", "nesterovs_momentum"),
    "scikit-learn's text says for which solver it is",
)


def data(name, which, folder):
    """Rows and targets of an estimator."""
    source = np.random.RandomState(0)
    y = np.arange(40) % 2
    X = source.normal(size=(40, 4)) + y[:, None]
    if name in DETECTORS:
        return X, None
    if name == "MLPRegressor":
        return X, X[:, 0] + 0.1 * source.normal(size=40)
    if name == "RNNClassifier":
        return [source.normal(size=(6 + i % 3, 2)) + y[i] for i in range(40)], y
    if name == "TextRNNClassifier":
        words = (["dull", "Grey", "sloooow", ":("], ["fine", "Warm", "so 12", "😀"])
        rest = ["a #fine_film http://x.org", "by @me, the", "12 of it!", "it was"]
        texts = []
        for i, label in enumerate(y):
            chosen = source.choice(words[label], 2)
            texts.append(f"{chosen[0]} {rest[i % 4]} {chosen[1]}")
        return np.array(texts, dtype=object), y
    if name == "CNNClassifier":
        pixels = source.randint(0, 150, size=(40, 8, 8)).astype(np.uint8)
        pixels[y == 1, :4] += 100
        if which == "flat":
            return pixels.reshape(40, -1), y
        if which == "cube":
            return np.repeat(pixels[..., None], 8, axis=3), y
        if "files" in which:
            return _write_files(pixels, folder / which, bad=which == "bad files"), y
        return pixels, y
    return X, y


def _write_files(pixels, folder, *, bad):
    image = pytest.importorskip("PIL.Image")
    folder.mkdir(exist_ok=True)
    paths = []
    for i, picture in enumerate(pixels):
        path = folder / f"{i}.png"
        image.fromarray(picture[:, :6]).save(path)
        paths.append(str(path))
    if bad:
        Path(paths[3]).write_bytes(b"\x89PNG no more")
    return paths


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where fits run, and may write."""
    return tmp_path_factory.mktemp("fits")


def build(kind, given):
    given = {"random_state": 0, "max_iter": 3, **SMALL[kind.__name__], **given}
    if given.get("init_from") == "fitted":
        architecture = {k: v for k, v in given.items() if k not in ("init_from",)}
        source = {k: v for k, v in architecture.items() if k != "checkpoint"}
        X, y = data(kind.__name__, "", Path())
        given["init_from"] = kind(**source | {"random_state": 7}).fit(X, y)
    return kind(**given)


KNOWN: dict[str, Any] = {}


def outcome(kind, given, which, folder):
    """What a fit leaves: predictions, records, files, lines; or its error."""
    key = repr((kind.__name__, sorted(given.items(), key=str), which))
    if key in KNOWN:
        return KNOWN[key]
    for path in folder.glob("run*"):
        path.unlink()
    X, y = data(kind.__name__, which, folder)
    lines = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(lines):
        warnings.simplefilter("ignore")
        try:
            model = build(kind, given)
            model.fit(X, y)
            if which == "bad files":
                del X[3]
            first = _left_by(model, X)
            second = None
            if "warm_start" in given:
                second = _left_by(model.fit(X, y), X)
        except (ValueError, TypeError, RuntimeError, OSError) as error:
            found = (type(error), str(error))
        else:
            files = sorted(path.name for path in folder.glob("run*"))
            written = "epoch" in lines.getvalue().lower() or bool(lines.getvalue())
            found = repr((first, second, files, written))
    KNOWN[key] = found
    return found


def _left_by(model, X):
    for method in ("predict_proba", "score_samples", "predict"):
        if hasattr(model, method):
            finest = getattr(model, method)(X)
            break
    return (
        np.asarray(finest).tolist(),
        np.asarray(model.predict(X)).tolist(),
        model.n_iter_,
        [row.get("valid_score") for row in model.history_],
        [row["train_loss"] for row in model.history_],
    )


def is_refused(found):
    """Whether a fit ended with an error in three sentences."""
    if isinstance(found, str) or not issubclass(found[0], ValueError):
        return False
    return len(re.findall(r"[.!?](\s|$)", found[1])) >= 3


def judge(kind, parameter, case, extra, folder):
    """Say "acts", "refused" or "ignored"."""
    base = case.base | extra
    if base.get("solver") == "lbfgs":
        base = FOR_LBFGS.get(kind.__name__, {}) | base
    base = {k: v for k, v in base.items() if k in inspect.signature(kind).parameters}
    with contextlib.chdir(folder):
        before = outcome(kind, base, case.data, folder)
        if is_refused(before) and not case.fails:
            assert "solver" in base, before  # or nothing is tried here
            return "refused"
        after = outcome(kind, base | {parameter: case.value}, case.data, folder)
    if is_refused(after):
        return "refused"
    assert isinstance(after, str) or case.fails, after
    assert isinstance(before, str) or case.fails, before
    return "ignored" if after == before else "acts"


def pairs():
    """All estimators with all their parameters."""
    return [
        pytest.param(getattr(sknn_suite, name), parameter, id=f"{name}-{parameter}")
        for name in sorted(KINDS)
        for parameter in cases(getattr(sknn_suite, name))
    ]


def test_every_parameter_has_a_telling_value(public_class):
    parameters = inspect.signature(public_class).parameters
    assert set(cases(public_class)) == set(parameters)


@pytest.mark.parametrize(("kind", "parameter"), pairs())
def test_a_parameter_acts_or_is_refused(kind, parameter, folder):
    case = cases(kind)[parameter]
    found = judge(kind, parameter, case, {}, folder)
    assert (found == "ignored") == (parameter in ALWAYS)


@pytest.mark.parametrize(("kind", "parameter"), pairs())
def test_lbfgs_follows_a_parameter_or_refuses_it(kind, parameter, folder):
    if parameter == "solver":
        return  # it is what all others are tried with
    case = cases(kind)[parameter]
    found = judge(kind, parameter, case, {"solver": "lbfgs"}, folder)
    assert found != "ignored" or parameter in BY_LBFGS
    if kind is sknn_suite.MLPClassifier and parameter in BY_LBFGS.keys() - ALWAYS:
        assert found == "ignored", "its entry can go"


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["sgd", "adamw", "rmsprop", torch.optim.Adamax])
@pytest.mark.parametrize(("kind", "parameter"), pairs())
def test_every_solver_follows_a_parameter(kind, parameter, solver, folder):
    if parameter in ("solver", "power_t"):  # adam and "invscaling": see scikit-learn
        return
    case = cases(kind)[parameter]
    found = judge(kind, parameter, case, {"solver": solver}, folder)
    assert found != "ignored" or parameter in OF_ONE_SOLVER


@pytest.mark.parametrize(("kind", "parameter"), pairs())
def test_a_parameter_alone_is_accepted_or_refused_in_words(kind, parameter, folder):
    # A search tries all values of one parameter with all values of another.
    case = cases(kind)[parameter]
    with contextlib.chdir(folder):
        found = outcome(kind, {parameter: case.value}, "", folder)
    assert isinstance(found, str) or is_refused(found), found


IMAGE_COMBINATIONS = [
    {"architecture": "lenet5", "hidden_layer_sizes": (7,)},
    {"architecture": "resnet18", "activation": "tanh"},
    {"architecture": "airbench", "dropout": 0.3},
    {"architecture": "alexnet", "batch_norm": True},
    {"architecture": make_backbone(), "weight_init": "glorot"},
    {"backbone": make_backbone(), "dropout": 0.2},
    {"backbone": make_backbone(), "finetune": "head", "freeze": 1},
    {"finetune": "head"},
    {"body_rate": 0.5},
    {"resize": "crop"},
    {"on_bad_image": "skip"},
    {"solver": "lbfgs", "augment": ["flip"]},
    {"solver": "lbfgs", "learning_rate": "one_cycle"},
]


@pytest.mark.parametrize("given", IMAGE_COMBINATIONS, ids=lambda given: "-".join(given))
def test_a_network_for_images_refuses_what_it_does_not_read(given, folder):
    found = outcome(
        sknn_suite.CNNClassifier, {"architecture": "auto"} | given, "", folder
    )
    assert is_refused(found), found
    assert str(list(given)[-1]) in found[1]


TEXT_COMBINATIONS = [
    {"tokenizer": "char", "numbers": "mask"},
    {"tokenizer": str.split, "lowercase": False},
    {"embedding_rate": 0.5},
]


@pytest.mark.parametrize("given", TEXT_COMBINATIONS, ids=lambda given: "-".join(given))
def test_texts_refuse_what_their_tokens_do_not_have(given, folder):
    found = outcome(sknn_suite.TextRNNClassifier, given, "", folder)
    assert is_refused(found), found
    assert str(list(given)[-1]) in found[1]


def test_defaults_in_other_words_are_no_combination(folder):
    given = {"hidden_layer_sizes": [100], "resize": "squash", "activation": "tanh"}
    assert isinstance(outcome(sknn_suite.CNNClassifier, given, "", folder), str)
