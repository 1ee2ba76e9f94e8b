"""Processes beside this one train what threads would, bit for bit."""

import os
import signal
import threading
import time
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification

from sknn_suite import MLPClassifier
from sknn_suite.estimator._fit import Call, plan_call
from sknn_suite.training import Job, _processes, train_many
from sknn_suite.training import _many as many
from sknn_suite.training._processes import Processes

X, y = make_classification(203, 9, random_state=0)


def jobs_of(n_jobs, **params):
    """Plan fits that train in packs."""
    return [
        Job(
            plan_call(
                MLPClassifier(
                    (11,), max_iter=3, alpha=10**-i, random_state=i, **params
                ),
                Call(X, y),
            )
            .prepare()
            .plan
        )
        for i in range(n_jobs)
    ]


def same(found, expected):
    """Compare trainings bit for bit."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        assert one.weights.keys() == other.weights.keys()
        for name, weights in one.weights.items():
            np.testing.assert_array_equal(weights, other.weights[name])
        losses = [[row["train_loss"] for row in each.history] for each in (one, other)]
        assert losses[0] == losses[1]
        assert one.stop_reason == other.stop_reason


@pytest.fixture(scope="module")
def started():
    """Another process, which is ready for tasks."""
    made = Processes()
    made.note(_processes.WORTH_STARTING)
    begin(made)
    yield made
    made.end()


@pytest.fixture
def processes(monkeypatch, two_threads, started):
    """The processes of the tests, in the place of those of the package."""
    monkeypatch.setattr(many, "PROCESSES", started)
    begin(started)
    return started


@pytest.fixture(scope="module")
def expected():
    """What threads train."""
    return train_many(jobs_of(8), max_networks=2, in_processes=False)


@pytest.fixture
def sent(processes, monkeypatch):
    """Tasks that the other process was asked to do; tasks here wait for the first."""
    asked, tasks = threading.Event(), []
    run, call = processes.run, many.Task.__call__

    def ask(task, stop):
        tasks.append(task)
        asked.set()
        return run(task, stop)

    def wait(task, stop):
        assert asked.wait(60), "no task was sent"
        return call(task, stop)

    monkeypatch.setattr(processes, "run", ask)
    monkeypatch.setattr(many.Task, "__call__", wait)
    return tasks


def begin(processes):
    """Wait until another process answers."""
    deadline = time.monotonic() + 60
    while not processes.are_ready(1):
        assert time.monotonic() < deadline, "no process has started"
        time.sleep(0.05)


def test_results_of_another_process_have_the_bits_of_this_one(expected, sent):
    same(train_many(jobs_of(8), max_networks=2), expected)
    assert sent  # at least one of four packs


def test_what_does_not_pickle_trains_here(processes, monkeypatch):
    plans = jobs_of(4)
    expected = train_many(plans, max_networks=2, in_processes=False)

    def refuse(task, stop):
        raise TypeError("cannot pickle this")

    monkeypatch.setattr(processes, "run", refuse)
    same(train_many(plans, max_networks=2), expected)
    assert processes.are_ready(1)


def test_watched_trainings_and_large_tables_stay_here(monkeypatch):
    task = many.Task(many._train_pack, [{0: job} for job in jobs_of(2)])
    assert task.can_be_sent
    (job,) = jobs_of(1)
    watched = Job(job.plan, score=lambda net: 0.0)
    assert not many.Task(many._train_pack, [{0: watched}]).can_be_sent
    monkeypatch.setattr(many, "MOST_BYTES", 100)
    assert not task.can_be_sent


def test_no_process_starts_for_short_trainings_or_without_memory(monkeypatch):
    processes = Processes()
    processes.note(0.9 * _processes.WORTH_STARTING)
    assert not processes.are_ready(1)
    assert processes._pool is None
    processes.note(_processes.WORTH_STARTING)
    monkeypatch.setattr(_processes, "free_bytes", lambda device: 1000)
    assert not processes.are_ready(1)
    assert processes._pool is None


def test_other_arithmetic_than_that_of_a_new_process_stays_here(processes):
    torch.set_float32_matmul_precision("medium")
    try:
        assert not processes.are_ready(1)
    finally:
        torch.set_float32_matmul_precision("highest")
    assert processes.are_ready(1)


def test_a_task_that_is_no_longer_wanted_is_left(processes):
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(CancelledError):
        processes.run(threading.Event.wait, stop)  # there it waits forever
    processes.end()
    begin(processes)


def test_an_end_kills_the_processes_and_others_can_start(processes):
    pid = processes._pool.submit(os.getpid).result()
    processes.end()
    deadline = time.monotonic() + 30
    while _is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    begin(processes)


def test_a_process_that_is_killed_loses_nothing(processes, expected, sent):
    pid = processes._pool.submit(os.getpid).result()
    os.kill(pid, signal.SIGKILL)
    same(train_many(jobs_of(8), max_networks=2), expected)
    assert len(sent) == 1
    begin(processes)  # another one starts
    for _ in range(2):
        processes._n_broken += 1
    assert not processes.are_ready(1)  # threads do all from now on


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] != "Z"
