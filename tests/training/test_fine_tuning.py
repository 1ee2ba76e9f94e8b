"""Freezing, layer-wise rates, unfreezing, and weights of other estimators."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV

from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.exceptions import SuiteWarning

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SETTINGS = {
    "hidden_layer_sizes": (6, 5),
    "activation": "tanh",
    "batch_size": 40,
    "max_iter": 6,
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

FIRST, SECOND, LAST = "linears.0", "linears.1", "linears.2"


def changed(watcher, epoch=-1):
    """Return the linear layers whose weights or biases have changed."""
    now = watcher.epochs[epoch]
    names = [
        name
        for name, before in watcher.initial.items()
        if name.startswith("linears") and not torch.equal(before, now[name])
    ]
    return sorted(names)


def both(*layers):
    """Name the weights and biases of layers."""
    return sorted(f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias"))


# -- freezing ------------------------------------------------------------------------

FROZEN = {
    "nothing": (0, both(FIRST, SECOND, LAST)),
    "one layer": (1, both(SECOND, LAST)),
    "two layers": (2, both(LAST)),
    "a layer's name": ([SECOND], both(FIRST, LAST)),
    "names": (
        [f"{FIRST}.weight", f"{LAST}.bias"],
        sorted([*both(SECOND), f"{FIRST}.bias", f"{LAST}.weight"]),
    ),
    "a tuple": ((FIRST, LAST), both(SECOND)),
    "a pattern": (["*.bias"], [f"{layer}.weight" for layer in (FIRST, SECOND, LAST)]),
    "pattern of numbers": (["linears.[01].*"], both(LAST)),
}


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs", torch.optim.Adamax])
@pytest.mark.parametrize("name", FROZEN)
def test_no_bit_of_a_frozen_parameter_changes(numbers, watcher, name, solver):
    freeze, trained = FROZEN[name]
    MLPRegressor(
        **SETTINGS,
        solver=solver,
        freeze=freeze,
        alpha=1.0,
        l1_alpha=0.1 if solver != "lbfgs" else 0.0,
        callbacks=[watcher],
    ).fit(*numbers)
    assert changed(watcher) == trained


@pytest.mark.parametrize(
    "changes",
    [
        {"max_norm": 0.3},
        {"solver": "adamw", "solver_params": {"weight_decay": 0.5}},
        {"averaging": "ema"},
        {"averaging": "swa", "averaging_start": 1},
        {"max_grad_norm": 0.1},
        {"early_stopping": True},
        {"mixup": 0.5, "dropout": 0.5, "accumulate": 2},
    ],
    ids=str,
)
def test_frozen_weights_survive_all_other_options(numbers, watcher, changes):
    model = MLPRegressor(**SETTINGS, freeze=1, callbacks=[watcher])
    model.set_params(**changes).fit(*numbers)
    assert changed(watcher) == both(SECOND, LAST)
    first = watcher.initial[f"{FIRST}.weight"]
    np.testing.assert_array_equal(model.coefs_[0].T, first)


def test_training_with_frozen_layers_is_that_of_the_others_alone(
    numbers, watcher, make_twin, same_weights
):
    X, y = numbers
    settings = {**SETTINGS, "alpha": 0.0, "shuffle": False, "precision": "float64"}
    MLPRegressor(**settings, freeze=1, callbacks=[watcher]).fit(X, y)
    twin = make_twin(watcher.initial)
    optimizer = torch.optim.Adam([*twin.layer(1), *twin.layer(2)], 0.001)
    steps = twin.train(optimizer, X, y, batch_size=40, n_epochs=6)
    same_weights(watcher.steps[-1], steps[-1])


def test_name_that_is_no_parameter_is_refused(numbers):
    for freeze in (["linear.0"], ["linears.0", "norms.*"]):
        with pytest.raises(
            ValueError, match=r"not a parameter of the network.*linears"
        ):
            MLPRegressor(freeze=freeze).fit(*numbers)


@pytest.mark.parametrize("freeze", [3, 100, ["*"]])
def test_freezing_everything_is_refused(numbers, freeze):
    with pytest.raises(ValueError, match="leaves no parameter to train"):
        MLPRegressor(**SETTINGS, freeze=freeze).fit(*numbers)


# -- layer-wise rates ----------------------------------------------------------------


@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop", torch.optim.Adamax])
def test_layers_learn_at_their_own_rates(
    numbers, watcher, make_twin, same_weights, solver
):
    X, y = numbers
    settings = {**SETTINGS, "alpha": 0.0, "shuffle": False, "precision": "float64"}
    rates = [0.0005, 0.002, 0.01]
    model = MLPRegressor(
        **settings, solver=solver, learning_rate_init=rates, callbacks=[watcher]
    ).fit(X, y)
    makers = {
        "sgd": lambda g: torch.optim.SGD(g, momentum=0.9, nesterov=True),
        "adam": torch.optim.Adam,
        "rmsprop": torch.optim.RMSprop,
        torch.optim.Adamax: torch.optim.Adamax,
    }
    twin = make_twin(watcher.initial)
    groups = [{"params": twin.layer(i), "lr": rate} for i, rate in enumerate(rates)]
    steps = twin.train(makers[solver](groups), X, y, batch_size=40, n_epochs=6)
    for ours, torchs in zip(watcher.steps, steps):
        same_weights(ours, torchs)
    assert model.history_[0]["learning_rate"] == pytest.approx(0.01)


@pytest.mark.parametrize("as_type", [tuple, np.array])
def test_equal_rates_are_one_rate(numbers, as_type):
    one = MLPRegressor(**SETTINGS, learning_rate_init=0.01).fit(*numbers)
    three = MLPRegressor(**SETTINGS, learning_rate_init=as_type([0.01] * 3))
    np.testing.assert_array_equal(one.coefs_[0], three.fit(*numbers).coefs_[0])


def test_number_of_rates_must_be_that_of_layers(numbers):
    with pytest.raises(ValueError, match=r"2 values.*3 layers"):
        MLPRegressor(**SETTINGS, learning_rate_init=[0.1, 0.2]).fit(*numbers)


# -- unfreezing ----------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["sgd", "adam", torch.optim.Adamax])
def test_layers_are_unfrozen_from_the_output_back(numbers, watcher, solver):
    MLPRegressor(
        **SETTINGS,
        solver=solver,
        freeze=2,
        unfreeze_every=2,
        alpha=1.0,
        callbacks=[watcher],
    ).fit(*numbers)
    expected = [both(LAST)] * 2 + [both(SECOND, LAST)] * 2
    expected += [both(FIRST, SECOND, LAST)] * 2
    assert [changed(watcher, epoch) for epoch in range(6)] == expected


def test_named_layers_are_unfrozen_from_the_output_back(numbers, watcher):
    MLPRegressor(
        **SETTINGS, freeze=[FIRST, LAST], unfreeze_every=1, callbacks=[watcher]
    ).fit(*numbers)
    expected = [both(SECOND), both(SECOND, LAST), both(FIRST, SECOND, LAST)]
    assert [changed(watcher, epoch) for epoch in range(3)] == expected


def test_unfrozen_layers_take_part_as_if_they_were_new(
    numbers, watcher, make_twin, same_weights
):
    X, y = numbers
    settings = {**SETTINGS, "alpha": 0.0, "shuffle": False, "precision": "float64"}
    rates = [0.001, 0.002, 0.01]
    MLPRegressor(
        **settings,
        freeze=1,
        unfreeze_every=3,
        solver="sgd",
        learning_rate_init=rates,
        callbacks=[watcher],
    ).fit(X, y)
    twin = make_twin(watcher.initial)
    groups = [{"params": twin.layer(i), "lr": rates[i]} for i in (1, 2)]
    optimizer = torch.optim.SGD(groups, momentum=0.9, nesterov=True)
    twin.train(optimizer, X, y, batch_size=40, n_epochs=3)
    optimizer.add_param_group({"params": twin.layer(0), "lr": 0.001})
    steps = twin.train(optimizer, X, y, batch_size=40, n_epochs=3)
    same_weights(watcher.steps[-1], steps[-1])


# -- weights of another estimator ----------------------------------------------------


def test_initial_weights_are_those_of_the_source(numbers, watcher):
    X, y = numbers
    source = MLPRegressor(**SETTINGS).fit(X, y)
    model = MLPRegressor(
        **{**SETTINGS, "random_state": 1}, init_from=source, callbacks=[watcher]
    ).fit(X, y)
    assert sorted(model.init_matched_) == both(FIRST, SECOND, LAST)
    for i in range(3):
        first = watcher.initial[f"linears.{i}.weight"]
        np.testing.assert_array_equal(source.coefs_[i].T, first)


def test_only_what_matches_by_name_and_shape_is_taken(numbers, labels, watcher):
    X, y = numbers
    source = MLPRegressor(**{**SETTINGS, "hidden_layer_sizes": (6, 7)}).fit(X, y)
    settings = {**SETTINGS, "hidden_layer_sizes": (6, 5), "random_state": 1}
    model = MLPClassifier(**settings, init_from=source, callbacks=[watcher])
    model.fit(*labels)
    assert sorted(model.init_matched_) == both(FIRST)
    start = watcher.initial
    alone = MLPClassifier(**settings, callbacks=[watcher]).fit(*labels)
    np.testing.assert_array_equal(start[f"{FIRST}.weight"], source.coefs_[0].T)
    for name in both(SECOND, LAST):  # drawn as they would be without a source
        assert torch.equal(start[name], watcher.initial[name])
    assert not hasattr(alone, "init_matched_")


def test_part_of_a_larger_network_is_found(numbers, watcher):
    X, y = numbers
    source = MLPRegressor(**SETTINGS).fit(X, y)
    names = {
        f"encoder.{name}": array for name, array in source._fitted_net().weights.items()
    }
    source._weights = lambda: names  # as an autoencoder's would be called
    model = MLPRegressor(**SETTINGS, init_from=source, callbacks=[watcher]).fit(X, y)
    assert f"{FIRST}.weight" in model.init_matched_
    first = watcher.initial[f"{FIRST}.weight"]
    np.testing.assert_array_equal(first, source.coefs_[0].T)


def test_source_without_anything_in_common_warns(numbers):
    X, y = numbers
    source = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2).fit(X[:, :4], y)
    model = MLPRegressor(**SETTINGS, init_from=source)
    with pytest.warns(SuiteWarning, match="no weights that match"):
        model.fit(X, y)
    assert model.init_matched_ == []


def test_source_must_be_fitted(numbers):
    with pytest.raises(NotFittedError):
        MLPRegressor(init_from=MLPRegressor()).fit(*numbers)


def test_source_stays_as_it_is(numbers, snapshot, same_state):
    X, y = numbers
    source = MLPRegressor(**SETTINGS).fit(X, y)
    before = snapshot(source)
    MLPRegressor(**SETTINGS, init_from=source).fit(X, y + 1)
    assert same_state(before, source.__getstate__())


def test_source_may_have_another_precision(numbers, watcher):
    X, y = numbers
    source = MLPRegressor(**SETTINGS).fit(X.astype(np.float32), y)
    MLPRegressor(**SETTINGS, init_from=source, callbacks=[watcher]).fit(X, y)
    first = watcher.initial[f"{FIRST}.weight"]
    assert first.dtype == torch.float64
    np.testing.assert_array_equal(first, source.coefs_[0].T.astype(float))


def test_a_frozen_estimator_keeps_its_weights_in_clones_and_searches(numbers):
    # clone, and so a search, would take the weights of any other source away.
    X, y = numbers
    source = FrozenEstimator(MLPRegressor(**SETTINGS).fit(X, y))
    model = MLPRegressor(**SETTINGS, init_from=source, freeze=1)
    search = GridSearchCV(
        clone(model), {"freeze": [1, 2]}, cv=2, error_score="raise"
    ).fit(X, y)
    np.testing.assert_array_equal(
        search.best_estimator_.coefs_[0], source.estimator.coefs_[0]
    )


def test_fine_tuning_learns_faster_than_from_scratch(labels):
    X, y = labels
    source = MLPClassifier(**{**SETTINGS, "max_iter": 300}).fit(X, y)
    few = {**SETTINGS, "max_iter": 10, "random_state": 1}
    tuned = MLPClassifier(**few, init_from=source, freeze=1).fit(X, y)
    assert tuned.loss_ < MLPClassifier(**few).fit(X, y).loss_


def test_freeze_may_be_a_number_of_numpy(numbers):
    of_numpy = MLPRegressor(**SMALL, freeze=np.int64(1)).fit(*numbers)
    of_python = MLPRegressor(**SMALL, freeze=1).fit(*numbers)
    for a, b in zip(of_numpy.coefs_, of_python.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("activation", ["relu", "prelu"])
def test_norms_and_activations_belong_to_the_layer_before_them(
    numbers, watcher, activation
):
    MLPRegressor(
        **{**SMALL, "hidden_layer_sizes": (6, 5)},
        activation=activation,
        batch_norm=True,
        freeze=1,
        callbacks=[watcher],
    ).fit(*numbers)
    for name, before in watcher.initial.items():
        is_of_the_first = name.partition(".")[2].startswith("0.")
        if is_of_the_first and name.endswith(("weight", "bias")):
            assert torch.equal(before, watcher.epochs[-1][name]), name


STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@pytest.fixture
def normed(numbers):
    """Return a fitted source, whose batch norms have seen rows."""
    return MLPRegressor(**SETTINGS, batch_norm=True).fit(*numbers)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"early_stopping": True, "validation_fraction": 0.3},
        {"averaging": "swa", "averaging_start": 2},
        {"averaging": "ema", "early_stopping": True},
        {"accumulate": 2, "mixup": 0.3},
        {"on_divergence": "recover"},
    ],
    ids=str,
)
def test_statistics_of_frozen_norms_stay(numbers, normed, watcher, changes):
    model = MLPRegressor(
        **SETTINGS, batch_norm=True, freeze=1, init_from=normed, callbacks=[watcher]
    )
    model.set_params(**changes).fit(*numbers)
    for kind in STATISTICS:
        for seen in (*watcher.epochs, {k: torch.tensor(v) for k, v in weights(model)}):
            before = watcher.initial[f"norms.0.{kind}"]
            assert torch.equal(seen[f"norms.0.{kind}"], before)
            assert not torch.equal(
                seen[f"norms.1.{kind}"], watcher.initial[f"norms.1.{kind}"]
            )


def weights(model):
    return model._fitted_net().weights.items()


def test_frozen_norms_are_in_evaluation_mode(
    numbers, normed, watcher, make_twin, same_weights
):
    X, y = numbers
    MLPRegressor(
        **SETTINGS,
        batch_norm=True,
        alpha=0.0,
        shuffle=False,
        freeze=1,
        init_from=normed,
        callbacks=[watcher],
    ).fit(X, y)
    twin = make_twin(watcher.initial, batch_norm=True)
    norm = twin.net[twin.names["norms.0"]].eval()
    frozen = {id(p) for p in [*twin.layer(0), *norm.parameters()]}
    trained = [p for p in twin.parameters() if id(p) not in frozen]
    optimizer = torch.optim.Adam(trained, 0.001)
    steps = twin.train(optimizer, X, y, batch_size=40, n_epochs=6)
    for ours, theirs in zip(watcher.steps, steps):
        same_weights(ours, theirs)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_norms_learn_from_the_epoch_on_in_which_they_thaw(
    numbers, normed, watcher, early_stopping
):
    MLPRegressor(
        **SETTINGS,
        batch_norm=True,
        freeze=2,
        unfreeze_every=2,
        init_from=normed,
        early_stopping=early_stopping,
        callbacks=[watcher],
    ).fit(*numbers)
    states = [watcher.initial, *watcher.epochs]
    for norm, first in (("norms.1", 3), ("norms.0", 5)):
        name = f"{norm}.running_mean"
        moved = [not torch.equal(a[name], b[name]) for a, b in pairwise(states)]
        assert moved == [epoch >= first for epoch in range(1, 7)]


def test_a_norm_is_not_frozen_while_one_of_its_parameters_learns(numbers, watcher):
    for freeze, stays in ((["norms.0.weight"], False), (["norms.0"], True)):
        MLPRegressor(
            **SETTINGS, batch_norm=True, freeze=freeze, callbacks=[watcher]
        ).fit(*numbers)
        name = "norms.0.running_mean"
        assert torch.equal(watcher.initial[name], watcher.epochs[-1][name]) == stays


def test_the_loss_is_in_training_mode_while_layers_thaw(labels):
    """Validation switches smoothing off; the next epoch must switch it on again."""
    X, y = labels
    settings = {**SETTINGS, "label_smoothing": 0.4, "batch_norm": True}
    model = MLPClassifier(**settings, freeze=1, unfreeze_every=100)
    alone = model.fit(X, y).loss_curve_
    watched = model.fit(X, y, X_val=X, y_val=y).loss_curve_
    np.testing.assert_array_equal(watched, alone)


def test_rates_of_layers_are_those_of_their_norms(
    numbers, watcher, make_twin, same_weights
):
    X, y = numbers
    rates = [0.001, 0.01, 0.05]
    MLPRegressor(
        **{**SMALL, "hidden_layer_sizes": (6, 5), "learning_rate_init": rates},
        activation="tanh",
        batch_norm=True,
        alpha=0.0,
        shuffle=False,
        callbacks=[watcher],
    ).fit(X, y)
    twin = make_twin(watcher.initial, batch_norm=True)
    groups = []
    for i, rate in enumerate(rates):
        params = twin.layer(i)
        if f"norms.{i}" in twin.names:
            params += list(twin.net[twin.names[f"norms.{i}"]].parameters())
        groups.append({"params": params, "lr": rate})
    steps = twin.train(torch.optim.Adam(groups), X, y, batch_size=30, n_epochs=12)
    same_weights(watcher.steps[-1], steps[-1], tolerance=1e-7)


@pytest.mark.parametrize(
    "changes", [{"max_norm": 0.1, "unfreeze_every": 100}, {"solver": "lbfgs"}]
)
def test_no_bit_changes_before_a_layer_is_unfrozen(numbers, watcher, changes):
    MLPRegressor(
        **SMALL,
        freeze=1,
        alpha=1.0,
        callbacks=[watcher],
        **changes,
    ).fit(*numbers)
    name = "linears.0.weight"
    assert torch.equal(watcher.initial[name], watcher.epochs[-1][name])


@pytest.mark.parametrize(
    "changes", [{"alpha": 50.0}, {"alpha": 50.0, "max_grad_norm": 0.1}], ids=str
)
def test_penalties_of_frozen_layers_leave_no_trace(
    numbers, watcher, make_twin, same_weights, changes
):
    X, y = numbers
    model = MLPRegressor(
        **{**SMALL, "max_iter": 6},
        activation="tanh",
        freeze=1,
        unfreeze_every=3,
        shuffle=False,
        callbacks=[watcher],
    ).set_params(**changes)
    model.fit(X, y)
    twin = make_twin(watcher.initial)
    optimizer = torch.optim.Adam(twin.layer(1), 0.02)

    def loss(trained):
        def penalised(X, y):
            squares = sum(p.square().sum() for p in trained if p.ndim == 2)
            return twin.loss(X, y) + 0.5 * 50.0 / len(X) * squares

        return penalised

    def clip():
        if "max_grad_norm" in changes:
            trained = [p for g in optimizer.param_groups for p in g["params"]]
            torch.nn.utils.clip_grad_norm_(trained, 0.1)

    options = {"batch_size": 30, "n_epochs": 3, "before_step": clip}
    twin.train(optimizer, X, y, loss=loss(twin.layer(1)), **options)
    same_weights(watcher.epochs[2], twin.weights())
    optimizer.add_param_group({"params": twin.layer(0)})
    twin.train(optimizer, X, y, loss=loss(twin.parameters()), **options)
    same_weights(watcher.epochs[5], twin.weights())


@pytest.mark.parametrize("averaging", [None, "ema"])
@pytest.mark.parametrize("solver", ["sgd", "adam", "adagrad", torch.optim.Adamax])
@pytest.mark.parametrize(
    "changes",
    [
        {"freeze": 1},
        {"learning_rate_init": [0.001, 0.01]},
        {"decay_biases": True},
        {"solver_params": {"weight_decay": 0.1}},
    ],
    ids=str,
)
def test_warm_start_may_change_what_is_trained(numbers, changes, solver, averaging):
    X, y = numbers
    model = MLPRegressor(
        **SMALL, solver=solver, warm_start=True, averaging=averaging
    ).fit(X, y)
    before = model.coefs_[0].copy()
    model.set_params(**changes).fit(X, y)
    assert np.isfinite(model.predict(X)).all()
    if "freeze" in changes:
        np.testing.assert_array_equal(model.coefs_[0], before)


def test_clone_that_forgot_the_fit_of_its_source_says_what_to_do(numbers):
    source = MLPRegressor(**SMALL).fit(*numbers)
    model = clone(MLPRegressor(**SMALL, init_from=source))
    with pytest.raises(NotFittedError, match="FrozenEstimator"):
        model.fit(*numbers)


def test_rate_is_recorded_while_the_last_layer_is_frozen(numbers):
    model = MLPRegressor(**SMALL, freeze=["linears.1"], unfreeze_every=3)
    model.fit(*numbers)
    assert {record["learning_rate"] for record in model.history_} == {0.02}


@pytest.mark.parametrize("rates", [[0.1, 0.0], [-0.1, 0.1], [0.1, np.nan]])
def test_rates_of_layers_must_be_positive(numbers, rates):
    model = MLPRegressor(**{**SMALL, "learning_rate_init": rates})
    with pytest.raises(ValueError, match="learning_rate_init"):
        model.fit(*numbers)


def test_partial_fit_unfreezes_as_fit_does(numbers):
    X, y = numbers
    model = MLPRegressor(**SMALL, freeze=1, unfreeze_every=2)
    paths = []
    for _ in range(4):
        paths.append(model.partial_fit(X, y).coefs_[0].copy())
    assert np.array_equal(paths[0], paths[1])
    assert not np.array_equal(paths[1], paths[2])
