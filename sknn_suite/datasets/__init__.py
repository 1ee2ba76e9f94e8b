"""Small data sets, made offline from a seed."""

from sknn_suite.datasets._image_folder import load_image_folder, load_image_table
from sknn_suite.datasets._synthetic import make_bursty_timestamps

__all__ = ["load_image_folder", "load_image_table", "make_bursty_timestamps"]
