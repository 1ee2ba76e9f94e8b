"""Number of threads: those of torch, of its libraries, and our own."""

import ctypes
import functools
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import LibController, ThreadpoolController

# For a matrix product with fewer multiply-adds, a second thread gains little: a sixth
# of the time for a net of 256 units on an idle machine. When another process takes a
# core, both threads wait for the scheduler, and the time doubles.
ONE_THREAD_WORK = 1e7

# A trial of whether threads help: numbers of an operation that torch shares among them,
# how often it is repeated, in how many rounds, and seconds between these.
TRIAL_SIZE, TRIAL_REPEATS, TRIAL_ROUNDS, TRIAL_PAUSE = 1 << 17, 20, 8, 0.003

# With fewer multiply-adds torch and its BLAS use one thread anyway.
TINY_WORK = 3e4


def _leave_to_one_thread() -> None:
    """Compute in one thread in a process that was forked from this one.

    A fork does not copy OpenMP's threads, and a child would wait for them forever. With
    one thread it waits for none.
    """
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_leave_to_one_thread)


def suited_threads(
    work: float, *, only_products: bool = True
) -> AbstractContextManager[Any]:
    """Compute small matrix products in one thread, in this Python thread only.

    Parameters
    ----------
    work : float
        Multiply-adds of the largest product of a model.
    only_products : bool, default=True
        Whether nothing else is large, and nothing else uses several threads where it
        is small, as batch norms do.
    """
    if work >= ONE_THREAD_WORK or (only_products and work < TINY_WORK):
        return nullcontext()
    return one_thread()


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread, in this Python thread only.

    torch.set_num_threads would affect other Python threads. The settings used here
    belong to the calling thread. OpenMP's setting is for torch and oneDNN. MKL has a
    local setting too, which is needed because MKL ignores OpenMP after
    torch.set_num_threads. If MKL does not offer it, or there is no MKL (Arm, macOS),
    only OpenMP's setting is used.
    """
    # torch sets OpenMP's number at a thread's first operation, so trigger this first.
    torch.get_num_threads()
    before = [(library, library.num_threads) for library in _openmp()]
    before = [(library, number) for library, number in before if number is not None]
    set_mkl_threads, process = _mkl_setter(), os.getpid()
    mkl_before = set_mkl_threads(1)
    try:
        for library, _ in before:
            library.set_num_threads(1)
        yield
    finally:
        if os.getpid() == process:  # a forked process must keep one thread
            set_mkl_threads(mkl_before)
            for library, number in before:
                library.set_num_threads(number)


def threads_help() -> bool:
    """Try whether several threads are faster than one now, in some milliseconds.

    On a machine that has other work they are not: they wait for each other after each
    small step, until the scheduler has run the last one. Boosted trees took a hundred
    times as long in this way. A trial may meet a pause of the other work, so the mean
    load of the last minute is asked, too.
    """
    if torch.get_num_threads() == 1 or _is_busy():
        return False
    rows, out = torch.ones(TRIAL_SIZE), torch.empty(TRIAL_SIZE)
    torch.add(rows, rows, out=out)  # starts the threads

    def seconds() -> float:
        began = time.perf_counter()
        for _ in range(TRIAL_REPEATS):
            torch.add(rows, rows, out=out)
        return time.perf_counter() - began

    several = one = 0.0
    for _ in range(TRIAL_ROUNDS):
        time.sleep(TRIAL_PAUSE)
        several += seconds()
        with one_thread():
            one += seconds()
        if several > 10 * one:
            break
    return several < one


def _is_busy() -> bool:
    """Whether more threads wanted to run in the last minute than there are cores."""
    try:
        load = os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows has none
        return False
    return load > (os.cpu_count() or 1) + 0.5


def share_rows(
    task: Callable[[int, int], torch.Tensor], n_rows: int, chunk: int, dim: int = 0
) -> torch.Tensor:
    """Compute ``task(start, stop)`` for all rows, in as many threads as torch has.

    Each thread computes consecutive chunks and waits for the others once, at the end.
    Threads inside each product would wait after every product. If another process takes
    a core, this waiting takes a hundred times as long as the computation.

    Parameters
    ----------
    task : callable
        Result for rows ``start`` to ``stop``; called with multiples of `chunk`.
    n_rows, chunk : int
        Number of all rows, and of rows per chunk.
    dim : int, default=0
        Axis of the rows in the results.
    """
    n_chunks = -(-n_rows // chunk)
    per_thread = -(-n_chunks // min(torch.get_num_threads(), n_chunks)) * chunk

    def part(start: int) -> torch.Tensor:
        return task(start, min(start + per_thread, n_rows))

    return torch.cat(share_tasks(part, range(0, n_rows, per_thread)), dim)


def share_tasks(task: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Compute ``task(item)`` for all items, in as many threads as torch has.

    Each thread takes the next item when it is ready, so there are never more items in
    memory than threads. Each thread uses one OpenMP thread, see `share_rows`.

    Parameters
    ----------
    task : callable
        Result for one item.
    items : iterable
        Items to compute; one thread at a time takes from it.

    Returns
    -------
    list
        The results, in the order of the items.
    """
    n_items = len(items) if isinstance(items, Sized) else math.inf
    n_threads = int(min(torch.get_num_threads(), n_items))
    if n_threads <= 1:
        return [task(item) for item in items]
    _openmp(), _mkl_setter()  # cache them before the threads start
    numbered, lock = enumerate(items), threading.Lock()
    results: dict[int, Any] = {}

    def compute_next() -> bool:  # a function, so that its item is freed on return
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
def _openmp() -> list[LibController]:
    """All OpenMP libraries of this process."""
    return ThreadpoolController().select(user_api="openmp").lib_controllers


@functools.cache
def _mkl_setter() -> Callable[[int], int]:
    """MKL's function that sets the calling thread's number and returns the old one.

    0 means the number that is set for all threads.
    """
    folder = Path(torch.__file__).parent / "lib"
    for name in ("libtorch_cpu.so", "libtorch_cpu.dylib", "torch_cpu.dll"):
        try:
            # Already loaded; this also finds names of the libraries that it needs.
            library = ctypes.CDLL(str(folder / name))
            return library.MKL_Set_Num_Threads_Local
        except (OSError, AttributeError):
            continue
    return lambda number: 0
