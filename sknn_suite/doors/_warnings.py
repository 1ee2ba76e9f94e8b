"""Warnings that point at the user's line, and the filters that they go through."""

import sys
import warnings
from typing import Any, NamedTuple

_OURS = ("sknn_suite", "sklearn", "skorch", "imblearn", "joblib", "contextlib")


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the first caller outside this package and the libraries that it uses."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None:
        name = frame.f_globals.get("__name__", "")
        if name.partition(".")[0] not in _OURS:
            break
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


class WarningState(NamedTuple):
    """What the warnings module keeps in global names: filters, and who shows them."""

    filters: Any
    show: Any
    show_message: Any


def warning_state() -> WarningState:
    """Take the present state, as ``catch_warnings`` does on entry."""
    return WarningState(
        warnings.filters,
        warnings.showwarning,
        getattr(warnings, "_showwarnmsg_impl", None),
    )


def set_warning_state(state: WarningState) -> None:
    """Put a state in place of the present one, as ``catch_warnings`` does on exit."""
    warnings.filters = state.filters
    warnings.showwarning = state.show
    if state.show_message is not None:
        warnings._showwarnmsg_impl = state.show_message  # type: ignore[attr-defined]
    with warnings.catch_warnings():  # its exit says that filters have changed
        pass
