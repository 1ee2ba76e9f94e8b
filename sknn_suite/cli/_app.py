"""Commands and their options.

A command is imported when it runs. So help, the version and errors about arguments do
not wait for torch and scikit-learn.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from sknn_suite._version import __version__
from sknn_suite.exceptions import SuiteError

# The installed command, see [project.scripts] in pyproject.toml.
PROGRAM = "sknn-suite"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        The arguments. None means those of the process.

    Returns
    -------
    int
        Exit status: 0 for success, 1 after an error.
    """
    parser = _make_parser()
    options, unknown = parser.parse_known_args(argv)
    if unknown:
        # argparse would show the usage of the program, without the command's options.
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if options.run is None:
        parser.print_help()
        return 0
    try:
        options.run(options)
    except (SuiteError, OSError) as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return 1
    return 0


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Neural networks as scikit-learn estimators."
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(run=None, parser=parser)
    commands = parser.add_subparsers(metavar="command")
    demo = commands.add_parser(
        "demo",
        help="compare models with plain scikit-learn on real data",
        description=(
            "Build models on data that comes with installed packages, print their "
            "scores and times beside those of plain scikit-learn, and save pictures. "
            "This takes less than two minutes and downloads nothing."
        ),
    )
    demo.add_argument(
        "--output",
        type=Path,
        default=Path("demo_output"),
        metavar="DIR",
        help="folder for the pictures (default: %(default)s)",
    )
    demo.add_argument(
        "--quick",
        action="store_true",
        help="run in seconds on fewer rows; the scores then mean little",
    )
    demo.set_defaults(run=_run_demo, parser=demo)
    return parser


def _run_demo(options: argparse.Namespace) -> None:
    demo = import_module("sknn_suite.cli._demo")
    demo.run_demo(options.output, quick=options.quick)
