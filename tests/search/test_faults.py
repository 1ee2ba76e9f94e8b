"""What goes wrong in one task, or around a search, stays there, and nothing waits."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

from sknn_suite import MLPClassifier, train_together
from sknn_suite.exceptions import SuiteWarning

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs, on purpose
)


def threads_of_tasks():
    return [t for t in threading.enumerate() if "_work" in t.name]


@pytest.fixture(autouse=True)
def _nothing_stays_behind():
    """After each test neither threads nor other filters are left."""
    filters = list(warnings.filters)
    yield
    assert not threads_of_tasks()
    assert warnings.filters == filters


# -- a candidate that fails ----------------------------------------------------------


def test_a_candidate_that_fails_fails_alone(mlp, few, assert_same_results, groups):
    grid = {"alpha": [1e-3, 1e30, 1e-2], "device": ["cpu", "cuda:99"]}
    searches = []
    for block in (joblib.parallel_config, train_together):
        with block(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            search = GridSearchCV(mlp(solver="sgd", batch_size=10), grid, cv=2)
            searches.append(search.fit(*few))
        texts = [str(w.message) for w in caught if w.category is FitFailedWarning]
        searches[-1].text_ = texts[0]
    alone, together = searches
    assert_same_results(alone, together)
    assert np.isnan(together.cv_results_["mean_test_score"]).sum() == 4
    assert "8 fits failed out of a total of 12" in together.text_
    assert "DivergedError" in together.text_
    assert groups == [6]  # those of a device that exists


def test_an_error_is_raised_as_in_a_loop(mlp, few):
    grid = {"alpha": [1e-3, 1e30, 1e-2], "n_iter_no_change": [5, 10]}
    model = mlp(solver="sgd", batch_size=10)
    search = GridSearchCV(model, grid, cv=2, error_score="raise")
    errors = []
    for block in (joblib.parallel_config, train_together):
        with pytest.raises(ValueError, match="NaN or infinite") as caught, block():
            search.fit(*few)
        errors.append(caught.value)
    assert type(errors[0]) is type(errors[1])
    assert str(errors[0]) == str(errors[1])
    lines = "".join(traceback.format_exception(errors[1]))
    assert "_fit_and_score" in lines  # it says where it comes from


class FailsInTheMiddle(TransformerMixin, BaseEstimator):
    """Raise for the second candidate, before any network trains."""

    def __init__(self, number=0):
        self.number = number

    def fit(self, X, y=None):
        if self.number > 0:
            raise RuntimeError(f"number {self.number}")
        return self

    def transform(self, X):
        return X


def test_the_first_error_of_a_loop_is_the_one_that_is_raised(mlp, few, groups):
    grid = {"failsinthemiddle__number": [0, 1, 2, 0]}
    model = make_pipeline(FailsInTheMiddle(), mlp())
    search = GridSearchCV(model, grid, cv=2, error_score="raise")
    with pytest.raises(RuntimeError, match="number 1"), train_together():
        search.fit(*few)
    assert groups == [2]  # what comes before it; the rest is dropped


@pytest.mark.filterwarnings("ignore:Scoring failed")
def test_a_scorer_that_raises_fails_alone(mlp, few, assert_same_results):
    def scorer(model, X, y):
        if model.alpha == 0.5:
            raise RuntimeError("no score")
        return get_scorer("f1")(model, X, y)

    searches = []
    for block in (joblib.parallel_config, train_together):
        with block(), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            search = GridSearchCV(mlp(), {"alpha": [0.1, 0.5]}, scoring=scorer, cv=2)
            searches.append(search.fit(*few))
    assert_same_results(*searches)
    assert np.isnan(searches[1].cv_results_["split0_test_score"][1])


def test_networks_that_do_not_fit_together_are_trained_alone(mlp, few, monkeypatch):
    def too_large(jobs, *, max_networks=None):
        raise MemoryError("there is no room")

    expected = cross_val_score(mlp(), *few, cv=3)
    monkeypatch.setattr("sknn_suite.search._block.train_many", too_large)
    with (
        pytest.warns(SuiteWarning, match="3 networks could .* there is no room"),
        train_together(),
    ):
        scores = cross_val_score(mlp(), *few, cv=3)
    np.testing.assert_array_equal(scores, expected)


# -- who waits for what --------------------------------------------------------------

LOCK = threading.Lock()


class LockedFit(ClassifierMixin, BaseEstimator):
    """A network of which one at a time may be fitted."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, y):
        with LOCK:
            self.net_ = MLPClassifier(
                (3,), alpha=self.alpha, max_iter=2, random_state=0
            ).fit(X, y)
        self.classes_ = self.net_.classes_
        return self

    def predict(self, X):
        return self.net_.predict(X)


def test_tasks_that_wait_for_each_others_lock_end(few, assert_same_results):
    searches = []
    for block in (joblib.parallel_config, train_together):
        with block():
            search = GridSearchCV(LockedFit(), {"alpha": [0.1, 1.0]}, cv=2)
            searches.append(search.fit(*few))
    assert_same_results(*searches)


class WaitsForOther(ClassifierMixin, BaseEstimator):
    """Its fit ends when another network has been trained: in a loop that is at once."""

    trained = threading.Event()

    def __init__(self, waits=False):
        self.waits = waits

    def fit(self, X, y):
        if self.waits:
            self.trained.wait()
        self.net_ = MLPClassifier((3,), max_iter=2, random_state=0).fit(X, y)
        self.classes_ = self.net_.classes_
        self.trained.set()
        return self

    def predict(self, X):
        return self.net_.predict(X)


def test_a_task_that_waits_for_another_does_not_stop_the_search(few, groups):
    WaitsForOther.trained.clear()
    search = GridSearchCV(WaitsForOther(), {"waits": [False, True]}, cv=2)
    with train_together():
        search.fit(*few)
    assert groups[0] == 2
    assert sum(groups) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


class Sleeps(TransformerMixin, BaseEstimator):
    """Wait for a file, say."""

    def fit(self, X, y=None):
        time.sleep(0.3)
        return self

    def transform(self, X):
        return X


def test_networks_train_while_a_task_waits_for_something_else(mlp, few, groups):
    model = make_pipeline("passthrough", mlp())
    grid = {"passthrough": ["passthrough", Sleeps()]}
    model = make_pipeline(Sleeps(), mlp()).set_params(sleeps="passthrough")
    grid = {"sleeps": ["passthrough", Sleeps()]}
    with train_together():
        GridSearchCV(model, grid, cv=2).fit(*few)
    assert groups[0] == 2
    assert sum(groups) == 4


class InThreads(TransformerMixin, BaseEstimator):
    """Use threads of its own."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        with ThreadPoolExecutor(2) as pool:
            return np.stack(list(pool.map(np.tanh, X)))


def test_a_step_with_threads_of_its_own(mlp, few, groups):
    model = make_pipeline(InThreads(), mlp())
    alone = cross_val_score(model, *few, cv=3)
    with train_together():
        together = cross_val_score(model, *few, cv=3)
    np.testing.assert_array_equal(alone, together)
    assert sum(groups) == 3


def test_a_fit_that_never_comes(mlp, few, groups):
    model = make_pipeline(mlp())
    grid = {"mlpclassifier": [DummyClassifier(), mlp(), mlp(alpha=1.0)]}
    with train_together():
        search = GridSearchCV(model, grid, cv=2).fit(*few)
    assert groups == [4]
    assert len(search.cv_results_["params"]) == 3


# -- many, nested, and in other threads ----------------------------------------------


class CountsThreads(TransformerMixin, BaseEstimator):
    """Remember the largest number of threads."""

    most = 0

    def fit(self, X, y=None):
        CountsThreads.most = max(CountsThreads.most, len(threads_of_tasks()))
        return self

    def transform(self, X):
        return X


def test_the_number_of_threads_is_bounded(mlp, few, groups):
    CountsThreads.most = 0
    model = make_pipeline(CountsThreads(), mlp(max_iter=1))
    grid = {"mlpclassifier__alpha": np.arange(20.0)}
    with train_together(max_networks=8):
        GridSearchCV(model, grid, cv=2, refit=False).fit(*few)
    assert groups == [8] * 5
    assert CountsThreads.most <= 9  # the one that is about to end included


@pytest.mark.slow
def test_a_thousand_candidates(mlp, few, groups):
    CountsThreads.most = 0
    model = make_pipeline(CountsThreads(), mlp(max_iter=1))
    grid = {"mlpclassifier__alpha": np.arange(1000.0)}
    with train_together():
        search = GridSearchCV(model, grid, cv=2, refit=False).fit(*few)
    assert len(search.cv_results_["params"]) == 1000
    assert sum(groups) == 2000
    assert CountsThreads.most <= 257


def test_waiting_tasks_keep_to_the_memory(mlp, few, groups):
    X, y = few
    grid = {"alpha": np.arange(6.0)}
    fold = 3 * 50 * 8 * (X.shape[1] + 1)  # copies, rows, bytes, columns and target
    with train_together(memory=3.5 * fold):
        GridSearchCV(mlp(), grid, cv=2, refit=False).fit(X, y)
    assert sum(groups) == 12
    assert max(groups) <= 4


def test_pre_dispatch_bounds_the_groups(mlp, few, groups):
    grid = {"alpha": np.arange(4.0)}
    with train_together():
        GridSearchCV(mlp(), grid, cv=2, refit=False, pre_dispatch=3).fit(*few)
    assert sum(groups) == 8
    assert max(groups) == 3


def in_thread(action):
    """Run an action in another thread, as notebooks do, and return its result."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(action).result()


def test_a_block_works_in_a_thread(mlp, few, groups):
    def search():
        with train_together():
            return cross_val_score(mlp(), *few, cv=3)

    np.testing.assert_array_equal(in_thread(search), cross_val_score(mlp(), *few, cv=3))
    assert groups == [3]


def test_two_blocks_in_two_threads(scaled, few):
    expected = cross_val_score(scaled(), *few, cv=3)
    start = threading.Barrier(2)

    def search(_):
        start.wait()
        with train_together():
            return [cross_val_score(scaled(), *few, cv=3) for _ in range(3)]

    with ThreadPoolExecutor(2) as pool:
        for scores in pool.map(search, range(2)):
            for own in scores:
                np.testing.assert_array_equal(own, expected)


def test_blocks_in_blocks_and_blocks_that_are_left_by_an_error(mlp, few, groups):
    before = joblib.parallel.get_active_backend()

    def leave_by_an_error():
        with train_together():
            with train_together():
                cross_val_score(mlp(), *few, cv=3)
            cross_val_score(mlp(), *few, cv=4)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        leave_by_an_error()
    assert groups == [3, 4]
    assert type(joblib.parallel.get_active_backend()[0]) is type(before[0])
    cross_val_score(mlp(), *few, cv=3)
    assert groups == [3, 4]


class BlockInside(ClassifierMixin, BaseEstimator):
    """A model that opens a block itself."""

    def fit(self, X, y):
        with train_together():
            self.scores_ = cross_val_score(
                MLPClassifier((3,), max_iter=2, random_state=0), X, y, cv=2
            )
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_a_block_in_a_task_meets_the_others(few, groups):
    with train_together():
        cross_val_score(BlockInside(), *few, cv=3)
    assert groups == [6]


# -- processes -----------------------------------------------------------------------


def _fit_in_child(answer, model, X, y):
    answer.put(clone(model).fit(X, y).predict_proba(X))


class InProcess(ClassifierMixin, BaseEstimator):
    """Fit a network in another process."""

    def __init__(self, method="fork"):
        self.method = method

    def fit(self, X, y):
        context = multiprocessing.get_context(self.method)
        answer = context.SimpleQueue()
        model = MLPClassifier((3,), max_iter=2, random_state=0)
        child = context.Process(target=_fit_in_child, args=(answer, model, X, y))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a fork with threads
            child.start()
        self.there_ = answer.get()
        child.join()
        self.here_ = model.fit(X, y).predict_proba(X)
        self.classes_ = model.classes_
        return self

    def predict(self, X):
        np.testing.assert_array_equal(self.there_, self.here_)
        return np.full(len(X), self.classes_[0])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no fork")
def test_a_fork_in_a_task(few):
    with train_together():
        scores = cross_val_score(InProcess(), *few, cv=2, error_score="raise")
    assert len(scores) == 2


@pytest.mark.slow
def test_a_spawned_process_in_a_task(few):
    with train_together():
        scores = cross_val_score(InProcess("spawn"), *few, cv=2, error_score="raise")
    assert len(scores) == 2


@pytest.mark.slow  # processes import torch
def test_processes_of_joblib_inside_a_block(mlp, few, groups):
    expected = cross_val_score(mlp(), *few, cv=3)
    with train_together(), joblib.parallel_config("loky", n_jobs=2):
        scores = cross_val_score(mlp(), *few, cv=3)
    np.testing.assert_array_equal(scores, expected)
    assert groups == []


# -- Ctrl-C --------------------------------------------------------------------------


INTERRUPTED = """
import os, signal, threading, warnings
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import make_classification
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sknn_suite import MLPClassifier, train_together

class Computes(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        while True:
            np.sort(X, axis=0)

    def transform(self, X):
        return X

warnings.simplefilter("ignore")
X, y = make_classification(60, 6, random_state=0)
short = MLPClassifier(max_iter=3, random_state=0)
expected = cross_val_score(short, X, y, cv=3)
model = MODEL
signal.signal(signal.SIGINT, signal.default_int_handler)  # off in the background
threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    with train_together():
        cross_val_score(model, X, y, cv=3)
except KeyboardInterrupt:
    print("ended")
with train_together():
    print((cross_val_score(short, X, y, cv=3) == expected).all())
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
@pytest.mark.parametrize(
    "model",
    [
        "MLPClassifier(max_iter=10**6, tol=0, n_iter_no_change=10**7)",
        "make_pipeline(Computes(), short)",
    ],
    ids=["networks train", "a task computes"],
)
def test_ctrl_c_ends_the_search(model):
    # In another process: a second KeyboardInterrupt would end all tests.
    command = [sys.executable, "-c", INTERRUPTED.replace("MODEL", model)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["ended", "True"], done.stderr


# -- watched fits --------------------------------------------------------------------


class Watch(Callback):
    """A callback that no process could be sent."""

    def __init__(self):
        self.lock = threading.Lock()
        self.threads = set()

    def __sklearn_clone__(self):
        return self

    def on_epoch_end(self, net, **kwargs):
        with self.lock:
            self.threads.add(threading.get_ident())


def test_a_callback_that_does_not_pickle_is_called(mlp, few):
    watch = Watch()
    model = mlp(callbacks=[watch])
    expected = cross_val_score(model, *few, cv=3)
    assert watch.threads == {threading.get_ident()}
    watch.threads.clear()
    with train_together():
        scores = cross_val_score(model, *few, cv=3)
    np.testing.assert_array_equal(scores, expected)
    assert watch.threads


def test_warnings_are_those_of_a_loop(mlp, few):
    lists = []
    for block in (joblib.parallel_config, train_together):
        with block(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            GridSearchCV(mlp(), {"max_iter": [1, 2]}, cv=2).fit(*few)
        lists.append([(w.category, str(w.message)) for w in caught])
    assert lists[0] == lists[1]
    assert lists[0][0][0] is ConvergenceWarning
    assert len(lists[0]) == 5


def test_an_ignored_warning_is_ignored_and_an_error_is_an_error(mlp, few):
    with train_together(), warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            cross_val_score(mlp(), *few, cv=2, error_score="raise")
        warnings.simplefilter("ignore")
        cross_val_score(mlp(), *few, cv=2, error_score="raise")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"max_networks": 0}, "max_networks=0 is no number of networks"),
        ({"max_networks": "many"}, "max_networks='many' is no number"),
        ({"memory": -1}, "memory=-1 is no number of bytes"),
        ({"memory": "4G"}, "memory='4G' is no number of bytes"),
        ({"backend": "dask"}, "backend='dask' is not known"),
        ({"store": "no/such/folder"}, "store='no/such/folder' cannot be used"),
        ({"store": "a\0b"}, "cannot be used: its name contains"),
    ],
)
def test_a_wrong_argument_is_refused_in_words(params, message):
    with pytest.raises(ValueError, match=message), train_together(**params):
        pass
