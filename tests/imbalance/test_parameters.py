"""Each parameter of a sampler acts."""

import numpy as np
import pytest
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import clone

from sknn_suite.imbalance import (
    AnyShape,
    GANOverSampler,
    LatentSMOTE,
    VAEOverSampler,
)

KINDS = [AnyShape, GANOverSampler, LatentSMOTE, VAEOverSampler]


OTHER_VALUES = {
    "sampling_strategy": {0: 60, 1: 30},
    "random_state": 1,
    "hidden_layer_sizes": (5,),
    "max_iter": 3,
    "batch_size": 20,
    "learning_rate_init": 0.05,
    "device": "nowhere",
    "k_neighbors": 2,
    "n_components": 1,
    "beta": 20.0,
    "draw": False,
    "n_critic": 1,
    "gradient_penalty": 50.0,
}


def table():
    X = np.random.RandomState(0).normal(size=(60, 4))
    return X, np.repeat([0, 1], [45, 15])


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in KINDS[1:] for name in kind._parameter_constraints],
)
def test_each_parameter_acts_or_is_refused(kind, name):
    sampler = kind(max_iter=2, hidden_layer_sizes=(8,), random_state=0)
    usual, _ = sampler.fit_resample(*table())
    other = clone(sampler).set_params(**{name: OTHER_VALUES[name]})
    if name == "device":
        with pytest.raises(ValueError, match="not available on this machine"):
            other.fit_resample(*table())
        return
    found, _ = other.fit_resample(*table())
    assert found.shape != usual.shape or not np.array_equal(found, usual)


@pytest.mark.parametrize(
    "params",
    [
        {"sampler": RandomUnderSampler(random_state=0)},
        {"augment": ["flip"]},
        {"random_state": 1},
    ],
    ids=str,
)
def test_each_parameter_of_any_shape_acts(params):
    images, y = np.random.RandomState(0).normal(size=(60, 4, 4)), table()[1]
    usual, _ = AnyShape(random_state=0).fit_resample(images, y)
    found, _ = AnyShape(**{"random_state": 0} | params).fit_resample(images, y)
    assert found.shape != usual.shape or not np.array_equal(found, usual)
