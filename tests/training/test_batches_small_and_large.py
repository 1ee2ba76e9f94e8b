"""Accumulated gradients, automatic batch sizes, and batches that do not fit."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.modules import MLP
from sknn_suite.training._backprop import Backprop

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SETTINGS = {
    "hidden_layer_sizes": (6, 5),
    "max_iter": 5,
    "precision": "float64",
    "random_state": 0,
}


class BatchSizes(Callback):
    """Note the number of rows of each training batch."""

    def on_train_begin(self, net, **kwargs):
        self.sizes = []

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        if training:
            self.sizes.append(len(batch))


@pytest.fixture
def batch_sizes():
    return BatchSizes()


@pytest.fixture
def little_memory(monkeypatch):
    """Return a function that leaves memory for that many rows of training."""
    attempts = []

    def leave_memory_for(n_rows):
        forward = MLP.forward

        def limited(module, x):
            if module.training:
                attempts.append(len(x))
                if len(x) > n_rows:
                    raise torch.OutOfMemoryError("no memory left")
            return forward(module, x)

        def limited_passes(passes, x, *rest, call=Backprop.__call__):
            attempts.append(len(x))
            if len(x) > n_rows:
                raise torch.OutOfMemoryError("no memory left")
            return call(passes, x, *rest)

        monkeypatch.setattr(MLP, "forward", limited)
        monkeypatch.setattr(Backprop, "__call__", limited_passes)
        return attempts

    return leave_memory_for


# -- accumulation --------------------------------------------------------------------

OPTIONS = {
    "plain": {},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "gelu": {"activation": "gelu"},
    "penalties": {"alpha": 3.0, "l1_alpha": 1.0},
    "clipping": {"max_grad_norm": 0.1},
    "averaging": {"averaging": "ema"},
    "early stopping": {"early_stopping": True},
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", OPTIONS)
def test_accumulated_batches_are_one_large_batch(
    estimator_class, rows, scores_of, name, weighted
):
    X, y = rows
    weight = np.random.RandomState(0).uniform(0, 3, 120) if weighted else None
    model = estimator_class(**SETTINGS).set_params(**OPTIONS[name])
    whole = model.set_params(batch_size=48).fit(X, y, sample_weight=weight)
    expected, losses = scores_of(whole, X), whole.loss_curve_
    for k in (2, 3, 4):
        parts = model.set_params(batch_size=48 // k, accumulate=k)
        parts.fit(X, y, sample_weight=weight)
        np.testing.assert_allclose(
            scores_of(parts, X), expected, rtol=1e-10, atol=1e-12
        )
        np.testing.assert_allclose(parts.loss_curve_, losses, rtol=1e-12)


def test_module_sees_only_small_batches(numbers, little_memory):
    seen = little_memory(1000)
    MLPRegressor(**SETTINGS, batch_size=16, accumulate=3, activation="gelu").fit(
        *numbers
    )
    # 120 rows are two updates of 48 rows and one of 24
    assert seen[:8] == [16, 16, 16, 16, 16, 16, 8, 8, 8][:8]
    assert max(seen) <= 16


def test_more_parts_than_rows_is_a_full_batch(numbers):
    X, y = numbers
    whole = MLPRegressor(**SETTINGS, batch_size=120).fit(X, y)
    parts = MLPRegressor(**SETTINGS, batch_size=50, accumulate=10).fit(X, y)
    np.testing.assert_allclose(parts.coefs_[0], whole.coefs_[0], rtol=1e-10)


def test_history_counts_updates(numbers, batch_sizes):
    model = MLPRegressor(
        **SETTINGS, batch_size=20, accumulate=3, callbacks=[batch_sizes]
    )
    model.fit(*numbers)
    assert batch_sizes.sizes == [60, 60] * 5


# -- automatic batch sizes -----------------------------------------------------------


@pytest.mark.parametrize(("n_rows", "expected"), [(50, 50), (150, 150), (450, 200)])
def test_automatic_batches_are_those_of_scikit_learn_on_the_cpu(
    batch_sizes, n_rows, expected
):
    X = np.random.RandomState(0).randn(n_rows, 3)
    MLPRegressor(
        hidden_layer_sizes=(2,), max_iter=1, device="cpu", callbacks=[batch_sizes]
    ).fit(X, X[:, 0])
    assert batch_sizes.sizes[0] == expected


# -- memory --------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 7, 30, 47])
def test_batch_that_does_not_fit_is_cut_with_the_same_result(
    numbers, little_memory, limit, recwarn
):
    X, y = numbers
    model = MLPRegressor(**SETTINGS, activation="gelu", batch_size=48)
    expected = model.fit(X, y).predict(X)
    recwarn.clear()
    attempts = little_memory(limit)
    cut = model.fit(X, y)
    np.testing.assert_allclose(cut.predict(X), expected, rtol=1e-10, atol=1e-12)
    said = [w for w in recwarn if issubclass(w.category, SuiteWarning)]
    assert len(said) == 1
    assert "48 rows does not fit into the memory" in str(said[0].message)
    assert said[0].filename == __file__
    n_failed = sum(n > limit for n in attempts)
    assert n_failed <= 6  # it does not try large batches again and again


def test_accumulated_batch_that_does_not_fit_is_cut_further(numbers, little_memory):
    X, y = numbers
    model = MLPRegressor(**SETTINGS, activation="gelu", batch_size=24, accumulate=2)
    expected = model.fit(X, y).predict(X)
    little_memory(10)
    with pytest.warns(SuiteWarning, match="does not fit"):
        cut = model.fit(X, y)
    np.testing.assert_allclose(cut.predict(X), expected, rtol=1e-10, atol=1e-12)


def test_memory_that_ends_in_the_middle_of_an_epoch_is_no_loss(numbers, monkeypatch):
    X, y = numbers
    model = MLPClassifier(**SETTINGS, activation="gelu", batch_size=40)
    expected = model.fit(X, y > 0).predict_proba(X)
    forward, n_calls = MLP.forward, []

    def sometimes(module, x):
        n_calls.append(len(x))
        if len(n_calls) == 5:  # another process takes the memory
            raise torch.OutOfMemoryError("no memory left")
        return forward(module, x)

    monkeypatch.setattr(MLP, "forward", sometimes)
    monkeypatch.setattr(Backprop, "supports", staticmethod(lambda *args: False))
    with pytest.warns(SuiteWarning, match="does not fit"):
        model.fit(X, y > 0)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-10)
    assert n_calls[5:9] == [20, 20, 20, 20]


def test_memory_that_ends_in_the_backward_pass_is_no_loss(numbers, monkeypatch):
    X, y = numbers
    model = MLPRegressor(**SETTINGS, activation="gelu", batch_size=40)
    expected = model.fit(X, y).predict(X)
    backward, n_calls = torch.Tensor.backward, []

    def sometimes(tensor, *args, **kwargs):
        backward(tensor, *args, **kwargs)
        n_calls.append(1)
        if len(n_calls) == 3:  # gradients are there already, and count for nothing
            raise torch.OutOfMemoryError("no memory left")

    monkeypatch.setattr(torch.Tensor, "backward", sometimes)
    monkeypatch.setattr(Backprop, "supports", staticmethod(lambda *args: False))
    with pytest.warns(SuiteWarning, match="does not fit"):
        model.fit(X, y)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-10, atol=1e-12)


def test_row_that_does_not_fit_is_an_error(numbers, little_memory):
    little_memory(0)
    model = MLPRegressor(**SETTINGS, activation="gelu")
    with (
        pytest.warns(SuiteWarning, match="does not fit"),
        pytest.raises(torch.OutOfMemoryError),
    ):
        model.fit(*numbers)
    assert not hasattr(model, "coefs_")
