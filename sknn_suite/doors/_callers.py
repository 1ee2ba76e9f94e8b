"""Who called: somebody who waits for one fit, or a program that makes many."""

import math
import multiprocessing
import sys
import threading
import time
from collections.abc import Iterator, Set
from types import FrameType

# Calls from these make many fits, whatever else called them.
MANY = {
    "bayes_opt",
    "concurrent",
    "dask",
    "distributed",
    "hyperopt",
    "imblearn",
    "joblib",
    "optuna",
    "ray",
    "sklearn",
    "skopt",
    "timeit",
}

# Nobody waits for the fits of tests.
TESTS = {"_pytest", "doctest", "unittest"}

# Parts of these libraries that pass one fit on.
ONE = (
    "imblearn.base",
    "imblearn.pipeline",
    "imblearn.utils",
    "joblib.memory",
    "sklearn.base",
    "sklearn.callback",
    "sklearn.compose",
    "sklearn.pipeline",
    "sklearn.utils._metadata_requests",
    "sklearn.utils._param_validation",
    "sklearn.utils._set_output",
)

# Whoever presses Ctrl-C twice within so many seconds wants more than one fit to end.
SECONDS_OF_TWICE = 1.5

# When Ctrl-C last ended a fit.
_last_press = -math.inf

# Callers that were told before, as the lines of code that were under way.
_told: set[tuple] = set()


def waits_for_one_fit() -> bool:
    """Whether somebody waits for this one fit.

    Fits in another thread or process, of searches and other meta-estimators, and in
    tests have nobody who waits for them.
    """
    return _is_in_foreground() and not _is_called_from(MANY | TESTS)


def is_one_of_many_fits() -> bool:
    """Whether a search, another meta-estimator or a loop of joblib asked for this fit.

    If the user interrupts such a fit, the program around it should end as well. A test
    that calls a fit is no such program.
    """
    return _is_called_from(MANY)


def is_pressed_again() -> bool:
    """Whether Ctrl-C has ended another fit just before this one.

    A loop of fits goes on with the next one after the first Ctrl-C, and the user
    presses again. Tests press many times a second.
    """
    global _last_press
    before, _last_press = _last_press, time.monotonic()
    is_soon = _last_press - before < SECONDS_OF_TWICE
    return is_soon and not _is_called_from(TESTS)


def is_first_call() -> bool:
    """Whether these lines of code ask for the first time, and not again in a loop."""
    lines = tuple((f.f_code.co_filename, f.f_lineno) for f in _callers())
    is_first = lines not in _told
    _told.add(lines)
    return is_first


def _is_in_foreground() -> bool:
    in_main_thread = threading.current_thread() is threading.main_thread()
    return in_main_thread and multiprocessing.parent_process() is None


def _is_called_from(packages: Set[str]) -> bool:
    """Whether any of these packages called, other than to pass one fit on."""
    names = (frame.f_globals.get("__name__", "") for frame in _callers())
    return any(n.partition(".")[0] in packages and not n.startswith(ONE) for n in names)


def _callers() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back
