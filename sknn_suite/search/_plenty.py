"""Plenty: how many tasks of a search are alive at a time, and in how much memory."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

# Tasks alive at a time. Packs of 4 to 16 networks are fastest, so that this is enough
# for several cores and for groups of different networks; threads cost little.
MOST_TASKS = 256

# With a folder, what is finished is kept after each group, so groups are smaller.
MOST_TASKS_WITH_FOLDER = 64

# Part of the free memory that waiting tasks may take.
MEMORY_SHARE = 0.25


@dataclass(frozen=True)
class Plenty:
    """Bounds of a search.

    Parameters
    ----------
    most_tasks : int
        Tasks alive at a time.
    memory : float
        Bytes that they keep.
    """

    most_tasks: int = MOST_TASKS
    memory: float = math.inf


def free_host_bytes() -> float:
    """Memory that this machine can give, or a guess where nobody says so."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        parts = dict(line.split(":", 1) for line in lines)
        free = 1024.0 * int(parts["MemAvailable"].split()[0])
        return min(free, _group_bytes())
    except (OSError, LookupError, ValueError):
        pass
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")) / 2
    except (AttributeError, OSError, ValueError):  # Windows
        return float(1 << 32)


def _group_bytes() -> float:
    """Memory that the group of this process (a container) still has."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = (folder / "memory.current").read_text(encoding="ascii").strip()
        return math.inf if limit == "max" else float(int(limit) - int(used))
    except (OSError, ValueError):
        return math.inf
