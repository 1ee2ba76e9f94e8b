"""Warnings that point at the user's line, from any depth of calls."""

import sys
import warnings

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
