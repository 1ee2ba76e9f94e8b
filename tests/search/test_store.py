"""Halving goes on instead of starting anew, and a search that was killed goes on."""

import multiprocessing
import os
import pickle
import random
import time
import warnings

import numpy as np
import pytest
import torch
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    cross_val_score,
)

import sknn_suite.search._workshop as workshop
import sknn_suite.training._many as many
from sknn_suite import AutoencoderDetector, MLPClassifier, MLPRegressor, train_together
from sknn_suite.search._store import Store
from sknn_suite.training import Job
from sknn_suite.training._pack import Pack

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs, on purpose
)


@pytest.fixture
def epochs(monkeypatch):
    """List the epochs that each training takes, those of earlier ones left out."""
    taken = []
    keep = Store.keep

    def counted(self, known, trained):
        taken.append(len(trained.history) - known.n_before)
        keep(self, known, trained)

    monkeypatch.setattr(Store, "keep", counted)
    return taken


def make_halving(model, **params):
    grid = {"alpha": [1e-4, 1e-2, 1.0, 10.0]}
    halving = {"min_resources": 2, "max_resources": 8, "factor": 2, "cv": 2}
    return HalvingGridSearchCV(
        model, grid, resource="max_iter", random_state=0, **halving | params
    )


CASES = {
    "plain": {},
    "momentum, adaptive rate": {"solver": "sgd", "learning_rate": "adaptive"},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3},
    "dropout": {"dropout": 0.3},
    "average": {"averaging": "ema"},
    "batch norm and warm-up": {"batch_norm": True, "warmup": 3},
    "float32": {"precision": "float32", "batch_size": 16},
    "fast to converge": {"tol": 10.0, "n_iter_no_change": 2},
    "falling rate": {"learning_rate": "exponential"},
}


@pytest.mark.parametrize("case", CASES)
def test_halving_goes_on_with_the_bits_of_fits_from_the_start(
    case, mlp, few, assert_same_results, epochs
):
    alone = make_halving(mlp(**CASES[case])).fit(*few)
    with train_together():
        together = make_halving(mlp(**CASES[case])).fit(*few)
    assert_same_results(alone, together)
    for one, other in zip(
        alone.best_estimator_.coefs_, together.best_estimator_.coefs_
    ):
        np.testing.assert_array_equal(one, other)
    assert alone.best_estimator_.loss_curve_ == together.best_estimator_.loss_curve_
    if case != "fast to converge":
        # 4 candidates, 2 folds: 2 epochs; 2 go on to 4; one goes on to 8, 2 folds
        # each; then one is fitted to all rows.
        assert sum(epochs) == 2 * (4 * 2 + 2 * 2 + 1 * 4) + 8


def test_a_schedule_that_reads_max_iter_starts_anew(
    mlp, few, assert_same_results, epochs
):
    model = mlp(learning_rate="cosine")
    alone = make_halving(model).fit(*few)
    with train_together():
        together = make_halving(model).fit(*few)
    assert_same_results(alone, together)
    assert sum(epochs) == 2 * (4 * 2 + 2 * 4 + 1 * 8) + 8


def test_random_halving_goes_on_too(mlp, few, assert_same_results, epochs):
    def search():
        return HalvingRandomSearchCV(
            mlp(),
            {"alpha": np.logspace(-4, 1, 20)},
            n_candidates=4,
            resource="max_iter",
            min_resources=2,
            max_resources=8,
            factor=2,
            cv=2,
            random_state=0,
        )

    alone = search().fit(*few)
    with train_together():
        together = search().fit(*few)
    assert_same_results(alone, together)
    assert sum(epochs) == 2 * (4 * 2 + 2 * 2 + 1 * 4) + 8


@pytest.mark.parametrize("kind", [MLPRegressor, AutoencoderDetector])
def test_other_estimators_go_on_too(kind, few, assert_same_results, epochs):
    X, y = few
    own = {"hidden_layer_sizes": (4,), "learning_rate": "constant", "random_state": 0}
    grid = {"learning_rate_init": [1e-3, 1e-2]}

    def search():
        return HalvingGridSearchCV(
            kind(**own),
            grid,
            resource="max_iter",
            min_resources=2,
            max_resources=4,
            factor=2,
            cv=2,
            scoring="r2" if kind is MLPRegressor else mean_score,
            random_state=0,
        )

    alone = search().fit(X, y.astype(float))
    with train_together():
        together = search().fit(X, y.astype(float))
    assert_same_results(alone, together)
    assert sum(epochs) == 2 * (2 * 2 + 1 * 2) + 4


def mean_score(model, X, y):
    """Score rows without labels."""
    return float(np.mean(model.score_samples(X)))


def test_the_same_fit_is_trained_once(mlp, few, epochs):
    with train_together():
        first = cross_val_score(mlp(), *few, cv=3)
        second = cross_val_score(mlp(), *few, cv=3)
    np.testing.assert_array_equal(first, second)
    assert epochs == [3] * 3


def test_results_of_the_same_fit_share_no_memory(mlp, few):
    with train_together():
        one, other = mlp().fit(*few), mlp().fit(*few)
        one.coefs_[0][:] = 0
        third = mlp().fit(*few)
    np.testing.assert_array_equal(third.coefs_[0], other.coefs_[0])
    assert other.coefs_[0].any()


@pytest.mark.parametrize(
    "change",
    [
        {"alpha": 0.5},
        {"random_state": 1},
        {"hidden_layer_sizes": (6,)},
        {"precision": "float32"},
        {"tol": 1e-3},
    ],
)
def test_another_fit_is_another_fit(change, mlp, few, epochs):
    with train_together():
        mlp().fit(*few)
        mlp(**change).fit(*few)
    assert len(epochs) == 2


def test_weights_and_rows_tell_fits_apart(mlp, few, epochs):
    X, y = few
    with train_together():
        mlp().fit(X, y)
        mlp().fit(X, y, np.arange(1.0, 101.0))
        mlp().fit(X[::-1].copy(), y)
        mlp().fit(X, y[::-1])
    assert len(epochs) == 4


def test_fits_without_a_seed_are_never_the_same(mlp, few, epochs):
    with train_together():
        one, other = (mlp(random_state=None).fit(*few) for _ in range(2))
    assert len(epochs) == 2
    assert (one.coefs_[0] != other.coefs_[0]).any()


def test_the_store_keeps_to_its_memory(mlp, few, monkeypatch):
    jobs = []
    monkeypatch.setattr(
        workshop.Workshop,
        "train_alone",
        lambda self, job: jobs.append(job) or workshop.train_alone(job),
    )
    with train_together():
        for alpha in range(5):
            mlp(alpha=alpha).fit(*few)
    trained = [workshop.train_alone(Job(job.plan)) for job in jobs]
    store = Store(n_bytes=2.5 * len(pickle.dumps(trained[0], protocol=5)))
    for job, result in zip(jobs, trained):
        store.keep(store.look_up(job), result)
    found = [store.look_up(job).trained is not None for job in jobs]
    assert found == [False, False, False, True, True]


# -- a folder ------------------------------------------------------------------------


def test_a_search_that_is_called_again_trains_nothing(
    mlp, few, tmp_path, assert_same_results, epochs
):
    folder = tmp_path / "kept"
    searches = []
    for _ in range(2):
        with train_together(store=folder):
            searches.append(make_halving(mlp(early_stopping=True)).fit(*few))
    alone = make_halving(mlp(early_stopping=True)).fit(*few)
    assert_same_results(alone, searches[0])
    assert_same_results(alone, searches[1])
    np.testing.assert_array_equal(
        alone.predict_proba(few[0]), searches[1].predict_proba(few[0])
    )
    n_files = len(list(folder.iterdir()))
    assert n_files == 15  # 14 of the rungs, and the best one on all rows
    assert len(epochs) == n_files


@pytest.mark.parametrize(
    "params", [{"solver": "lbfgs"}, {"averaging": "swa"}, {"learning_rate": "plateau"}]
)
def test_every_kind_of_result_comes_back_from_a_folder(params, mlp, few, tmp_path):
    models = []
    for _ in range(2):
        with train_together(store=tmp_path):
            models.append(mlp(**params).fit(*few))
    one, other = models
    assert one.history_ == other.history_
    assert one.n_iter_ == other.n_iter_
    np.testing.assert_array_equal(
        one.predict_proba(few[0]), other.predict_proba(few[0])
    )
    one.set_params(warm_start=True, max_iter=2).fit(*few)
    other.set_params(warm_start=True, max_iter=2).fit(*few)
    np.testing.assert_array_equal(
        one.predict_proba(few[0]), other.predict_proba(few[0])
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-200],
        lambda data: data[:600] + bytes([data[600] ^ 1]) + data[601:],
    ],
    ids=["empty", "cut short", "another bit"],
)
def test_a_damaged_file_is_told_and_trained_again(damage, mlp, few, tmp_path):
    with train_together(store=tmp_path):
        expected = mlp().fit(*few).coefs_
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    with (
        pytest.warns(UserWarning, match="cannot be used: .* is trained again"),
        train_together(store=tmp_path),
    ):
        again = mlp().fit(*few).coefs_
    np.testing.assert_array_equal(expected[0], again[0])
    with train_together(store=tmp_path):
        mlp().fit(*few)


def test_a_file_of_another_network_is_not_used(mlp, few, tmp_path):
    with train_together(store=tmp_path):
        mlp(hidden_layer_sizes=(7,)).fit(*few)
        (other,) = tmp_path.iterdir()
        mlp().fit(*few)
    (file,) = set(tmp_path.iterdir()) - {other}
    file.write_bytes(other.read_bytes())
    with (
        pytest.warns(UserWarning, match="it belongs to another network"),
        train_together(store=tmp_path),
    ):
        mlp().fit(*few)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_networks_are_kept_as_their_pack_ends(
    n_threads, mlp, few, tmp_path, monkeypatch, two_threads
):
    """Ctrl-C in a later pack loses nothing of the earlier ones."""
    torch.set_num_threads(n_threads)
    begun = []

    class Interrupted(Pack):
        def train(self):
            begun.append(self)
            if len(begun) > 2:
                self.stop.wait(1.0)  # so that the other thread ends its pack
                raise KeyboardInterrupt
            super().train()

    search = GridSearchCV(mlp(), {"alpha": np.logspace(-4, 0, 5)}, cv=2)
    block = {"store": tmp_path, "backend": "threads"}
    monkeypatch.setattr(many, "suited_size", lambda *args: 2)
    with monkeypatch.context() as patch:
        patch.setattr(many, "Pack", Interrupted)
        with pytest.raises(KeyboardInterrupt), train_together(**block):
            search.fit(*few)
    assert len(list(tmp_path.iterdir())) == 4
    with train_together(**block):
        search.fit(*few)
    assert len(list(tmp_path.iterdir())) == 11  # and the refit


def _search(folder, answer, X, y):
    """Run a search in a process that was forked for it."""
    warnings.simplefilter("ignore")
    model = MLPClassifier(
        (10,), early_stopping=True, n_iter_no_change=100, random_state=0
    )
    grid = {"alpha": np.logspace(-4, 1, 6), "max_iter": [5, 10]}
    with train_together(store=folder, max_networks=4):
        search = GridSearchCV(model, grid, cv=3).fit(X, y)
    answer.put(
        {key: v for key, v in search.cv_results_.items() if "time" not in key}
        | {"probabilities": search.predict_proba(X)}
    )


def _n_files(folder):
    return len(list(folder.glob("*.npz")))


@pytest.mark.parametrize(
    "n_kills", [2, pytest.param(10, marks=pytest.mark.slow)], ids=["twice", "ten times"]
)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_search_that_is_killed_goes_on(n_kills, few, tmp_path):
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    moments = random.Random(0)

    def start(folder):
        args = (tmp_path / folder, answer, *few)
        process = context.Process(target=_search, args=args)
        process.start()
        return process

    whole = start("whole")
    expected = answer.get()
    whole.join()
    n_all = _n_files(tmp_path / "whole")
    n_kept = []
    for number in range(n_kills):
        folder = f"kill {number}"
        process, n_before = start(folder), moments.randrange(1, n_all // 2)
        while process.is_alive() and _n_files(tmp_path / folder) < n_before:
            time.sleep(0.002)
        process.kill()
        process.join()
        if process.exitcode == 0:  # it was faster than the first
            answer.get()
        n_kept.append(_n_files(tmp_path / folder))
        again = start(folder)
        results = answer.get()
        again.join()
        assert results.keys() == expected.keys()
        for key, values in expected.items():
            assert str(results[key]) == str(values)
        assert (results["probabilities"] == expected["probabilities"]).all()
        assert _n_files(tmp_path / folder) == n_all
    assert any(0 < n < n_all for n in n_kept)  # some were in the middle


# -- no store ------------------------------------------------------------------------


def test_without_a_store_nothing_is_kept(
    mlp, few, assert_same_results, epochs, monkeypatch
):
    monkeypatch.setattr(
        "sknn_suite.search._store.identify", lambda *args: pytest.fail("identified")
    )
    alone = make_halving(mlp()).fit(*few)
    with train_together(store=False):
        search = make_halving(mlp()).fit(*few)
        first = mlp().fit(*few)
        again = mlp().fit(*few)
    assert_same_results(alone, search)
    np.testing.assert_array_equal(first.coefs_[0], again.coefs_[0])
    in_folds = 2 * search.cv_results_["n_resources"].sum()
    of_models = search.best_estimator_.n_iter_ + first.n_iter_ + again.n_iter_
    assert sum(epochs) == in_folds + of_models  # none goes on from another


def test_true_names_no_folder():
    wrong = pytest.raises(ValueError, match="store=True names no folder")
    with wrong, train_together(store=True):
        pass
