"""Models in files that hold no code; nothing is made that has not been checked."""

from sknn_suite.persistence._file import load, save

__all__ = ["load", "save"]
