"""What callbacks look at."""

import re
from collections.abc import Mapping
from typing import Any

from skorch.callbacks import Callback

# Events within an epoch.
OF_STEPS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


# What skorch's callbacks say of a name that they do not find.
_NOT_FOUND = re.compile(r"'(valid_\w+)' was not found in history")


def explain_not_found(error: Exception, row: Mapping[str, Any]) -> None:
    """Say why a callback does not find the record of validation rows.

    Parameters
    ----------
    error : Exception
        What the callback raised.
    row : mapping of str to object
        The record of the epoch.

    Raises
    ------
    ValueError
        If it looked for validation rows; of other errors nothing is known.
    """
    match = _NOT_FOUND.search(str(error))
    if match is None:
        return
    found = [name for name in ("valid_loss", "valid_score") if name in row]
    if match[1].removesuffix("_best") in found:
        name = match[1].removesuffix("_best")
        raise ValueError(
            f"A callback looked for {match[1]!r} in the history of this fit, which has "
            f"{name!r} alone. Expected a function that says whether the epoch is the "
            f"best. Write monitor=lambda net: net.history[-1, {name!r}] == "
            f"min(net.history[:, {name!r}])."
        ) from error
    if found:
        raise ValueError(
            f"A callback looked for {match[1]!r} in the history of this fit, where it "
            f"is not. Expected {' or '.join(map(repr, found))}. Change what the "
            "callback monitors."
        ) from error
    raise ValueError(
        f"A callback looked for {match[1]!r} in the history, but this fit has no "
        "validation rows. Expected early_stopping=True, or X_val in fit. Choose one "
        "of these, or let the callback monitor 'train_loss'."
    ) from error


def is_own(callback: Any) -> bool:
    """Whether a callback is of this package."""
    return type(callback).__module__.partition(".")[0] == "sknn_suite"


def watches(callback: Any, event: str) -> bool:
    """Whether a callback, or a class of callbacks, overrides `event`."""
    kind = callback if isinstance(callback, type) else type(callback)
    if not issubclass(kind, Callback):  # it may answer to any event
        return hasattr(callback, event)
    return getattr(kind, event) is not getattr(Callback, event) or (
        kind is not callback and event in vars(callback)
    )


def watches_steps(callback: Any) -> bool:
    """Whether a callback, which may have a name, looks into an epoch."""
    if isinstance(callback, tuple):
        callback = callback[1]
    return any(watches(callback, event) for event in OF_STEPS)
