"""The learning rate of each step, against torch's schedulers or a formula."""

import itertools
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from torch.optim import lr_scheduler

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
)
from sknn_suite.training._rates import Length, RateTable

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

N_BATCHES, N_EPOCHS, RATE = 4, 12, 0.02
N_STEPS = N_BATCHES * N_EPOCHS

SETTINGS = {
    "hidden_layer_sizes": (3,),
    "batch_size": 30,  # of 120 rows
    "max_iter": N_EPOCHS,
    "learning_rate_init": RATE,
    "n_iter_no_change": N_EPOCHS,
    "random_state": 0,
}

# Schedule, its arguments, torch's scheduler of the same meaning.
PER_EPOCH = {
    "step": ("step", None, lambda o: lr_scheduler.StepLR(o, 30)),
    "short steps": (
        "step",
        {"step_size": 3, "gamma": 0.5},
        lambda o: lr_scheduler.StepLR(o, 3, 0.5),
    ),
    "exponential": ("exponential", None, lambda o: lr_scheduler.ExponentialLR(o, 0.95)),
    "fast exponential": (
        "exponential",
        {"gamma": 0.5},
        lambda o: lr_scheduler.ExponentialLR(o, 0.5),
    ),
    "power": (
        "power",
        None,
        lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 1 / (1 + epoch / 10)),
    ),
    "root": (
        "power",
        {"step_size": 2, "power": 0.5},
        lambda o: lr_scheduler.LambdaLR(o, lambda epoch: (1 + epoch / 2) ** -0.5),
    ),
    "piecewise": (
        "piecewise",
        {"milestones": [2, 5, 6], "gamma": 0.3},
        lambda o: lr_scheduler.MultiStepLR(o, [2, 5, 6], 0.3),
    ),
    "half and three quarters": (
        "piecewise",
        None,
        lambda o: lr_scheduler.MultiStepLR(o, [6, 9], 0.1),
    ),
    "function": (
        lambda epoch: 0.7**epoch,
        None,
        lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.7**epoch),
    ),
}

PER_BATCH = {
    "cosine": ("cosine", None, lambda o: lr_scheduler.CosineAnnealingLR(o, N_STEPS)),
    "cosine to a rate": (
        "cosine",
        {"eta_min": 0.001},
        lambda o: lr_scheduler.CosineAnnealingLR(o, N_STEPS, eta_min=0.001),
    ),
    "one_cycle": (
        "one_cycle",
        None,
        lambda o: lr_scheduler.OneCycleLR(
            o, RATE, total_steps=N_STEPS, cycle_momentum=False
        ),
    ),
    "steep one_cycle": (
        "one_cycle",
        {"pct_start": 0.1, "div_factor": 5, "anneal_strategy": "linear"},
        lambda o: lr_scheduler.OneCycleLR(
            o,
            RATE,
            total_steps=N_STEPS,
            cycle_momentum=False,
            pct_start=0.1,
            div_factor=5,
            anneal_strategy="linear",
        ),
    ),
    "cyclic": (
        "cyclic",
        {"base_lr": 0.001},
        lambda o: lr_scheduler.CyclicLR(
            o, 0.001, RATE, step_size_up=2 * N_BATCHES, cycle_momentum=False
        ),
    ),
    "short cyclic": (
        "cyclic",
        {"base_lr": 0.001, "step_size_up": 3, "step_size_down": 5},
        lambda o: lr_scheduler.CyclicLR(
            o, 0.001, RATE, step_size_up=3, step_size_down=5, cycle_momentum=False
        ),
    ),
    "warm_restarts": (
        "warm_restarts",
        None,
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 10 * N_BATCHES),
    ),
    "log_cosine": (
        "log_cosine",
        None,
        lambda o: lr_scheduler.LambdaLR(
            o,
            lambda step: (
                (1 - np.cos(2 * np.pi * np.log2(1 + 15 * (step + 1) / (N_STEPS + 1))))
                / 2
            ),
        ),
    ),
    "longer restarts": (
        "warm_restarts",
        {"cycle_length": 2, "cycle_mult": 2, "eta_min": 0.001},
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(
            o, 2 * N_BATCHES, T_mult=2, eta_min=0.001
        ),
    ),
}


def rates_of_torch(make_scheduler, *, per_batch):
    """Return the rate of each step, by torch's scheduler."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = make_scheduler(optimizer)
    rates = []
    for step in range(1, N_STEPS + 1):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (per_batch or step % N_BATCHES == 0) and step < N_STEPS:
            scheduler.step()
    return np.array(rates)


def fit(rows, watcher, estimator=MLPRegressor, **params):
    """Train while `watcher` notes the rates."""
    return estimator(**{**SETTINGS, **params}, callbacks=[watcher]).fit(*rows)


@pytest.mark.parametrize("name", PER_EPOCH)
def test_rate_changes_after_each_epoch_as_in_torch(numbers, watcher, name):
    kind, params, make_scheduler = PER_EPOCH[name]
    fit(numbers, watcher, learning_rate=kind, schedule_params=params)
    expected = rates_of_torch(make_scheduler, per_batch=False)
    np.testing.assert_allclose(watcher.rate_per_step, expected, rtol=1e-12)


@pytest.mark.parametrize("name", PER_BATCH)
def test_rate_changes_after_each_update_as_in_torch(numbers, watcher, name):
    kind, params, make_scheduler = PER_BATCH[name]
    fit(numbers, watcher, learning_rate=kind, schedule_params=params)
    expected = rates_of_torch(make_scheduler, per_batch=True)
    np.testing.assert_allclose(watcher.rate_per_step, expected, rtol=1e-12)
    assert len(set(watcher.rate_per_step[:4])) > 1


@pytest.mark.parametrize("name", ["cosine", "log_cosine", "one_cycle"])
def test_a_schedule_that_ends_does_so_with_the_time(labels, monkeypatch, name):
    # A clock on which every look takes a hundredth of a second.
    looks = itertools.count(0.0, 0.01)
    clock = SimpleNamespace(perf_counter=looks.__next__)
    monkeypatch.setattr("sknn_suite.training._net.time", clock)
    settings = {**SETTINGS, "learning_rate": name, "max_iter": 500}
    settings |= {"n_iter_no_change": 500, "max_time": 5.0}
    model = MLPClassifier(**settings).fit(*labels)
    rates = [row["learning_rate"] for row in model.history_]
    assert 10 < model.n_iter_ < 500
    assert max(rates) > RATE / 2
    assert rates[-1] < RATE / 10


@pytest.mark.parametrize("solver", ["sgd", "adagrad", torch.optim.Adamax])
def test_schedule_drives_every_solver(numbers, watcher, solver):
    fit(numbers, watcher, learning_rate="one_cycle", solver=solver)
    expected = rates_of_torch(PER_BATCH["one_cycle"][2], per_batch=True)
    np.testing.assert_allclose(watcher.rate_per_step, expected, rtol=1e-12)


def test_weights_follow_the_scheduled_rate(numbers, watcher, make_twin, same_weights):
    X, y = numbers
    settings = {"activation": "tanh", "solver": "sgd", "alpha": 0.0, "shuffle": False}
    fit(numbers, watcher, learning_rate="cosine", **settings)
    twin = make_twin(watcher.initial)
    optimizer = torch.optim.SGD(twin.parameters(), RATE, momentum=0.9, nesterov=True)
    scheduler = lr_scheduler.CosineAnnealingLR(optimizer, N_STEPS)
    steps = twin.train(
        optimizer, X, y, batch_size=30, n_epochs=N_EPOCHS, after_step=scheduler.step
    )
    same_weights(watcher.steps[-1], steps[-1])


@pytest.mark.parametrize("solver", ["sgd", "adamw"])
@pytest.mark.parametrize("power_t", [0.5, 0.2])
def test_invscaling_is_the_formula(numbers, watcher, solver, power_t):
    fit(numbers, watcher, learning_rate="invscaling", solver=solver, power_t=power_t)
    epoch = np.repeat(np.arange(N_EPOCHS), N_BATCHES)
    expected = RATE / (120 * epoch + 1) ** power_t
    np.testing.assert_allclose(watcher.rate_per_step, expected, rtol=1e-12)


def test_adaptive_divides_by_five_and_ends_below_a_millionth(numbers, watcher):
    model = fit(
        numbers,
        watcher,
        learning_rate="adaptive",
        solver="sgd",
        tol=100.0,  # nothing is an improvement, apart from the first epoch
        n_iter_no_change=2,
        max_iter=100,
    )
    rates = [record["learning_rate"] for record in model.history_]
    lowered, count = [], -1
    rate = RATE
    while True:
        lowered.append(rate)
        count += 1
        if count > 2:
            if rate <= 1e-6:
                break
            rate, count = rate / 5, 0
    np.testing.assert_allclose(rates, lowered, rtol=1e-12)


def test_adam_ignores_two_schedules_as_in_scikit_learn(numbers, watcher):
    for kind in ("invscaling", "adaptive"):
        fit(numbers, watcher, learning_rate=kind, n_iter_no_change=1, tol=100.0)
        assert set(watcher.rate_per_step) == {RATE}


@pytest.mark.parametrize("mode", ["rel", "abs"])
def test_plateau_lowers_the_rate_when_the_loss_stays(numbers, watcher, mode):
    params = {"patience": 1, "factor": 0.3, "threshold": 0.3, "threshold_mode": mode}
    model = fit(
        numbers,
        watcher,
        learning_rate="plateau",
        schedule_params=params,
        tol=0.0,
        max_iter=40,
        n_iter_no_change=40,
    )
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **params)
    expected = []
    for loss in model.loss_curve_:
        expected.append(optimizer.param_groups[0]["lr"])
        scheduler.step(loss)
    assert expected[-1] < RATE
    rates = [record["learning_rate"] for record in model.history_]
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


def test_plateau_watches_the_validation_loss_if_asked(numbers, watcher):
    params = {"patience": 1, "factor": 0.3, "threshold": 0.3}
    model = fit(
        numbers,
        watcher,
        learning_rate="plateau",
        schedule_params=params,
        early_stopping=True,
        early_stopping_scoring="loss",
        max_iter=40,
        n_iter_no_change=40,
    )
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **params)
    expected = []
    for record in model.history_:
        expected.append(optimizer.param_groups[0]["lr"])
        scheduler.step(record["valid_loss"])
    assert expected[-1] < RATE
    rates = [record["learning_rate"] for record in model.history_]
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


def test_plateau_lowers_the_rate_while_a_score_stays(two_classes):
    model = MLPClassifier(
        **{**SETTINGS, "learning_rate_init": 1e-5, "early_stopping": True},
        learning_rate="plateau",
        schedule_params={"patience": 2},
    ).fit(*two_classes)
    assert len(set(model.validation_scores_)) == 1
    assert model.history_[-1]["learning_rate"] < 2e-7


WARMED = {
    "constant": ("constant", None, lambda o: lr_scheduler.LambdaLR(o, lambda _: 1)),
    **PER_EPOCH,
    **PER_BATCH,
}


@pytest.mark.parametrize("name", WARMED)
@pytest.mark.parametrize("warmup", [2, 0.5, 1.25])
def test_warmup_rises_linearly_to_what_the_schedule_says(
    numbers, watcher, name, warmup
):
    kind, params, make_scheduler = WARMED[name]
    fit(numbers, watcher, learning_rate=kind, schedule_params=params, warmup=warmup)
    n_warm = int(warmup * N_BATCHES)
    rise = np.minimum((np.arange(N_STEPS) + 1) / (n_warm + 1), 1)
    expected = rise * rates_of_torch(make_scheduler, per_batch=name in PER_BATCH)
    np.testing.assert_allclose(watcher.rate_per_step, expected, rtol=1e-12)


def test_warmup_goes_with_invscaling_and_adaptive(numbers, watcher):
    for kind in ("invscaling", "adaptive"):
        fit(numbers, watcher, learning_rate=kind, solver="sgd", warmup=1)
        np.testing.assert_allclose(
            watcher.rate_per_step[:4], RATE * np.arange(1, 5) / 5, rtol=1e-12
        )


@pytest.mark.parametrize("kind", ["cosine", "one_cycle", "step", "cyclic"])
def test_history_has_the_rate_of_each_epoch(numbers, watcher, kind):
    model = fit(numbers, watcher, learning_rate=kind, warmup=1)
    rates = [record["learning_rate"] for record in model.history_]
    last_of_each = watcher.rate_per_step.reshape(N_EPOCHS, N_BATCHES)[:, -1]
    np.testing.assert_array_equal(rates, last_of_each)


def test_layers_keep_their_share_of_the_scheduled_rate(numbers, watcher):
    rates = [RATE / 4, RATE]
    fit(numbers, watcher, learning_rate="cosine", learning_rate_init=rates, warmup=1)
    expected = rates_of_torch(PER_BATCH["cosine"][2], per_batch=True)
    expected[:4] *= np.arange(1, 5) / 5
    small, large = np.sort(np.array(watcher.rates), axis=1).T
    np.testing.assert_allclose(large, expected, rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(small, expected / 4, rtol=1e-12, atol=1e-16)


def test_updates_are_counted_and_not_batches(numbers, watcher):
    fit(numbers, watcher, learning_rate="one_cycle", batch_size=10, accumulate=3)
    expected = rates_of_torch(PER_BATCH["one_cycle"][2], per_batch=True)
    np.testing.assert_allclose(watcher.rate_per_step, expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["cosine", "log_cosine", "cyclic", "warm_restarts"])
def test_rates_of_a_short_schedule_are_those_of_a_long_table_and_go_on(
    kind, monkeypatch
):
    length = Length(n_epochs=6, n_batches=5)
    short = RateTable(kind, RATE, length, {})
    shared = RateTable(kind, RATE, length, {})
    monkeypatch.setattr("sknn_suite.training._rates.MOST_SHARED", 0)
    alone = RateTable(kind, RATE, length, {})
    expected = [alone(step) for step in range(100)]  # 30 are planned
    assert [short(step) for step in range(100)] == expected
    assert shared(70) == expected[70]


@pytest.mark.parametrize("kind", ["cosine", "exponential", "cyclic"])
def test_partial_fit_goes_on_with_the_schedule(numbers, watcher, kind):
    X, y = numbers
    model = MLPRegressor(**SETTINGS, learning_rate=kind, callbacks=[watcher])
    seen = []
    for _ in range(3):
        model.partial_fit(X, y)
        seen.extend(watcher.rate_per_step)
    fit(numbers, watcher, learning_rate=kind)
    np.testing.assert_allclose(seen, watcher.rate_per_step[:12], rtol=1e-12)


@pytest.mark.parametrize("kind", ["cosine", "one_cycle"])
def test_schedule_that_ends_at_max_iter_does_not_warn(numbers, kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        MLPRegressor(**SETTINGS, learning_rate=kind).fit(*numbers)
    with pytest.warns(ConvergenceWarning):
        MLPRegressor(**SETTINGS, learning_rate="exponential").fit(*numbers)


def test_schedules_can_be_searched(two_classes):
    grid = {
        "learning_rate": ["cosine", "plateau", lambda epoch: 0.9**epoch],
        "warmup": [0, 1.5],
    }
    model = MLPClassifier((3,), max_iter=3)
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(*two_classes)
    assert len(search.cv_results_["params"]) == 6


def test_unknown_schedule_argument_is_named(numbers):
    model = MLPRegressor(learning_rate="step", schedule_params={"steps": 3})
    with pytest.raises(ValueError, match="'steps'"):
        model.fit(*numbers)
    with pytest.raises(ValueError, match="'learning_rate' parameter"):
        MLPRegressor(learning_rate="cosinus").fit(*numbers)


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine"])
@pytest.mark.parametrize("kind", [RNNClassifier, AutoencoderDetector, CNNClassifier])
def test_partial_fit_after_a_planned_schedule_goes_on_at_a_constant_rate(
    kind, schedule, sequences, numbers
):
    X, y = numbers.X, None
    if kind is RNNClassifier:
        X, y = sequences
    elif kind is CNNClassifier:
        X, y = numbers.X.reshape(120, 2, 4), (numbers.y > 0).astype(int)
    model = kind(learning_rate=schedule, learning_rate_init=0.003, max_iter=4)
    if kind is CNNClassifier:
        model.set_params(architecture="mlp")
    model.set_params(random_state=0).fit(X, y)
    assert model.history_[-1]["learning_rate"] < 0.001
    for _ in range(2):
        model.partial_fit(X, y)
    rates = [row["learning_rate"] for row in model.history_[-2:]]
    assert rates == pytest.approx([0.003, 0.003])
