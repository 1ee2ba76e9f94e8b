"""Warnings that point at the user's line, and the filters that they go through."""

import sys
import warnings
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

_OURS = ("sknn_suite", "sklearn", "skorch", "imblearn", "joblib", "contextlib")

# Where the calls of a thread end that nobody but its starter has called.
_THREADS = ("threading", "concurrent")


@dataclass(frozen=True)
class UserLine:
    """A line of the user's code, for warnings of what it has called.

    Parameters
    ----------
    filename, number, module : str, int and str
        Where it is.
    registry : dict
        What Python remembers of warnings of this module.
    told : set
        Warnings that were given for it in other threads.
    """

    filename: str
    number: int
    module: str
    registry: dict[Any, Any]
    told: set[Any] = field(default_factory=set)


_of_thread: ContextVar[UserLine | None] = ContextVar("user_line", default=None)


def user_line() -> UserLine:
    """Find the first caller outside this package and the libraries that it uses.

    In a thread that has been given a line by `set_user_line`, this is that one.
    """
    frame = sys._getframe(1)
    while _is_ours(frame) and frame.f_back is not None:
        frame = frame.f_back
    given = _of_thread.get()
    name = frame.f_globals.get("__name__", "")
    if given is not None and name.partition(".")[0] in _THREADS:
        return given
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    return UserLine(frame.f_code.co_filename, frame.f_lineno, name, registry)


def set_user_line(line: UserLine) -> None:
    """Let the user's line of this thread be the one that has started it."""
    _of_thread.set(line)


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the first caller outside this package and the libraries that it uses.

    What many threads say of one call is said once, unless filters ask for more.
    scikit-learn changes the filters in every task, and then Python forgets what it has
    said already.
    """
    line = user_line()
    if line is _of_thread.get() and _action(category, message, line) == "default":
        if (message, category) in line.told:
            return
        line.told.add((message, category))
    warnings.warn_explicit(
        message, category, line.filename, line.number, line.module, line.registry
    )


def _is_ours(frame: Any) -> bool:
    return frame.f_globals.get("__name__", "").partition(".")[0] in _OURS


def _action(category: type[Warning], message: str, line: UserLine) -> str:
    """Read the filters for a warning, as the warnings module does."""
    for action, text, kind, module, number in warnings.filters:
        if (
            (text is None or text.match(message))
            and issubclass(category, kind)
            and (module is None or module.match(line.module))
            and number in (0, line.number)
        ):
            return action
    return "default"


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
