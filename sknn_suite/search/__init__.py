"""Searches: it brings the fits of many tasks together, and trains nothing itself."""

from sknn_suite.search._backend import trains_together
from sknn_suite.search._block import make_backend, train_together

__all__ = ["make_backend", "train_together", "trains_together"]
