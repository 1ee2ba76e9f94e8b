"""Errors and warnings of the suite.

SuiteError
├── DataError (ValueError)                 the values of X or y cannot be used
│   └── UnreadableImageError               an image file is missing or corrupt
├── CheckpointError (OSError)              a checkpoint cannot be written
├── DivergedError (ValueError)             the training loss became NaN or infinite
├── DeviceError (ValueError)               this machine has no such device
└── MissingDependencyError (ImportError)   an optional package is not installed
SuiteWarning (UserWarning)
└── InterruptedWarning                     Ctrl-C ended the training early
"""

__all__ = [
    "CheckpointError",
    "DataError",
    "DeviceError",
    "DivergedError",
    "InterruptedWarning",
    "MissingDependencyError",
    "SuiteError",
    "SuiteWarning",
    "UnreadableImageError",
]


class SuiteError(Exception):
    """Base class of the errors of this package."""


class DataError(SuiteError, ValueError):
    """The values of X, y or the sample weights cannot be used."""


class UnreadableImageError(DataError):
    """An image file is missing, empty, corrupt, or not an image."""


class CheckpointError(SuiteError, OSError):
    """A checkpoint cannot be written, or another fit is writing it."""


class DivergedError(SuiteError, ValueError):
    """The training loss became NaN or infinite."""


class DeviceError(SuiteError, ValueError):
    """The requested device is missing on this machine."""


class MissingDependencyError(SuiteError, ImportError):
    """A required optional package is not installed."""


class SuiteWarning(UserWarning):
    """Base class of the warnings of this package."""


class InterruptedWarning(SuiteWarning):
    """Ctrl-C ended the training early; the best state so far was kept."""
