"""What a part of the demo is given."""

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stage:
    """Where a part of the demo runs, and how it speaks.

    Parameters
    ----------
    output : Path
        Existing folder for pictures.
    quick : bool, default=False
        Whether to show the way only, on little data.
    progress_bars : bool, default=False
        Whether a terminal is there that can show progress bars.
    """

    output: Path
    quick: bool = False
    progress_bars: bool = False

    def say(self, text: str) -> None:
        """Write a line to standard output, now."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
