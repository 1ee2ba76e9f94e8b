"""The size of the processor's cache."""

import functools
import re
from pathlib import Path

# What each core has at least, where the system does not say.
USUAL_BYTES = 1 << 20

# Linux describes the second cache of the first core here.
SIZE = Path("/sys/devices/system/cpu/cpu0/cache/index2/size")


@functools.cache
def cache_bytes() -> int:
    """Bytes of the second cache of a core, which no other core uses."""
    try:
        found = re.fullmatch(r"(\d+)([KM]?)", SIZE.read_text().strip())
    except OSError:
        return USUAL_BYTES
    if found is None:
        return USUAL_BYTES
    return int(found[1]) << {"": 0, "K": 10, "M": 20}[found[2]]
