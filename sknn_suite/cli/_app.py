"""Commands and their options.

A command is imported when it runs. So help, the version and errors about arguments do
not wait for torch and scikit-learn.
"""

import argparse
import re
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from sknn_suite._version import __version__
from sknn_suite.cli._faults import UsageError
from sknn_suite.cli._files import EXPECTED, refuse_missing
from sknn_suite.cli._values import read_costs, read_share, read_time
from sknn_suite.exceptions import SuiteError

# The installed command, see [project.scripts] in pyproject.toml.
PROGRAM = "sknn-suite"

# Arguments that name files to be read. They must exist before libraries are imported.
_TO_READ = EXPECTED | dict.fromkeys(("like", "train", "test"), EXPECTED["file"])


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        The arguments. None means those of the process.

    Returns
    -------
    int
        Exit status: 0 for success, 1 after an error, 2 for arguments that cannot be.
        Unknown options leave the process with 2.
    """
    began = time.perf_counter()  # before imports, which count towards a time limit
    parser = _make_parser()
    try:
        options, unknown = parser.parse_known_args(argv)
    except UsageError as error:
        return _end(error, 2)
    if unknown:
        # argparse would show the usage of the program, without the command's options.
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if options.run is None:
        parser.print_help()
        return 0
    options.began, options.written = began, None
    try:
        with warnings.catch_warnings():
            # pandas, of lines that end with a separator; there is nothing to do.
            warnings.filterwarnings("ignore", message="Length of header or names")
            options.run(options)
    except KeyboardInterrupt:
        if options.written is not None:
            sys.stderr.write(f"\n{PROGRAM}: Ctrl-C. '{options.written}' is complete.\n")
            return 0
        sys.stderr.write(f"\n{PROGRAM}: Ctrl-C ended it before there was a result.\n")
        return 1
    except BrokenPipeError:  # as when `head` has read enough
        sys.stderr.close()
        return 1
    except UsageError as error:
        return _end(error, 2)
    except Exception as error:
        if getattr(options, "debug", False):
            raise
        if isinstance(error, MemoryError):
            error = SuiteError("The memory is used up. Fit on a part of the rows.")
        return _end(error, 1)
    return 0


def _end(error: Exception, status: int) -> int:
    """Write an error as one line; return the exit status."""
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.errno is not None:
        # The system's words, such as "[Errno 28] No space left on device".
        name = re.sub(r"\.\w{16}\.part$", "", str(error.filename))
        what = "A file" if error.filename is None else f"'{name}'"
        text = (
            f"{what} cannot be read or written: {(error.strerror or text).lower()}. "
            "Expected a file that may be, and room on the disk. Mend this, and run "
            "again."
        )
    if not isinstance(error, UsageError | SuiteError | OSError | ValueError):
        text = f"{type(error).__name__}: {text}. Add --debug to see where."
    sys.stderr.write(f"{PROGRAM}: {text}\n")
    return status


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="From a table to predictions, by neural networks and others.",
        epilog=(
            "example:\n  sknn-suite fit train.csv --target Survived --time 5m --out "
            "titanic.sknn\n  sknn-suite predict titanic.sknn test.csv --out "
            "submission.csv\n  sknn-suite report titanic.sknn"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(run=None, parser=parser)
    commands = parser.add_subparsers(metavar="command")
    for add in (
        _add_fit,
        _add_predict,
        _add_report,
        _add_info,
        _add_detect,
        _add_demo,
    ):
        add(commands)
    return parser


def _add(
    commands: Any, name: str, help_: str, description: str, example: str
) -> argparse.ArgumentParser:
    """Add a command whose help ends with an example."""
    command = commands.add_parser(
        name,
        help=help_,
        description=description,
        epilog=f"example:\n  {PROGRAM} {name} {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=_runner(name), parser=command)
    return command


def _runner(name: str) -> Callable[[argparse.Namespace], None]:
    """Make a function that looks for files, imports a command, and runs it."""

    def run(options: argparse.Namespace) -> None:
        for argument, expected in _TO_READ.items():
            given = getattr(options, argument, None)
            if given is not None:
                refuse_missing(Path(given), expected)
        module = import_module(f"sknn_suite.cli._{name}")
        getattr(module, name)(options)

    return run


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--json", action="store_true", help="write lines of JSON, for machines"
    )
    command.add_argument(
        "--debug", action="store_true", help="show where an error comes from"
    )


class _Names(argparse.Action):
    """Collects names, from options that occur several times."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), values])


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_positive.__name__ = "number >= 1"


def _several(text: str) -> int:
    number = int(text)
    if number < 2:
        raise ValueError
    return number


_several.__name__ = "number >= 2"


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**32:
        raise ValueError
    return number


_seed.__name__ = "number >= 0"


def _add_fit(commands: Any) -> None:
    command = _add(
        commands,
        "fit",
        "fit a model on a table",
        "Fit several kinds of models on a table, weigh them by rows that they have\n"
        "not seen, and write the result to one file. CSV, Parquet, Arrow and JSON\n"
        "lines are read; the separator, the encoding, decimal commas and dates are\n"
        "told from the file. A directory of directories with images needs no table.",
        "train.csv --target Survived --id PassengerId --metric f1 --time 5m",
    )
    add = command.add_argument
    add("file", help="the table, or a directory of directories with images")
    add("--target", metavar="COLUMN", help="what is predicted")
    add("--id", metavar="COLUMN", help="what names the rows; it is not learnt from")
    for name, help_ in (
        ("--drop", "leave a column out"),
        ("--text", "read a column word by word"),
        ("--image", "a column with paths of images, relative to the table"),
    ):
        add(
            name,
            metavar="COLUMN",
            action=_Names,
            default=[],
            help=f"{help_}; may be repeated",
        )
    add("--groups", metavar="COLUMN", help="rows of a group stay in one fold")
    add("--time-column", metavar="COLUMN", help="folds predict later rows only")
    add("--weights", metavar="COLUMN", help="weights of the rows")
    add("--task", choices=["classify", "regress"], help="default: by the target")
    add("--metric", metavar="NAME", help="a score of scikit-learn, such as roc_auc")
    add("--costs", type=read_costs, metavar="COSTS", help='of mistakes: "fn=10,fp=1"')
    add(
        "--capacity",
        type=_positive,
        metavar="N",
        help="flag N rows of --capacity-of, those of the highest probability",
    )
    add("--capacity-of", type=_positive, metavar="ROWS", help="default: all rows")
    add("--cv", type=_several, metavar="N", help="number of folds (default: by rows)")
    add(
        "--time",
        type=read_time,
        default="5m",
        metavar="TIME",
        help="limit (default: %(default)s)",
    )
    add("--device", default="auto", help="where networks run (default: %(default)s)")
    add("--seed", type=_seed, default=0, help="(default: %(default)s)")
    add("--jobs", type=_positive, metavar="N", help="folds that are fitted at a time")
    add("--out", metavar="FILE", help="the model (default: as the table, .sknn)")
    _add_common(command)


def _add_predict(commands: Any) -> None:
    command = _add(
        commands,
        "predict",
        "predict the rows of a table",
        "Predict the rows of a table with a fitted model. The table is read in\n"
        "pieces, so it may be larger than the memory.",
        "titanic.sknn test.csv --out submission.csv",
    )
    add = command.add_argument
    add("model", help="a file that fit has written")
    add("file", help="the table")
    add("--out", metavar="FILE", help="the predictions (default: as the table)")
    add("--proba", action="store_true", help="write probabilities, too")
    add(
        "--like",
        metavar="FILE",
        help="write the columns of this sample, in its order; numbers between 0 and 1\n"
        "in it ask for probabilities",
    )
    _add_common(command)


def _add_info(commands: Any) -> None:
    command = _add(
        commands,
        "info",
        "tell what is in a model file",
        "Tell what a model predicts, from which columns, and how well.",
        "titanic.sknn",
    )
    command.add_argument("model", help="a file that fit has written")
    _add_common(command)


def _add_report(commands: Any) -> None:
    command = _add(
        commands,
        "report",
        "write a page about a model",
        "Write one HTML page about a model: what the data is, scores with their\n"
        "spread, curves, members, important columns, mistakes, warnings.",
        "titanic.sknn --test test.csv",
    )
    add = command.add_argument
    add("model", help="a file that fit has written")
    add("--train", metavar="FILE", help="the table of the fit, if it has moved")
    add("--test", metavar="FILE", help="a table to compare the columns with")
    add("--out", metavar="FILE", help="the page (default: as the model, .html)")
    _add_common(command)


def _add_detect(commands: Any) -> None:
    command = _add(
        commands,
        "detect",
        "find the rows that are unlike the others",
        "Find the rows of a table that are unlike the others, without labels, and\n"
        "name the columns that make them so. The worst come first.",
        "logs.parquet --share 0.001 --out suspicious.csv",
    )
    add = command.add_argument
    add("file", help="the table")
    add("--share", type=read_share, default=0.01, help="of rows (default: %(default)s)")
    add("--id", metavar="COLUMN", help="what names the rows; it is not learnt from")
    add(
        "--drop",
        metavar="COLUMN",
        action=_Names,
        default=[],
        help="leave a column out; may be repeated",
    )
    add(
        "--time",
        type=read_time,
        default="5m",
        metavar="TIME",
        help="limit (default: %(default)s)",
    )
    add("--device", default="auto", help="where networks run (default: %(default)s)")
    add("--seed", type=_seed, default=0, help="(default: %(default)s)")
    add("--out", metavar="FILE", help="the rows (default: as the table)")
    _add_common(command)


def _add_demo(commands: Any) -> None:
    command = _add(
        commands,
        "demo",
        "compare models with plain scikit-learn on real data",
        "Build models on data that comes with installed packages, print their scores\n"
        "and times beside those of plain scikit-learn, and save pictures. This takes\n"
        "less than two minutes and downloads nothing.",
        "--quick",
    )
    command.add_argument(
        "--output",
        type=Path,
        default=Path("demo_output"),
        metavar="DIR",
        help="folder for the pictures (default: %(default)s)",
    )
    command.add_argument(
        "--quick",
        action="store_true",
        help="run in seconds on fewer rows; the scores then mean little",
    )
    command.set_defaults(run=_run_demo)


def _run_demo(options: argparse.Namespace) -> None:
    demo = import_module("sknn_suite.cli._demo")
    demo.run_demo(options.output, quick=options.quick)
