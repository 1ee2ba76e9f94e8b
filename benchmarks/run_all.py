"""Run benchmarks one after the other, each in a separate process.

Without arguments it runs those that take minutes. With ``--all`` it also runs those of
quality, which train for an hour. With names, or beginnings of names, it runs only
those. Options such as ``--quick`` are passed to each benchmark.
"""

import subprocess
import sys
import time
from pathlib import Path

from _measure import ROOT

HERE = Path(__file__).resolve().parent

# They train on whole public data sets, with several seeds each.
LONG = (
    "anomaly_quality",
    "csv_quality",
    "image_quality",
    "tabular_quality",
    "text_quality",
)


def main() -> None:
    names = [word for word in sys.argv[1:] if not word.startswith("-")]
    passed_on = [w for w in sys.argv[1:] if w.startswith("-") and w != "--all"]
    scripts = sorted(s for s in HERE.glob("[a-z]*.py") if s != Path(__file__))
    if names:
        scripts = [s for s in scripts if s.stem.startswith(tuple(names))]
    elif "--all" not in sys.argv:
        scripts = [s for s in scripts if s.stem not in LONG]
    failed = []
    began = time.perf_counter()
    for script in scripts:
        print(f"\n=== {script.stem}", flush=True)
        started = time.perf_counter()
        command = [sys.executable, str(script), *passed_on]
        if subprocess.run(command, check=False, cwd=ROOT).returncode:
            failed.append(script.stem)
        print(f"({time.perf_counter() - started:.0f} s)", flush=True)
    print(f"\nBenchmarks: {time.perf_counter() - began:.0f} s")
    if failed:
        sys.exit(f"Did not run to the end: {', '.join(failed)}")


if __name__ == "__main__":
    main()
