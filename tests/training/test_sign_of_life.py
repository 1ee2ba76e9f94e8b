"""A long fit says how long it takes: in one line, and only to somebody who waits."""

import logging
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.feature_selection import RFE
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback, EarlyStopping, PrintLog

from sknn_suite import MLPRegressor
from sknn_suite.doors import _callers
from sknn_suite.training import _sign_of_life, reports

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)


@pytest.fixture(autouse=True)
def _logger_is_on(caplog):
    """The user guide turns it off, and its examples may run in this process."""
    caplog.set_level(logging.WARNING, logger="sknn_suite")


@pytest.fixture
def said(monkeypatch, caplog):
    """Let every fit count as long; return what a function makes the log say.

    The function runs in a thread, because pytest has called everything else.
    """
    monkeypatch.setattr(_sign_of_life, "LONG", 0.0)
    monkeypatch.setattr(_sign_of_life, "TIMED", 0.0)
    monkeypatch.setattr(_callers, "_told", set())

    def said(function):
        caplog.clear()
        monkeypatch.setattr(_callers, "_is_in_foreground", lambda: True)
        errors = []

        def run():
            try:
                function()
            except Exception as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert errors == []
        return [r.getMessage() for r in caplog.records if r.name == "sknn_suite"]

    return said


def model(**settings):
    return MLPRegressor(hidden_layer_sizes=(3,), max_iter=4, random_state=0).set_params(
        **settings
    )


def test_one_line_has_epochs_time_and_advice(said, public_class, rows):
    estimator = public_class(max_iter=3, random_state=0)
    (line,) = said(lambda: estimator.fit(*rows))
    assert line.startswith(f"{public_class.__name__}: 3 epochs of ")
    assert " s each, up to " in line
    assert line.endswith("Set max_time to end it sooner, or verbose=True to watch it.")


def test_short_fits_say_nothing(said, numbers, monkeypatch):
    monkeypatch.setattr(_sign_of_life, "LONG", 60.0)
    assert said(lambda: model().fit(*numbers)) == []
    assert said(lambda: model(max_iter=1).fit(*numbers)) == []


def line_after(caplog, seconds, max_time=None, stop_reason=None):
    """Let a net of 50 epochs report the seconds of its first ones; return the line."""
    net = SimpleNamespace(max_epochs=50, epoch_=0, stop_reason_=stop_reason)
    net.recipe = SimpleNamespace(max_time=max_time)
    sign = _sign_of_life.SignOfLife("Net")
    sign.on_train_begin(net)
    for number, each in enumerate(seconds, 1):
        net.row_ = {"dur": each}
        net.epoch_ = number
        sign.on_epoch_end(net)
    return [record.getMessage() for record in caplog.records]


@pytest.fixture
def waits(monkeypatch):
    """Let somebody wait for every fit."""
    monkeypatch.setattr(_sign_of_life, "waits_for_one_fit", lambda: True)
    monkeypatch.setattr(_callers, "_told", set())


def test_time_left_is_that_of_the_later_epochs(waits, caplog):
    (line,) = line_after(caplog, [11.0, 11.0])
    assert "50 epochs of 11 s each, up to 9 min left" in line


def test_short_epochs_are_timed_until_they_have_taken_a_second(waits, caplog):
    assert line_after(caplog, [0.9]) == []
    (line,) = line_after(caplog, [0.9, 1.5])
    assert "50 epochs of 1.5 s each, up to 72 s left" in line


def test_a_minute_or_less_is_no_long_fit(waits, caplog):
    assert line_after(caplog, [1.2]) == []
    assert line_after(caplog, [90.0], stop_reason="It converged.") == []


def test_a_limit_of_time_bounds_the_time_left(waits, caplog):
    (line,) = line_after(caplog, [7200.0], max_time=4000.0)
    assert "50 epochs of 2.0 h each, up to 67 min left. Set verbose=True" in line
    assert line_after(caplog, [7200.0], max_time=50.0) == [line]


def test_one_call_in_a_loop_says_it_once(said, numbers):
    def loop():
        for _ in range(3):
            model().fit(*numbers)

    def twice():
        model().fit(*numbers)
        model().fit(*numbers)

    assert len(said(loop)) == 1
    assert len(said(twice)) == 2


@pytest.mark.parametrize(
    "wrap",
    [
        lambda m: make_pipeline(StandardScaler(), m),
        lambda m: TransformedTargetRegressor(m, transformer=StandardScaler()),
    ],
)
def test_one_fit_inside_another_estimator_is_one_fit(said, numbers, wrap):
    assert len(said(lambda: wrap(model()).fit(*numbers))) == 1


def search(X, y):
    GridSearchCV(model(), {"alpha": [0.1, 1.0]}, cv=2).fit(X, y)


def many_in_joblib(X, y):
    Parallel(1)(delayed(clone(model()).fit)(X, y) for _ in range(2))


def select(X, y):
    RFE(LinearRegression(), n_features_to_select=2).fit(X, y)
    BaggingRegressor(model(), n_estimators=2).fit(X, y)


def cross_validate(X, y):
    cross_val_score(make_pipeline(StandardScaler(), model()), X, y, cv=2)


@pytest.mark.parametrize("many", [search, many_in_joblib, select, cross_validate])
def test_searches_say_nothing(said, numbers, many):
    assert said(lambda: many(*numbers)) == []


def test_tests_and_other_threads_say_nothing(said, numbers, caplog, monkeypatch):
    assert len(said(lambda: model().fit(*numbers))) == 1
    caplog.clear()
    model().fit(*numbers)  # pytest is among the callers
    assert caplog.records == []
    monkeypatch.undo()
    monkeypatch.setattr(_sign_of_life, "LONG", 0.0)
    monkeypatch.setattr(_sign_of_life, "TIMED", 0.0)
    thread = threading.Thread(target=model().fit, args=numbers)
    thread.start()
    thread.join()
    assert caplog.records == []


def test_nothing_is_said_when_something_else_reports(said, numbers):
    class Mine(Callback):
        pass

    assert said(lambda: model(verbose=True).fit(*numbers)) == []
    quiet = PrintLog(sink=lambda *args: None)
    assert said(lambda: model(callbacks=[quiet]).fit(*numbers)) == []
    assert said(lambda: model(callbacks=[("mine", Mine)]).fit(*numbers)) == []
    assert (
        len(said(lambda: model(callbacks=[EarlyStopping("train_loss")]).fit(*numbers)))
        == 1
    )
    assert reports(ProgressBar())
    assert not reports(ScoringMonitor(scoring="r2"))


def test_partial_fit_says_nothing(said, numbers):
    assert said(lambda: model().partial_fit(*numbers)) == []


def test_it_can_be_switched_off(said, numbers):
    logger = logging.getLogger("sknn_suite")
    logger.setLevel(logging.ERROR)
    try:
        assert said(lambda: model().fit(*numbers)) == []
    finally:
        logger.setLevel(logging.NOTSET)


SCRIPT = """
import numpy as np
from sklearn.model_selection import GridSearchCV
from sknn_suite import MLPRegressor
from sknn_suite.training import _sign_of_life

_sign_of_life.LONG = _sign_of_life.TIMED = 0.0
X = np.random.RandomState(0).normal(size=(40, 3))
model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=4, tol=0.0, early_stopping=True)
model.fit(X, X[:, 0])
GridSearchCV(model, {"alpha": [1.0, 2.0]}, cv=2, n_jobs=2).fit(X, X[:, 0])
"""


@pytest.mark.slow
def test_a_script_sees_one_line_on_standard_error():
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith("MLPRegressor: 4 epochs of ")
