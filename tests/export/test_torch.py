"""Modules answer as the models do, in torch.export and torch.compile as well."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.export import Dim, export

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    TabularClassifier,
    TabularRegressor,
    TextRNNClassifier,
    VAEDetector,
)
from sknn_suite.export import to_torch
from sknn_suite.export._columns import describe_columns
from sknn_suite.export._texts import describe_texts

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # few epochs are enough here
    "ignore::DeprecationWarning:torch",  # of torch's own use of itself
    "ignore::FutureWarning:torch",
    "ignore:VecISA dlopen probe:UserWarning",  # of the compiler, on a busy machine
)
READERS = Path(__file__).parents[2] / "docs" / "user_guide"
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(64, 5)).astype(np.float32)
THREE = X[:, :3].argmax(axis=1)
STEPS = [RANDOM.normal(size=(1 + i % 9, 2)).astype(np.float32) for i in range(64)]
IMAGES = RANDOM.randint(0, 256, (64, 16, 16, 3)).astype(np.uint8)
TEXTS = ["a good film", "awful, bad plot", "good good", "the rest of it"] * 16
VECTORS = {"good": np.ones(3), "bad": -np.ones(3)}
TABLE = pd.DataFrame(
    {
        "size": np.where(X[:, 0] > 1, np.nan, X[:, 0]),
        "heavy": np.exp(4.0 * X[:, 1]),
        "gain": np.where(X[:, 2] > 0, 0.1, X[:, 2]),
        "yes": X[:, 3] > 0,
        "kind": np.where(X[:, 4] > 0, "x", None),
        "place": RANDOM.choice([f"place {i}" for i in range(12)], 64),
        "sold": pd.date_range("2023-11-01 13:00", periods=64, freq="31h"),
        "name": [f"Mr. {chr(97 + i % 26)} Nr. {i}" for i in range(64)],
    }
)
TABLE.loc[::9, "sold"] = pd.NaT


def padded(sequences):
    lengths = np.array([len(steps) for steps in sequences])
    values = np.zeros((len(lengths), lengths.max(), 2), np.float32)
    for row, steps in zip(values, sequences):
        row[: len(steps)] = steps
    return values, lengths


def reader(name):
    spec = importlib.util.spec_from_file_location(name, READERS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts_of(model):
    return reader("read_texts").TextReader(describe_texts(model._net.encoder))


def proba(model, rows):
    return model.predict_proba(rows)


def numbers(model, rows):
    return model.predict(rows).reshape(len(rows), -1)


def scores(model, rows):
    return model.score_samples(rows)


TEXT = {"hidden_sizes": (4,), "embedding_size": 4, "max_iter": 1}
RNN = {"hidden_sizes": (4,), "max_iter": 1}
MIXED = {"n_members": 3, "max_iter": 1}
FAMILIES = {
    "classes": (MLPClassifier((6,), max_iter=3), X, THREE, proba),
    "float64": (MLPClassifier((6,), max_iter=3), X.astype(float), THREE > 0, proba),
    "several labels": (MLPClassifier((6,), max_iter=3), X, (X > 0) * 1, proba),
    "true shares": (
        MLPClassifier(
            (6,), max_iter=3, class_weight="balanced", probabilities="true_shares"
        ),
        X,
        THREE,
        proba,
    ),
    "logarithms": (MLPRegressor(scale_target="log"), X, np.exp(X[:, 0]), numbers),
    "quantiles": (
        MLPRegressor(
            loss="quantile", quantile=[0.2, 0.5, 0.8], calibrated=True, max_iter=3
        ),
        X,
        X[:, 0],
        numbers,
    ),
    **{
        f"{kind.__name__}, {method}": (
            kind(score_method=method, max_iter=2),
            X * 9 + 5,
            None,
            scores,
        )
        for kind, method in (
            (AutoencoderDetector, "auto"),
            (AutoencoderDetector, "typicality"),
            (VAEDetector, "likelihood"),
            (VAEDetector, "latent"),
        )
    },
    "counts": (
        AutoencoderDetector(distribution="poisson", scaling="auto", max_iter=2),
        np.floor(np.exp(X)),
        None,
        scores,
    ),
    "sequences": (RNNClassifier(**RNN), STEPS, THREE, proba),
    "last steps": (
        RNNClassifier(cell="gru", pooling="last", **RNN),
        STEPS,
        THREE,
        proba,
    ),
    "texts": (TextRNNClassifier(**TEXT), TEXTS, THREE, proba),
    "given vectors": (
        TextRNNClassifier(**TEXT, embeddings=VECTORS, wide=False),
        TEXTS,
        THREE,
        proba,
    ),
    "images": (CNNClassifier("lenet5", max_iter=1), IMAGES, THREE, proba),
    "views": (
        CNNClassifier("resnet_small", augment=["flip"], n_tta=2, max_iter=1),
        IMAGES,
        THREE > 0,
        proba,
    ),
    "mixed table": (TabularClassifier(**MIXED), TABLE, THREE, proba),
    "mixed table of numbers": (
        TabularRegressor(loss="quantile", quantile=[0.2, 0.8], **MIXED),
        TABLE[["size", "heavy", "gain"]],
        X[:, 0],
        numbers,
    ),
    "flat rows": (CNNClassifier(image_shape=(1, 5), max_iter=1), X, THREE, proba),
}

# torch takes seconds for each export, so that one of each family is tried in every run.
OFTEN = (
    "quantiles",
    "AutoencoderDetector, typicality",
    "texts",
    "views",
    "mixed table",
)


@pytest.fixture(scope="module")
def fitted():
    """Models that have been fitted, their rows and answers, by name."""
    made = {}

    def fit(name):
        if name not in made:
            model, rows, y, answer = FAMILIES[name]
            if "MLP" in type(model).__name__:
                model.set_params(hidden_layer_sizes=(6,))
            model.set_params(random_state=0).fit(rows, y)
            made[name] = model, rows, answer(model, rows)
        return made[name]

    return fit


def tensors_of(model, rows):
    if isinstance(model, TabularClassifier | TabularRegressor):
        described = describe_columns(model._net.encoder)
        arrays = reader("read_tables").TableReader(described).arrays(rows).values()
    elif isinstance(model, TextRNNClassifier):
        arrays = tuple(texts_of(model)(rows).values())
    elif isinstance(model, RNNClassifier):
        arrays = padded(rows)
    else:
        arrays = (rows,)
    return tuple(torch.as_tensor(array) for array in arrays)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_module_answers_as_the_model_does(name, fitted):
    model, rows, expected = fitted(name)
    module = to_torch(model)
    for n in (1, 2, 7, 64):
        found = module(*tensors_of(model, rows[:n])).numpy()
        np.testing.assert_allclose(found, expected[:n], rtol=1e-5, atol=1e-5)
    assert not any(p.requires_grad for p in module.parameters())
    assert not module.training


@pytest.mark.parametrize(
    "name",
    [
        name if name in OFTEN else pytest.param(name, marks=pytest.mark.slow)
        for name in FAMILIES
    ],
)
def test_a_module_is_exported_with_a_free_number_of_rows(name, fitted):
    model, rows, expected = fitted(name)
    inputs = tensors_of(model, rows)
    # Without an upper end, torch 2.6 asks that a size is not that of an open slice.
    n, n_words = (Dim(name, min=2, max=2**31) for name in ("n_rows", "n_words"))
    # The tables of words of a batch come third and fifth.
    words = (2, 4) if isinstance(model, TextRNNClassifier) else ()
    free = tuple({0: n_words if i in words else n} for i in range(len(inputs)))
    program = export(to_torch(model), inputs, dynamic_shapes=free).module()
    for size in (3, 64):
        part = tuple(one if i in words else one[:size] for i, one in enumerate(inputs))
        found = program(*part).numpy()
        np.testing.assert_allclose(found, expected[:size], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["classes", "sequences", "images", "mixed table"])
def test_a_module_is_traced_for_torch_compile(name, fitted):
    # The compiler itself, which takes seconds a model, is in the slow test.
    model, rows, expected = fitted(name)
    compiled = torch.compile(to_torch(model), backend="aot_eager")
    found = compiled(*tensors_of(model, rows)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_module_is_compiled(name, fitted):
    if shutil.which("g++") is None:
        pytest.skip("no C++ compiler is installed")
    model, rows, expected = fitted(name)
    compiled = torch.compile(to_torch(model))
    found = compiled(*tensors_of(model, rows)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_module_holds_copies():
    model = MLPClassifier((6,), max_iter=3, random_state=0).fit(X, THREE)
    before = model.predict_proba(X)
    with torch.no_grad():
        for parameter in to_torch(model).parameters():
            parameter.zero_()
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_what_has_no_module_says_so():
    model = make_pipeline(StandardScaler(), MLPClassifier((6,), max_iter=3))
    with pytest.raises(
        ValueError, match=r"got a Pipeline, .*\. Expected .*\. Pass one"
    ):
        to_torch(model.fit(X, THREE))
    alone = make_pipeline(MLPClassifier((6,), max_iter=3)).fit(X, THREE)
    found = to_torch(alone)(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(found, alone.predict_proba(X), atol=1e-5)
