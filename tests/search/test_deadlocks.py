"""No mixture of searches, ensembles and faults waits forever."""

import threading
import time
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from sknn_suite import MLPClassifier, train_together

# Seconds after which a search that takes a second is said to wait forever.
FOREVER = 300

X, Y = make_classification(n_samples=60, n_features=4, random_state=0)


class Odd(TransformerMixin, BaseEstimator):
    """A step that is quick, sleeps, takes a lock, or fails."""

    lock = threading.Lock()

    def __init__(self, kind="quick"):
        self.kind = kind

    def fit(self, X, y=None):
        if self.kind == "sleeps":
            time.sleep(0.07)
        if self.kind == "locks":
            with self.lock:
                time.sleep(0.01)
        if self.kind == "fails":
            raise RuntimeError("on purpose")
        return self

    def transform(self, X):
        return X


def draw_leaf(rng):
    """Draw a network, or another classifier."""
    if rng.rand() < 0.25:
        return GaussianNB()
    network = MLPClassifier(
        (int(rng.randint(2, 4)),),
        max_iter=int(rng.randint(1, 4)),
        alpha=float(rng.choice([1e-4, 1.0])),
        early_stopping=bool(rng.rand() < 0.2),
        random_state=0,
    )
    if rng.rand() < 0.4:
        odds = ["quick", "quick", "sleeps", "locks", "fails"]
        return make_pipeline(Odd(str(rng.choice(odds))), network)
    return network


def draw_model(rng, depth):
    """Draw a tree of models of models."""
    if depth == 0 or rng.rand() < 0.2:
        return draw_leaf(rng)
    below = [draw_model(rng, depth - 1) for _ in range(rng.randint(1, 3))]
    named = [(f"m{i}", model) for i, model in enumerate(below)]
    draws = [
        lambda: StackingClassifier(named, LogisticRegression(), cv=2),
        lambda: VotingClassifier(named),
        lambda: BaggingClassifier(below[0], 2, random_state=0),
        lambda: CalibratedClassifierCV(below[0], cv=2),
        lambda: OneVsRestClassifier(below[0]),
        lambda: TunedThresholdClassifierCV(below[0], cv=2),
        lambda: GridSearchCV(
            make_pipeline(Odd(), below[0]),
            {"odd__kind": ["quick", str(rng.choice(["sleeps", "locks", "fails"]))]},
            cv=2,
            pre_dispatch=rng.choice([1, 3, "2*n_jobs"]),
        ),
    ]
    return draws[rng.randint(len(draws))]()


def outcome(model):
    """Predictions, or the kind of the error."""
    try:
        return model.fit(X, Y).predict(X).tolist()
    except Exception as error:
        return type(error).__name__


def hunt(seed):
    """Fit a random model in a block and outside, with the same outcome."""
    rng = np.random.RandomState(seed)
    model = draw_model(rng, depth=3)
    most = rng.choice([2, 3, 16, 256])
    alone = outcome(model)
    with train_together(max_networks=int(most)):
        together = outcome(model)
    assert together == alone, f"seed {seed}"


@pytest.mark.parametrize("part", range(10))
@pytest.mark.parametrize("n", [2, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore")
def test_no_random_model_of_models_waits_forever(n, part):
    errors = []

    def hunt_all():
        warnings.simplefilter("ignore")
        try:
            for seed in range(1000 * n + n * part, 1000 * n + n * (part + 1)):
                progress.append(seed)
                hunt(seed)
        except BaseException as error:
            errors.append(error)

    progress = []
    hunter = threading.Thread(target=hunt_all, daemon=True)
    hunter.start()
    n_before = -1
    while hunter.is_alive() and len(progress) > n_before:
        n_before = len(progress)
        hunter.join(FOREVER)
    assert not hunter.is_alive(), f"seed {progress[-1]} waits forever"
    if errors:
        raise errors[0]
    assert len(progress) == n
