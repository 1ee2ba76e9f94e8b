"""The output, timer and figures of the demo."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from sknn_suite.doors import import_optional

T = TypeVar("T")


@dataclass
class Stage:
    """What a part of the demo uses to print, time, draw and save.

    Parameters
    ----------
    output : Path
        Existing folder for pictures.
    quick : bool, default=False
        Whether to use little data.
    progress_bars : bool, default=False
        Whether the terminal can show progress bars.
    """

    output: Path
    quick: bool = False
    progress_bars: bool = False

    def __post_init__(self) -> None:
        # Here, so that a missing matplotlib raises before any work.
        self._matplotlib = import_optional(
            "matplotlib.figure", needed_by="The demo", extra="plot"
        )

    def say(self, text: str) -> None:
        """Write a line to standard output immediately."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def time(self, step: str, action: Callable[[], T]) -> tuple[T, float]:
        """Run `action` in one thread, print its seconds; return result and seconds."""
        started = time.perf_counter()
        # More threads do not help networks this small, and wait when a core is busy.
        with threadpool_limits(limits=1):
            result = action()
        seconds = time.perf_counter() - started
        self.say(f"  {step}: {seconds:.1f} s")
        return result, seconds

    def make_figure(self, width: float = 7, height: float = 4.2) -> Any:
        """Make an empty figure; sizes are in inches."""
        return self._matplotlib.Figure(figsize=(width, height), layout="constrained")

    def save(self, figure: Any, name: str) -> Path:
        """Write a figure to the folder of pictures."""
        path = self.output / name
        figure.savefig(path, dpi=150)
        return path
