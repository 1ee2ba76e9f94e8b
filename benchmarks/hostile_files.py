"""What becomes of model files that are damaged, or made to do harm.

The script of the tests changes real files of all families at random, in an interpreter
whose audit hook watches for any other file, import, process or pickle.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from _measure import ROOT, parse_options, report, rounds

SCRIPT = ROOT / "tests" / "persistence" / "open_hostile_files.py"

# Files of a run; the seed, which `--repeats` counts up to.
FILES, FEW_FILES = 2_000, 90

HEADER = ("what was changed", "files", "refused", "loaded whole", "another right model")

SAME, REFUSED = "loaded whole", "refused"


@dataclass(frozen=True)
class Ends:
    """How the files of a class ended.

    Parameters
    ----------
    group : str
        What was changed.
    refused, same, other : int
        Files that were refused; that load with the same predictions; and that describe
        another model, which is right, and load as that.
    """

    group: str
    refused: int
    same: int
    other: int

    verdict = ""

    def cells(self) -> list[str]:
        """Texts of the line, one per column of `HEADER`."""
        counts = (self.refused, self.same, self.other)
        return [self.group, *map(str, (sum(counts), *counts))]


def open_files(n_files: int, seed: int) -> dict:
    """Open files in another process, and return what it tells."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(SCRIPT), folder, str(n_files), str(seed)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=ROOT
        )
    return json.loads(done.stdout)


def main() -> None:
    options = parse_options(__doc__)
    n_files = FEW_FILES if options.quick else FILES
    seeds = range(1, rounds(options, 1) + 1)
    told = [open_files(n_files, seed) for seed in seeds]
    lines = []
    for group in told[0]["counts"]:
        ends: dict[str, int] = {}
        for one in told:
            for end, count in one["counts"].get(group, {}).items():
                ends[end] = ends.get(end, 0) + count
        refused, same = ends.pop(REFUSED, 0), ends.pop(SAME, 0)
        lines.append(Ends(group, refused, same, sum(ends.values())))
    surprises = sum(len(one["surprises"]) for one in told)
    harm = sum(len(one["harm"]) for one in told)
    slowest = max(one["slowest"] for one in told)
    most = max(one["kilobytes"] for one in told) / 1e3
    notes = [
        f"Seeds {', '.join(map(str, seeds))}: {surprises} surprises, which are errors "
        "of other kinds and other predictions than the description's.",
        f"{harm} times something else was touched: a file, an import, a process.",
        f"The slowest file took {slowest:.2f} seconds of the processor, at most 1; the "
        f"largest {most:.0f} MB of memory, at most 200.",
    ]
    report("hostile_files", __doc__, lines, options, HEADER, notes=notes, raw=told)


if __name__ == "__main__":
    main()
