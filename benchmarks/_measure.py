"""Shared parts of all benchmarks: repeats in turns, ratios, the machine, the tables.

The numbers of one run are comparable because contenders take turns, so other work on
the machine affects all of them equally. A gate is shown in the table, never asserted.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
TABLES = ROOT / "docs" / "benchmark_tables"

PACKAGES = ("torch", "scikit-learn", "skorch", "numpy", "scipy")

OURS = "sknn_suite"


@dataclass(frozen=True)
class Line:
    """One line of a table: their figure, our figure, and our promise.

    Parameters
    ----------
    work, against : str
        What was done, and the other contender.
    theirs, ours : float or None
        The two figures in `unit`; None if there is none.
    ratio : float
        Compared with `gate`.
    gate : float or None
        The promise; None for lines without a promise.
    at_most : bool, default=False
        If True, the ratio must be at most the gate; if False, at least the gate.
    low, high : float or None, default=None
        Smallest and largest ratio of a single round.
    unit : str, default="s"
        "s", "MB" or "".
    """

    work: str
    against: str
    theirs: float | None
    ours: float
    ratio: float
    gate: float | None
    at_most: bool = False
    low: float | None = None
    high: float | None = None
    unit: str = "s"

    @property
    def verdict(self) -> str:
        """Return whether the promise is kept."""
        if self.gate is None:
            return ""
        kept = self.ratio <= self.gate if self.at_most else self.ratio >= self.gate
        return "met" if kept else "missed"

    def cells(self) -> list[str]:
        """Texts of the line, one per column of `HEADER`."""
        ratio = f"{self.ratio:.2f}"
        if self.low is not None and self.high is not None:
            ratio += f" ({self.low:.2f} to {self.high:.2f})"
        gate = ""
        if self.gate is not None:
            gate = ("at most " if self.at_most else "at least ") + f"{self.gate:g}"
        return [
            self.work,
            self.against,
            "" if self.theirs is None else show(self.theirs, self.unit),
            show(self.ours, self.unit),
            ratio,
            gate,
            self.verdict,
        ]


HEADER = ["work", "against", "theirs", "ours", "ratio (rounds)", "gate", "verdict"]


def show(value: float, unit: str) -> str:
    """Format a figure with three digits and a suitable unit."""
    if unit == "s":
        if abs(value) >= 1000:
            return f"{value:,.0f} s"
        for factor, name in ((1, "s"), (1e3, "ms")):
            if abs(value) * factor >= 1:
                return f"{value * factor:.3g} {name}"
        return f"{value * 1e6:.3g} us"
    if unit == "MB":
        return f"{value:.0f} MB"
    return f"{value:.4f}"


def parse_options(
    description: str | None,
    parts: Sequence[str] = (),
    *,
    rows: int | None = None,
    seeds: Sequence[int] = (),
) -> argparse.Namespace:
    """Read the command line that all benchmarks share.

    A benchmark with `parts` can run some of them with ``--only``, and one with `seeds`
    some of these with ``--seeds``. The others keep their earlier results, see
    `earlier`. One with `rows` can take more of them or fewer.
    """
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument(
        "--quick",
        action="store_true",
        help="small sizes and few repeats, as a check; writes no tables",
    )
    parser.add_argument("--repeats", type=int, default=None, help="number of rounds")
    if parts:
        parser.add_argument(
            "--only",
            nargs="+",
            choices=parts,
            default=list(parts),
            help="parts to run; the others keep the figures of an earlier run",
        )
    if rows is not None:
        parser.add_argument(
            "--rows", type=int, default=rows, help="rows of each data set, at most"
        )
    if seeds:
        parser.add_argument("--seeds", nargs="+", type=int, default=list(seeds))
    options = parser.parse_args()
    # Benchmarks stop at max_iter on purpose. The variable reaches worker processes.
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"
    return options


def rounds(options: argparse.Namespace, default: int) -> int:
    """Return the number of rounds: the option, few if quick, else `default`."""
    if options.repeats is not None:
        return int(options.repeats)
    return min(default, 2) if options.quick else default


def take_turns(
    contenders: Mapping[str, Callable[[], Any]],
    repeats: int,
    *,
    calls: int = 1,
    results: dict[str, Any] | None = None,
) -> dict[str, list[float]]:
    """Time the contenders in turns, after one untimed call of each.

    Parameters
    ----------
    contenders : mapping of str to callable
        What to time, by name.
    repeats : int
        Number of rounds. Each begins with another contender, so that no contender
        always follows the same one.
    calls : int, default=1
        Calls per round, for calls of less than a few milliseconds.
    results : dict, default=None
        Receives the last result of each contender, by name.

    Returns
    -------
    dict of str to list of float
        Seconds per call, one per round.
    """
    results = {} if results is None else results
    for contender in contenders.values():
        contender()
    names = list(contenders)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for i in range(repeats):
        shift = i % len(names)
        for name in names[shift:] + names[:shift]:
            contender = contenders[name]
            started = time.perf_counter()
            for _ in range(calls):
                results[name] = contender()
            seconds[name].append((time.perf_counter() - started) / calls)
    return seconds


def compare(
    work: str,
    seconds: Mapping[str, list[float]],
    theirs: str,
    gate: float | None,
    *,
    ours: str = OURS,
) -> Line:
    """Compare medians: theirs divided by ours; larger is better for us."""
    by_round = [t / o for t, o in zip(seconds[theirs], seconds[ours])]
    median_theirs = statistics.median(seconds[theirs])
    median_ours = statistics.median(seconds[ours])
    return Line(
        work,
        theirs,
        median_theirs,
        median_ours,
        median_theirs / median_ours,
        gate,
        low=min(by_round),
        high=max(by_round),
    )


# What a fresh interpreter starts with to measure its memory. VmHWM is the peak of this
# process and can be reset. The peak of getrusage includes that of the parent before
# exec, and cannot be reset; it is for systems without /proc.
MEMORY = """
import resource
from pathlib import Path

def resident(name):
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for line in status.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024

def forget_peak():
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass
    return resident("VmRSS")
"""


def run_python(code: str, *arguments: str) -> str:
    """Run `code` in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if done.returncode:
        raise RuntimeError(f"A fresh interpreter failed:\n{done.stderr}")
    return done.stdout


def earlier(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Load the raw figures of an earlier run of a benchmark; empty if quick."""
    file = RESULTS / f"{name}.json"
    if options.quick or not file.exists():
        return {}
    return json.loads(file.read_text())["raw"]


def keep(name: str, raw: dict[str, Any], options: argparse.Namespace) -> None:
    """Write raw figures at once, so that a run that is cut short keeps them."""
    if options.quick:
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"{name}.json"
    content = json.loads(file.read_text()) if file.exists() else {"name": name}
    part = file.with_suffix(".part")
    part.write_text(json.dumps(content | {"raw": raw}, indent=1) + "\n")
    part.replace(file)


def load_shared(name: str) -> dict | None:
    """Load a public data set from the folder SKNN_DATA; None if it is missing."""
    folder = Path(os.environ.get("SKNN_DATA", ROOT / ".." / "shared" / "data"))
    if not (folder / "load.py").exists():
        print(f"{name}: skipped, there is no data folder {folder} (set SKNN_DATA)")
        return None
    import importlib.util

    spec = importlib.util.spec_from_file_location("_shared_data", folder / "load.py")
    loader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loader)
    try:
        return loader.load(name)
    except (ImportError, OSError, KeyError) as error:
        print(f"{name}: skipped, {error}")
        return None


def machine() -> dict[str, str]:
    """Describe the machine and the versions of the measurement."""
    import torch

    bfloat16 = []
    if torch.cpu._is_avx512_bf16_supported():
        bfloat16.append("AVX512-BF16")
    if torch.cpu._is_amx_tile_supported():
        bfloat16.append("AMX")
    described = {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)))
        if hasattr(os, "sched_getaffinity")
        else str(os.cpu_count()),
        "torch threads": str(torch.get_num_threads()),
        "native bfloat16": ", ".join(bfloat16) or "no",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
    }
    described |= {name: version(name) for name in PACKAGES}
    described["sknn_suite"] = _own_version()
    if torch.cuda.is_available():
        described["GPU"] = torch.cuda.get_device_name(0)
    if hasattr(os, "getloadavg"):
        described["load at the end"] = f"{os.getloadavg()[0]:.1f}"
    return described


def _processor() -> str:
    """Model of the processor; on Linux it is in a file."""
    info = Path("/proc/cpuinfo")
    found: dict[str, str] = {}
    if info.exists():
        for line in info.read_text().splitlines():
            key, _, value = line.partition(":")
            found.setdefault(key.strip(), value.strip())
    name = found.get("model name") or platform.processor() or platform.machine()
    if "model" in found and "cpu family" in found:
        name += f" (family {found['cpu family']}, model {found['model']})"
    return name


def _own_version() -> str:
    import sknn_suite

    described = sknn_suite.__version__
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(git, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return described
    return f"{described} ({commit.stdout.strip()})"


def report(
    name: str,
    question: str | None,
    lines: Sequence[Any],
    options: argparse.Namespace,
    header: Sequence[str] = HEADER,
    *,
    notes: Sequence[str] = (),
    raw: Any = None,
    more: str = "",
) -> None:
    """Print the table; unless quick, write it as JSON and for the documentation.

    Parameters
    ----------
    name : str
        Name of the benchmark, and of its files.
    question : str
        Its docstring; the first line is the title of the table.
    lines : sequence of Line
        The table; or of other data classes with `cells` and `verdict`.
    options : Namespace
        The command line.
    header : sequence of str, default=HEADER
        Names of the columns.
    notes : sequence of str, default=()
        Sentences below the table.
    raw : object, default=None
        Raw data of the table, for the JSON.
    more : str, default=""
        Another table in reStructuredText, below the first.
    """
    described = machine()
    first_line = (question or "").split("\n")[0]
    rows = [line.cells() for line in lines]
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    print()
    for row in [header, ["-" * w for w in widths], *rows]:
        print("  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip())
    for note in notes:
        print(f"* {note}")
    print(", ".join(f"{key} {value}" for key, value in described.items()), flush=True)
    if options.quick:
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {
        "name": name,
        "question": first_line,
        "date": date.today().isoformat(),
        "machine": described,
        "lines": [asdict(line) | {"verdict": line.verdict} for line in lines],
        "notes": list(notes),
        "raw": raw,
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    TABLES.mkdir(parents=True, exist_ok=True)
    table = _page(first_line, [list(header), *rows], notes, described)
    (TABLES / f"{name}.rst").write_text("\n".join([table, more]) if more else table)


def list_table(title: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """Format a title and a table in reStructuredText; the first row is the header."""
    lines = [title, "", ".. list-table::", "   :header-rows: 1", ""]
    for row in rows:
        for i, cell in enumerate(row):
            start = "   * - " if i == 0 else "     - "
            lines.append((start + cell).rstrip())
    return [*lines, ""]


def _page(
    first_line: str, rows: list[list[str]], notes: Sequence[str], described: dict
) -> str:
    """Format the table, its notes and the machine, for a page to include."""
    lines = list_table(first_line, rows)
    lines += [f"- {note}" for note in notes]
    if notes:
        lines.append("")
    measured = ", ".join(f"{key} {value}" for key, value in described.items())
    lines += [f"Measured {date.today().isoformat()} on: {measured}.", ""]
    return "\n".join(lines)
