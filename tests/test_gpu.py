"""Training and predicting on a GPU; skipped where there is none."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    TabularClassifier,
    TextRNNClassifier,
    VAEDetector,
    train_together,
)
from sknn_suite.ensemble import CrossFitClassifier
from sknn_suite.estimator._fit import Call, plan_call
from sknn_suite.exceptions import DeviceError
from sknn_suite.persistence import load, save
from sknn_suite.training import Job, train, train_many

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture
def data():
    return make_classification(n_samples=300, random_state=0)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs", "adamw"])
def test_a_gpu_reaches_what_the_cpu_reaches(data, solver):
    # "auto" would be larger batches on a GPU.
    settings = {"solver": solver, "batch_size": 50, "max_iter": 5, "random_state": 0}
    on_cpu = MLPClassifier(**settings, device="cpu").fit(*data)
    on_gpu = MLPClassifier(**settings, device="cuda", precision="float64").fit(*data)
    np.testing.assert_allclose(on_gpu.coefs_[0], on_cpu.coefs_[0], atol=1e-8)


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"l1_alpha": 0.01},
        {"solver": "sgd", "nesterovs_momentum": False},
        {"early_stopping": True},
        {"dropout": 0.2, "max_grad_norm": 1.0},
        {"hidden_layer_sizes": (1, 3), "activation": "tanh"},
    ],
    ids=lambda extra: ", ".join(extra) or "defaults",
)
def test_a_pack_on_a_gpu_reaches_what_single_fits_reach(data, extra):
    X, y = data
    settings = {"device": "cuda", "precision": "float64", "random_state": 0, **extra}
    plans = [
        plan_call(
            MLPClassifier(alpha=alpha, max_iter=5, **settings),
            Call(X[:n], y[:n], np.arange(1.0, n + 1) if weighted else None),
        ).plan
        for alpha in (0, 1e-3, 0.1)
        for n in (300, 299)
        for weighted in (False, True)
    ]
    for plan, trained in zip(plans, train_many([Job(plan) for plan in plans])):
        for name, array in train(plan).weights.items():
            np.testing.assert_allclose(trained.weights[name], array, atol=1e-10)


def test_a_search_on_a_gpu_scores_as_one_without_a_block(data):
    X, y = data
    mlp = MLPClassifier(device="cuda", precision="float64", max_iter=5, random_state=0)
    search = GridSearchCV(mlp, {"alpha": [1e-4, 0.1, 1.0], "max_iter": [3, 5]}, cv=3)
    alone = clone(search).fit(X, y)
    with train_together():
        together = search.fit(X, y)
    for key, expected in alone.cv_results_.items():
        if not key.endswith("_time"):
            np.testing.assert_array_equal(together.cv_results_[key], expected, key)


TEXTS = ["a cat sat on a mat", "dogs ran in the park"] * 40
IMAGES = np.random.RandomState(0).randint(0, 255, (80, 16, 16, 3)).astype(np.uint8)
LABELS = np.array(["cat", "dog"] * 40)
TABLE = np.random.RandomState(1).normal(size=(80, 4))

FAMILIES = {
    "autoencoder": (AutoencoderDetector(max_iter=3), TABLE, None),
    "vae": (VAEDetector(max_iter=3), TABLE, None),
    "sequences": (RNNClassifier(max_iter=2), TABLE.reshape(16, 5, 4), LABELS[:16]),
    "regressor": (MLPRegressor(max_iter=3), TABLE, TABLE[:, 0]),
    "text": (TextRNNClassifier(max_iter=2), TEXTS, LABELS),
    "images": (CNNClassifier(max_iter=2), IMAGES, LABELS),
    "table": (TabularClassifier(n_members=2, max_iter=3), TABLE, LABELS),
    "folds": (CrossFitClassifier(MLPClassifier(max_iter=3), cv=2), TABLE, LABELS),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_file_of_every_family_opens_without_a_gpu(name, tmp_path, monkeypatch):
    model, X, y = FAMILIES[name]
    params = {key for key in model.get_params() if key.endswith("device")}
    seeds = {key for key in model.get_params() if key.endswith("random_state")}
    model = clone(model).set_params(**dict.fromkeys(params, "cuda"))
    model.set_params(**dict.fromkeys(seeds, 0)).fit(X, y)
    method = "decision_function" if y is None else "predict"
    if hasattr(model, "predict_proba"):
        method = "predict_proba"
    expected = getattr(model, method)(X)
    save(model, tmp_path / "model.sknn")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    actual = getattr(load(tmp_path / "model.sknn"), method)(X)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


def test_a_model_of_a_gpu_predicts_without_one(data, monkeypatch):
    model = MLPClassifier(device="cuda", max_iter=5, random_state=0).fit(*data)
    expected = model.predict_proba(data[0])
    text = pickle.dumps(model)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    actual = pickle.loads(text).predict_proba(data[0])
    np.testing.assert_allclose(actual, expected, atol=1e-5)


@pytest.mark.parametrize("extra", [{"dropout": 0.2}, {"batch_norm": True}])
def test_the_same_seed_gives_the_same_bits_on_a_gpu(data, extra):
    settings = {"device": "cuda", "max_iter": 5, "random_state": 0, **extra}
    first, second = (MLPRegressor(**settings).fit(*data) for _ in range(2))
    np.testing.assert_array_equal(first.coefs_[0], second.coefs_[0])


def test_global_generators_of_a_gpu_stay_as_they_are(data):
    before = torch.cuda.get_rng_state()
    MLPClassifier(device="cuda", dropout=0.5, max_iter=3).fit(*data)
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_tensors_on_a_gpu_are_taken(data):
    X, y = (torch.tensor(part, device="cuda") for part in data)
    model = MLPClassifier(max_iter=3, random_state=0).fit(X, y)
    assert model.predict(X).shape == (300,)


def test_bfloat16_stays_within_noise(data):
    settings = {"device": "cuda", "hidden_layer_sizes": (256,), "random_state": 0}
    scores = [
        MLPClassifier(**settings, precision=precision).fit(*data).score(*data)
        for precision in ("float32", "bfloat16")
    ]
    assert abs(scores[0] - scores[1]) < 0.05


def test_a_gpu_that_is_not_there_is_named(data):
    with pytest.raises(DeviceError, match="cuda:99"):
        MLPClassifier(device="cuda:99").fit(*data)
