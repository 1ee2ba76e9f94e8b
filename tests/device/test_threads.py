"""Threads share the work, and nobody else's threads notice."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification

from sknn_suite import MLPClassifier
from sknn_suite.device import _threads, map_rows
from sknn_suite.device._memory import CHUNK_ROWS, SHARED_WORK
from sknn_suite.device._threads import (
    ONE_THREAD_WORK,
    TINY_WORK,
    one_thread,
    share_rows,
    share_tasks,
    suited_threads,
    threads_help,
)
from sknn_suite.estimator._fitted import ENCODED_ROWS, encode_ahead

pytestmark = pytest.mark.usefixtures("two_threads")

# Seconds after which a thread that waits for another gives up: the test has failed.
PATIENCE = 20


def in_fresh_thread(function):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def threads_after_an_operation():
    torch.zeros(3) + 1  # a thread's first operation sets its number anew
    return torch.get_num_threads()


# -- whether threads help -------------------------------------------------------------


def test_threads_help_unless_a_step_takes_longer_with_them(monkeypatch):
    passed = [0.0]

    def add(a, b, *, out):
        passed[0] += pace[torch.get_num_threads() > 1]

    monkeypatch.setattr(torch, "add", add)
    clock = SimpleNamespace(perf_counter=lambda: passed[0], sleep=lambda seconds: None)
    monkeypatch.setattr(_threads, "time", clock)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    pace = [2.0, 1.0]
    assert threads_help()
    pace = [1.0, 50.0]
    assert not threads_help()
    pace = [2.0, 1.0]
    monkeypatch.setattr(os, "getloadavg", lambda: (1_000_000.0, 0.0, 0.0))
    assert not threads_help()
    assert torch.get_num_threads() == 2


# -- one thread -----------------------------------------------------------------------


@pytest.mark.parametrize("run", [lambda f: f(), in_fresh_thread], ids=["main", "fresh"])
def test_one_thread_lasts_through_operations_and_ends_with_the_context(run):
    def look():
        with one_thread():
            inside = threads_after_an_operation()
            with one_thread():
                pass
            nested = threads_after_an_operation()
        return inside, nested, threads_after_an_operation()

    assert run(look) == (1, 1, 2)


@pytest.mark.parametrize("run", [lambda f: f(), in_fresh_thread], ids=["main", "fresh"])
def test_one_thread_holds_for_mkl_too(run):
    library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"))
    if not hasattr(library, "MKL_Get_Max_Threads"):
        pytest.skip("this torch has no MKL, or hides its name")

    def look():
        with one_thread():
            torch.ones(3, 3) @ torch.ones(3, 3)
            with one_thread():
                pass
            inside = library.MKL_Get_Max_Threads()
        return inside, library.MKL_Get_Max_Threads()

    assert run(look) == (1, 2)


def test_one_thread_ends_with_an_error():
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert torch.get_num_threads() == 2


def test_one_thread_is_of_this_python_thread_alone():
    inside, seen = threading.Event(), threading.Event()

    def other():
        assert inside.wait(PATIENCE)
        number = threads_after_an_operation()
        seen.set()
        return number

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(other)
        with one_thread():
            inside.set()
            assert seen.wait(PATIENCE)
        assert found.result() == 2


@pytest.mark.parametrize("missing", ["library", "name"])
def test_without_mkls_setting_openmps_is_used(missing, monkeypatch):
    def load(path):
        if missing == "library":
            raise OSError(path)
        return object()

    monkeypatch.setattr(_threads.ctypes, "CDLL", load)
    setter = _threads._mkl_setter.__wrapped__()
    monkeypatch.setattr(_threads, "_mkl_setter", lambda: setter)
    with one_thread():
        assert threads_after_an_operation() == 1
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(
    ("work", "expected"),
    [(TINY_WORK / 2, 2), (ONE_THREAD_WORK / 2, 1), (ONE_THREAD_WORK, 2)],
)
def test_only_small_products_that_would_be_shared_get_one_thread(work, expected):
    with suited_threads(work):
        assert threads_after_an_operation() == expected


# -- shared work -----------------------------------------------------------------------


@pytest.fixture
def meet():
    """Wait until two threads are here at once: with a single one it fails."""
    barrier = threading.Barrier(2)
    return lambda: barrier.wait(PATIENCE)


def test_two_threads_share_rows_in_their_order(meet):
    def task(start, stop):
        meet()
        return torch.arange(start, stop)

    assert share_rows(task, 1001, 10).tolist() == list(range(1001))


def test_two_threads_share_tasks_in_their_order_and_compute_in_one_thread_each(meet):
    def task(item):
        meet()
        return item, threads_after_an_operation(), torch.is_inference_mode_enabled()

    found = share_tasks(task, iter(range(10)))
    assert found == [(item, 1, True) for item in range(10)]
    assert torch.get_num_threads() == 2


def test_no_more_tasks_are_drawn_than_there_are_threads(meet):
    drawn, done, lead = 0, 0, []

    def draw():
        nonlocal drawn
        for item in range(20):
            drawn += 1
            lead.append(drawn - done)
            yield item

    def task(item):
        nonlocal done
        meet()
        done += 1

    share_tasks(task, draw())
    assert drawn == done == 20
    assert max(lead) <= 2


def test_an_error_of_a_task_ends_the_drawing_and_is_raised(meet):
    drawn = []

    def draw():
        for item in range(1_000_000):
            drawn.append(item)
            yield item

    def task(item):
        if item < 2:
            meet()
        if item == 1:
            raise KeyError(item)

    with pytest.raises(KeyError):
        share_tasks(task, draw())
    assert len(drawn) < 1_000_000


def test_large_maps_are_shared_and_each_thread_begins_once(meet):
    table = torch.randn(4 * CHUNK_ROWS + 1, 3, dtype=torch.float64)
    begun = []

    def begin():
        meet()
        begun.append(threading.get_ident())
        return lambda rows: table[rows] * 2

    work = SHARED_WORK / CHUNK_ROWS
    found = map_rows(begin, len(table), torch.device("cpu"), work=work)
    assert torch.equal(found, table * 2)
    assert len(set(begun)) == len(begun) == 2


def test_small_maps_are_not_shared():
    begun = []

    def begin():
        begun.append(threads_after_an_operation())
        return lambda rows: torch.arange(rows.start, rows.stop)

    n_rows = 2 * CHUNK_ROWS
    found = map_rows(begin, n_rows, torch.device("cpu"), work=1.0)
    assert found.tolist() == list(range(n_rows))
    assert begun == [1]


def test_the_next_block_is_encoded_while_one_is_computed(meet):
    n_rows = 2 * ENCODED_ROWS + 5

    def encode(first):
        if first == ENCODED_ROWS:
            meet()  # with the computation of the block before
        return torch.arange(first, min(first + ENCODED_ROWS, n_rows))

    def compute(block, first):
        if first == 0:
            meet()
        return block

    def draw():
        for first, block, encode_next in encode_ahead(encode, n_rows):
            if encode_next is not None:
                yield encode_next
            yield lambda block=block, first=first: compute(block, first)

    found = share_tasks(lambda task: task(), draw())
    blocks = torch.cat([part for part in found if part is not None])
    assert blocks.tolist() == list(range(n_rows))


def test_an_error_of_the_encoder_reaches_the_caller():
    def encode(first):
        if first:
            raise KeyError(first)
        return torch.zeros(1)

    def draw():
        for _, _, encode_next in encode_ahead(encode, 2 * ENCODED_ROWS):
            yield encode_next

    with pytest.raises(KeyError):
        share_tasks(lambda task: task(), draw())


# -- whole fits ------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("width", [8, 300], ids=["one thread", "two threads"])
def test_eight_fits_side_by_side_give_the_serial_bits(width):
    X, y = make_classification(300, 300, n_informative=9, random_state=0)
    X = X.astype(np.float32)
    assert (width == 300) == (150 * width * 300 >= ONE_THREAD_WORK)

    def proba(seed):
        model = MLPClassifier(width, batch_size=150, max_iter=2, random_state=seed)
        return model.fit(X, y).predict_proba(X)

    serial = [proba(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for one, other in zip(serial, pool.map(proba, range(8))):
            np.testing.assert_array_equal(one, other)


FORK = """
import os, sys, warnings
warnings.simplefilter("ignore")
import numpy as np, torch
from sknn_suite import MLPClassifier
from sknn_suite.device._threads import one_thread
torch.set_num_threads(2)
X = np.random.RandomState(0).randn(3000, 300).astype("float32")
y = (X[:, 0] > 0).astype(int)
def fit():
    return MLPClassifier(400, batch_size=500, max_iter=1, random_state=0).fit(X, y)
model = fit()
model.predict(X)
with one_thread():
    child = os.fork()
if child == 0:
    same = bool((model.predict(X) == fit().predict(X)).mean() > 0.99)
    os._exit(0 if same and torch.get_num_threads() == 1 else 3)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_forked_after_a_fit_of_two_threads_fits_and_predicts():
    process = subprocess.Popen(
        [sys.executable, "-c", FORK], start_new_session=True, stderr=subprocess.PIPE
    )
    try:
        _, errors = process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # parent and child
        process.communicate()
        pytest.fail("the child hangs")
    assert process.returncode == 0, errors


EIGHT_FITS = """
import warnings
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import torch
from sklearn.datasets import make_classification
from sknn_suite import MLPClassifier

warnings.simplefilter("ignore")
X, y = make_classification(1000, 30, random_state=0)

def probabilities(seed):
    model = MLPClassifier((600,), max_iter=2, random_state=seed)
    return model.fit(X, y).predict_proba(X)

serial = list(map(probabilities, range(8)))
with ThreadPoolExecutor(8) as pool:
    np.testing.assert_array_equal(list(pool.map(probabilities, range(8))), serial)
assert torch.get_num_threads() == 2
"""


def test_eight_fits_of_two_threads_each_equal_the_serial_fits():
    done = subprocess.run(
        [sys.executable, "-c", EIGHT_FITS],
        env=os.environ | {"OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
