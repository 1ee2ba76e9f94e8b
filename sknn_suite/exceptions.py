"""Errors and warnings of this package.

SuiteError
├── DataError (ValueError)                 the values of X or y cannot be used
│   ├── UnreadableImageError               an image file is missing or corrupt
│   └── CorruptModelError                  a file is no model, or a damaged one
│       └── UntrustedModelError            a model needs code that nobody trusts
├── CheckpointError (OSError)              a checkpoint cannot be written
├── DivergedError (ValueError)             the training loss became NaN or infinite
├── DeviceError (ValueError)               this machine has no such device
└── MissingDependencyError (ImportError)   a package, or a model's function, is missing
SuiteWarning (UserWarning)
└── InterruptedWarning                     Ctrl-C ended the training early
"""

__all__ = [
    "CheckpointError",
    "CorruptModelError",
    "DataError",
    "DeviceError",
    "DivergedError",
    "InterruptedWarning",
    "MissingDependencyError",
    "SuiteError",
    "SuiteWarning",
    "UnreadableImageError",
    "UntrustedModelError",
]


class SuiteError(Exception):
    """Base class of the errors of this package."""


class DataError(SuiteError, ValueError):
    """The values of X, y or the sample weights cannot be used."""


class UnreadableImageError(DataError):
    """An image file is missing, empty, corrupt, or not an image."""


class CorruptModelError(DataError):
    """A file is no model, or it is damaged or made to do harm."""


class UntrustedModelError(CorruptModelError):
    """A model needs code that is not part of the format, and nobody has trusted."""


class CheckpointError(SuiteError, OSError):
    """A checkpoint cannot be written, or another fit is writing it."""


class DivergedError(SuiteError, ValueError):
    """The training loss became NaN or infinite."""


class DeviceError(SuiteError, ValueError):
    """The requested device is missing on this machine."""


class MissingDependencyError(SuiteError, ImportError):
    """An optional package, or a function that a model needs, is missing."""


class SuiteWarning(UserWarning):
    """Base class of the warnings of this package."""


class InterruptedWarning(SuiteWarning):
    """Ctrl-C ended the training early; what has been learnt so far is kept."""
