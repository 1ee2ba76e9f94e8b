"""Penalties, limits and noise, against autograd, torch.nn.utils and slow twins."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback
from torch.nn import functional as F

from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.training._mixup import BoundMixup

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SETTINGS = {
    "hidden_layer_sizes": (6, 5),
    "activation": "tanh",
    "alpha": 0.0,
    "shuffle": False,
    "batch_size": 40,
    "max_iter": 5,
    "random_state": 0,
}

ONE_STEP = {
    **SETTINGS,
    "solver": "sgd",
    "momentum": 0.0,
    "learning_rate_init": 1.0,
    "batch_size": 120,
    "max_iter": 1,
}


@pytest.mark.parametrize("decay_biases", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("alpha", "l1_alpha"), [(7.0, 0.0), (0.0, 7.0), (3.0, 5.0)])
def test_penalties_have_the_gradient_of_the_penalised_loss(
    numbers, watcher, make_twin, alpha, l1_alpha, weighted, decay_biases
):
    X, y = numbers
    weight = np.random.RandomState(0).uniform(0.5, 3, len(X)) if weighted else None
    total = weight.sum() if weighted else len(X)
    model = MLPRegressor(
        **{**ONE_STEP, "alpha": alpha},
        l1_alpha=l1_alpha,
        decay_biases=decay_biases,
        callbacks=[watcher],
    ).fit(X, y, sample_weight=weight)
    twin = make_twin(watcher.initial)
    share = torch.as_tensor(np.ones(len(X)) if weight is None else weight) / total
    errors = twin.net(torch.as_tensor(X))[:, 0] - torch.as_tensor(y)
    penalised = twin.parameters(None if decay_biases else "weight")
    loss = 0.5 * (share * errors**2).sum()
    loss = loss + 0.5 * alpha / total * sum((p**2).sum() for p in penalised)
    loss = loss + l1_alpha / total * sum(p.abs().sum() for p in penalised)
    loss.backward()
    for i in range(3):
        for name, p in zip(("weight", "bias"), twin.layer(i)):
            key = f"linears.{i}.{name}"
            step = watcher.initial[key] - watcher.steps[0][key]
            torch.testing.assert_close(step, p.grad, rtol=1e-10, atol=1e-12)
    assert model.loss_ == pytest.approx(loss.item(), rel=1e-12)


def test_l1_penalty_brings_weights_to_zero(numbers):
    X, y = numbers
    settings = {**SETTINGS, "max_iter": 60, "learning_rate_init": 0.01}
    plain = MLPRegressor(**settings).fit(X, y)
    sparse = MLPRegressor(**settings, l1_alpha=10.0).fit(X, y)
    assert (np.abs(sparse.coefs_[0]) < 0.02).mean() > 0.5
    assert (np.abs(plain.coefs_[0]) < 0.02).mean() < 0.2


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_no_unit_exceeds_max_norm_after_any_step(labels, watcher, solver):
    X, y = labels
    model = MLPClassifier(
        **SETTINGS,
        max_norm=0.9,
        learning_rate_init=0.05,
        solver=solver,
        callbacks=[watcher],
    ).fit(X, y)
    for weights in watcher.steps:
        for i in range(3):
            norms = weights[f"linears.{i}.weight"].norm(dim=1)
            assert norms.max() <= 0.9 + 1e-6
    for coef in model.coefs_:  # incoming weights of a unit are a column here
        assert np.linalg.norm(coef, axis=0).max() <= 0.9 + 1e-6


def test_max_norm_changes_only_units_that_exceed_it(numbers, watcher, make_twin):
    X, y = numbers
    MLPRegressor(**ONE_STEP, max_norm=0.8, callbacks=[watcher]).fit(X, y)
    twin = make_twin(watcher.initial)
    optimizer = torch.optim.SGD(twin.parameters(), lr=1.0)
    (free,) = twin.train(optimizer, X, y, batch_size=120, n_epochs=1)
    n_limited = 0
    for i in range(3):
        name = f"linears.{i}.weight"
        for ours, unit in zip(watcher.steps[0][name], free[name]):
            limited = unit * min(1.0, 0.8 / unit.norm().item())
            torch.testing.assert_close(ours, limited, rtol=1e-6, atol=1e-8)
            n_limited += unit.norm().item() > 0.8
        torch.testing.assert_close(
            watcher.steps[0][f"linears.{i}.bias"], free[f"linears.{i}.bias"]
        )
    assert 0 < n_limited < 12


CLIPPING = {
    "norm": (
        {"max_grad_norm": 0.2},
        lambda p: torch.nn.utils.clip_grad_norm_(p, 0.2),
    ),
    "value": (
        {"max_grad_value": 0.03},
        lambda p: torch.nn.utils.clip_grad_value_(p, 0.03),
    ),
    "value, then norm": (
        {"max_grad_value": 0.03, "max_grad_norm": 0.1},
        lambda p: (
            torch.nn.utils.clip_grad_value_(p, 0.03),
            torch.nn.utils.clip_grad_norm_(p, 0.1),
        ),
    ),
}


@pytest.mark.parametrize("name", CLIPPING)
@pytest.mark.parametrize("solver", ["sgd", torch.optim.Adamax])
def test_gradients_are_clipped_as_in_torch(
    numbers, watcher, make_twin, same_weights, name, solver
):
    X, y = numbers
    params, clip = CLIPPING[name]
    make = torch.optim.Adamax
    if solver == "sgd":

        def make(p, lr):
            return torch.optim.SGD(p, lr, momentum=0.9, nesterov=True)

    runs = []
    for changes, before_step in ((params, True), ({}, False)):
        MLPRegressor(
            **SETTINGS,
            **changes,
            learning_rate_init=0.05,
            solver=solver,
            callbacks=[watcher],
        ).fit(X, y)
        twin = make_twin(watcher.initial)
        steps = twin.train(
            make(twin.parameters(), 0.05),
            X,
            y,
            batch_size=40,
            n_epochs=5,
            before_step=(lambda: clip(twin.parameters())) if before_step else None,  # noqa: B023
        )
        for ours, torchs in zip(watcher.steps, steps):
            same_weights(ours, torchs)
        runs.append(steps[-1])
    gap = runs[0]["linears.0.weight"] - runs[1]["linears.0.weight"]
    assert gap.abs().max() > 1e-3  # the limit was felt


def test_a_small_gradient_is_not_clipped(numbers):
    X, y = numbers
    free = MLPRegressor(**SETTINGS).fit(X, y)
    limited = MLPRegressor(**SETTINGS, max_grad_value=1e6, max_grad_norm=1e6).fit(X, y)
    np.testing.assert_array_equal(free.coefs_[0], limited.coefs_[0])


# -- targets and rows ----------------------------------------------------------------


def test_label_smoothing_is_that_of_torch(labels, watcher, make_twin, same_weights):
    X, y = labels
    model = MLPClassifier(**SETTINGS, label_smoothing=0.3, callbacks=[watcher])
    model.fit(X, y)
    twin = make_twin(watcher.initial)
    steps = twin.train(
        torch.optim.Adam(twin.parameters(), 0.001),
        X,
        y,
        batch_size=40,
        n_epochs=5,
        loss=lambda X, y: twin.loss(X, y, smoothing=0.3),
    )
    same_weights(watcher.steps[-1], steps[-1])


@pytest.mark.parametrize("multilabel", [False, True])
def test_label_smoothing_of_yes_and_no_moves_both_towards_a_half(
    two_classes, watcher, make_twin, same_weights, multilabel
):
    X, y = two_classes
    if multilabel:
        y = np.column_stack([y, X[:, 0] > 0, X[:, 1] > 0]).astype(int)
    MLPClassifier(**SETTINGS, label_smoothing=0.3, callbacks=[watcher]).fit(X, y)
    twin = make_twin(watcher.initial)

    def loss(X, y):
        target = 0.7 * torch.as_tensor(y.reshape(len(y), -1)).double() + 0.15
        raw = twin.net(torch.as_tensor(X))
        losses = F.binary_cross_entropy_with_logits(raw, target, reduction="none")
        return losses.sum(dim=1).mean()

    optimizer = torch.optim.Adam(twin.parameters(), 0.001)
    steps = twin.train(optimizer, X, y, batch_size=40, n_epochs=5, loss=loss)
    same_weights(watcher.steps[-1], steps[-1])


def test_label_smoothing_applies_to_training_rows_only(labels):
    X, y = labels
    settings = {**SETTINGS, "label_smoothing": 0.3, "early_stopping": True}
    model = MLPClassifier(**{**settings, "max_iter": 1}).fit(
        X[:80], y[:80], X_val=X[80:], y_val=y[80:]
    )
    proba = model.predict_proba(X[80:])[np.arange(40), y[80:]]
    assert model.history_[0]["valid_loss"] == pytest.approx(-np.log(proba).mean())


def test_label_smoothing_makes_probabilities_less_extreme(labels):
    X, y = labels
    settings = {**SETTINGS, "max_iter": 150, "learning_rate_init": 0.02}
    sure = MLPClassifier(**settings).fit(X, y).predict_proba(X).max()
    smooth = MLPClassifier(**settings, label_smoothing=0.3).fit(X, y)
    assert smooth.predict_proba(X).max() < sure
    assert smooth.predict_proba(X).max(axis=1).mean() < 0.9


class RecordedMixup:
    """Notes the rows, the mixed rows and the share of every batch."""

    def __init__(self, monkeypatch):
        self.batches = []
        mix = BoundMixup.__call__

        def recording(mixup, batch, generator):
            mixed, other = mix(mixup, batch, generator)
            self.batches.append((batch, mixed, other))
            return mixed, other

        monkeypatch.setattr(BoundMixup, "__call__", recording)

    def partners(self):
        """Yield share, rows and the rows that they were mixed with."""
        for batch, mixed, other in self.batches:
            x, share = batch.inputs["x"], other.share
            partner_rows = (mixed.inputs["x"] - share * x) / (1 - share)
            distance = torch.cdist(partner_rows, x)
            yield share, batch, distance.argmin(dim=1), distance.amin(dim=1)


@pytest.fixture
def recorded_mixup(monkeypatch):
    return RecordedMixup(monkeypatch)


@pytest.mark.parametrize("weighted", [False, True])
def test_mixup_trains_on_mixed_rows_with_soft_targets(
    labels, watcher, make_twin, same_weights, recorded_mixup, weighted
):
    X, y = labels
    weight = np.random.RandomState(1).uniform(0.5, 2, len(X)) if weighted else None
    model = MLPClassifier(**SETTINGS, mixup=1.0, callbacks=[watcher])
    model.fit(X, y, sample_weight=weight)
    twin = make_twin(watcher.initial)
    optimizer = torch.optim.Adam(twin.parameters(), 0.001)
    for step, (share, batch, partner, distance) in enumerate(recorded_mixup.partners()):
        assert distance.max() < 1e-6  # each is a row of the same batch
        assert sorted(partner.tolist()) == list(range(40))
        x, targets = batch.inputs["x"], F.one_hot(batch.target, 3).double()
        w = torch.ones(40).double() if batch.weight is None else batch.weight
        raw = twin.net(share * x + (1 - share) * x[partner])
        soft = share * (w / w.sum())[:, None] * targets
        soft = soft + (1 - share) * (w / w.sum())[partner, None] * targets[partner]
        optimizer.zero_grad()
        (-(soft * torch.log_softmax(raw, dim=1)).sum()).backward()
        optimizer.step()
        same_weights(watcher.steps[step], twin.weights(), tolerance=1e-8)
    assert step == 14


def test_shares_of_mixup_have_the_beta_distribution(numbers, recorded_mixup):
    X, y = numbers
    MLPRegressor(
        hidden_layer_sizes=(2,), mixup=0.4, batch_size=4, max_iter=10, random_state=0
    ).fit(X, y)
    shares = [other.share for _, _, other in recorded_mixup.batches]
    assert len(shares) == 300
    assert kstest(shares, "beta", args=(0.4, 0.4)).pvalue > 0.01


def test_mixup_leaves_validation_rows_alone(labels, recorded_mixup):
    X, y = labels
    model = MLPClassifier(**{**SETTINGS, "max_iter": 2}, mixup=0.5)
    model.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    assert [len(batch) for batch, _, _ in recorded_mixup.batches] == [40] * 4
    proba = model.predict_proba(X[80:])[np.arange(40), y[80:]]
    assert model.history_[-1]["valid_loss"] == pytest.approx(-np.log(proba).mean())


def test_dropout_silences_the_stated_part_of_the_units(numbers):
    X, y = numbers
    seen = []

    def note(module, inputs, output):
        if module.training:
            seen.append((inputs[0].detach(), output.detach()))

    class Watch(Callback):
        def on_train_begin(self, net, **kwargs):
            for dropout in net.module_.dropouts:
                dropout.register_forward_hook(note)

    MLPRegressor(
        hidden_layer_sizes=(50, 50),
        dropout=(0.2, 0.6),
        max_iter=3,
        random_state=0,
        callbacks=[Watch()],
    ).fit(X, y + 3)
    for p, start in ((0.2, 0), (0.6, 1)):
        before = torch.cat([pair[0] for pair in seen[start::2]])
        after = torch.cat([pair[1] for pair in seen[start::2]])
        fired = before > 0
        kept = after[fired] > 0
        assert kept.double().mean().item() == pytest.approx(1 - p, abs=0.02)
        torch.testing.assert_close(
            after[fired][kept], before[fired][kept] / (1 - p), rtol=1e-6, atol=0
        )


def test_regularisation_can_be_searched(two_classes):
    X, y = two_classes
    grid = [
        {"l1_alpha": [0.0, 0.1], "max_norm": [None, 1.0]},
        {"mixup": [0.3], "label_smoothing": [0.0, 0.1]},
        {"max_grad_norm": [1.0], "max_grad_value": [None, 0.1], "dropout": [0.2]},
    ]
    model = MLPClassifier((4,), max_iter=2)
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 8
