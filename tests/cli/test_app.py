"""What the command line answers before it imports a library."""

import subprocess
import sys

import pytest

LIBRARIES = {"imblearn", "numpy", "scipy", "sklearn", "skorch", "torch"}

# The interpreter ends with the status of `main`, and what was imported goes to the
# last line of standard error.
CODE = """
import atexit, sys
atexit.register(lambda: sys.stderr.write("\\n" + " ".join(sys.modules)))
sys.argv = ["sknn_suite", *sys.argv[1:]]
import runpy
runpy.run_module("sknn_suite", run_name="__main__")
"""


def run(*arguments):
    """Run the command line; return status, both outputs, and imported libraries."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments], capture_output=True, text=True
    )
    error, _, modules = done.stderr.rpartition("\n")
    return done.returncode, done.stdout, error, LIBRARIES & set(modules.split())


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--help"], 0, "usage: sknn-suite"),
        (["demo", "--help"], 0, "--quick"),
        (["--version"], 0, "."),
        ([], 0, "usage: sknn-suite"),
        ([], 0, "compare models with plain scikit-learn"),
        (["dance"], 2, "invalid choice: 'dance'"),
        (["demo", "--loud"], 2, "unrecognized arguments: --loud"),
        (["demo", "--loud"], 2, "usage: sknn-suite demo [-h] [--output DIR] [--quick]"),
        (["--loud"], 2, "usage: sknn-suite [-h]"),
        (["fit", "a.csv", "--time", "abc"], 2, "--time abc is no time"),
        (["fit", "a.csv", "--costs", "fn"], 2, "--costs 'fn' are no costs"),
        (["fit", "a.csv", "--cv", "1"], 2, "invalid number >= 2 value: '1'"),
        (["fit", "a.csv", "--seed", "-1"], 2, "invalid number >= 0 value: '-1'"),
        (["detect", "a.csv", "--share", "2"], 2, "--share 2 is no share"),
        (["fit", "none.csv", "--target", "a"], 1, "There is no file 'none.csv'"),
        (["predict", "none.sknn", "a.csv"], 1, "There is no file 'none.sknn'"),
        (["predict", __file__, "none.csv"], 1, "There is no file 'none.csv'"),
        (["report", __file__, "--test", "none.csv"], 1, "no file 'none.csv'"),
        (["detect", "none.csv"], 1, "There is no file 'none.csv'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_help_version_and_errors_about_arguments_or_files_load_no_library(
    arguments, status, words
):
    code, text, error, libraries = run(*arguments)
    assert code == status
    assert words in (error if status else text)
    assert libraries == set()


def test_a_command_loads_what_it_needs(tmp_path):
    (tmp_path / "file").write_text("")
    code, _, error, libraries = run("demo", "--output", str(tmp_path / "file"))
    assert code == 1
    assert error.startswith("sknn-suite: ")
    assert {"sklearn", "torch"} <= libraries


def test_the_package_itself_loads_no_library():
    code = "import sys, sknn_suite; dir(sknn_suite); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) & LIBRARIES == set()
