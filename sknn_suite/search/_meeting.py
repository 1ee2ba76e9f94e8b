"""Meeting: the tasks of a search wait for each other, and their networks train."""

import threading
import time
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from sknn_suite.doors import user_line
from sknn_suite.search._floor import FLOOR
from sknn_suite.search._task import LOOK, Dropped, SearchTask, State
from sknn_suite.search._workshop import Workshop
from sknn_suite.training import Job, Trained, trained_by

# What a waiting task keeps beside its encoded rows: the rows of its fold as the search
# has cut them out, and as the steps before the network have changed them.
COPIES_OF_ROWS = 3


class Meeting:
    """Runs tasks one at a time, until all that are alive wait; then networks train.

    A task runs in a thread of its own, and unchanged. It has the floor until it ends,
    needs a network trained, or calls tasks itself. Then another goes on, in the order
    of a serial run. When none can, the networks that they wait for train together.

    It cannot wait forever: a task on the floor that does not compute, since it waits
    for a lock, a file or another process, loses the floor, and the others go on. There
    is no time limit in this: whoever computes keeps the floor.

    Parameters
    ----------
    workshop : Workshop
        Trains the networks.
    most_tasks : int
        Tasks alive at a time, apart from those that wait for tasks of their own.
    memory : float
        Bytes that waiting tasks may keep.
    """

    def __init__(self, workshop: Workshop, most_tasks: int, memory: float) -> None:
        self.workshop = workshop
        self.most_tasks = most_tasks
        self.memory = memory
        self._changed = threading.Condition(threading.RLock())
        self._ages = count()  # a task may be twice in a heap, and tasks do not compare
        self._new: list[tuple] = []
        self._ready: list[tuple] = []
        self._live: set[SearchTask] = set()
        self._largest = 0.0

    # -- called in the thread that has called the tasks -------------------------------

    def add(self, task: SearchTask) -> None:
        """Take a new task; those that a task has called start before its siblings."""
        with self._changed:
            heappush(self._new, (-len(task.order), task.order, next(self._ages), task))

    def attend(self, call: "Call") -> None:
        """Run all tasks of the first call, and those that they call."""
        while not call.is_over:
            task = self._next()
            if task is not None:
                self._run(task)
            elif not self._train():
                self._await_stray()
            call.report()

    def close(self) -> None:
        """End all tasks that are left, one after another."""
        with self._changed:
            for task in self._live:
                task.dropped = True
                if task.state in (State.RUNNING, State.ASTRAY):
                    task.interrupt()
        while left := self._any_in(State.READY, State.TRAINING, State.CALLING):
            self._run(left)
        # Those that are left and do not compute wait in code that is not ours, which
        # nobody can interrupt; their threads end when they come back.
        while self._any_in(State.ASTRAY) and self._await_stray():
            pass

    def drop(self, tasks: Iterable[SearchTask]) -> None:
        """Let tasks end at the next point where they wait."""
        with self._changed:
            for task in tasks:
                if task.state is State.NEW:
                    task.state = State.DONE
                    task.call.ended(task, dropped=True)
                elif task.state is not State.DONE:
                    task.dropped = True
                    if task.state in (State.TRAINING, State.CALLING):
                        self.make_ready(task)

    def make_ready(self, task: SearchTask) -> None:
        """Let a waiting task go on when its turn comes."""
        with self._changed:
            task.state = State.READY
            heappush(self._ready, (task.order, next(self._ages), task))
            self._changed.notify_all()

    def _any_in(self, *states: State) -> SearchTask | None:
        with self._changed:
            return next((task for task in self._live if task.state in states), None)

    def _next(self) -> SearchTask | None:
        """Choose who has the floor next."""
        with self._changed:
            while self._ready:
                task = heappop(self._ready)[-1]
                if task.state is State.READY:
                    return task
            while self._new and self._may_start():
                task = heappop(self._new)[-1]
                if task.state is State.NEW:
                    return task
        return None

    def _may_start(self) -> bool:
        alive = [task for task in self._live if task.state is not State.CALLING]
        held = sum(task.held for task in alive)
        has_room = held + self._largest <= self.memory
        return not alive or (len(alive) < self.most_tasks and has_room)

    def _run(self, task: SearchTask) -> None:
        """Give a task the floor, and wait until it gives it back or loses it."""
        FLOOR.want(+1)
        with FLOOR.lock, FLOOR.filters_of(task):
            FLOOR.want(-1)
            with self._changed:
                task.state = State.RUNNING
                task.is_idle()  # the first look
                if task.thread is None:
                    self._live.add(task)
                    task.thread = threading.Thread(
                        target=self._work, args=(task,), daemon=True
                    )
                    task.thread.start()
                else:
                    task.go.release()
                try:
                    self._await(task)
                finally:
                    if task.state is State.RUNNING:
                        task.state = State.ASTRAY

    def _await(self, task: SearchTask) -> None:
        def has_stopped() -> bool:
            return task.state is not State.RUNNING

        while not self._changed.wait_for(has_stopped, LOOK):
            if task.is_idle() and self._others_could_go_on():
                return

    def _others_could_go_on(self) -> bool:
        is_wanted = bool(self._ready) or FLOOR.n_wanting > 0
        is_wanted |= bool(self._new) and self._may_start()
        return is_wanted or any(t.state is State.TRAINING for t in self._live)

    def _await_stray(self) -> bool:
        """Wait until a task astray returns; say whether any of them computes."""
        with self._changed:
            astray = [task for task in self._live if task.state is State.ASTRAY]
            for task in astray:
                task.is_idle()
            self._changed.wait_for(
                lambda: any(t.state is not State.ASTRAY for t in astray), LOOK
            )
            returned = any(task.state is not State.ASTRAY for task in astray)
            return returned or any(not task.is_idle() for task in astray)

    def _train(self) -> bool:
        """Train the networks that tasks wait for; say whether there were any."""
        with self._changed:
            group = [task for task in self._live if task.state is State.TRAINING]
            group.sort(key=lambda task: task.order)
            n_to_come = len(self._new)
        if not group:
            return False
        jobs = [task.job for task in group if task.job is not None]
        for task, outcome in zip(group, self.workshop.train(jobs, n_to_come)):
            task.outcome = outcome.result
            task.share += outcome.seconds
            self.make_ready(task)
        return True

    # -- called in the thread of a task -----------------------------------------------

    def _work(self, task: SearchTask) -> None:
        def train(job: Job) -> Trained:
            return self.train(task, job)

        with trained_by(train):
            task.run()
        with self._changed:
            task.state = State.DONE
            self._live.discard(task)
            task.call.ended(task, dropped=task.dropped)
            self._changed.notify_all()

    def train(self, task: SearchTask, job: Job) -> Trained:
        """Wait until the network of a job is trained with those of the others."""
        if not self.workshop.takes(job):
            return self.workshop.train_alone(job)
        plan = job.plan
        rows = plan.train.n_bytes + (0 if plan.valid is None else plan.valid.n_bytes)
        task.held = max(task.held, float(COPIES_OF_ROWS * rows))
        self._largest = max(self._largest, task.held)
        task.job = job
        self._pause(task, State.TRAINING, lambda: True)
        outcome, task.job, task.outcome = task.outcome, None, None
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def await_children(self, task: SearchTask, is_ripe: Callable[[], bool]) -> None:
        """Wait until the tasks that a task has called are ripe."""
        self._pause(task, State.CALLING, lambda: not is_ripe())

    def _pause(
        self, task: SearchTask, state: State, must_wait: Callable[[], bool]
    ) -> None:
        """Give up the floor, and wait for the turn to go on."""
        began = time.perf_counter()
        with self._changed:
            if task.dropped:
                raise Dropped
            if not must_wait():
                return
            task.state = state
            self._changed.notify_all()
        task.go.acquire()
        task.waited += time.perf_counter() - began
        if task.dropped:
            raise Dropped


class Call:
    """Tasks that were called together, and are reported to who has called them.

    Parameters
    ----------
    meeting : Meeting
        Where the tasks run.
    owner : SearchTask or None
        The task that has called them; None for the first call of a meeting.
    """

    def __init__(self, meeting: Meeting, owner: SearchTask | None) -> None:
        self.meeting = meeting
        self.owner = owner
        self.order: tuple[int, ...] = () if owner is None else owner.order
        self.depth = len(self.order)
        self.user_line = user_line()
        self._n_tasks = 0
        self._open: dict[int, SearchTask] = {}
        self._ended: list[SearchTask] = []
        self._failed: SearchTask | None = None

    def submit(self, function: Callable[[], Any], callback: Any) -> SearchTask:
        """Add a task."""
        task = SearchTask(function, callback, self, self._n_tasks)
        self._n_tasks += 1
        if self._failed is None:
            self._open[task.number] = task
            self.meeting.add(task)
        return task

    @property
    def is_over(self) -> bool:
        """Whether all tasks have ended and are reported."""
        return not self._open and not self._ended

    def complete(self) -> None:
        """Run all tasks; raise the error of the first that fails, as a loop would."""
        if self.owner is None:
            self.meeting.attend(self)
            return
        while not self.is_over:
            self.meeting.await_children(self.owner, self._is_ripe)
            self.report()

    def abort(self) -> None:
        """Drop all tasks; those of a first call end before this returns."""
        self.meeting.drop(list(self._open.values()))
        if self.owner is None:
            self.meeting.close()

    def report(self) -> None:
        """Report tasks that have ended, so that the caller may add others."""
        while self._ended:
            task = self._ended.pop(0)
            task.callback(task)
        if self._failed is not None and self._is_ripe():
            assert self._failed.error is not None
            raise self._failed.error

    def ended(self, task: SearchTask, *, dropped: bool) -> None:
        """Take note that a task has ended."""
        self._open.pop(task.number, None)
        owner = self.owner
        if owner is not None:
            owner.share += task.spent
        if dropped:
            pass
        elif task.error is None:
            self._ended.append(task)
        elif self._failed is None or task.number < self._failed.number:
            self._failed = task
            later = [t for n, t in self._open.items() if n > task.number]
            self.meeting.drop(later)
        if owner is not None and owner.state is State.CALLING and self._is_ripe():
            self.meeting.make_ready(owner)

    def _is_ripe(self) -> bool:
        """Whether all tasks have ended that a loop would have come to."""
        if self._failed is None:
            return not self._open
        return all(number > self._failed.number for number in self._open)
