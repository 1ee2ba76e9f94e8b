"""Who called: somebody who waits for one fit, or a program that makes many."""

import multiprocessing
import sys
import threading
from collections.abc import Iterator
from types import FrameType

# Calls from these make many fits, or are tests, whatever else called them.
MANY = {
    "_pytest",
    "bayes_opt",
    "concurrent",
    "dask",
    "distributed",
    "doctest",
    "hyperopt",
    "imblearn",
    "joblib",
    "optuna",
    "ray",
    "sklearn",
    "skopt",
    "timeit",
    "unittest",
}

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

# Callers that were told before, as the lines of code that were under way.
_told: set[tuple] = set()


def waits_for_one_fit() -> bool:
    """Whether somebody waits for this one fit.

    Fits in another thread or process, of searches and other meta-estimators, and in
    tests have nobody who waits for them.
    """
    if not _is_in_foreground():
        return False
    for frame in _callers():
        name = frame.f_globals.get("__name__", "")
        if name.partition(".")[0] in MANY and not name.startswith(ONE):
            return False
    return True


def is_first_call() -> bool:
    """Whether these lines of code ask for the first time, and not again in a loop."""
    lines = tuple((f.f_code.co_filename, f.f_lineno) for f in _callers())
    is_first = lines not in _told
    _told.add(lines)
    return is_first


def _is_in_foreground() -> bool:
    in_main_thread = threading.current_thread() is threading.main_thread()
    return in_main_thread and multiprocessing.parent_process() is None


def _callers() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back
