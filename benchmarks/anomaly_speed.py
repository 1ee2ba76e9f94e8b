"""How long fit and scoring of the anomaly detectors take over all ADBench tables.

The contenders take turns, table by table, in one thread. PyOD takes part if it is
installed.
"""

import time
from typing import Any

from _anomaly import OURS, adbench, oddness, peers
from _measure import Line, parse_options, report, rounds
from threadpoolctl import threadpool_limits

# Smallest allowed ratio of PyOD AutoEncoder's seconds to ours.
GATE = 3.0


def main() -> None:
    options = parse_options(__doc__)
    contenders = OURS | peers()
    contenders.pop("PyOD VAE", None)  # it has no gate, and takes the longest
    seconds: dict[str, list[float]] = {}
    by_table: dict[str, dict[str, list[float]]] = {}
    for _ in range(rounds(options, 1)):
        totals = dict.fromkeys(contenders, 0.0)
        for table, X, _ in adbench(options.quick):
            for name, make in contenders.items():
                started = time.perf_counter()
                with threadpool_limits(limits=1):
                    oddness(make(0).fit(X), X)
                taken = time.perf_counter() - started
                totals[name] += taken
                by_table.setdefault(name, {}).setdefault(table, []).append(taken)
        for name, total in totals.items():
            seconds.setdefault(name, []).append(total)
    lines: list[Line] = []
    for ours in OURS:
        for theirs in contenders:
            if theirs in OURS:
                continue
            pairs = list(zip(seconds[theirs], seconds[ours]))
            ratio = sum(t for t, _ in pairs) / max(sum(o for _, o in pairs), 1e-9)
            lines.append(
                Line(
                    f"fit and scores, all tables, {ours}",
                    theirs,
                    min(seconds[theirs]),
                    min(seconds[ours]),
                    ratio,
                    GATE if theirs == "PyOD AutoEncoder" else None,
                )
            )
    raw: dict[str, Any] = {"seconds": seconds, "by table": by_table}
    report("anomaly_speed", __doc__, lines, options, raw=raw)


if __name__ == "__main__":
    main()
