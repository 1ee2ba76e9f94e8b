"""Trajectory: a net in training, and the fits that look at it.

Fits that differ only in when they end take the same steps. One net takes them, and each
fit looks at it when its own rule ends it: what it gets is what it would have trained.
"""

import copy
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from skorch.callbacks import Callback

from sknn_suite.doors import copy_random_state
from sknn_suite.exceptions import DivergedError
from sknn_suite.training._convergence import Convergence
from sknn_suite.training._divergence import end_with_best
from sknn_suite.training._gradient import Hooks
from sknn_suite.training._job import Job
from sknn_suite.training._net import TensorNet
from sknn_suite.training._train import Trained, make_ready, result_of, threads_of

# Fields of settings that decide when a fit ends, and nothing else.
OF_STOPPING = ("tol", "n_iter_no_change")


class Watch:
    """A rule by which fits end: the net as it sees it.

    Parameters
    ----------
    net : TensorNet
        The net.
    convergence : Convergence or None
        The rule; it changes its own progress.
    numbers : list of int
        The fits that end by it.
    """

    def __init__(
        self, net: TensorNet, convergence: Convergence | None, numbers: list[int]
    ) -> None:
        self.net = net
        self.convergence = convergence
        self.numbers = numbers
        self.stop_reason_: str | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.net, name)

    def stop(self, reason: str) -> None:
        """End the fits of this rule, not the net."""
        self.stop_reason_ = reason


class Watches(Callback):
    """Several rules in the place of one.

    Parameters
    ----------
    watches : list of Watch
        The rules.
    """

    def __init__(self, watches: list[Watch]) -> None:
        self.watches = watches

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        for watch in self.watches:
            if watch.stop_reason_ is None and watch.convergence is not None:
                watch.convergence.on_epoch_end(watch, **kwargs)  # type: ignore[arg-type]


class Trajectory:
    """A net in training, and the fits that look at it.

    Parameters
    ----------
    jobs : mapping of int to Job
        The fits, by their numbers. If there are several, they differ only in how long
        they may train and in `OF_STOPPING`.
    packed : bool, default=False
        Whether the net trains in a pack.

    Attributes
    ----------
    net : TensorNet
        The net, ready to train.
    results : dict of int to Trained or BaseException
        What the fits have got so far.
    """

    def __init__(self, jobs: Mapping[int, Job], *, packed: bool = False) -> None:
        self.jobs = dict(jobs)
        self.results: dict[int, Trained | BaseException] = {}
        longest = max(jobs.values(), key=lambda job: job.plan.n_epochs)
        self.net, self.plan = make_ready(longest.plan, longest.score, longest.callbacks)
        self.net.prepare(self.plan.train, chooses_passes=not packed)
        self._watches = self._watch()
        self._takes_callbacks = len(longest.callbacks) > 0
        self._own_failure = OwnFailure(
            self._fail,
            may_use_autograd=self._takes_callbacks or self.plan.valid is not None,
        )
        self._hooks = Hooks(self.net.module_) if self._takes_callbacks else None
        self._valid_batches = None
        if self.plan.valid is not None:
            self._valid_batches = self.net.get_iterator(self.plan.valid)

    @property
    def is_over(self) -> bool:
        """Whether all fits have their results."""
        return len(self.results) == len(self.jobs)

    def begin(self) -> None:
        """Tell the callbacks that training begins."""
        rows = {"X": self.plan.train, "y": self.plan.valid}
        with self._own_failure:
            self.net.notify("on_train_begin", **rows)

    def begin_epoch(self) -> None:
        """Tell the callbacks that an epoch begins."""
        with self._own_failure:
            self.net.begin_epoch(self.plan.train, self.plan.valid)

    def end_epoch(self, record: Mapping[str, Any], seconds: float) -> None:
        """Record an epoch's batches, score it, and end the fits that are over.

        Parameters
        ----------
        record : mapping
            Arguments of `TensorNet.record_pass`.
        seconds : float
            The net's share of the time.
        """
        net = self.net
        with self._own_failure:
            try:
                net.begin_batches()
                net.record_pass("train", **record)
            except DivergedError as error:
                self._end_diverged(error)
            else:
                self._complete_epoch(time.perf_counter() - seconds)

    @property
    def has_hooks(self) -> bool:
        """Whether a callback has registered a hook, which only a single net calls."""
        if not self._takes_callbacks:
            return False
        return bool(self._hooks) or "step" in vars(self.net.optimizer_)

    def leave(self) -> None:
        """Go on in memory of the net's own."""
        net = self.net
        net.move(net.flat_.data.clone(), net.flat_.grad.clone())
        net.gradient_.choose_passes(self.plan.train)

    def train(self, stop: threading.Event, *, is_begun: bool = False) -> None:
        """Train the net by itself, until all fits have their results.

        Parameters
        ----------
        stop : threading.Event
            Set when training should end with a KeyboardInterrupt.
        is_begun : bool, default=False
            Whether training and its present epoch have begun already.
        """
        if not is_begun:
            self.begin()
        with threads_of(self.net):
            while not self.is_over:
                if stop.is_set():
                    raise KeyboardInterrupt
                started = time.perf_counter()
                if not is_begun:
                    self.begin_epoch()
                is_begun = False
                with self._own_failure:
                    try:
                        self.net.train_epoch()
                    except DivergedError as error:
                        self._end_diverged(error)
                    else:
                        self._complete_epoch(started)

    def _complete_epoch(self, started: float) -> None:
        """Score the epoch, complete its record, and end the fits that are over."""
        net, plan = self.net, self.plan
        net.validate(self._valid_batches)
        net.end_epoch(plan.train, plan.valid, started)
        for watch in self._watches:
            for number in list(watch.numbers):
                if (
                    watch.stop_reason_ is not None
                    or net.stop_reason_ is not None
                    or net.epoch_ >= self.jobs[number].plan.n_epochs
                ):
                    self._look(watch, number)

    def _fail(self, error: Exception) -> None:
        """Let an error be the result of the fits that have none yet."""
        for number in self.jobs.keys() - self.results.keys():
            self.results[number] = error

    def _watch(self) -> list[Watch]:
        """Group the fits by their rules; several rules replace the net's own."""
        net, callbacks = self.net, self.net.callbacks_
        rules: dict[tuple, list[int]] = {}
        for number, job in self.jobs.items():
            settings = job.plan.settings
            key = tuple(getattr(settings, name) for name in OF_STOPPING)
            rules.setdefault(key, []).append(number)
        place = next(
            (i for i, (_, c) in enumerate(callbacks) if isinstance(c, Convergence)),
            None,
        )
        if len(rules) == 1 or place is None:
            return [Watch(net, None, numbers) for numbers in rules.values()]
        watches = []
        for (tol, n_iter_no_change), numbers in rules.items():
            own = copy.copy(callbacks[place][1])
            own.progress = replace(net.progress, earlier=list(net.progress.earlier))
            own.tol, own.n_iter_no_change = tol, n_iter_no_change
            watches.append(Watch(net, own, numbers))
        callbacks[place] = (callbacks[place][0], Watches(watches))
        net.find_listeners()
        return watches

    def _end_diverged(self, error: DivergedError) -> None:
        """Give each fit its best weights, as scikit-learn does, or the error."""
        for watch in self._watches:
            with self._seen_by(watch):
                for number in list(watch.numbers):
                    try:
                        end_with_best(self.net, error)
                    except DivergedError:
                        self.results[number] = error
                        continue
                    self._look(watch, number)

    def _look(self, watch: Watch, number: int) -> None:
        """Give a fit what the net is now; the net stays as it is."""
        net, job = self.net, self.jobs[number]
        watch.numbers.remove(number)
        is_last = len(self.results) == len(self.jobs) - 1
        with self._seen_by(watch):
            if is_last:
                net.notify("on_train_end", X=self.plan.train, y=self.plan.valid)
                self.results[number] = _detached(result_of(net, job.plan))
                return
            kept = net.flat_.data.clone()
            buffers = [buffer.clone() for buffer in net.module_.buffers()]
            try:
                self.results[number] = _detached(result_of(net, job.plan))
            except DivergedError as error:
                self.results[number] = error
            finally:
                net.flat_.data.copy_(kept)
                for buffer, value in zip(net.module_.buffers(), buffers):
                    buffer.copy_(value)

    @contextmanager
    def _seen_by(self, watch: Watch) -> Iterator[None]:
        """Let the net have the progress and the stop reason of a rule."""
        net = self.net
        if watch.convergence is None:
            yield
            return
        before = net.progress, net.stop_reason_
        net.progress = watch.convergence.progress
        if watch.stop_reason_ is not None:
            net.stop_reason_ = watch.stop_reason_
        try:
            yield
        finally:
            net.progress, net.stop_reason_ = before


class OwnFailure:
    """Where an error is the failure of one net alone; others go on.

    Entered at each epoch of each net, so that a generator would be felt.

    Parameters
    ----------
    fail : callable
        Takes the error.
    may_use_autograd : bool
        Whether what runs inside may want gradients: callbacks and scores of users.
    """

    def __init__(
        self, fail: Callable[[Exception], None], *, may_use_autograd: bool
    ) -> None:
        self._fail = fail
        self._may_use_autograd = may_use_autograd

    def __enter__(self) -> None:
        if self._may_use_autograd:
            self._autograd = torch.enable_grad()
            self._autograd.__enter__()

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        if self._may_use_autograd:
            self._autograd.__exit__(kind, error, traceback)
        if not isinstance(error, Exception):
            return False
        self._fail(error)
        return True


def _detached(trained: Trained) -> Trained:
    """Share nothing with the net, nor with other fits of the same net."""
    return replace(
        trained,
        weights={name: array.copy() for name, array in trained.weights.items()},
        history=[dict(row) for row in trained.history],
        progress=replace(trained.progress, earlier=list(trained.progress.earlier)),
        random_state=copy_random_state(trained.random_state),
    )
