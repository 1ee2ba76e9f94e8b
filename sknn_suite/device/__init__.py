"""Device, precision, threads and memory of the computation."""

from sknn_suite.device._bfloat16 import has_native_bfloat16, lstm_takes_bfloat16
from sknn_suite.device._cache import cache_bytes
from sknn_suite.device._host import free_host_bytes
from sknn_suite.device._memory import (
    CHUNK_ROWS,
    RowLimit,
    bring,
    fits,
    free_bytes,
    free_memory,
    map_rows,
    rows_that_fit,
)
from sknn_suite.device._place import (
    BFLOAT16_WIDTH,
    Place,
    choose_place,
    prediction_device,
    resolve_device,
)
from sknn_suite.device._threads import (
    one_thread,
    share_tasks,
    suited_threads,
    threads_help,
)

__all__ = [
    "BFLOAT16_WIDTH",
    "CHUNK_ROWS",
    "Place",
    "RowLimit",
    "bring",
    "cache_bytes",
    "choose_place",
    "fits",
    "free_bytes",
    "free_host_bytes",
    "free_memory",
    "has_native_bfloat16",
    "lstm_takes_bfloat16",
    "map_rows",
    "one_thread",
    "prediction_device",
    "resolve_device",
    "rows_that_fit",
    "share_tasks",
    "suited_threads",
    "threads_help",
]
