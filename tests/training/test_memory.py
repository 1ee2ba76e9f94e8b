"""Batches that suit the memory of the device, and rows that do not fit into it."""

import copy
import warnings
import weakref

import numpy as np
import pytest
import torch
from scipy import sparse
from skorch.callbacks import Callback
from torch import nn
from torch.optim.swa_utils import update_bn

import sknn_suite.estimator._plan
import sknn_suite.training._lbfgs
from sknn_suite import AutoencoderDetector, MLPClassifier, MLPRegressor, VAEDetector
from sknn_suite.data import TensorBundle, make_batches
from sknn_suite.device import _memory, bring
from sknn_suite.device._memory import RowLimit, free_bytes, free_memory, rows_that_fit
from sknn_suite.device._place import Place
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.modules import MLP, VAE, Autoencoder, values_per_row
from sknn_suite.training._averaging import update_batch_norm
from sknn_suite.training._backprop import Backprop

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SETTINGS = {
    "hidden_layer_sizes": (6, 5),
    "activation": "gelu",
    "batch_size": 24,
    "max_iter": 3,
    "precision": "float64",
    "random_state": 0,
}


@pytest.fixture
def memory_for(monkeypatch):
    """Return a function that makes modules raise above so many rows."""

    def memory_for(n_rows, *, training):
        attempts = []
        for kind in (MLP, Autoencoder, VAE):
            forward = kind.forward

            def limited(module, x, forward=forward):
                learns = torch.is_grad_enabled() and module.training
                if learns == training:
                    attempts.append(len(x))
                    if len(x) > n_rows:
                        raise torch.OutOfMemoryError("no memory left")
                return forward(module, x)

            monkeypatch.setattr(kind, "forward", limited)

        def limited_passes(passes, x, *rest, call=Backprop.__call__):
            attempts.append(len(x))
            if len(x) > n_rows:
                raise torch.OutOfMemoryError("no memory left")
            return call(passes, x, *rest)

        if training:
            monkeypatch.setattr(Backprop, "__call__", limited_passes)
        return attempts

    return memory_for


def warnings_of_suite(recwarn):
    return [str(w.message) for w in recwarn if issubclass(w.category, SuiteWarning)]


# -- automatic batch sizes -----------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "expected"),
    [(np.inf, 1000), (2e6, 1000), (1.99e6, 512), (1e5, 32), (1e3, 1), (-5, 1), (0, 1)],
)
def test_batch_takes_half_of_the_free_memory(free, expected):
    assert rows_that_fit(free, 1e3, 1000) == expected


def test_free_memory_of_a_gpu_is_that_of_the_device_and_of_the_cache(monkeypatch):
    gpu = torch.device("cuda", 0)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (700, 9000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 50)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 20)
    assert free_bytes(gpu) == 730
    assert free_bytes(torch.device("cpu")) == np.inf


@pytest.mark.parametrize("changes", [{}, {"batch_norm": True}, {"dropout": (0.1, 0.1)}])
@pytest.mark.parametrize("sizes", [(100,), (64, 300)])
def test_estimated_memory_of_a_step_is_enough_and_not_far_too_much(changes, sizes):
    if "dropout" in changes:
        changes = {"dropout": (0.1,) * len(sizes)}
    module = MLP(20, sizes, 3, device="cpu", **changes)
    module.reset_parameters("auto", np.random.RandomState(0))
    weights = {p.data_ptr() for p in module.parameters()}
    kept = {}

    def keep(tensor):
        if tensor.data_ptr() not in weights:
            kept[tensor.data_ptr()] = tensor
        return tensor

    x = torch.randn(50, 20)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        module(x).sum()
    kept.pop(x.data_ptr(), None)
    measured = sum(tensor.numel() for tensor in kept.values()) / 50
    assert measured < values_per_row(module) < 10 * measured


def test_module_may_know_better_what_it_keeps():
    class Convolution(nn.Conv2d):
        def values_per_row(self):
            return 12345

    assert values_per_row(Convolution(3, 4, 5)) == 12345
    assert values_per_row(Autoencoder(6, 2, (4,), (4,), n_members=3)) > 3 * (6 + 2 + 4)


class BatchSizes(Callback):
    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        if training:
            self.largest = max(len(batch), getattr(self, "largest", 0))


def test_automatic_batches_fit_into_free_memory(public_class, rows, monkeypatch):
    X, y = rows.X[:60], rows.y[:60]

    def largest_batch(free, batch_size="auto"):
        noted = BatchSizes()
        model = public_class(
            batch_size=batch_size, max_iter=1, callbacks=[noted], random_state=0
        )
        own = model.get_params()
        small = {"hidden_layer_sizes": 10, "hidden_sizes": 10, "dense_size": 10}
        model.set_params(**{name: n for name, n in small.items() if name in own})
        with monkeypatch.context() as patch, warnings.catch_warnings(action="ignore"):
            patch.setattr("sknn_suite.estimator._plan.free_bytes", lambda device: free)
            model.fit(X, y)
        return noted.largest

    whole = largest_batch(np.inf)
    sizes = {0.0: largest_batch(0), 1e9: largest_batch(1e9)}
    assert list(sizes.values()) == [1, whole]
    low, high = sizes
    size = 1
    while not 1 < size < whole:  # halve what lies between a row and all of them
        assert high - low > 1
        middle = (low + high) / 2
        size = sizes[middle] = largest_batch(middle)
        low, high = (middle, high) if size == 1 else (low, middle)
    by_memory = [sizes[free] for free in sorted(sizes)]
    assert by_memory == sorted(by_memory)
    assert largest_batch(0, batch_size=50) == 50


def test_automatic_batches_of_a_gpu_grow_with_the_data_as_memory_allows(monkeypatch):
    gpu = Place(torch.device("cuda", 0))
    model = MLPRegressor()
    task = model._task(model)
    assert task.rows_per_batch(10**4, gpu.device) == 256
    assert task.rows_per_batch(10**7, gpu.device) == 8192
    module = MLP(100, (1000,), 1)
    train = TensorBundle({"x": torch.zeros(2, 100)})
    sizes = []
    for free in (1e6, 1e7, 1e8, 1e9):
        monkeypatch.setattr(
            "sknn_suite.estimator._plan.free_bytes", lambda _, free=free: free
        )
        sizes.append(
            sknn_suite.estimator._plan._limit_by_memory(8192, train, module, gpu)
        )
    assert sizes == [1, 128, 2048, 8192]


# -- passes without a gradient -------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 7, 60, 119])
def test_predictions_are_computed_in_halves(
    estimator_class, rows, scores_of, memory_for, limit, recwarn
):
    X, y = rows
    model = estimator_class(**SETTINGS).fit(X, y)
    expected = scores_of(model, X)
    recwarn.clear()
    attempts = memory_for(limit, training=False)
    np.testing.assert_allclose(scores_of(model, X), expected, rtol=1e-12, atol=1e-14)
    (said,) = warnings_of_suite(recwarn)
    assert "120 rows at once do not fit into the memory of cpu" in said
    assert "results are the same" in said
    assert sum(n > limit for n in attempts) <= 7
    assert sum(n for n in attempts if n <= limit) == 120


def test_sparse_rows_and_more_rows_than_a_chunk_are_predicted(memory_for):
    X = sparse.random(5000, 20, 0.2, format="csr", random_state=0)
    model = MLPRegressor(**SETTINGS).fit(X[:100], np.arange(100.0))
    for kind in (sparse.csr_array, sparse.csr_array.toarray):
        part = kind(sparse.csr_array(X))
        expected = model.predict(part)
        with pytest.MonkeyPatch.context() as patch:
            forward = MLP.forward

            def limited(module, x, forward=forward):
                if len(x) > 700:
                    raise torch.OutOfMemoryError("no memory left")
                return forward(module, x)

            patch.setattr(MLP, "forward", limited)
            with pytest.warns(SuiteWarning, match="2048 rows at once"):
                found = model.predict(part)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_types_and_containers_of_predictions_stay(numbers, memory_for):
    X, y = numbers
    X = X.astype(np.float32)
    model = MLPRegressor(**{**SETTINGS, "precision": "float32"}).fit(X, y)
    expected = model.predict(X)
    memory_for(50, training=False)
    with pytest.warns(SuiteWarning, match="at once"):
        found = model.predict(X)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_row_that_cannot_be_predicted_is_an_error(numbers, memory_for):
    model = MLPRegressor(**SETTINGS).fit(*numbers)
    memory_for(0, training=False)
    with pytest.raises(torch.OutOfMemoryError):
        model.predict(numbers.X[:1])
    with (
        pytest.warns(SuiteWarning, match="at once"),
        pytest.raises(torch.OutOfMemoryError),
    ):
        model.predict(numbers.X)


@pytest.mark.parametrize("kind", [AutoencoderDetector, VAEDetector])
def test_detectors_score_and_reconstruct_in_halves(kind, numbers, memory_for):
    X, _ = numbers
    model = kind(max_iter=3, random_state=0).fit(X)
    methods = (model.score_samples, model.reconstruct, model.transform)
    expected = [method(X) for method in methods]
    memory_for(13, training=False)
    for method, values in zip(methods, expected):
        with pytest.warns(SuiteWarning, match="results are the same"):
            found = method(X)
        np.testing.assert_allclose(found, values, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("scoring", [None, "loss", "neg_log_loss"])
@pytest.mark.parametrize("weighted", [False, True])
def test_validation_rows_are_computed_in_halves(
    labels, memory_for, scoring, weighted, recwarn
):
    X, y = labels
    weight = np.random.RandomState(0).uniform(0.5, 2, 120) if weighted else None
    model = MLPClassifier(
        **SETTINGS,
        early_stopping=True,
        early_stopping_scoring=scoring,
        validation_fraction=0.4,
    )
    whole = copy.deepcopy(model.fit(X, y, sample_weight=weight))
    recwarn.clear()
    memory_for(11, training=False)
    parts = model.fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(parts.coefs_[0], whole.coefs_[0], rtol=1e-12)
    for ours, theirs in zip(parts.history_, whole.history_):
        assert ours["valid_loss"] == pytest.approx(theirs["valid_loss"], rel=1e-12)
        assert ours["valid_score"] == pytest.approx(theirs["valid_score"], rel=1e-12)
    said = warnings_of_suite(recwarn)
    n_scorings = SETTINGS["max_iter"] if scoring == "neg_log_loss" else 0
    assert len(said) == 1 + n_scorings  # each prediction of a scorer is its own call
    assert all("48 rows at once" in message for message in said)


def test_parts_of_the_validation_loss_are_those_of_all_rows(
    numbers, memory_for, recwarn
):
    X, _ = numbers
    model = VAEDetector(max_iter=3, random_state=0)
    whole = copy.deepcopy(model.fit(X[:80], X_val=X[80:]))
    memory_for(16, training=False)
    parts = model.fit(X[:80], X_val=X[80:])
    assert any("40 rows at once" in said for said in warnings_of_suite(recwarn))
    for name in ("valid_loss", "valid_kl"):
        expected = [row[name] for row in whole.history_]
        found = [row[name] for row in parts.history_]
        np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_batch_norm_statistics_are_recomputed_in_halves(labels, monkeypatch):
    X, y = labels
    model = MLPClassifier(**SETTINGS, batch_norm=True, averaging="swa", shuffle=False)
    seen = []

    def limited(module, batches):
        sizes = []

        class Noting:
            def __iter__(self):
                for batch in batches:
                    sizes.append(len(batch))
                    if len(batch) > 10:
                        raise torch.OutOfMemoryError("no memory left")
                    yield batch

        seen.append(sizes)
        update_batch_norm(module, Noting())
        reference = copy.deepcopy(module)
        reference.train()
        update_bn([batch.inputs["x"] for batch in batches], reference)
        for name, value in reference.named_buffers():
            if "running" in name:
                own = dict(module.named_buffers())[name]
                torch.testing.assert_close(own, value, rtol=1e-10, atol=1e-12)

    monkeypatch.setattr("sknn_suite.training._averaging.update_batch_norm", limited)
    with pytest.warns(SuiteWarning, match="means over these smaller parts") as caught:
        model.fit(X, y)
    assert len(warnings_of_suite(caught)) == 1
    assert seen[:3] == [[24], [12], [6] * 20]
    assert all(sizes == [6] * 20 for sizes in seen[2:])


def test_failed_recomputation_leaves_the_norms_as_they_are():
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2, momentum=0.3))

    class Fails:
        def __iter__(self):
            raise torch.OutOfMemoryError("no memory left")
            yield

    with pytest.raises(torch.OutOfMemoryError):
        update_batch_norm(module, Fails())
    assert module[1].momentum == 0.3
    assert module.training
    assert module[1].training


@pytest.mark.parametrize("limit", [1, 50])
def test_lbfgs_passes_are_computed_in_halves(numbers, memory_for, limit, recwarn):
    X, y = numbers
    model = MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", max_iter=4)
    model.set_params(random_state=0)
    expected = model.fit(X, y).predict(X)
    recwarn.clear()
    memory_for(limit, training=True)
    found = model.fit(X, y).predict(X)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
    assert sknn_suite.training._lbfgs.ROWS_PER_PASS == 4096
    assert len(warnings_of_suite(recwarn)) == 1


# -- training ------------------------------------------------------------------------

CONSEQUENCES = {
    "plain": ({}, "so results stay the same"),
    "batch norm": ({"batch_norm": True}, "each part has its own batch-norm statistics"),
    "dropout": ({"dropout": 0.1}, "each part draws its own random numbers"),
    "mixup": ({"mixup": 0.3}, "each part draws its own random numbers"),
}


@pytest.mark.parametrize("name", CONSEQUENCES)
def test_warning_says_what_is_true(numbers, memory_for, name):
    changes, consequence = CONSEQUENCES[name]
    model = MLPRegressor(**SETTINGS, **changes)
    whole = model.fit(*numbers).predict(numbers.X)
    memory_for(10, training=True)
    with pytest.warns(SuiteWarning, match=consequence):
        parts = model.fit(*numbers).predict(numbers.X)
    same = np.allclose(whole, parts, rtol=1e-10, atol=1e-12)
    assert same == (consequence == "so results stay the same")


def test_warning_of_a_loss_that_looks_at_whole_batches(numbers, memory_for):
    memory_for(10, training=True)
    model = AutoencoderDetector(max_iter=2, trim=0.1, noise=0.0, random_state=0)
    with pytest.warns(SuiteWarning, match="the loss looks at each part by itself"):
        model.fit(numbers.X)


def test_sparse_batches_are_cut_and_accumulated(memory_for):
    X = sparse.random(100, 20, 0.3, format="csr", random_state=0)
    y = np.random.RandomState(0).randn(100)
    model = MLPRegressor(**SETTINGS)
    expected = model.fit(X.toarray(), y).predict(X)
    accumulated = MLPRegressor(**{**SETTINGS, "batch_size": 8}, accumulate=3).fit(X, y)
    np.testing.assert_allclose(accumulated.predict(X), expected, rtol=1e-9)
    memory_for(7, training=True)
    with pytest.warns(SuiteWarning, match="does not fit"):
        model.fit(X, y)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-9)


class Holder:
    """Something large that an attempt holds in a local variable."""


@pytest.mark.parametrize("where", ["training", "prediction", "map"])
def test_memory_is_freed_when_nothing_holds_the_attempt(numbers, monkeypatch, where):
    alive, found = [], []

    def limited(module, x, forward=MLP.forward):
        held = Holder()  # lives as long as the traceback does
        alive.append(weakref.ref(held))
        if len(x) > 10:
            raise torch.OutOfMemoryError("no memory left")
        return forward(module, x)

    def emptied(device):
        found.append([ref() for ref in alive])

    for module in ("device._memory", "training._gradient"):
        monkeypatch.setattr(f"sknn_suite.{module}.free_memory", emptied)
    if where == "map":
        limit = RowLimit(torch.device("cpu"))
        with pytest.warns(SuiteWarning, match="at once"):
            limit.map(lambda rows: limited(None, torch.zeros(20)[rows], _first), 20)
    else:
        model = MLPRegressor(**SETTINGS)
        if where == "prediction":
            model.fit(*numbers)
        monkeypatch.setattr(MLP, "forward", limited)
        monkeypatch.setattr(Backprop, "supports", staticmethod(lambda *args: False))
        with pytest.warns(SuiteWarning, match="fit into"):
            model.predict(numbers.X) if where == "prediction" else model.fit(*numbers)
    assert found
    assert all(held is None for attempt in found for held in attempt)


def _first(module, x):
    return x


def test_only_a_gpu_has_a_cache_to_empty(monkeypatch):
    emptied = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(1))
    free_memory(torch.device("cpu"))
    assert emptied == []
    free_memory(torch.device("cuda", 0))
    assert emptied == [1]


def test_rows_move_to_a_device_as_a_whole_only_if_that_leaves_memory_free(monkeypatch):
    x = torch.zeros(100, 10)
    bundle = TensorBundle({"x": x}, torch.zeros(100, 1))
    elsewhere = torch.device("meta")
    for free, expected in ((10 * x.nbytes, "meta"), (1.5 * x.nbytes, "cpu")):
        monkeypatch.setattr(_memory, "free_bytes", lambda device, free=free: free)
        assert bring(bundle, elsewhere).device.type == expected
    assert bring(bundle, x.device) is bundle
    assert bring(None, elsewhere) is None


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)])
def test_rows_that_stay_move_batch_by_batch(random_state):
    bundle = TensorBundle({"x": torch.arange(10.0)[:, None]}, torch.zeros(10, 1))
    elsewhere = torch.device("meta")
    batches = make_batches(bundle, 3, random_state, elsewhere)
    assert [len(batch) for batch in batches] == [3, 3, 3, 1]
    assert all(batch.device == elsewhere for batch in batches)
    assert all(batch.target.device == elsewhere for batch in batches)
