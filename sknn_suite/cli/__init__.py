"""The command line; it calls what everybody can call, and holds nothing of its own."""

from sknn_suite.cli._app import main

__all__ = ["main"]
