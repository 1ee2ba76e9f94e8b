"""Ctrl-C in a training that another one follows ends the whole call."""

from dataclasses import replace

import numpy as np
import pytest

from sknn_suite import AutoencoderDetector, TabularRegressor
from sknn_suite.imbalance import VAEOverSampler
from sknn_suite.training import _train


@pytest.fixture
def pressed(monkeypatch):
    """Ctrl-C after the first epoch of the first training; counts the trainings."""
    begun, train = [], _train.train

    def interrupted(plan, **kwargs):
        begun.append(plan)
        return replace(train(plan, **kwargs), interrupted=True)

    monkeypatch.setattr(_train, "train", interrupted)
    return begun


@pytest.fixture
def skewed():
    source = np.random.RandomState(0)
    X = source.normal(size=(80, 3))
    return X, np.exp(2 * X[:, 0] + source.normal(size=80))


def test_the_trial_of_the_units_of_a_target(pressed, skewed):
    model = TabularRegressor(n_members=2, hidden_layer_sizes=(4,), max_iter=16)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*skewed)
    assert len(pressed) == 1
    assert not hasattr(model, "history_")


def test_the_training_of_one_layer_after_another(pressed, skewed):
    detector = AutoencoderDetector(
        hidden_layer_sizes=(8, 6), pretraining_iter=2, max_iter=2, random_state=0
    )
    with pytest.raises(KeyboardInterrupt):
        detector.fit(skewed[0])
    assert len(pressed) == 1


def test_the_network_of_a_sampler(pressed, skewed):
    X, y = skewed
    with pytest.raises(KeyboardInterrupt):
        VAEOverSampler(max_iter=2, random_state=0).fit_resample(
            X, y > np.quantile(y, 0.8)
        )
    assert len(pressed) == 1
