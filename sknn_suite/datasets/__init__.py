"""Small data sets, made offline from a seed."""

from sknn_suite.datasets._synthetic import make_bursty_timestamps

__all__ = ["make_bursty_timestamps"]
