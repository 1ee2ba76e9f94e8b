"""Members that leave the training: who, when, and that nothing else changes."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone, is_classifier
from sklearn.datasets import make_classification
from skorch.callbacks import Callback

from sknn_suite import TabularClassifier, TabularRegressor
from sknn_suite.exceptions import InterruptedWarning
from sknn_suite.tabular import _roster
from sknn_suite.tabular._roster import Roster
from sknn_suite.training._rates import Length, RateTable

SMALL = {"hidden_layer_sizes": (16, 8), "max_iter": 30, "random_state": 0}


def run(roster, losses):
    """Let a roster see losses at some epochs; give who is in training after each."""
    seen = {}
    for epoch in range(1, 31):
        now = losses.get(epoch, np.full(len(roster.groups), np.inf))
        roster.end_epoch(epoch, np.array(now))
        seen[epoch] = list(roster.going)
    return seen


# -- the rule ------------------------------------------------------------------------


def test_valleys_are_where_the_rate_of_the_default_schedule_is_smallest():
    n_steps = 3000
    kind = TabularClassifier().learning_rate
    table = RateTable(kind, 1.0, Length(1, n_steps), {})
    rates = np.array([table(step) for step in range(n_steps)])
    inner = rates[1:-1]
    lows = np.flatnonzero((inner < rates[:-2]) & (inner < rates[2:])) + 1
    np.testing.assert_allclose(lows / n_steps, _roster.VALLEYS, atol=2 / n_steps)


def test_the_third_ahead_in_each_group_goes_on_after_half_time():
    roster = Roster(np.array([0, 1, 0, 1, 0, 1]), 30)
    first, then = [2.0] * 6, [0.5, 0.6, 0.4, 0.9, 0.45, 0.8]
    seen = run(roster, {2: first, 6: [1.0] * 6, 14: then})
    assert seen[13] == [0, 1, 2, 3, 4, 5]
    assert seen[14] == seen[30] == [1, 2]
    assert roster.n_epochs_.tolist() == [14, 30, 30, 14, 14, 14]


def test_who_has_no_better_epoch_in_a_cycle_leaves_at_its_end():
    roster = Roster(np.zeros(3), 30)
    seen = run(roster, {2: [1, 1, 1], 6: [0.9, 1, 0.8], 14: [0.9, 1, 0.7]})
    assert seen[5] == [0, 1, 2]
    assert seen[6] == [0, 2]
    assert seen[14] == [2]
    assert roster.n_epochs_.tolist() == [14, 6, 30]


def test_a_group_of_one_has_nobody_behind():
    roster = Roster(np.arange(2), 30)
    seen = run(roster, {2: [1, 1], 6: [0.9, 0.5], 14: [0.8, 0.4]})
    assert seen[30] == [0, 1]


@pytest.mark.parametrize("n_epochs", [1, 4, 14])
def test_short_trainings_keep_all(n_epochs):
    roster = Roster(np.zeros(4), n_epochs)
    for epoch in range(1, n_epochs + 1):
        assert roster.end_epoch(epoch, np.ones(4)) is None
    assert roster.going == [0, 1, 2, 3]


def test_without_a_loss_nobody_is_behind():
    roster = Roster(np.zeros(3), 30)
    for epoch in range(1, 31):
        assert roster.end_epoch(epoch, np.full(3, np.inf)) is None


def test_scores_of_who_has_left_stay_those_of_the_best_epoch():
    roster = Roster(np.zeros(3), 30)
    roster.going = [1]
    best = torch.arange(3.0).view(3, 1, 1)
    scores = roster.scores_of_all(torch.full((1, 1, 1), 7.0), best)
    assert scores.ravel().tolist() == [0.0, 7.0, 2.0]
    assert best.ravel().tolist() == [0.0, 1.0, 2.0]


# -- in a fit ------------------------------------------------------------------------


class Watch(Callback):
    """Note after each epoch how many members train, and what their weights are."""

    def on_train_begin(self, net, **kwargs):
        self.n, self.first = [], []

    def on_epoch_end(self, net, **kwargs):
        self.n.append(len(net.module_.sizes))
        self.first.append(net.module_.linears[0].weight.detach().clone())


@pytest.fixture
def rows(mixed_class):
    X, y = make_classification(160, n_informative=4, flip_y=0.1, random_state=0)
    X = pd.DataFrame(X).rename(columns=str).assign(kind=["a", "b"] * 80)
    return X, y if is_classifier(mixed_class()) else y + X["0"].to_numpy()


def answers(model, X):
    return model.predict_proba(X) if is_classifier(model) else model.predict(X)


@pytest.mark.parametrize("cv", [2, None])
def test_members_that_are_behind_cost_nothing_after_half_time(mixed_class, rows, cv):
    watch = Watch()
    model = mixed_class(n_members=6, cv=cv, **SMALL, callbacks=[watch]).fit(*rows)
    n_epochs = model.members_["n_epochs"]
    trained = [(n_epochs >= epoch).sum() for epoch in range(2, len(watch.n) + 1)]
    assert watch.n[:-1] == trained
    assert watch.n[0] == 6
    assert all(n <= 2 for n in watch.n[14:])
    assert n_epochs.max() == model.n_iter_
    assert (n_epochs <= 14).sum() >= 4


def test_the_others_learn_as_they_would_have(monkeypatch, mixed_class, rows):
    # Cells become unknown and units are dropped at random, the same for all members.
    def fit():
        watch = Watch()
        how = SMALL | {"precision": "float64", "max_iter": 20}
        mixed_class(n_members=4, cv=2, **how, callbacks=[watch]).fit(*rows)
        return watch

    with monkeypatch.context() as patch:
        patch.setattr(_roster, "VALLEYS", (1.0,))  # all are trained to the end
        patch.setattr(_roster, "GOING_ON", 1.0)
        together = fit()
    seen = {}

    def leave(self, epoch, losses):
        self.n_epochs_[self.going] += 1
        if epoch == 5:
            self.going = [0, 2, 3]
            return [0, 2, 3]
        if epoch == 9:
            self.going = [3]
            return [2]
        seen[epoch] = list(self.going)
        return None

    monkeypatch.setattr(Roster, "end_epoch", leave)
    apart = fit()
    assert apart.n == [4] * 4 + [3] * 4 + [1] * 12
    for epoch in (4, 8, 12, 20):
        going = seen.get(epoch, [3])
        expected, found = together.first[epoch - 1], apart.first[epoch - 1]
        torch.testing.assert_close(found, expected[going], rtol=1e-6, atol=1e-9)


def test_who_left_is_in_the_ensemble_with_its_best_epoch(mixed_class, rows):
    model = mixed_class(n_members=6, cv=2, **SMALL).fit(*rows)
    left = model.members_["n_epochs"] < model.n_iter_
    assert left.any() or model.n_iter_ <= 14
    assert (model.members_["weight"] > 0).all()
    assert len(model._net.network.config["sizes"]) == 6
    assert np.isfinite(model.members_["validation_score"]).all()


def test_training_ends_when_nobody_is_left():
    source = np.random.RandomState(0)
    X, y = source.normal(size=(100, 8)), source.randint(0, 2, 100)  # only noise
    model = TabularClassifier(n_members=4, cv=2, **SMALL).fit(X, y)
    assert model.n_iter_ <= 14
    assert model.members_["n_epochs"].max() == model.n_iter_
    assert len(model.validation_scores_) == model.n_iter_
    assert model.score(X, y) > 0.5


def test_who_leaves_repeats_and_survives_copies(mixed_class, rows):
    X, y = rows
    model = mixed_class(n_members=6, cv=2, **SMALL).fit(X, y)
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(answers(again, X), answers(model, X))
    np.testing.assert_array_equal(
        again.members_["n_epochs"], model.members_["n_epochs"]
    )
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(answers(other, X), answers(model, X))


def test_a_zero_weight_is_no_row_when_members_leave(mixed_class, rows):
    X, y = rows
    weight = (np.arange(len(y)) % 4 > 0).astype(float)
    one = mixed_class(n_members=6, cv=2, **SMALL).fit(X, y, sample_weight=weight)
    strange = np.where(weight > 0, y, np.roll(y, 1))
    other = mixed_class(n_members=6, cv=2, **SMALL).fit(
        X, strange, sample_weight=weight
    )
    np.testing.assert_array_equal(answers(one, X), answers(other, X))


class Press(Callback):
    """Ctrl-C in a batch some epochs after half time."""

    def on_batch_end(self, net, training=False, **kwargs):
        if training and len(net.history) == 17:
            raise KeyboardInterrupt


def test_a_fit_that_ends_after_half_time_is_an_ensemble(mixed_class):
    X = np.random.RandomState(0).normal(size=(400, 3))
    signal = X[:, 0] + X[:, 1] * X[:, 2]
    y = (signal > 0).astype(int) if is_classifier(mixed_class()) else signal
    settings = {"n_members": 6, "cv": None, "random_state": 0, "max_iter": 30}
    settings |= {"learning_rate_init": 1e-3, "callbacks": [Press()]}  # all improve
    watch = Watch()
    model = mixed_class(**settings)
    model.callbacks.append(watch)
    with pytest.warns(InterruptedWarning):
        model.fit(X, y)
    assert watch.n[14] < 6
    assert model.n_iter_ == 16
    assert np.isfinite(answers(model, X)).all()
    assert model.members_["weight"].sum() == pytest.approx(1)
    assert model.members_["n_epochs"].max() == 16


def test_the_scorer_of_the_user_says_who_is_behind(rows):
    X, signal = rows[0], rows[0]["0"].to_numpy()
    y = (signal > 0).astype(int)

    def accuracy(model, X, y):
        return float(np.mean(model.predict(X) == y))

    by_loss = TabularClassifier(n_members=6, cv=2, **SMALL).fit(X, y)
    by_scorer = TabularClassifier(
        n_members=6, cv=2, **SMALL, early_stopping_scoring=accuracy
    ).fit(X, y)
    found = by_scorer.members_["n_epochs"]
    assert (found <= 14).sum() >= 4
    assert found.tolist() != by_loss.members_["n_epochs"].tolist()


def test_members_with_and_without_weights_of_classes_have_their_own_third():
    X, y = make_classification(300, weights=[0.9], random_state=0)
    model = TabularClassifier(
        n_members=8, cv=2, imbalance="auto", **SMALL | {"max_iter": 16}
    ).fit(X, y)
    assert model.imbalance_ in ("none", "weights", "both")
    assert len(model.members_["n_epochs"]) == 8
    assert np.isfinite(model.predict_proba(X)).all()


def test_a_trial_of_units_lets_members_leave_in_the_training_alone():
    source = np.random.RandomState(0)
    X = source.normal(size=(200, 3))
    y = np.exp(1.5 * X[:, 0] + 0.3 * source.normal(size=200))
    model = TabularRegressor(n_members=4, cv=2, **SMALL).fit(X, y)
    assert model.members_["n_epochs"].max() == model.n_iter_
    assert model.score(X, y) > 0.3
