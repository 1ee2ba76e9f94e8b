"""Errors and warnings of the suite.

SuiteError
├── DataError (ValueError)                 the values of X or y cannot be used
│   └── UnreadableImageError               an image file is missing or corrupt
├── CheckpointError (OSError)              a checkpoint cannot be written
├── DivergedError (ValueError)             the training loss became NaN or infinite
├── DeviceError (ValueError)               the device asked for does not exist here
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
    """Base of every error that only this suite raises."""


class DataError(SuiteError, ValueError):
    """The values of X, y or the weights cannot be used."""


class UnreadableImageError(DataError):
    """An image file is missing, empty, corrupt, or no image at all."""


class CheckpointError(SuiteError, OSError):
    """A checkpoint cannot be written, or another fit is writing it."""


class DivergedError(SuiteError, ValueError):
    """The training loss became NaN or infinite."""


class DeviceError(SuiteError, ValueError):
    """The device asked for does not exist on this machine."""


class MissingDependencyError(SuiteError, ImportError):
    """An optional package is needed and not installed."""


class SuiteWarning(UserWarning):
    """Base of every warning that only this suite emits."""


class InterruptedWarning(SuiteWarning):
    """Ctrl-C ended the training early; the best state so far was kept."""
