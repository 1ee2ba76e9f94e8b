"""Voice: what a command says, in lines for people or in JSON for machines."""

import json
import math
import sys
from typing import Any

import numpy as np


class Voice:
    """Writes lines; on a terminal, the last one is rewritten while something runs.

    Parameters
    ----------
    as_json : bool, default=False
        Whether each event is a line of JSON, and nothing else is written.
    """

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        self.rewrites = sys.stdout.isatty() and not as_json
        self._has_line = False

    def say(self, text: str = "") -> None:
        """Write a line for people."""
        if not self.as_json:
            self._clear()
            self._write(text + "\n")

    def tell(self, event: str, **values: Any) -> None:
        """Write an event for machines."""
        if self.as_json:
            text = json.dumps({"event": event, **values}, default=_plain)
            self._write(text + "\n")

    def progress(self, event: dict[str, Any]) -> None:
        """Show an event of a fit."""
        event = dict(event)
        name = event.pop("event")
        if self.as_json:
            self.tell(name, **{key: _finite(value) for key, value in event.items()})
            return
        member = event["member"]
        if name == "fold" and self.rewrites:
            score = event["score"]
            so_far = "" if score is None else f", score so far {score:.4f}"
            self._clear()
            self._write(
                f"  {member}, fold {event['fold']} of {event['folds']}{so_far}"
                f"{_left(event['left'])}"
            )
            self._has_line = True
        elif name == "member":
            self.say(
                f"  {member:<14} {event['scoring']} {event['score']: .4f}   "
                f"all together {event['stack']: .4f}   {event['seconds']:6.1f} s"
                f"{_left(event['left'])}"
            )
        elif name == "failed":
            self.say(f"  {member:<14} failed and is left out: {event['reason']}")
        elif name == "skipped":
            self.say(f"  {member:<14} is left out: there is no time for it")
        elif name == "interrupted":
            self.say(f"  Ctrl-C: {member} is left out, the others are kept")

    def _clear(self) -> None:
        if self._has_line:
            self._write("\r\033[K")
            self._has_line = False

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _left(seconds: float) -> str:
    return "" if math.isinf(seconds) else f", {max(seconds, 0):.0f} s left"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return str(value)
