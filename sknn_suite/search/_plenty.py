"""Plenty: how many tasks of a search are alive at a time, and in how much memory."""

import math
import os
from dataclasses import dataclass

from sknn_suite.device import free_host_bytes

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


def waiting_bytes() -> float:
    """Memory that waiting tasks may take, by a guess where no system says it."""
    free = free_host_bytes()
    if free is None:
        try:
            free = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")) / 2
        except (AttributeError, OSError, ValueError):  # Windows
            free = float(1 << 32)
    return MEMORY_SHARE * free
