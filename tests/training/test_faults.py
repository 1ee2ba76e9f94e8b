"""Divergence and Ctrl-C: what is said, and what is left."""

import re
import signal

import numpy as np
import pytest
import torch
from sklearn.model_selection import cross_val_score
from skorch.callbacks import Callback

from sknn_suite import MLPClassifier, MLPRegressor, train_together
from sknn_suite.exceptions import DivergedError, InterruptedWarning, SuiteWarning
from sknn_suite.training._convergence import FollowSchedule

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SETTINGS = {
    "hidden_layer_sizes": (8,),
    "batch_size": 30,
    "max_iter": 20,
    "n_iter_no_change": 100,
    "random_state": 0,
}

SMALL = {
    "hidden_layer_sizes": (3,),
    "batch_size": 30,
    "max_iter": 12,
    "learning_rate_init": 0.02,
    "n_iter_no_change": 1000,
    "random_state": 0,
}


class Saboteur(Callback):
    """Make the weights infinite before a batch, each time until it has had enough."""

    def __init__(self, epoch, batch, times=1):
        self.epoch, self.batch, self.times = epoch, batch, times

    def on_train_begin(self, net, **kwargs):
        self.done_ = 0

    def on_epoch_begin(self, net, **kwargs):
        self.batch_ = 0

    def on_batch_begin(self, net, training=False, **kwargs):
        self.batch_ = self.batch_ % 4 + 1  # an epoch has four, and may be tried again
        if not training or self.done_ == self.times:
            return
        if net.history[-1]["epoch"] == self.epoch and self.batch_ == self.batch:
            self.done_ += 1
            with torch.no_grad():
                next(net.module_.parameters()).fill_(float("nan"))


# -- divergence ----------------------------------------------------------------------


@pytest.mark.parametrize(("epoch", "batch"), [(1, 1), (1, 3), (4, 2)])
def test_error_names_epoch_batch_rate_and_remedies(numbers, epoch, batch):
    model = MLPRegressor(
        **SETTINGS, learning_rate_init=0.025, callbacks=[Saboteur(epoch, batch)]
    )
    with pytest.raises(DivergedError) as caught:
        model.fit(*numbers)
    text = str(caught.value)
    assert f"epoch {epoch}, batch {batch}" in text
    assert "learning rate 0.025" in text
    for remedy in ("StandardScaler", "lower learning_rate_init", "alpha"):
        assert remedy in text
    assert isinstance(caught.value, ValueError)


def test_error_names_the_scheduled_rate(numbers):
    model = MLPRegressor(
        **SETTINGS,
        learning_rate="exponential",
        schedule_params={"gamma": 0.5},
        learning_rate_init=0.08,
        callbacks=[Saboteur(4, 1)],
    )
    with pytest.raises(DivergedError, match=re.escape("learning rate 0.01. ")):
        model.fit(*numbers)


@pytest.mark.parametrize("solver", ["sgd", torch.optim.SGD])
def test_a_rate_that_is_far_too_large_diverges(numbers, solver):
    X, y = numbers
    model = MLPRegressor(**SETTINGS, solver=solver, learning_rate_init=1e30)
    with pytest.raises(DivergedError, match="learning rate 1e\\+30"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_model_of_an_earlier_fit_survives_divergence(numbers):
    X, y = numbers
    model = MLPRegressor(**SETTINGS).fit(X, y)
    before = model.predict(X)
    with pytest.raises(DivergedError):
        model.set_params(callbacks=[Saboteur(3, 1)]).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), before)


# -- recovery ------------------------------------------------------------------------


def test_recovery_returns_to_the_best_weights_at_half_the_rate(numbers, watcher):
    X, y = numbers
    model = MLPRegressor(
        **SETTINGS,
        solver="sgd",
        learning_rate_init=0.02,
        on_divergence="recover",
        callbacks=[Saboteur(4, 2), watcher],
    )
    with pytest.warns(SuiteWarning, match="epoch 4.*half.*0\\.01"):
        model.fit(X, y)
    rates = [record["learning_rate"] for record in model.history_]
    assert rates == [0.02] * 3 + [0.01] * 17
    assert model.n_iter_ == 20
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(model.predict(X)).all()
    assert model.loss_ < model.loss_curve_[2]


def test_recovery_halves_once_per_try(numbers, recwarn):
    model = MLPRegressor(
        **SETTINGS,
        learning_rate_init=0.02,
        on_divergence="recover",
        callbacks=[Saboteur(4, 2, times=3)],
    ).fit(*numbers)
    said = [str(w.message) for w in recwarn if w.category is SuiteWarning]
    assert len(said) == 3
    assert model.history_[-1]["learning_rate"] == 0.02 / 8


def test_recovery_gives_up_in_the_end(numbers):
    model = MLPRegressor(
        **SETTINGS, on_divergence="recover", callbacks=[Saboteur(2, 1, times=10**6)]
    )
    with (
        pytest.warns(SuiteWarning, match="epoch 2"),
        pytest.raises(DivergedError, match="epoch 2"),
    ):
        model.fit(*numbers)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize(
    "schedule", ["cosine", "one_cycle", "cyclic", "step", "plateau", "warm_restarts"]
)
def test_recovery_halves_all_later_rates_of_a_schedule(numbers, watcher, schedule):
    settings = {**SETTINGS, "learning_rate": schedule, "learning_rate_init": 0.02}
    plain = MLPRegressor(**settings).fit(*numbers)
    with pytest.warns(SuiteWarning, match="epoch 4"):
        model = MLPRegressor(
            **settings, on_divergence="recover", callbacks=[Saboteur(4, 1)]
        ).fit(*numbers)
    # A try that failed counts for schedules that go by updates.
    skipped = 1 if schedule in {"cosine", "one_cycle", "cyclic", "warm_restarts"} else 0
    ours = np.array([record["learning_rate"] for record in model.history_])
    without = np.array([record["learning_rate"] for record in plain.history_])
    n = 20 - skipped
    np.testing.assert_allclose(ours[:3], without[:3])
    np.testing.assert_allclose(
        ours[3:n], without[3 + skipped :] / 2, rtol=1e-6, atol=1e-12
    )


def test_nothing_is_said_and_changed_if_nothing_diverges(labels):
    X, y = labels
    plain = MLPClassifier(**SETTINGS).fit(X, y)
    careful = MLPClassifier(**SETTINGS, on_divergence="recover").fit(X, y)
    np.testing.assert_array_equal(plain.predict_proba(X), careful.predict_proba(X))


# -- Ctrl-C --------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _listen_to_ctrl_c():
    """Let Ctrl-C interrupt, which a process in the background is deaf to."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class CtrlC(Callback):
    """Send the signal of Ctrl-C in a batch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training=False, **kwargs):
        if training and net.history[-1]["epoch"] == self.epoch:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_keeps_what_was_learnt_and_warns(numbers, watcher):
    X, y = numbers
    model = MLPRegressor(**SETTINGS, callbacks=[watcher, CtrlC(5)])
    with pytest.warns(InterruptedWarning, match="interrupted"):
        model.fit(X, y)
    assert model.n_iter_ == len(model.history_) == 4
    assert model.loss_ == model.loss_curve_[-1]
    last = watcher.steps[-1]["linears.0.weight"]
    np.testing.assert_array_equal(model.coefs_[0].T, last)


def test_ctrl_c_between_two_epochs_is_no_wish_of_a_callback(labels, monkeypatch):
    def on_epoch_end(self, net, **kwargs):
        if net.epoch_ == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(FollowSchedule, "on_epoch_end", on_epoch_end)
    model = MLPClassifier(**SETTINGS)
    with pytest.warns(InterruptedWarning, match="interrupted"):
        model.fit(*labels)
    assert model.n_iter_ == 3
    with pytest.raises(KeyboardInterrupt), train_together():
        cross_val_score(model, *labels, cv=2)


def test_ctrl_c_with_early_stopping_keeps_the_best_weights(labels, watcher):
    X, y = labels
    model = MLPClassifier(
        **SETTINGS,
        learning_rate_init=0.1,
        early_stopping=True,
        early_stopping_scoring="loss",
        callbacks=[watcher, CtrlC(18)],
    )
    with pytest.warns(InterruptedWarning):
        model.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    assert model.best_epoch_ == np.argmax(model.validation_scores_) + 1 < 17
    best = watcher.epochs[model.best_epoch_ - 1]["linears.0.weight"]
    np.testing.assert_array_equal(model.coefs_[0].T, best)


def test_ctrl_c_with_averaging_keeps_the_average(labels, watcher):
    X, y = labels
    model = MLPClassifier(
        **SETTINGS, averaging="swa", averaging_start=2, callbacks=[watcher, CtrlC(6)]
    )
    with pytest.warns(InterruptedWarning):
        model.fit(X, y)
    average = torch.stack([w["linears.0.weight"] for w in watcher.epochs[1:]]).mean(0)
    np.testing.assert_allclose(model.coefs_[0].T, average, rtol=1e-10)


def test_ctrl_c_in_the_first_epoch_leaves_nothing_behind(labels):
    X, y = labels
    model = MLPClassifier(**SETTINGS, warm_start=True, callbacks=[CtrlC(1)])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "n_iter_")
    model.set_params(callbacks=None).fit(X, y)
    assert model.n_iter_ == len(model.history_) == 20


@pytest.mark.filterwarnings("ignore:The loss became")
@pytest.mark.parametrize("batch_size", [30, 120])
@pytest.mark.parametrize("rate", [1.0, 5.0, 50.0, 1e3])
@pytest.mark.parametrize("averaging", [None, "ema", "swa"])
def test_a_rate_that_is_too_large_is_recovered_from(
    numbers, batch_size, rate, averaging
):
    X, y = numbers
    settings = {**SMALL, "batch_size": batch_size, "max_iter": 60}
    settings |= {"learning_rate_init": rate, "solver": "sgd", "averaging": averaging}
    model = MLPRegressor(**settings, averaging_start=1, on_divergence="recover")
    model.fit(X, y)
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(model.predict(X)).all()


class SpoilLastStep(Callback):
    """Weights become infinite in the last step of epoch 4."""

    done = False

    def on_batch_end(self, net, training=False, **kwargs):
        self.n = getattr(self, "n", 0) + training
        if training and self.n == 16 and not self.done:
            self.done = True
            with torch.no_grad():
                next(net.module_.parameters()).fill_(float("inf"))


@pytest.mark.filterwarnings("ignore:The loss became")
@pytest.mark.parametrize("max_iter", [4, 12])
@pytest.mark.parametrize("averaging", [None, "ema", "swa"])
def test_weights_lost_in_the_last_step_of_an_epoch_are_recovered(
    numbers, max_iter, averaging
):
    X, y = numbers
    model = MLPRegressor(
        **{**SMALL, "max_iter": max_iter},
        averaging=averaging,
        averaging_start=1,
        on_divergence="recover",
        callbacks=[SpoilLastStep()],
    ).fit(X, y)
    assert np.isfinite(model.predict(X)).all()
