"""SearchTask: one task of a search, in a thread of its own."""

import contextvars
import ctypes
import os
import threading
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from sklearn import config_context, get_config

from sknn_suite.doors import WarningState, set_user_line
from sknn_suite.training import Job

# How often, in seconds, one looks whether a task computes.
LOOK = 0.1

# A task that uses less of a processor than this waits for something else.
IDLE_SHARE = 0.01


class Dropped(BaseException):
    """Ends a task whose result nobody wants any more; no ``except Exception`` does."""


class State(Enum):
    """Where a task is: what its thread does, or waits for."""

    NEW = auto()  # has no thread yet
    READY = auto()  # may go on
    RUNNING = auto()  # has the floor
    TRAINING = auto()  # waits for its network
    CALLING = auto()  # waits for tasks that it has called itself
    ASTRAY = auto()  # waits for something unknown, so the others go on
    DONE = auto()


class SearchTask:
    """A function that runs in a thread, when it is told to go on.

    Parameters
    ----------
    function : callable
        What runs, without arguments.
    callback : callable
        Takes the task when it has ended well.
    call : Call
        The tasks that were called together with this one.
    number : int
        Its number among them.

    Attributes
    ----------
    order : tuple of int
        Place in the order of a serial run.
    job : Job or None
        What it waits for while `state` is TRAINING.
    held : float
        Bytes that it keeps in memory until it ends.
    waited, share : float
        Seconds in which it waited for others, and its part of their common work.
    """

    def __init__(
        self, function: Callable[[], Any], callback: Any, call: Any, number: int
    ) -> None:
        self.call = call
        self.callback = callback
        self.number = number
        self.order = (*call.order, number)
        self.state = State.NEW
        self.go = threading.Semaphore(0)
        self.thread: threading.Thread | None = None
        self.warnings: WarningState | None = None
        self.dropped = False
        self.error: BaseException | None = None
        self.job: Job | None = None
        self.outcome: Any = None
        self.held = self.waited = self.share = 0.0
        self._function: Callable[[], Any] | None = function
        self._context = contextvars.copy_context()
        self._context.run(set_user_line, call.user_line)
        self._config = get_config()
        self._result: Any = None
        self._clock: int | None = None
        self._own = self._seen = 0.0

    def run(self) -> None:
        """Run the function in this thread, as the caller's own thread would."""
        _of_thread.task = self
        if hasattr(time, "pthread_getcpuclockid"):  # neither macOS nor Windows
            self._clock = time.pthread_getcpuclockid(threading.get_ident())
        function, self._function = self._function, None
        assert function is not None
        began = time.perf_counter()
        try:
            with config_context(**self._config):
                self._result = self._context.run(function)
        except BaseException as error:
            self.error = error
        self._own = time.perf_counter() - began - self.waited

    @property
    def spent(self) -> float:
        """Seconds of work for this task alone."""
        return self._own + self.share

    def result(self) -> Any:
        """Results of the function; times of a fit are the task's share of the work."""
        result, self._result = self._result, None
        for part in result if isinstance(result, list) else ():
            if isinstance(part, dict) and isinstance(part.get("fit_time"), float):
                # Seconds of waiting for others are no cost of this candidate.
                own = max(part["fit_time"] - self.waited, 0.0)
                part["fit_time"] = own + self.share
        return result

    def is_idle(self) -> bool:
        """Whether its thread has hardly computed since the last look."""
        before, self._seen = self._seen, self._processor_seconds()
        return self._seen - before < IDLE_SHARE * LOOK

    def _processor_seconds(self) -> float:
        if self._clock is None:
            return time.process_time()
        try:
            return time.clock_gettime(self._clock)
        except OSError:  # the thread has just ended
            return self._seen

    def interrupt(self) -> None:
        """End a thread that runs: raise `Dropped` in it, at its next line of Python."""
        if self.thread is not None and self.thread.ident is not None:
            ident = ctypes.c_ulong(self.thread.ident)
            raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
            raise_in(ident, ctypes.py_object(Dropped))


class _OfThread(threading.local):
    task: SearchTask | None = None


_of_thread = _OfThread()


def present_task() -> SearchTask | None:
    """Give the task that this thread runs, if it runs one."""
    return _of_thread.task


def _forget_task() -> None:
    _of_thread.task = None


if hasattr(os, "register_at_fork"):  # in a forked process nobody else goes on
    os.register_at_fork(after_in_child=_forget_task)
