"""train_together: a block in which the networks of a search train together."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from numbers import Integral, Real
from os import PathLike
from typing import Any

from joblib import parallel_config

from sknn_suite.search._backend import NOT_GIVEN, TogetherBackend
from sknn_suite.search._folder import Folder
from sknn_suite.search._plenty import (
    MOST_TASKS,
    MOST_TASKS_WITH_FOLDER,
    Plenty,
    waiting_bytes,
)
from sknn_suite.search._ray import RayTrainer
from sknn_suite.search._signs import Signs, make_signs
from sknn_suite.search._store import Store
from sknn_suite.search._task import present_task
from sknn_suite.search._workshop import Workshop
from sknn_suite.training import train_many, trained_by


@contextmanager
def train_together(
    *,
    max_networks: int | str = "auto",
    memory: float | None = None,
    store: str | PathLike | bool | None = None,
    backend: str | None = None,
    progress: bool = False,
) -> Iterator[None]:
    """Train the networks of searches, folds and ensembles together in a block.

    Inside, every tool of scikit-learn and imbalanced-learn that uses joblib
    (`GridSearchCV`, `cross_validate`, `StackingClassifier`, `BaggingClassifier`, ...)
    trains its networks as a few batched programs. Nothing else changes: results are
    those that the same call gives outside of the block.

    Parameters
    ----------
    max_networks : int or "auto", default="auto"
        Networks that train at a time, at most. "auto" is as many as the caches of the
        processor, or the memory of the GPU, hold. Lower it if memory is short.

    memory : float, default=None
        Bytes that networks which wait for each other may keep, their rows above all.
        None is a quarter of the free memory.

    store : path-like, False or None, default=None
        A folder in which each network that has been trained is kept. A search that was
        interrupted goes on when the same call is made again with the same folder. None
        keeps them in memory, for the length of the block. False keeps nothing, which
        spares a millisecond per network where no call trains the networks of another.

    backend : {None, "threads", "ray"}, default=None
        Where packs of networks are trained. "threads" is this process, with as many
        threads as torch has. None starts with these; when trainings have taken some
        seconds, other processes take the place of all threads but one, since threads
        of Python get in each other's way. "ray" is a cluster of Ray, or the processors
        of this machine if none is connected.

    progress : bool, default=False
        Whether to show how many networks have been trained, and the time left.

    Notes
    -----
    `n_jobs` is not needed inside, and does not change which networks train together.
    A network that cannot be stacked with others, or that a callback watches step by
    step, is trained by itself.

    Times in ``cv_results_`` are each candidate's share of the work.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sknn_suite import MLPClassifier, train_together
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"alpha": [1e-4, 1e-2], "max_iter": [500, 1000]}
    >>> model = MLPClassifier(learning_rate_init=0.01, random_state=0)
    >>> with train_together():
    ...     search = GridSearchCV(model, grid, cv=3).fit(X, y)
    >>> search.cv_results_["mean_test_score"].shape
    (4,)
    """
    _refuse(max_networks, memory, store, backend)
    with ExitStack() as stack:
        signs = stack.enter_context(make_signs(progress=progress))
        door = _make_backend(max_networks, memory, _make_store(store), backend, signs)
        stack.enter_context(parallel_config(door, n_jobs=NOT_GIVEN))
        if present_task() is None:  # a task has a trainer, which may meet others
            stack.enter_context(trained_by(door.workshop.train_alone))
        yield


def _make_store(wanted: str | PathLike | bool | None) -> Store:
    if wanted is None or isinstance(wanted, bool):
        return Store(keeps=wanted is None)
    return Store(Folder(wanted))


def _make_backend(
    max_networks: int | str,
    memory: float | None,
    store: Store,
    backend: str | None,
    signs: Signs,
) -> TogetherBackend:
    limit = None if isinstance(max_networks, str) else int(max_networks)
    most = MOST_TASKS if store.folder is None else MOST_TASKS_WITH_FOLDER
    most = most if limit is None else min(most, limit)
    if memory is None:
        memory = waiting_bytes()
    train: Callable[..., list] = train_many
    if backend == "ray":
        train = RayTrainer()
    elif backend == "threads":
        train = partial(train_many, in_processes=False)
    workshop = Workshop(store, signs, train, max_networks=limit)
    return TogetherBackend(workshop, Plenty(most, float(memory)))


def make_backend(
    *,
    max_networks: int | str = "auto",
    memory: float | None = None,
    store: str | PathLike | bool | None = None,
    backend: str | None = None,
    nesting_level: int | None = None,
) -> TogetherBackend:
    """Make what ``joblib.parallel_config("sknn_suite", ...)`` asks for.

    Parameters are those of `train_together`; joblib adds the `nesting_level`, which
    does not matter here.
    """
    _refuse(max_networks, memory, store, backend)
    return _make_backend(max_networks, memory, _make_store(store), backend, Signs())


def _refuse(max_networks: Any, memory: Any, store: Any, backend: Any) -> None:
    is_number = isinstance(max_networks, Integral) and int(max_networks) >= 1
    if not is_number and max_networks != "auto":
        raise ValueError(
            f"max_networks={max_networks!r} is no number of networks. Expected an int "
            'of at least 1, or "auto". Leave it out to let the caches decide.'
        )
    if memory is not None and not (isinstance(memory, Real) and float(memory) > 0):
        raise ValueError(
            f"memory={memory!r} is no number of bytes. Expected a number above 0, such "
            "as 4e9, or None. Leave it out to take a quarter of the free memory."
        )
    if store is True:
        raise ValueError(
            "store=True names no folder. Expected a path, None to keep networks in "
            "memory, or False to keep none. Pass one of these."
        )
    if backend not in (None, "threads", "ray"):
        raise ValueError(
            f"backend={backend!r} is not known. Expected None, 'threads' or 'ray'. To "
            "run plain tasks elsewhere, leave train_together out and use "
            "joblib.parallel_config."
        )
