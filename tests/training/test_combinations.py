"""Options of training work together, are repeatable, and can be searched."""

import random

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from sknn_suite import MLPClassifier
from sknn_suite.parameters._training import OPTIMIZER_NAMES, SCHEDULE_NAMES

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # few epochs are enough here
    "ignore:The loss became NaN",
    "ignore:The loss (hardly falls|falls most steeply)",  # of four units with dropout
)

CHOICES = {
    "solver": [*OPTIMIZER_NAMES, torch.optim.Adamax],
    "solver_params": [None, {"weight_decay": 0.01}],
    "learning_rate": [*SCHEDULE_NAMES, lambda epoch: 0.9**epoch],
    "learning_rate_init": [0.001, 0.01, [0.001, 0.002, 0.01], "auto"],
    "warmup": [0.0, 1, 1.3],
    "alpha": [0.0, 0.1],
    "l1_alpha": [0.0, 0.01],
    "decay_biases": [False, True],
    "max_norm": [None, 1.0],
    "dropout": [0.0, 0.3, (0.0, 0.4)],
    "batch_norm": [False, True],
    "activation": ["relu", "tanh", "gelu", "rrelu"],
    "label_smoothing": [0.0, 0.1],
    "mixup": [0.0, 0.4],
    "max_grad_norm": [None, 0.5],
    "max_grad_value": [None, 0.1],
    "averaging": [None, "swa", "ema"],
    "averaging_start": [None, 2, 0.3],
    "ema_decay": [0.9, 0.999],
    "early_stopping": [False, True],
    "early_stopping_scoring": [None, "loss", "neg_log_loss"],
    "max_time": [None, 1000],
    "on_divergence": ["raise", "recover"],
    "freeze": [None, 1, ["linears.1"]],
    "unfreeze_every": [None, 2],
    "accumulate": [1, 3],
    "batch_size": ["auto", 16, 50],
    "class_weight": [None, "balanced"],
    "shuffle": [True, False],
    "precision": ["auto", "float32"],
    "checkpoint_every": [1, 2],
}


def draw(seed):
    """Draw a combination of options."""
    chosen = random.Random(seed)
    return {name: chosen.choice(values) for name, values in CHOICES.items()}


@pytest.mark.parametrize("seed", range(15))
def test_random_combination_trains_and_is_repeatable(
    labels, tmp_path, global_randomness, seed
):
    X, y = labels
    options = draw(seed)
    # Some options are drawn together that exclude each other's purpose, not its work.
    model = MLPClassifier((6, 5), max_iter=8, random_state=seed, **options)
    weight = np.random.RandomState(seed).uniform(0, 2, len(X)) if seed % 2 else None
    before = global_randomness()
    first = clone(model).fit(X, y, sample_weight=weight)
    again = clone(model).fit(X, y, sample_weight=weight)
    checked = clone(model).set_params(checkpoint=tmp_path / "run")
    checked.fit(X, y, sample_weight=weight)
    assert global_randomness() == before
    assert np.isfinite(first.loss_curve_).all()
    proba = first.predict_proba(X)
    assert np.isfinite(proba).all()
    for other in (again, checked):
        np.testing.assert_array_equal(other.predict_proba(X), proba)
        assert other.loss_curve_ == first.loss_curve_
    assert len(first.history_) == first.n_iter_ == len(first.loss_curve_)


def test_every_option_can_be_searched(two_classes):
    X, y = two_classes
    search = RandomizedSearchCV(
        MLPClassifier((4, 3), max_iter=2, early_stopping=True, random_state=0),
        CHOICES,
        n_iter=10,
        cv=2,
        random_state=0,
        error_score="raise",
    ).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("name", CHOICES)
def test_every_value_of_an_option_can_be_searched(two_classes, name):
    X, y = two_classes
    model = MLPClassifier((4, 3), max_iter=2, random_state=0)
    search = GridSearchCV(model, {name: CHOICES[name]}, cv=2, error_score="raise")
    search.fit(X, y)
    assert search.best_params_[name] in CHOICES[name]
