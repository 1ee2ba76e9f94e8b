"""Predictions that rise or fall with chosen columns, on dense grids, of all members."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import is_classifier
from sklearn.metrics import log_loss

from sknn_suite import TabularClassifier, TabularRegressor
from sknn_suite.exceptions import DataError
from sknn_suite.export import to_onnx
from sknn_suite.modules import Network
from sknn_suite.persistence import load, save
from sknn_suite.training import load_weights

CST = {"up": 1, "down": -1, "gain": 1, "tail": -1, "new": 1}
QUICK = {
    "n_members": 3,
    "hidden_layer_sizes": (32, 32),
    "max_iter": 8,
    "random_state": 0,
}
N_GRID = 101


def make_table(n=240, seed=0):
    """Columns of all kinds; y rises and falls with those that are bound, too."""
    source = np.random.RandomState(seed)
    X = pd.DataFrame(
        {
            "up": source.normal(size=n),
            "down": source.normal(size=n),
            "gain": np.where(source.rand(n) < 0.7, 0.0, source.normal(size=n)),
            "tail": np.sinh(3 * source.normal(size=n)),
            "new": source.rand(n) < 0.5,
            "free": source.normal(size=n),
            "place": source.choice(["town", "sea", "hill"], n),
            "sold": np.datetime64("2024-01-01") + source.randint(0, 400, n),
        }
    )
    X.loc[source.rand(n) < 0.1, "up"] = np.nan
    y = 3 * np.sin(4 * X["up"].fillna(0)) + 2 * np.cos(4 * X["down"]) + X["free"]
    return X, (y - 2 * X["gain"] + (X["place"] == "sea") - X["new"]).to_numpy()


def grids(X):
    """Frames along which one bound column rises, others being those of some rows."""
    for name, sign in CST.items():
        values = np.array([False, True])
        if name != "new":
            low, high = X[name].min(), X[name].max()
            wide = 3 * max(abs(low), abs(high))
            inside = np.quantile(X[name].dropna(), np.linspace(0, 1, N_GRID))
            values = np.unique(np.r_[np.linspace(-wide, wide, N_GRID), inside, 0.0])
        for row in range(0, 40, 16):
            frame = X.iloc[[row] * len(values)].reset_index(drop=True)
            yield sign, frame.assign(**{name: values})


def answers(model, X):
    if not is_classifier(model):
        return model.predict(X)
    found = model.predict_proba(X)
    return found[:, 1] if found.shape[1] == 2 and len(model.classes_) == 2 else found


def of_members(model, X):
    """Raw scores of each member that was kept, (n_members, n_samples, n_outputs)."""
    net = model._net
    network = Network(net.network.kind, net.network.config | {"link": None})
    module = network.build(torch.device("cpu"), torch.float64).eval()
    load_weights(module, {name: net.weights[name] for name in module.state_dict()})
    rows = model._task(model).check_rows(X)
    with torch.no_grad():
        return module(**net.encoder.transform(rows, torch.float64).inputs).numpy()


def assert_monotone(model, X, predict=answers, tolerance=1e-5):
    """Each answer, and each member, goes one way along each grid."""
    moved = 0.0
    for sign, frame in grids(X):
        found = np.asarray(predict(model, frame), dtype=np.float64)
        steps = sign * np.diff(found, axis=0)
        assert steps.min() >= -tolerance * (1 + np.abs(found).max())
        moved = max(moved, np.ptp(found))
        if predict is answers:
            raw = of_members(model, frame)
            steps = sign * np.diff(raw, axis=1)
            assert steps.min() >= -1e-12 * (1 + np.abs(raw).max())
    return moved


REGRESSORS = {
    "squared error": {"hidden_layer_sizes": "auto"},
    "absolute error": {"loss": "absolute_error"},
    "huber": {"loss": "huber"},
    "poisson": {"loss": "poisson"},
    "quantiles": {"loss": "quantile", "quantile": (0.1, 0.5, 0.9)},
    "calibrated": {"loss": "quantile", "quantile": (0.1, 0.9), "calibrated": True},
    "logarithm": {"scale_target": "log"},
    "as it is": {"scale_target": False},
    "rows aside": {"cv": None},
    "a single member": {"n_members": 1},
    "float32": {"precision": "float32"},
}


@pytest.mark.parametrize("case", REGRESSORS)
def test_numbers_rise_and_fall(case):
    X, y = make_table()
    settings = QUICK | REGRESSORS[case]
    y = np.exp(y / 5) if case in ("poisson", "logarithm") else y
    model = TabularRegressor(**settings, monotonic_cst=CST).fit(X, y)
    assert assert_monotone(model, X) > 0.01 * y.std()


CLASSIFIERS = {
    "log-loss": {"hidden_layer_sizes": "auto"},
    "focal": {"loss": "focal"},
    "logit adjusted": {"loss": "logit_adjusted"},
    "class weights": {"class_weight": "balanced"},
    "imbalance": {"imbalance": "weights"},
    "rows aside": {"cv": None},
    "a scorer": {"early_stopping_scoring": "roc_auc"},
}


@pytest.mark.parametrize("case", CLASSIFIERS)
def test_probabilities_rise_and_fall(case):
    X, y = make_table()
    model = TabularClassifier(**QUICK | CLASSIFIERS[case], monotonic_cst=CST)
    model.fit(X, np.where(y > 1, "yes", "no"))
    assert assert_monotone(model, X) > 0.01


def test_members_that_stay_after_half_time_keep_the_signs(mixed_class):
    X, y = make_table(120)
    y = (y > 0).astype(int) if is_classifier(mixed_class()) else y
    settings = QUICK | {"n_members": 6, "cv": 2, "max_iter": 20}
    model = mixed_class(**settings, monotonic_cst=CST).fit(X, y)
    assert_monotone(model, X)


def test_several_labels_and_numbers_rise_and_fall():
    X, y = make_table()
    labels = np.stack([y > 0, y > 2], axis=1).astype(int)
    model = TabularClassifier(**QUICK, monotonic_cst=CST).fit(X, labels)
    assert_monotone(model, X, lambda m, rows: m.predict_proba(rows))
    model = TabularRegressor(**QUICK, monotonic_cst=CST)
    assert_monotone(model.fit(X, np.stack([y, -y], axis=1)), X)


def test_without_constraints_the_same_fit_goes_both_ways(mixed_class):
    X, y = make_table()
    y = (y > 0).astype(int) if is_classifier(mixed_class()) else y
    model = mixed_class(**QUICK | {"max_iter": 30}).fit(X, y)
    with pytest.raises(AssertionError):
        assert_monotone(model, X)


def test_files_copies_and_other_runtimes_keep_them(mixed_class, tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is missing")
    X, y = make_table()
    X = X[[*CST, "free"]].astype(float)
    y = (y > 0).astype(int) if is_classifier(mixed_class()) else y
    model = mixed_class(**QUICK, monotonic_cst=CST).fit(X, y)
    save(model, tmp_path / "model.sknn")
    for again in (load(tmp_path / "model.sknn"), pickle.loads(pickle.dumps(model))):
        assert again.monotonic_cst == CST
        np.testing.assert_array_equal(answers(again, X), answers(model, X))
        assert_monotone(again, X)
    graph = to_onnx(model).SerializeToString()
    session = runtime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = {given.name for given in session.get_inputs()}

    def by_runtime(model, frame):
        given = {n: frame[[n]].to_numpy(np.float32) for n in frame if n in names}
        if not given:
            (name,) = names
            given = {name: frame.to_numpy(np.float32)}
        found = session.run(None, given)[-1]
        return found[:, 1] if is_classifier(mixed_class()) else found.ravel()

    shown = [by_runtime(model, frame) for _, frame in grids(X)]
    expected = [answers(model, frame) for _, frame in grids(X)]
    np.testing.assert_allclose(np.hstack(shown), np.hstack(expected), atol=1e-3)
    assert_monotone(model, X, by_runtime)


def test_what_is_monotone_is_learnt():
    source = np.random.RandomState(0)
    X = source.normal(size=(600, 3))
    signal = np.maximum(X[:, 0], 0) - np.tanh(2 * X[:, 1]) + np.sin(3 * X[:, 2])
    settings = {"n_members": 4, "max_iter": 60, "random_state": 0}
    settings["monotonic_cst"] = [1, -1, 0]
    model = TabularRegressor(**settings).fit(X[:400], signal[:400])
    assert model.score(X[400:], signal[400:]) > 0.95
    y = (signal > 0).astype(int)
    model = TabularClassifier(**settings).fit(X[:400], y[:400])
    assert log_loss(y[400:], model.predict_proba(X[400:])) < 0.25


def test_what_contradicts_is_not_learnt():
    source = np.random.RandomState(0)
    X = source.normal(size=(300, 2))
    y = -2 * X[:, 0] + X[:, 1]
    model = TabularRegressor(**QUICK | {"max_iter": 30}, monotonic_cst=[1, 0])
    predicted = model.fit(X, y).predict(X)
    assert np.corrcoef(predicted, X[:, 0])[0, 1] > -0.2  # that of y is -0.9
    assert np.corrcoef(predicted, X[:, 1])[0, 1] > 0.8


def test_zeros_are_no_constraint(mixed_class):
    X, y = make_table(80)
    y = (y > 0).astype(int) if is_classifier(mixed_class()) else y
    plain = mixed_class(**QUICK).fit(X, y)
    model = mixed_class(**QUICK, monotonic_cst=[0] * 8).fit(X, y)
    np.testing.assert_array_equal(answers(model, X), answers(plain, X))


WRONG = {
    "length": ([1, 0], "monotonic_cst has 2 values, but X has 8 columns"),
    "name": ({"gone": 1}, "monotonic_cst has 'gone', which is no column"),
    "value": ({"up": 2}, "monotonic_cst has 2 for column 'up'"),
    "boolean": ({"up": True}, "monotonic_cst has True for column 'up'"),
    "category": ({"place": 1}, "binds column 'place', which is read as a category"),
    "date": ({"sold": 1}, "binds column 'sold', which is read as a date"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_wrong_constraints_are_refused(mixed_class, fault):
    X, y = make_table(60)
    y = (y > 0).astype(int) if is_classifier(mixed_class()) else y
    given, match = WRONG[fault]
    with pytest.raises(DataError, match=match):
        mixed_class(**QUICK, monotonic_cst=given).fit(X, y)


def test_several_classes_are_refused():
    X, y = make_table(60)
    with pytest.raises(DataError, match="does not go with three or more classes"):
        TabularClassifier(monotonic_cst=CST).fit(X, np.digitize(y, [-1, 1]))
