"""Run every benchmark, each in a process of its own, one after the other."""

import subprocess
import sys
import time
from pathlib import Path

from _measure import ROOT

HERE = Path(__file__).resolve().parent


def main() -> None:
    scripts = sorted(s for s in HERE.glob("[a-z]*.py") if s != Path(__file__))
    failed = []
    began = time.perf_counter()
    for script in scripts:
        print(f"\n=== {script.stem}", flush=True)
        started = time.perf_counter()
        command = [sys.executable, str(script), *sys.argv[1:]]
        if subprocess.run(command, check=False, cwd=ROOT).returncode:
            failed.append(script.stem)
        print(f"({time.perf_counter() - started:.0f} s)", flush=True)
    print(f"\nAll benchmarks: {time.perf_counter() - began:.0f} s")
    if failed:
        sys.exit(f"Did not run to the end: {', '.join(failed)}")


if __name__ == "__main__":
    main()
