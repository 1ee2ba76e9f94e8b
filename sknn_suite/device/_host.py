"""Memory of this machine, outside of its GPUs."""

import re
from pathlib import Path

MEMORY = Path("/proc/meminfo")

# What a group of processes, such as a container, may use.
GROUP = Path("/sys/fs/cgroup")


def free_host_bytes() -> float | None:
    """Memory that this process can still use; None if the system does not say."""
    known = [
        free for free in (_free_of_machine(), _free_of_group()) if free is not None
    ]
    return min(known) if known else None


def _free_of_machine() -> float | None:
    try:
        text = MEMORY.read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    found = re.search(r"MemAvailable:\s+(\d+) kB", text)
    return float(found[1]) * 1024 if found else None


def _free_of_group() -> float | None:
    try:
        limit = int((GROUP / "memory.max").read_text(encoding="ascii"))
        used = int((GROUP / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max" is no number: there is no limit
        return None
    return float(limit - used)
