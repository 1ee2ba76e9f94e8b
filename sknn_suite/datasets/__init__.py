"""Small data sets, made offline: from a seed, or from what is installed."""

from sknn_suite.datasets._docstrings import load_docstrings
from sknn_suite.datasets._synthetic import (
    make_bursty_sequences,
    make_bursty_timestamps,
)

__all__ = ["load_docstrings", "make_bursty_sequences", "make_bursty_timestamps"]
