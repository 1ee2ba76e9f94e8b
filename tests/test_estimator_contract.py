"""scikit-learn's own checks of estimators, with none expected to fail."""

import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    TabularClassifier,
    TabularRegressor,
    VAEDetector,
)

# TextRNNClassifier takes no tables: see tests/sequence/test_text_contract.py.
DEFAULTS = [
    MLPClassifier(),
    MLPRegressor(),
    CNNClassifier(),
    AutoencoderDetector(),
    VAEDetector(),
    RNNClassifier(),
]

# Small nets: the checks fit each configuration about a hundred times.
SMALL = {"hidden_layer_sizes": (32,), "max_iter": 100, "learning_rate_init": 0.02}

CONFIGURATIONS = {
    "early stopping": {"early_stopping": True, "validation_fraction": 0.5},
    "dropout": {"dropout": 0.1},
    "batch norm": {"batch_norm": True},
    "sgd": {"solver": "sgd"},
    "lbfgs": {"solver": "lbfgs"},
    "float32": {"precision": "float32"},
}
SLOW = {"batch norm", "lbfgs", "float32"}

# What cannot hold, and why. The defaults, sgd and lbfgs have no such entry.
WEIGHTS = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)
CANNOT_HOLD = {
    "early stopping": {
        **dict.fromkeys(WEIGHTS, "a repeated row may be split, a weighted one not"),
        **dict.fromkeys(
            (
                "check_fit_score_takes_y",
                "check_n_features_in_after_fitting",
                "check_estimators_partial_fit_n_features",
            ),
            "partial_fit refuses early stopping, as scikit-learn's MLP does",
        ),
    },
    "dropout": dict.fromkeys(WEIGHTS, "repeated rows draw masks of their own"),
    "batch norm": dict.fromkeys(WEIGHTS, "batch statistics count rows, not weights"),
    "float32": dict.fromkeys(
        (*WEIGHTS, "check_methods_subset_invariance"),
        "compared at 1e-7, which is the precision of float32",
    ),
}

pytestmark = [
    # The checks fit on as few as one row and for as little as one epoch.
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # SkipTestWarning tells of the array-API checks, which run further down.
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
]


@parametrize_with_checks(DEFAULTS)
def test_the_defaults_keep_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n
        for n in CONFIGURATIONS
    ],
)
def test_every_way_of_training_keeps_scikit_learns_contract(kind, name):
    model = kind(**SMALL | CONFIGURATIONS[name])
    results = check_estimator(model, on_skip=None, on_fail=None)
    failed = {
        result["check_name"]: result["exception"]
        for result in results
        if result["status"] == "failed"
    }
    surprises = failed.keys() - CANNOT_HOLD.get(name, {}).keys()
    assert not surprises, {check: failed[check] for check in surprises}


# Some checks use a column of X, made whole, as the target, and are told so.
@pytest.mark.filterwarnings("ignore:Column .* of X tells the target y")
@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_mixed_tables_keep_scikit_learns_contract(kind):
    model = kind(n_members=2, hidden_layer_sizes=(8,), max_iter=20)
    results = check_estimator(model, on_skip=None, on_fail=None)
    failed = {r["check_name"] for r in results if r["status"] == "failed"}
    # A repeated row may lie in two folds, and a weighted one lies in one.
    assert failed <= {"check_sample_weight_equivalence_on_dense_data"}
    assert len(results) > 50


def test_a_scaled_target_keeps_scikit_learns_contract():
    results = check_estimator(MLPRegressor(**SMALL, scale_target=True), on_skip=None)
    assert {result["status"] for result in results} <= {"passed", "skipped"}


ARRAY_API_CHECKS = """
import unittest
import warnings
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import estimator_checks_generator
from sknn_suite import (
    AutoencoderDetector,
    MLPClassifier,
    MLPRegressor,
    VAEDetector,
)

warnings.simplefilter("ignore", ConvergenceWarning)
for kind in (MLPClassifier, MLPRegressor):
    n_passed = 0
    for estimator, check in estimator_checks_generator(kind(max_iter=20)):
        if "array_api" not in check.func.__name__:
            continue
        try:
            check(estimator)
            n_passed += 1
        except unittest.SkipTest:  # a GPU or library that is not here
            pass
    assert n_passed >= 3, f"only {n_passed} array-API checks ran"
"""


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.1.0",
    reason="scikit-learn's checks call np.from_dlpack(device=), new in NumPy 2.1",
)
def test_scikit_learns_array_api_checks_pass_where_scipy_allows_them():
    # SciPy reads the variable when it is imported, hence a process of its own.
    done = subprocess.run(
        [sys.executable, "-c", ARRAY_API_CHECKS],
        env=os.environ | {"SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
