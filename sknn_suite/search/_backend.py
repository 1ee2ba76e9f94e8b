"""The backends through which joblib hands its tasks to a meeting."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from joblib.parallel import (
    FallbackToBackend,
    ParallelBackendBase,
    SequentialBackend,
    ThreadingBackend,
    cpu_count,
    get_active_backend,
)

from sknn_suite.doors import asks_for_parts
from sknn_suite.search._meeting import Call, Meeting
from sknn_suite.search._plenty import Plenty
from sknn_suite.search._task import SearchTask, present_task
from sknn_suite.search._workshop import Workshop

# Stands for an n_jobs that nobody has given. It is negative and large, so that joblib's
# threads, which count back from the number of processors, understand it as one.
NOT_GIVEN = -(10**6)

# Parts into which an ensemble is split: more than it has members, one for each.
MANY = 10**6


class TogetherBackend(ParallelBackendBase):
    """What joblib finds as its backend in a block: it sends each call where it belongs.

    Calls go to a `SearchBackend`. Only those that want threads, since their work is in
    compiled code (forests, neighbours), get what they get outside of a block.

    Parameters
    ----------
    workshop : Workshop
        Trains the networks.
    plenty : Plenty
        How many tasks may be alive.
    """

    supports_retrieve_callback = True
    supports_sharedmem = True
    uses_threads = True
    default_n_jobs = NOT_GIVEN

    def __init__(self, workshop: Workshop, plenty: Plenty) -> None:
        super().__init__(nesting_level=0)
        self.workshop = workshop
        self.plenty = plenty

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Into how many parts work is split; an ensemble into its members."""
        if asks_for_parts():
            return MANY
        if n_jobs is None:
            return 1
        return n_jobs if n_jobs > 0 else max(cpu_count() + 1 + n_jobs, 1)

    def configure(
        self,
        n_jobs: int = 1,
        parallel: Any = None,
        prefer: str | None = None,
        require: str | None = None,
        **kwargs: Any,
    ) -> int:
        """Choose the backend of a call, by joblib's own way to do so."""
        backend: ParallelBackendBase = SearchBackend(self)
        if require == "sharedmem":
            # Sums over members of a forest: in order they have the bits of a loop.
            backend = SequentialBackend(nesting_level=0)
        elif prefer == "threads":
            backend = ThreadingBackend(nesting_level=0)
        raise FallbackToBackend(backend)

    def submit(self, func: Callable[[], Any], callback: Any = None) -> Any:
        raise NotImplementedError  # configure has sent every call elsewhere

    apply_async = submit  # its name before joblib 1.5


class SearchBackend(ParallelBackendBase):
    """Tasks of one ``joblib.Parallel``, run by a meeting.

    Parameters
    ----------
    door : TogetherBackend
        The backend of the block.
    """

    supports_retrieve_callback = True
    supports_sharedmem = True
    uses_threads = True
    default_n_jobs = NOT_GIVEN

    def __init__(self, door: TogetherBackend) -> None:
        super().__init__(nesting_level=0)
        self._door = door

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        return self._door.plenty.most_tasks

    def configure(self, n_jobs: int = 1, parallel: Any = None, **kwargs: Any) -> int:
        self.parallel = parallel
        return self.effective_n_jobs(n_jobs)

    def start_call(self) -> None:
        owner, plenty = present_task(), self._door.plenty
        if owner is not None:
            meeting = owner.call.meeting
        else:
            meeting = Meeting(self._door.workshop, plenty.most_tasks, plenty.memory)
        self._call = Call(meeting, owner)

    def submit(self, func: Callable[[], Any], callback: Any = None) -> SearchTask:
        return self._call.submit(func, callback)

    apply_async = submit  # its name before joblib 1.5

    @contextmanager
    def retrieval_context(self) -> Iterator[None]:
        """Run all tasks; afterwards joblib finds all results there."""
        self._call.complete()
        yield

    def retrieve_result_callback(self, out: SearchTask) -> Any:
        return out.result()

    def abort_everything(self, ensure_ready: bool = True) -> None:
        self._call.abort()

    def get_nested_backend(self) -> tuple[ParallelBackendBase, int]:
        return self._door, NOT_GIVEN


def trains_together() -> bool:
    """Whether the networks of a call of joblib made here would train together."""
    backend, _ = get_active_backend()
    return isinstance(backend, TogetherBackend | SearchBackend)
