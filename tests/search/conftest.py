"""Small networks and rows for searches."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier
from sknn_suite.search._workshop import Workshop


@pytest.fixture(scope="session")
def mlp():
    """Make a network of five units that learns for three epochs."""

    def mlp(**params):
        quick = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}
        return MLPClassifier(**quick | params)

    return mlp


@pytest.fixture(scope="session")
def scaled(mlp):
    """Make a pipeline of a scaler and a network."""

    def scaled(**params):
        return make_pipeline(StandardScaler(), mlp(**params))

    return scaled


@pytest.fixture(scope="session")
def few():
    """100 rows of two classes, one row in five of the second."""
    return make_classification(
        n_samples=100, n_features=6, weights=[0.8], flip_y=0.1, random_state=0
    )


@pytest.fixture
def groups(monkeypatch):
    """List the numbers of networks that meet."""
    sizes = []
    train = Workshop.train

    def counted(self, jobs, n_to_come=0):
        sizes.append(len(jobs))
        return train(self, jobs, n_to_come)

    monkeypatch.setattr(Workshop, "train", counted)
    return sizes


@pytest.fixture(scope="session")
def assert_same_results():
    """Compare two searches in all but times."""

    def assert_same_results(one, other):
        assert list(one.cv_results_) == list(other.cv_results_)
        for key, values in one.cv_results_.items():
            theirs = other.cv_results_[key]
            if key == "params" or values.dtype == object:
                assert str(values) == str(theirs)  # estimators in it are clones
            elif "time" not in key:
                assert values.dtype == theirs.dtype
                np.testing.assert_array_equal(values, theirs)
        assert str(one.best_params_) == str(other.best_params_)
        assert one.best_index_ == other.best_index_

    return assert_same_results
