"""What every test file shares: all estimators, small data, eyes on fitted state.

A test with an argument `classifier_class`, `regressor_class` or `detector_class` runs
once for every public estimator of that kind, with `estimator_class` for every one that
learns a target from tables, with `sequential_class` for those of texts and sequences,
with `drop_in_class` for those that are scikit-learn's MLP but for the name (`coefs_`,
the default schedule), and with `public_class` for all. What those promise that take
data frames as they are, `mixed_class`, is tested in tests/tabular.
"""

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, is_classifier, is_outlier_detector
from sklearn.datasets import make_classification, make_regression

import sknn_suite
from sknn_suite.imbalance import (
    AnyShape,
    GANOverSampler,
    LatentSMOTE,
    VAEOverSampler,
)
from sknn_suite.tabular._mixed import TabularEstimator
from sknn_suite.tabular._mlp import MLPEstimator

PUBLIC = [
    public
    for public in (getattr(sknn_suite, name) for name in sknn_suite.__all__)
    if isinstance(public, type) and issubclass(public, BaseEstimator)
]
SAMPLERS = [AnyShape, GANOverSampler, LatentSMOTE, VAEOverSampler]
DETECTORS = [c for c in PUBLIC if is_outlier_detector(c())]
# What they promise is tested in tests/sequence: their rows are no tables.
SEQUENTIAL = [c for c in PUBLIC if c.__module__.split(".")[1] in ("sequence", "text")]
MIXED = [c for c in PUBLIC if issubclass(c, TabularEstimator)]
ESTIMATORS = [c for c in PUBLIC if c not in (*DETECTORS, *SEQUENTIAL, *MIXED)]
CLASSIFIERS = [c for c in ESTIMATORS if is_classifier(c())]
DROP_INS = [c for c in ESTIMATORS if issubclass(c, MLPEstimator)]
REGRESSORS = [c for c in ESTIMATORS if not is_classifier(c())]
KINDS = {
    "public_class": PUBLIC,
    "documented_class": [*PUBLIC, *SAMPLERS],
    "public_classifier": [c for c in PUBLIC if is_classifier(c())],
    "estimator_class": ESTIMATORS,
    "classifier_class": CLASSIFIERS,
    "drop_in_class": DROP_INS,
    "regressor_class": REGRESSORS,
    "detector_class": DETECTORS,
    "sequential_class": SEQUENTIAL,
    "mixed_class": MIXED,
}


def pytest_generate_tests(metafunc):
    """Run a test for every estimator of the kind that its argument names."""
    for name, classes in KINDS.items():
        if name in metafunc.fixturenames:
            ids = [c.__name__ for c in classes]
            metafunc.parametrize(name, classes, ids=ids, scope="session")


class Rows(NamedTuple):
    """X and y."""

    X: np.ndarray
    y: np.ndarray


@pytest.fixture
def labels() -> Rows:
    """Three classes, 120 rows, unit scale."""
    X, y = make_classification(
        n_samples=120, n_features=8, n_informative=5, n_classes=3, random_state=0
    )
    return Rows(X, y)


@pytest.fixture
def two_classes() -> Rows:
    """Two classes, 120 rows, unit scale."""
    return Rows(*make_classification(n_samples=120, n_features=8, random_state=0))


@pytest.fixture
def numbers() -> Rows:
    """A target of unit scale, 120 rows."""
    X, y = make_regression(n_samples=120, n_features=8, noise=1.0, random_state=0)
    return Rows(X, (y - y.mean()) / y.std())


WORDS = (
    ["dull", "flat", "grey", "slow", "tired", "worn"],
    ["bright", "crisp", "keen", "lively", "quick", "sharp"],
    ["calm", "deep", "gentle", "quiet", "still", "warm"],
)
FILLERS = ("a", "an", "the", "it", "was", "film", "book", "rather,", "so!", "...", "😀")


@pytest.fixture
def texts() -> Rows:
    """Three classes, 120 texts of 1 to 12 words, told by one word or two."""
    source = np.random.RandomState(0)
    y = source.randint(3, size=120)
    X = []
    for label in y:
        words = list(source.choice(FILLERS, source.randint(0, 11)))
        for _ in range(source.randint(1, 3)):
            words.insert(source.randint(len(words) + 1), source.choice(WORDS[label]))
        X.append(" ".join(words))
    return Rows(np.array(X, dtype=object), y)


@pytest.fixture
def sequences() -> Rows:
    """Three classes, 120 sequences of 3 to 12 steps and two channels."""
    source = np.random.RandomState(0)
    y = source.randint(3, size=120)
    X = [source.normal(size=(source.randint(3, 13), 2)) for _ in y]
    for row, label in zip(X, y):
        row[:, 0] += (label - 1) * np.arange(len(row))
    return Rows(X, y)


@pytest.fixture
def rows(request, labels, numbers) -> Rows:
    """Data that suits the estimator of the test."""
    for name in KINDS:
        if name in request.fixturenames:
            kind = request.getfixturevalue(name)
            if kind in SEQUENTIAL:
                of_words = "Text" in kind.__name__
                return request.getfixturevalue("texts" if of_words else "sequences")
            return labels if is_classifier(kind()) else numbers
    return labels


@pytest.fixture
def scores_of() -> Callable[[Any, Any], np.ndarray]:
    """Return the finest prediction that an estimator gives."""

    def scores_of(model, X):
        if hasattr(model, "predict_proba"):
            return model.predict_proba(X)
        return model.predict(X)

    return scores_of


@pytest.fixture
def snapshot() -> Callable[[Any], dict]:
    """Return a deep copy of an estimator's attributes, to compare with `same_state`."""

    def snapshot(model):
        return copy.deepcopy(model.__getstate__())

    return snapshot


@pytest.fixture
def same_state() -> Callable[[Any, Any], bool]:
    """Compare nested states, arrays and generators bit by bit."""
    return _same


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray | np.generic):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, np.random.RandomState):
        return _same(a.get_state(legacy=False), b.get_state(legacy=False))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if hasattr(a, "__dict__") and not isinstance(a, type):
        return type(a) is type(b) and _same(a.__getstate__(), b.__getstate__())
    return a == b or (a != a and b != b)


@pytest.fixture
def global_randomness() -> Callable[[], tuple]:
    """Return the states of all global generators."""

    def state():
        kind, keys, position, has_gauss, gauss = np.random.get_state()
        return (
            random.getstate(),
            (kind, keys.tobytes(), position, has_gauss, gauss),
            torch.get_rng_state().numpy().tobytes(),
        )

    return state


@pytest.fixture
def two_threads() -> Iterator[None]:
    """Let torch compute in two threads, however many the environment gives it."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)
