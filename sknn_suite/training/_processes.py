"""Processes beside this one that train packs.

Threads of Python share one lock, which the calls of small networks hold for most of
their time: two packs in two threads gain a sixth, in two processes nearly everything.
A process takes seconds to start, so it starts when trainings together have taken about
as long; until it is ready, threads take its place. It ends when it has been idle.
"""

import os
import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import torch

# joblib brings it. Unlike multiprocessing, it does not run the user's script again.
from joblib.externals.loky import ProcessPoolExecutor

from sknn_suite.device import free_bytes

# Seconds that trainings together take in this process before another one starts: about
# as long as that takes.
WORTH_STARTING = 2.0

# Seconds after which an idle process ends.
IDLE = 120.0

# Most bytes of a task; to send more takes as long as a short training.
MOST_BYTES = 1 << 26

# Seconds between two looks whether a task is still wanted.
LOOK = 0.2

# Processes that may break before only threads train: something else ends them.
MOST_BROKEN = 3

# Memory that a process needs before its first task.
NEEDED_BYTES = 1 << 30


class Processes:
    """Processes that train tasks, as many as threads of torch beyond the first.

    The results are those of this process, bit for bit: the processor is the same, and
    each task computes in one thread here and there.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent = 0.0
        self._n_broken = 0
        self._forget()

    def _forget(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._greeting: Future | None = None
        self._sent: set[Future] = set()
        self._used = 0.0

    def note(self, seconds: float) -> None:
        """Take note of time that trainings together have taken."""
        with self._lock:
            self._spent += seconds

    def are_ready(self, n_processes: int, spent: float = 0.0) -> bool:
        """Whether tasks can be sent; starts the processes if that is worth while.

        Parameters
        ----------
        n_processes : int
            How many are wanted.
        spent : float, default=0.0
            Seconds of the call in progress.
        """
        with self._lock:
            if self._n_broken >= MOST_BROKEN or not _computes_as_others():
                return False
            if time.monotonic() - self._used > IDLE / 2:
                self._greeting = None  # they may have ended meanwhile
            if self._greeting is None:
                if self._spent + spent >= WORTH_STARTING:
                    self._start(n_processes)
                return False
            if not self._greeting.done():
                return False
            self._used = time.monotonic()
            return self._greeting.exception() is None

    def _start(self, n_processes: int) -> None:
        if self._pool is None and free_bytes(torch.device("cpu")) < (
            n_processes * NEEDED_BYTES
        ):
            self._n_broken = MOST_BROKEN
            return
        try:
            if self._pool is None:
                environment = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
                self._pool = ProcessPoolExecutor(
                    n_processes, timeout=IDLE, env=environment
                )
            self._greeting = self._pool.submit(_greet)
            self._used = time.monotonic()
        except Exception:  # where no process can start, threads do all
            self._n_broken = MOST_BROKEN

    def run(self, task: Callable[[threading.Event], Any], stop: threading.Event) -> Any:
        """Run a task in another process; what it raises is raised here.

        Raises
        ------
        CancelledError
            If `stop` is set meanwhile.
        """
        sent = pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            return pickle.loads(self._result_of(sent, stop))
        except BrokenProcessPool:
            self._n_broken += 1
            self.end()
            raise

    def _result_of(self, sent: bytes, stop: threading.Event) -> bytes:
        """Send a task, and wait for its result as long as it is wanted."""
        with self._lock:
            if self._pool is None:
                raise BrokenProcessPool("The processes have ended.")
            future = self._pool.submit(_run, sent)
            self._sent.add(future)
        try:
            while True:
                try:
                    return future.result(timeout=LOOK)
                except TimeoutError:
                    if stop.is_set():
                        raise CancelledError from None
        finally:
            self._sent.discard(future)

    def end(self) -> None:
        """End all processes at once; others start when they are needed."""
        with self._lock:
            pool, sent = self._pool, list(self._sent)
            self._forget()
        # loky fails if it is told to end while a task is on its way to a process.
        deadline = time.monotonic() + 1.0
        while any(not (f.running() or f.done()) for f in sent):
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
        if pool is not None:
            pool.shutdown(wait=False, kill_workers=True)


def _greet() -> int:
    """Load everything that a task needs."""
    return len(pickle.dumps(torch.zeros(1)))


def _run(sent: bytes) -> bytes:
    result = pickle.loads(sent)(threading.Event())
    return pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL)


def _computes_as_others() -> bool:
    """Whether nobody has changed how torch computes in this process."""
    return (
        torch.get_float32_matmul_precision() == "highest"
        and not torch.are_deterministic_algorithms_enabled()
    )


PROCESSES = Processes()


def _begin_anew() -> None:
    """Forget the processes of the parent: they do not answer a forked child."""
    PROCESSES.__init__()  # type: ignore[misc]


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_begin_anew)
