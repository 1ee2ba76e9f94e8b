"""The floor: of all tasks of all searches, one runs at a time."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sknn_suite.doors import set_warning_state, warning_state


class Floor:
    """A lock, and the filters of warnings that come and go with whoever holds it.

    Python's filters of warnings belong to the process. Tasks of scikit-learn change
    them while they run, so a task that waits takes its own along; else the filters of
    one task would act on another, or stay behind when the search is over.

    Attributes
    ----------
    lock : Lock
        Held while a task runs.
    n_wanting : int
        Searches that wait for the lock.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Make a new lock, since in a forked process nobody would release the old."""
        self.lock = threading.Lock()
        self.n_wanting = 0
        self._counts = threading.Lock()

    def want(self, change: int) -> None:
        """Count who waits for the lock."""
        with self._counts:
            self.n_wanting += change

    @contextmanager
    def filters_of(self, task: Any) -> Iterator[None]:
        """Put the filters of a task in place for a while; hold the lock meanwhile."""
        home = warning_state()
        try:
            set_warning_state(task.warnings or home)
            yield
        finally:
            task.warnings = warning_state()
            set_warning_state(home)


FLOOR = Floor()

if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=FLOOR.reset)
