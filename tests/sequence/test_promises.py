"""What estimators of texts and sequences promise, one test each."""

import pickle
import threading
import weakref

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sknn_suite.data._batches import LengthBatches

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_sizes": (8, 8), "dense_size": 8, "max_iter": 3, "random_state": 0}


@pytest.fixture
def model(sequential_class):
    return sequential_class(**SMALL)


def take(X, index):
    return [X[i] for i in index]


def test_the_defaults_learn_what_is_there(sequential_class, rows):
    model = sequential_class(random_state=0).fit(*rows)
    assert model.score(*rows) > 0.95


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("pooling", ["last", ("attention", "mean"), ("max",)])
def test_a_row_does_not_depend_on_its_batch_mates(
    sequential_class, rows, cell, bidirectional, pooling
):
    model = sequential_class(
        **SMALL, cell=cell, bidirectional=bidirectional, pooling=pooling
    )
    together = model.fit(*rows).predict_proba(rows.X)
    alone = np.concatenate([model.predict_proba([x]) for x in rows.X])
    np.testing.assert_allclose(alone, together, atol=1e-6)
    turned = model.predict_proba(take(rows.X, range(len(rows.y))[::-1]))[::-1]
    np.testing.assert_allclose(turned, together, atol=1e-6)


@pytest.fixture
def small_blocks(monkeypatch):
    """Predictions by blocks of 32 rows and batches of 8, in three threads."""
    monkeypatch.setattr("sknn_suite.estimator._fitted.ENCODED_ROWS", 32)
    monkeypatch.setattr("sknn_suite.sequence._task.CACHED_ROWS", 8)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)


def test_networks_side_by_side_come_to_weights_of_their_own(model, rows):
    model.set_params(n_networks=3).fit(*rows)
    parts = [
        {
            name: a
            for name, a in model._fitted_net().weights.items()
            if f"nets.{k}." in name
        }
        for k in range(3)
    ]
    assert len(parts[0]) == len(parts[1]) == len(parts[2]) > 0
    last = [part[f"nets.{k}.output.weight"] for k, part in enumerate(parts)]
    assert not np.allclose(last[0], last[1])
    one = np.concatenate([model.predict_proba([x]) for x in rows.X])
    np.testing.assert_allclose(one, model.predict_proba(rows.X), atol=1e-6)
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]


def test_threads_that_share_batches_change_nothing(model, rows, request, monkeypatch):
    expected = model.fit(*rows).predict_proba(rows.X)
    request.getfixturevalue("small_blocks")
    monkeypatch.setattr(model._net, "rows_at_once", 8)
    np.testing.assert_allclose(model.predict_proba(rows.X), expected, atol=1e-6)


def test_few_batches_are_in_memory_however_many_rows(
    model, rows, small_blocks, monkeypatch
):
    drawn, n_alive = [], []
    take = LengthBatches._take

    def watch(self, part):
        batch = take(self, part)
        drawn.append(weakref.ref(batch))
        n_alive.append(sum(ref() is not None for ref in drawn))
        return batch

    model.fit(*rows)
    monkeypatch.setattr(LengthBatches, "_take", watch)
    model.predict([*rows.X] * 3)
    assert len(drawn) > 20
    assert max(n_alive) <= 4  # one of each thread, and the one just drawn


def test_a_failure_in_a_later_block_is_raised(model, rows, small_blocks, monkeypatch):
    model.fit(*rows)
    transform, calls = model._net.encoder.transform, []

    def fail(X, dtype):
        calls.append(len(X))
        if len(calls) == 2:
            raise MemoryError("no more")
        return transform(X, dtype)

    monkeypatch.setattr(model._net.encoder, "transform", fail)
    with pytest.raises(MemoryError, match="no more"):
        model.predict(rows.X)
    monkeypatch.undo()
    assert len(model.predict(rows.X)) == len(rows.y)


def test_refitting_gives_the_same_bits_and_global_generators_stay(
    model, rows, global_randomness
):
    model.set_params(
        dropout=0.3, spatial_dropout=0.2, recurrent_dropout=0.2, early_stopping=True
    )
    before = global_randomness()
    first = model.fit(*rows).predict_proba(rows.X)
    second = model.fit(*rows).predict_proba(rows.X)
    other = model.set_params(random_state=1).fit(*rows).predict_proba(rows.X)
    assert global_randomness() == before
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_two_fits_in_two_threads_equal_the_serial_fits(model, rows):
    models = [clone(model).set_params(random_state=seed) for seed in (0, 1)]
    serial = [clone(m).fit(*rows).predict_proba(rows.X) for m in models]
    threads = [threading.Thread(target=m.fit, args=rows) for m in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for m, expected in zip(models, serial):
        np.testing.assert_array_equal(m.predict_proba(rows.X), expected)


def test_state_is_arrays_and_survives_pickling(model, rows):
    expected = model.fit(*rows).predict_proba(rows.X)
    packed = pickle.dumps(model)
    assert b"torch" not in packed
    np.testing.assert_array_equal(pickle.loads(packed).predict_proba(rows.X), expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"early_stopping": True},
        {"early_stopping": True, "early_stopping_scoring": "neg_log_loss"},
        {"class_weight": "balanced", "loss": "focal"},
        {"averaging": "swa", "averaging_start": 2, "learning_rate": "cyclic"},
        {"averaging": "ema", "batch_norm": True},
        {"solver": "sgd", "learning_rate": "constant", "batch_size": 7},
        {"accumulate": 3, "batch_size": 10},
        {"max_bptt": 2, "shuffle": False},
        {"label_smoothing": 0.1, "freeze": 1},
        {"n_networks": 3, "early_stopping": True, "class_weight": "balanced"},
        {"n_networks": 2, "early_stopping": True, "batch_sampling": "balanced"},
        {"n_networks": 2, "loss": "logit_adjusted", "early_stopping": True},
        {"n_networks": 2, "accumulate": 3, "averaging": "ema", "loss": "focal"},
    ],
    ids=str,
)
def test_the_shared_ways_of_training_work(model, rows, changes):
    model.set_params(**changes).fit(*rows)
    names = np.array(["a", "b", "c"])
    named = clone(model).fit(rows.X, names[rows.y])
    np.testing.assert_array_equal(named.predict(rows.X), names[model.predict(rows.X)])
    np.testing.assert_allclose(model.predict_proba(rows.X).sum(axis=1), 1)


@pytest.mark.parametrize("n_networks", [1, 2])
def test_lbfgs_trains_nets_without_randomness(model, rows, n_networks):
    model.set_params(solver="lbfgs", max_iter=20, batch_norm=False)
    model.set_params(n_networks=n_networks)
    model.set_params(dropout=0.0, spatial_dropout=0.0)
    if hasattr(model, "token_dropout"):
        model.set_params(token_dropout=0.0)
    assert model.fit(*rows).score(*rows) > 0.5


def test_two_classes_and_several_labels(model, rows):
    two = clone(model).fit(rows.X, rows.y > 0)
    assert two.decision_function(rows.X).shape == (len(rows.y),)
    assert set(two.predict(rows.X)) <= {False, True}
    both = np.column_stack([rows.y > 0, rows.y > 1]).astype(int)
    assert clone(model).fit(rows.X, both).predict(rows.X).shape == both.shape


def test_weight_zero_is_no_row(model, rows):
    model.set_params(precision="float64")  # Adam makes much of rounding errors
    if hasattr(model, "token_dropout"):
        model.set_params(token_dropout=0.0)  # its draws follow the order of words
    half = np.arange(120) % 2
    weighted = clone(model).fit(rows.X, rows.y, sample_weight=half)
    kept = np.flatnonzero(half)
    fewer = clone(model).fit(take(rows.X, kept), rows.y[kept])
    np.testing.assert_allclose(
        weighted.predict_proba(rows.X), fewer.predict_proba(rows.X), atol=1e-5
    )


@pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger")
@pytest.mark.parametrize("solver", ["sgd", "adamw"])
def test_weight_two_is_the_row_twice(model, rows, solver):
    X, y = rows
    model.set_params(solver=solver, learning_rate_init=0.01, precision="float64")
    model.set_params(batch_size=1000, shuffle=False, batch_norm=False)
    model.set_params(dropout=0.0, spatial_dropout=0.0)
    if hasattr(model, "token_dropout"):
        model.set_params(token_dropout=0.0)
        X = [f"{x} pair{i // 2} only{i} end" for i, x in enumerate(X)]
    weight = np.random.RandomState(0).randint(1, 4, 120)
    index = np.repeat(np.arange(120), weight)
    weighted = clone(model).fit(X, y, sample_weight=weight)
    repeated = clone(model).fit(take(X, index), y[index])
    assert weighted.loss_ == pytest.approx(repeated.loss_, rel=1e-9)
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-6, atol=1e-7
    )
    plain = clone(model).fit(X, y).predict_proba(X)
    assert not np.allclose(weighted.predict_proba(X), plain, rtol=1e-3)


@pytest.mark.parametrize("n_networks", [1, 2])
def test_partial_fit_and_warm_start_go_on(model, rows, n_networks):
    X, y = rows
    model.set_params(n_networks=n_networks)
    model.partial_fit(X[:60], y[:60], classes=[0, 1, 2])
    model.partial_fit(X[60:], y[60:])
    assert model.n_iter_ == 1
    assert len(model.history_) == 2
    model.set_params(warm_start=True).fit(X, y)
    assert len(model.history_) == 5


@pytest.mark.parametrize("n_networks", [1, 3])
def test_another_number_of_networks_cannot_go_on(model, rows, n_networks):
    model.set_params(n_networks=2, warm_start=True).fit(*rows)
    with pytest.raises(ValueError, match="Expected the architecture of the last fit"):
        model.set_params(n_networks=n_networks).fit(*rows)


def test_validation_rows_of_ones_own_are_scored(model, rows):
    X, y = rows
    model.set_params(max_iter=2).fit(X, y, X_val=X[:30], y_val=y[:30])
    rows_of_end = model.history_[-1]
    assert rows_of_end["valid_score"] == model.score(X[:30], y[:30])


def test_a_killed_fit_goes_on_from_its_checkpoint(model, rows, tmp_path):
    whole = clone(model).fit(*rows).predict_proba(rows.X)
    model.set_params(checkpoint=tmp_path / "state", max_time=1e-9).fit(*rows)
    model.set_params(max_time=None).fit(*rows)
    np.testing.assert_array_equal(model.predict_proba(rows.X), whole)


def test_a_failed_fit_leaves_the_fitted_state_untouched(
    model, rows, snapshot, same_state
):
    state = snapshot(model.fit(*rows))
    for X, y in ([*rows.X[:-1], None], rows.y), (rows.X, rows.y[:-1]):
        with pytest.raises(ValueError, match=r"Row 119 of X|inconsistent"):
            model.fit(X, y)
    assert same_state(snapshot(model), state)


def test_mixup_is_refused(model, rows):
    with pytest.raises(ValueError, match=r"mixup=0\.2 does not go with rows"):
        model.set_params(mixup=0.2).fit(*rows)


def test_a_pooling_that_is_none_is_refused(model, rows):
    with pytest.raises(ValueError, match="is not a choice of poolings"):
        model.set_params(pooling=("mean", "mean")).fit(*rows)
