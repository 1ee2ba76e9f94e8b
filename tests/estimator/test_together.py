"""Several networks that predict together predict what each does alone."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.datasets import make_classification

from sknn_suite import MLPClassifier, MLPRegressor, RNNClassifier, TabularClassifier
from sknn_suite.estimator import _together, predict_each, predicts_as_usual

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SMALL = {"hidden_layer_sizes": (8, 5), "max_iter": 3}


@pytest.fixture
def passes(monkeypatch):
    """Numbers of networks in each pass, None for passes of each alone."""
    found = []
    in_one_pass = _together._in_one_pass

    def watched(nets, rows, place):
        raw = in_one_pass(nets, rows, place)
        found.append(None if raw is None else len(nets))
        return raw

    monkeypatch.setattr(_together, "_in_one_pass", watched)
    return found


def fitted(make, y, dtype=np.float64, n=4):
    """Networks of one shape, each with rows of its own."""
    source = np.random.RandomState(0)
    tables = [source.normal(size=(len(y), 6)).astype(dtype) for _ in range(n)]
    nets = [make(random_state=i).fit(X, y) for i, X in enumerate(tables)]
    return nets, [table[:50] for table in tables]


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_mlps_of_one_shape_predict_in_one_pass(passes, activation, n_classes):
    y = np.arange(90) % n_classes
    make = lambda **how: MLPClassifier(**SMALL, activation=activation, **how)  # noqa: E731
    nets, tables = fitted(make, y)
    together = predict_each(nets, tables)
    assert passes == [4]
    for net, X, proba in zip(nets, tables, together):
        np.testing.assert_allclose(proba, net.predict_proba(X), rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_columns", [1, 2])
def test_numbers_too_in_their_units(passes, n_columns):
    y = 1000 + 50 * np.random.RandomState(0).normal(size=(90, n_columns))
    y = y[:, 0] if n_columns == 1 else y
    nets, tables = fitted(lambda **how: MLPRegressor(**SMALL, **how), y)
    for net, X, values in zip(nets, tables, predict_each(nets, tables)):
        np.testing.assert_allclose(values, net.predict(X), rtol=1e-12)
    assert passes == [4]


def test_rows_of_float32_give_float32(passes):
    y = np.arange(90) % 2
    nets, tables = fitted(lambda **how: MLPClassifier(**SMALL, **how), y, np.float32)
    for net, X, proba in zip(nets, tables, predict_each(nets, tables)):
        assert proba.dtype == np.float32
        # Sums of float32 in another order.
        np.testing.assert_allclose(proba, net.predict_proba(X), rtol=0, atol=1e-6)
    assert passes == [4]


def test_chunks_of_rows_are_put_together(passes, monkeypatch):
    monkeypatch.setattr(_together, "CHUNK_ROWS", 64)
    y = np.arange(90) % 2
    nets, tables = fitted(lambda **how: MLPClassifier(**SMALL, **how), y)
    for net, X, proba in zip(nets, tables, predict_each(nets, tables)):
        np.testing.assert_allclose(proba, net.predict_proba(X), rtol=0, atol=1e-12)


def test_weights_that_were_edited_in_place_count(passes):
    y = np.arange(90) % 2
    nets, tables = fitted(lambda **how: MLPClassifier(**SMALL, **how), y)
    predict_each(nets, tables)
    nets[1].coefs_[0][:] = 0
    found = predict_each(nets, tables)[1]
    assert np.ptp(found[:, 0]) == 0
    assert passes == [4, 4]


def test_other_networks_predict_one_after_another(passes):
    y = np.arange(90) % 2
    X = np.random.RandomState(0).normal(size=(90, 6))
    several = [
        [MLPClassifier((n,), max_iter=2, random_state=0) for n in (3, 4)],
        [MLPClassifier((3,), activation="gelu", max_iter=2) for _ in range(2)],
        [MLPClassifier((3,), batch_norm=True, max_iter=2) for _ in range(2)],
        [MLPClassifier((5000,), max_iter=1) for _ in range(3)],
    ]
    for nets in several:
        nets = [net.fit(X, y) for net in nets]
        for net, proba in zip(nets, predict_each(nets, [X] * len(nets))):
            np.testing.assert_array_equal(proba, net.predict_proba(X))
    rows = sparse.csr_array(X)
    nets = [MLPClassifier((3,), max_iter=2).fit(rows, y) for _ in range(2)]
    for net, proba in zip(nets, predict_each(nets, [rows, rows])):
        np.testing.assert_array_equal(proba, net.predict_proba(rows))
    assert set(passes) == {None}


def test_packs_predict_as_they_do_alone():
    X, y = make_classification(80, random_state=0)
    how = {"n_members": 2, "max_iter": 2}
    nets = [TabularClassifier(**how, random_state=i).fit(X, y) for i in range(2)]
    for net, proba in zip(nets, predict_each(nets, [X, X])):
        np.testing.assert_array_equal(proba, net.predict_proba(X))


def test_a_frame_is_read_once_for_all(monkeypatch):
    X, y = make_classification(80, n_features=4, n_redundant=0, random_state=0)
    frame = pd.DataFrame(X, columns=list("abcd"))
    how = {"n_members": 2, "max_iter": 2, "random_state": 0}
    nets = [TabularClassifier(**how).fit(frame, y) for _ in range(2)]
    nets.append(TabularClassifier(**how).fit(frame[list("dcba")], y))
    read = []
    check = TabularClassifier._rows_to_predict

    def watched(self, X, caller, task=None):
        read.append(self)
        return check(self, X, caller, task)

    monkeypatch.setattr(TabularClassifier, "_rows_to_predict", watched)
    found = predict_each(nets, [frame] * 3)
    assert read == [nets[0], nets[2]]  # the last has its columns in another order
    for net, proba in zip(nets, found):
        np.testing.assert_array_equal(proba, net.predict_proba(frame))


def test_an_estimator_that_predicts_in_its_own_way_is_left_alone():
    class Own(MLPClassifier):
        def predict_proba(self, X):
            return super().predict_proba(X)[:, ::-1]

    assert predicts_as_usual(MLPClassifier())
    assert predicts_as_usual(MLPRegressor())
    assert predicts_as_usual(RNNClassifier())
    assert not predicts_as_usual(Own())
    assert not predicts_as_usual(torch.nn.Linear(1, 1))
