"""Where the arithmetic runs, and in which precision."""

import functools
import math
import threading
from collections.abc import Callable, Iterable, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from threadpoolctl import ThreadpoolController

from sknn_suite.exceptions import DeviceError

# Multiply-adds of one epoch (rows times parameters) below which float64 input is
# computed in float64, as scikit-learn does. Above it float32 is about twice as fast.
SMALL_WORK = 2e8

# Below this number of rows times parameters the launch of GPU kernels costs more than
# a CPU needs for the whole work.
GPU_WORK = 2e8

# Matrix products narrower than this gain nothing from bfloat16: the casts eat it.
BFLOAT16_WIDTH = 256


# Multiply-adds of one matrix product below which a second thread gains little: a sixth
# of the time of a net of 256 units on a machine that does nothing else. When another
# process takes a core, both threads wait for the scheduler, and the time doubles.
ONE_THREAD_WORK = 1e7

# Multiply-adds for which torch and its BLAS do not think of a second thread.
TINY_WORK = 3e4


def available_devices() -> list[str]:
    """Names of the devices on this machine, fastest first."""
    names = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def resolve_device(device: str, *, work: float = float("inf")) -> torch.device:
    """Turn the parameter `device` into a torch device that exists.

    Parameters
    ----------
    device : str
        "auto", "cpu", "cuda", "cuda:1", "mps".
    work : float, default=inf
        Rows times parameters; "auto" leaves small work on the CPU.

    Raises
    ------
    DeviceError
        If this machine has no such device.
    """
    there = available_devices()
    if device == "auto":
        return torch.device(there[0] if work >= GPU_WORK else "cpu")
    wanted = "cuda:0" if device == "cuda" else device
    if wanted not in there:
        raise DeviceError(
            f"device={device!r} is not available on this machine. "
            f"Available are: {', '.join(there)}. "
            "Choose one of these or device='auto'."
        )
    return torch.device(wanted)


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether `device` multiplies bfloat16 matrices in hardware."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        return (
            torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        )
    return False


CPU = torch.device("cpu")


@dataclass(frozen=True)
class Place:
    """Where the arithmetic runs and in which types.

    Parameters
    ----------
    device : torch.device
        Where parameters and batches live.
    dtype : torch.dtype
        Their type.
    mixed : bool, default=False
        Whether products run in bfloat16 while training.
    """

    device: torch.device = CPU
    dtype: torch.dtype = torch.float32
    mixed: bool = False

    def autocast(self) -> AbstractContextManager[Any]:
        """Context in which the module computes while training."""
        if self.mixed:
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()


def choose_place(
    device: str, precision: str, *, is_float64: bool, work: float, width: int
) -> Place:
    """Turn the parameters `device` and `precision` into a place.

    Parameters
    ----------
    device, precision : str
        The parameters.
    is_float64 : bool
        Whether the user's X is float64.
    work : float
        Rows times parameters: the multiply-adds of an epoch.
    width : int
        The smallest side of the largest matrix product.

    Raises
    ------
    DeviceError
        If this machine has no such device, or the device no such type.
    """
    where = resolve_device(device, work=work)
    if precision == "float64":
        if where.type == "mps":
            raise DeviceError(
                "precision='float64' is not available on device 'mps'. "
                "Expected 'auto', 'float32' or 'bfloat16' there. "
                "Choose one of these or device='cpu'."
            )
        return Place(where, torch.float64)
    if precision == "auto":
        if is_float64 and work < SMALL_WORK and where.type != "mps":
            return Place(where, torch.float64)
        mixed = width >= BFLOAT16_WIDTH and has_native_bfloat16(where)
        return Place(where, torch.float32, mixed)
    return Place(where, torch.float32, precision == "bfloat16")


def suited_threads(work: float) -> AbstractContextManager[Any]:
    """Compute small matrix products in one thread, in this Python thread only.

    Parameters
    ----------
    work : float
        Multiply-adds of the largest product.
    """
    if work >= ONE_THREAD_WORK or work < TINY_WORK:
        return nullcontext()
    return one_thread()


def one_thread() -> AbstractContextManager[Any]:
    """Compute in one thread, in this Python thread only."""
    # torch.set_num_threads would change what other Python threads see; OpenMP's own
    # setting belongs to the calling thread.
    return _openmp().limit(limits=1)


def share_rows(
    task: Callable[[int, int], torch.Tensor], n_rows: int, chunk: int
) -> torch.Tensor:
    """Compute ``task(start, stop)`` for all rows, in as many threads as torch has.

    Each thread takes consecutive chunks and meets the others once, at the end. Threads
    inside each product would meet after every one, and when another process takes one
    of the cores, waiting for it at each meeting takes a hundred times the arithmetic.

    Parameters
    ----------
    task : callable
        Result for rows ``start`` to ``stop``; called with multiples of `chunk`.
    n_rows, chunk : int
        All rows, and those that belong together.
    """
    n_chunks = -(-n_rows // chunk)
    per_thread = -(-n_chunks // min(torch.get_num_threads(), n_chunks)) * chunk

    def part(start: int) -> torch.Tensor:
        return task(start, min(start + per_thread, n_rows))

    return torch.cat(share_tasks(part, range(0, n_rows, per_thread)))


def share_tasks(task: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Compute ``task(item)`` for all items, in as many threads as torch has.

    Each thread draws the next item when it is ready for it, so that no more of them
    are in memory than there are threads, and computes in one OpenMP thread, see
    `share_rows`.

    Parameters
    ----------
    task : callable
        Result for one item.
    items : iterable
        What to compute; one thread at a time draws from it.

    Returns
    -------
    list
        The results, in the order of the items.
    """
    n_items = len(items) if isinstance(items, Sized) else math.inf
    n_threads = int(min(torch.get_num_threads(), n_items))
    if n_threads <= 1:
        return [task(item) for item in items]
    _openmp()  # found once, before the threads look for it
    numbered, lock = enumerate(items), threading.Lock()
    results: dict[int, Any] = {}

    def compute_next() -> bool:  # what it has drawn is gone when it returns
        nonlocal numbered
        with lock:
            drawn = next(numbered, None)
        if drawn is None:
            return False
        try:
            results[drawn[0]] = task(drawn[1])
        except BaseException:
            with lock:
                numbered = iter(())  # type: ignore[assignment]
            raise
        return True

    def work(_: int) -> None:
        with one_thread(), torch.inference_mode():
            while compute_next():
                pass

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(work, range(n_threads)))
    return [results[number] for number in range(len(results))]


@functools.cache
def _openmp() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="openmp")


def prediction_device(device: str, *, work: float) -> torch.device:
    """Where to predict: as asked for, or the CPU if that device is not here.

    A model that was trained on a GPU opens and predicts on a machine without one.
    """
    try:
        return resolve_device(device, work=work)
    except DeviceError:
        return CPU
