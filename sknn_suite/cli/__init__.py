"""The command line. It uses only the public API."""

from sknn_suite.cli._app import main

__all__ = ["main"]
