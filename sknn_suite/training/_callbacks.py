"""What callbacks look at."""

from typing import Any

from skorch.callbacks import Callback

# Events within an epoch.
OF_STEPS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


def watches(callback: Any, event: str) -> bool:
    """Whether a callback, or a class of callbacks, overrides `event`."""
    kind = callback if isinstance(callback, type) else type(callback)
    own = getattr(Callback, event)
    return getattr(kind, event, own) is not own


def watches_steps(callback: Any) -> bool:
    """Whether a callback, which may have a name, looks into an epoch."""
    if isinstance(callback, tuple):
        callback = callback[1]
    return any(watches(callback, event) for event in OF_STEPS)
