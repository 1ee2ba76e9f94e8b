"""Models in files that hold no code; nothing is made that has not been checked."""

from sknn_suite.persistence._card import model_card
from sknn_suite.persistence._file import load, save
from sknn_suite.persistence._inspect import ModelContents, inspect

__all__ = ["ModelContents", "inspect", "load", "model_card", "save"]
