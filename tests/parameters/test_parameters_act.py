"""What a user asks for acts, or is refused; nothing is silently ignored.

Each parameter of each estimator has a telling value in conftest.py, and settings in
which it should matter. A fit with the value gives another result than one without, or
is refused in words, or the parameter stands in a list of those that scikit-learn
ignores as well.
"""

import contextlib
import inspect
import io
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import sknn_suite

DETECTORS = {"AutoencoderDetector", "VAEDetector"}

# Small nets, few epochs.
SMALL = {
    "CNNClassifier": {"architecture": [(4, 3), "pool", 6], "batch_size": 8},
    "MLPClassifier": {"hidden_layer_sizes": (5, 4)},
    "MLPRegressor": {"hidden_layer_sizes": (5, 4)},
    "RNNClassifier": {"hidden_sizes": 4},
    "TextRNNClassifier": {"hidden_sizes": 4, "embedding_size": 5, "n_networks": 1},
    "TabularClassifier": {"hidden_layer_sizes": (5, 4), "n_members": 2},
    "TabularRegressor": {"hidden_layer_sizes": (5, 4), "n_members": 2},
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
    if which == "rare":
        y = (np.arange(40) % 5 == 0).astype(int)
    X = source.normal(size=(40, 4)) + y[:, None]
    if name in DETECTORS:
        return X, None
    if which == "codes":  # numbers that look like categories
        X = X.astype(object)
        X[:, 0] = [f"0{i % 5}" for i in range(40)]
        return X, y if name == "TabularClassifier" else y + source.normal(size=40)
    if which == "texts":
        X = X.astype(object)
        X[:, 0] = [f"{'good' if label else 'bad'} no {i}" for i, label in enumerate(y)]
        return X, y if name == "TabularClassifier" else y + source.normal(size=40)
    if name in ("MLPRegressor", "TabularRegressor"):
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


def test_every_parameter_has_a_telling_value(public_class, telling_values):
    parameters = inspect.signature(public_class).parameters
    assert set(telling_values(public_class)) == set(parameters)


def test_a_parameter_acts_or_is_refused(kind, parameter, case, folder):
    found = judge(kind, parameter, case, {}, folder)
    assert (found == "ignored") == (parameter in ALWAYS)


def test_lbfgs_follows_a_parameter_or_refuses_it(kind, parameter, case, folder):
    if parameter == "solver" or "solver" not in inspect.signature(kind).parameters:
        return  # it is what all others are tried with
    found = judge(kind, parameter, case, {"solver": "lbfgs"}, folder)
    assert found != "ignored" or parameter in BY_LBFGS
    if kind is sknn_suite.MLPClassifier and parameter in BY_LBFGS.keys() - ALWAYS:
        assert found == "ignored", "its entry can go"


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["sgd", "adamw", "rmsprop", torch.optim.Adamax])
def test_every_solver_follows_a_parameter(kind, parameter, case, solver, folder):
    if "solver" not in inspect.signature(kind).parameters:
        return
    if parameter in ("solver", "power_t"):  # adam and "invscaling": see scikit-learn
        return
    found = judge(kind, parameter, case, {"solver": solver}, folder)
    assert found != "ignored" or parameter in OF_ONE_SOLVER


def test_a_parameter_alone_is_accepted_or_refused(kind, parameter, case, folder):
    # A search tries all values of one parameter with all values of another.
    with contextlib.chdir(folder):
        found = outcome(kind, {parameter: case.value}, "", folder)
    assert isinstance(found, str) or is_refused(found), found
