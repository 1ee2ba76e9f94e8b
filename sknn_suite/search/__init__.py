"""Searches: it brings the fits of many tasks together, and trains nothing itself."""

from sknn_suite.search._backend import trains_together
from sknn_suite.search._block import make_backend, train_together
from sknn_suite.search._own_block import has_network, own_block

__all__ = [
    "has_network",
    "make_backend",
    "own_block",
    "train_together",
    "trains_together",
]
