"""Entry point of ``python -m sknn_suite``."""

import sys

from sknn_suite.cli import main

if __name__ == "__main__":
    sys.exit(main())
