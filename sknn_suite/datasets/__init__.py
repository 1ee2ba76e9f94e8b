"""Small offline data sets: generated from a seed, or read from local files."""

from sknn_suite.datasets._docstrings import load_docstrings
from sknn_suite.datasets._image_folder import load_image_folder, load_image_table
from sknn_suite.datasets._synthetic import (
    make_bursty_sequences,
    make_bursty_timestamps,
)

__all__ = [
    "load_docstrings",
    "load_image_folder",
    "load_image_table",
    "make_bursty_sequences",
    "make_bursty_timestamps",
]
