"""Steps that TorchScript takes: the numbers of steps that Python takes, bit for bit."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import KFold

from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.estimator._fit import Call, plan_call
from sknn_suite.training import Job, train_many
from sknn_suite.training import _scripted_steps as scripted
from sknn_suite.training._pack import Pack
from sknn_suite.training._scripted_steps import ScriptedSteps

X, y = make_classification(203, 9, n_informative=5, n_classes=3, random_state=0)
X_two, y_two = make_classification(203, 9, random_state=0)
X_real, y_real = make_regression(203, 9, n_targets=2, noise=1.0, random_state=0)
y_real /= y_real.std()

TARGETS = {
    "classes": (MLPClassifier, X, y),
    "two classes": (MLPClassifier, X_two, y_two),
    "labels": (MLPClassifier, X, np.c_[y == 0, y > 0].astype(int)),
    "number": (MLPRegressor, X_real, y_real[:, 0]),
    "numbers": (MLPRegressor, X_real, y_real),
}
SMALL = {
    "hidden_layer_sizes": (11,),
    "max_iter": 6,
    "batch_size": 50,
    "random_state": 0,
}

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(scripted._compiled() is None, reason="torch compiles no script"),
]


def jobs_of(target="classes", grid=({}, {"alpha": 0.1}, {"alpha": 0}), **given):
    """Plan the fits of a grid over three folds, which differ by a row."""
    kind, X, y = TARGETS[target]
    fit = {"sample_weight": np.ones(len(X))} if given.pop("weighted", False) else {}
    jobs = []
    for more in grid:
        for rows, _ in KFold(3).split(X):
            own = {name: value[rows] for name, value in fit.items()}
            model = kind(**{**SMALL, **given, **more})
            plan = plan_call(model, Call(X[rows], y[rows], **own)).prepare().plan
            jobs.append(Job(plan))
    return jobs


@pytest.fixture
def taken(monkeypatch):
    """Note the number of steps of each block that was taken."""
    found = []
    take = ScriptedSteps.take

    def noted(self, block):
        found.append(len(block))
        return take(self, block)

    monkeypatch.setattr(ScriptedSteps, "take", noted)
    return found


def train_both_ways(jobs, monkeypatch):
    """Train with TorchScript, and without."""
    ours = train_many(jobs, in_processes=False)
    monkeypatch.setattr(ScriptedSteps, "of", classmethod(lambda cls, *args: None))
    return ours, train_many(jobs, in_processes=False)


def assert_same(ours, theirs):
    """Compare weights, the optimiser's state and the history bit for bit."""
    for one, other in zip(ours, theirs, strict=True):
        for name, array in one.weights.items():
            np.testing.assert_array_equal(array, other.weights[name])
        torch.testing.assert_close(
            one.state["optimizer"], other.state["optimizer"], rtol=0, atol=0
        )
        for row, expected in zip(one.history, other.history, strict=True):
            assert {**row, "dur": 0} == {**expected, "dur": 0}


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_all_targets_and_activations(target, activation, precision, taken, monkeypatch):
    jobs = jobs_of(target, activation=activation, precision=precision)
    ours, theirs = train_both_ways(jobs, monkeypatch)
    assert taken
    assert_same(ours, theirs)


@pytest.mark.parametrize(
    "given",
    [
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (13, 7)},
        {"solver": "adamw"},
        {"batch_size": 135},  # and one row
        {"batch_size": 30},  # folds of 135 and 136 rows differ in their last batch
        {"early_stopping": True},
        {"shuffle": False},
        {
            "grid": [
                {"learning_rate_init": r, "beta_1": b}
                for r, b in ((1e-3, 0.9), (1e-2, 0.5))
            ]
        },
        {
            "grid": [
                {"max_iter": n, "alpha": a} for n, a in ((2, 0.1), (5, 0.2), (3, 0.3))
            ]
        },
        {"learning_rate": "exponential"},  # changes between epochs alone
        {"learning_rate": "one_cycle", "batch_size": 30},  # with each step
        {"learning_rate": "cosine", "batch_sampling": "balanced"},
        {"grid": [{"learning_rate": r} for r in ("constant", "cosine", "one_cycle")]},
    ],
    ids=str,
)
def test_other_settings(given, taken, monkeypatch):
    ours, theirs = train_both_ways(jobs_of(**given), monkeypatch)
    assert taken
    assert_same(ours, theirs)


@pytest.mark.parametrize(
    "given",
    [
        {"activation": "silu"},
        {"dropout": 0.2},
        {"l1_alpha": 0.1},
        {"label_smoothing": 0.1},
        {"solver": "sgd"},
        {"max_grad_norm": 1.0},
        {"averaging": "ema"},
        {"class_weight": "balanced"},
        {"weighted": True},
    ],
    ids=str,
)
def test_what_is_not_compiled_is_left_to_python(given, taken, monkeypatch):
    found = train_many(jobs_of(**given), in_processes=False)
    assert not taken
    assert all(np.isfinite(each.history[-1]["train_loss"]) for each in found)


def test_products_that_are_called_for_each_net(taken, monkeypatch):
    # The last batch of 5 rows is too small for torch's batched products.
    jobs = jobs_of("two classes", hidden_layer_sizes=(4, 1, 3), batch_size=65)
    ours, theirs = train_both_ways(jobs, monkeypatch)
    assert taken
    assert_same(ours, theirs)


def test_blocks_of_one_step(taken, monkeypatch):
    monkeypatch.setattr("sknn_suite.training._stacked_batches.BLOCK_BYTES", 1)
    ours, theirs = train_both_ways(jobs_of(batch_size=40), monkeypatch)
    assert set(taken) == {1}
    assert_same(ours, theirs)


def test_without_a_compiler_packs_train_all_the_same(monkeypatch):
    jobs = jobs_of()
    ours = train_many(jobs, in_processes=False)
    monkeypatch.setattr(scripted, "_compiled", lambda: None)
    assert_same(ours, train_many(jobs, in_processes=False))


def test_nets_that_diverge_do_not_touch_the_others(taken, monkeypatch):
    grid = [{"learning_rate_init": 1e-3}, {"learning_rate_init": 1e30}]
    jobs = jobs_of("number", grid=grid, activation="identity", precision="float32")
    ours, theirs = train_both_ways(jobs, monkeypatch)
    assert taken
    assert [type(each) for each in ours] == [type(each) for each in theirs]
    is_fine = [not isinstance(each, Exception) for each in ours]
    assert 0 < sum(is_fine) < len(ours)
    assert_same(
        [each for each, fine in zip(ours, is_fine) if fine],
        [each for each, fine in zip(theirs, is_fine) if fine],
    )


def test_a_pack_that_closes_up_goes_on(taken, monkeypatch):
    sizes = []
    close_up = Pack._close_up

    def noted(self):
        close_up(self)
        sizes.append(len(self.members))

    monkeypatch.setattr(Pack, "_close_up", noted)
    grid = [{"max_iter": n, "tol": 1e-6 * n} for n in (2, 4, 6)]
    jobs = jobs_of(grid=[{**g, "alpha": 0.01 * g["max_iter"]} for g in grid])
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # a pack for each thread
    try:
        train_many(jobs, max_networks=9)
    finally:
        torch.set_num_threads(before)
    assert sizes == [9, 6, 3, 0]
    assert taken
