"""Signs of life while a search runs: networks trained, packs, time left."""

import sys
import threading
import time
from importlib.util import find_spec
from types import TracebackType
from typing import Any

from sknn_suite.doors import import_optional


class Signs:
    """Counts networks, and shows nothing; what is derived from it shows them.

    Attributes
    ----------
    n_trained : int
        Networks that have been trained, or were known already.
    n_packs : int
        How often several were trained together.
    n_all : int
        Networks known of so far, those trained included.
    """

    def __init__(self) -> None:
        self.n_trained = self.n_packs = self.n_all = 0
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def begin(self, n_networks: int, n_to_come: int) -> None:
        """Take note of networks that begin to train, and of tasks after them."""
        with self._lock:
            self.n_all = max(self.n_all, self.n_trained + n_networks + n_to_come)
            self._show()

    def end(self, n_networks: int) -> None:
        """Take note of networks that have been trained."""
        with self._lock:
            self.n_trained += n_networks
            self.n_packs += 1
            self._show()

    @property
    def seconds_left(self) -> float | None:
        """Time that the networks known of will take; None before the first."""
        if self.n_trained == 0:
            return None
        spent = time.monotonic() - self._began
        return spent / self.n_trained * (self.n_all - self.n_trained)

    def _show(self) -> None:
        """Show the numbers; called with the lock."""

    def __enter__(self) -> "Signs":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


class Line(Signs):
    """One line on standard error, which is written anew."""

    def _show(self) -> None:
        sys.stderr.write(f"\r{self}")
        sys.stderr.flush()

    def __str__(self) -> str:
        left = self.seconds_left
        time_left = "" if left is None else f", {_clock(left)} left"
        return (
            f"{self.n_trained} of {self.n_all} networks trained, "
            f"{self.n_packs} packs{time_left}    "
        )

    def __exit__(self, *error: Any) -> None:
        sys.stderr.write("\n")


class Bar(Signs):
    """A progress bar of rich."""

    def __init__(self) -> None:
        super().__init__()
        rich: Any = import_optional(
            "rich.progress", needed_by="progress=True", extra="dev"
        )
        self._bar = rich.Progress(
            rich.TextColumn("networks trained"),
            rich.BarColumn(),
            rich.MofNCompleteColumn(),
            rich.TextColumn("{task.fields[packs]} packs"),
            rich.TextColumn("{task.fields[left]} left"),
        )
        self._task = self._bar.add_task("", total=None, packs=0, left="-:--")

    def _show(self) -> None:
        left = self.seconds_left
        self._bar.update(
            self._task,
            total=self.n_all,
            completed=self.n_trained,
            packs=self.n_packs,
            left="-:--" if left is None else _clock(left),
        )

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._bar.stop()


def make_signs(*, progress: bool) -> Signs:
    """Make signs: none, a bar if rich is installed, else a line."""
    if not progress:
        return Signs()
    return Line() if find_spec("rich") is None else Bar()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
