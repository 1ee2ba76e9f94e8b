"""Inside train_together every tool gives what it gives outside, exactly."""

import numpy as np
import pytest
from imblearn.ensemble import BalancedBaggingClassifier
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as make_sampler_pipeline
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier, TabularClassifier, train_together

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs, on purpose
)


def mlp(**params):
    quick = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}
    return MLPClassifier(**quick | params)


def scaled(**params):
    return make_pipeline(StandardScaler(), mlp(**params))


@pytest.fixture(scope="module")
def rows():
    """100 rows of two classes, one row in five of the second."""
    return make_classification(
        n_samples=100, n_features=6, weights=[0.8], flip_y=0.1, random_state=0
    )


def smote_pipeline():
    return make_sampler_pipeline(
        StandardScaler(), SMOTE(k_neighbors=2, random_state=0), mlp()
    )


GRID = {"mlpclassifier__alpha": [1e-4, 1.0], "mlpclassifier__max_iter": [2, 4]}

SEARCHES = {
    "grid": lambda: GridSearchCV(
        scaled(), GRID, cv=3, scoring="average_precision", return_train_score=True
    ),
    "random": lambda: RandomizedSearchCV(
        scaled(),
        {"mlpclassifier__hidden_layer_sizes": [(3,), (4,), (3, 3)]},
        n_iter=2,
        cv=3,
        random_state=0,
    ),
    "halving grid": lambda: HalvingGridSearchCV(
        scaled(),
        {"mlpclassifier__learning_rate_init": [1e-4, 1e-3, 1e-2, 1e-1]},
        resource="mlpclassifier__max_iter",
        min_resources=2,
        max_resources=8,
        factor=2,
        cv=3,
        random_state=0,
    ),
    "halving random": lambda: HalvingRandomSearchCV(
        scaled(),
        {"mlpclassifier__alpha": [1e-4, 1e-3, 1e-2, 1e-1]},
        n_candidates=4,
        cv=2,
        random_state=0,
    ),
    "SMOTE": lambda: GridSearchCV(
        smote_pipeline(), {"smote__k_neighbors": [1, 2]}, cv=3, scoring="f1"
    ),
    "two estimators": lambda: GridSearchCV(
        make_pipeline(StandardScaler(), mlp()),
        [
            {"mlpclassifier": [LogisticRegression()]},
            {"mlpclassifier": [mlp()], "mlpclassifier__alpha": [0.1, 1.0]},
        ],
        cv=3,
    ),
    "over a stack": lambda: GridSearchCV(
        StackingClassifier([("a", scaled()), ("b", mlp(alpha=1.0))], cv=2),
        {"final_estimator__C": [0.1, 1.0], "b__alpha": [0.1, 1.0]}
        | {"final_estimator": [LogisticRegression()]},
        cv=2,
    ),
    "in a search": lambda: GridSearchCV(
        GridSearchCV(mlp(), {"alpha": [1e-4, 1.0]}, cv=2),
        {"estimator__max_iter": [2, 3]},
        cv=2,
    ),
    "several scores": lambda: GridSearchCV(
        scaled(), GRID, cv=3, scoring=["f1", "roc_auc"], refit="f1"
    ),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_gives_the_same_results(name, rows, assert_same_results):
    alone = SEARCHES[name]().fit(*rows)
    with train_together():
        together = SEARCHES[name]().fit(*rows)
    assert_same_results(alone, together)
    np.testing.assert_array_equal(
        alone.predict_proba(rows[0]), together.predict_proba(rows[0])
    )


MODELS = {
    "stack": lambda: StackingClassifier([("a", scaled()), ("b", mlp())], cv=3),
    "stack with a forest": lambda: StackingClassifier(
        [("a", scaled()), ("f", RandomForestClassifier(8, random_state=0, n_jobs=2))],
        cv=3,
    ),
    "vote": lambda: VotingClassifier([("a", scaled()), ("b", mlp())], voting="soft"),
    "bag": lambda: BaggingClassifier(scaled(), n_estimators=5, random_state=0),
    "balanced bag": lambda: BalancedBaggingClassifier(
        mlp(), n_estimators=4, random_state=0
    ),
    "calibrated": lambda: CalibratedClassifierCV(scaled(), cv=3),
    "threshold": lambda: TunedThresholdClassifierCV(scaled(), cv=3),
    "one against the rest": lambda: OneVsRestClassifier(scaled()),
    "three deep": lambda: BaggingClassifier(
        StackingClassifier(
            [("a", CalibratedClassifierCV(mlp(), cv=2))], LogisticRegression(), cv=2
        ),
        n_estimators=2,
        random_state=0,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_models_gives_the_same_probabilities(name, rows):
    X, y = rows
    alone = MODELS[name]().fit(X, y).predict_proba(X)
    with train_together():
        together = MODELS[name]().fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(alone, together)


FUNCTIONS = {
    "cross_validate": lambda X, y: cross_validate(
        scaled(), X, y, cv=3, return_train_score=True
    ),
    "cross_val_predict": lambda X, y: cross_val_predict(
        scaled(), X, y, cv=3, method="predict_proba"
    ),
    "learning_curve": lambda X, y: learning_curve(
        scaled(), X, y, cv=3, train_sizes=[0.5, 1.0]
    ),
    "validation_curve": lambda X, y: validation_curve(
        mlp(), X, y, param_name="alpha", param_range=[0.1, 1.0], cv=3
    ),
    "several outputs": lambda X, y: np.stack(
        MultiOutputClassifier(mlp()).fit(X, np.stack([y, 1 - y], 1)).predict_proba(X)
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gives_the_same_numbers(name, rows):
    alone = FUNCTIONS[name](*rows)
    with train_together():
        together = FUNCTIONS[name](*rows)
    if isinstance(alone, dict):
        times = ("fit_time", "score_time")
        alone = [alone[key] for key in sorted(alone) if key not in times]
        together = [together[key] for key in sorted(together) if key not in times]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("store", [False, True])
def test_mixed_tables_in_a_search_train_as_outside(rows, store, tmp_path):
    X, y = rows
    model = TabularClassifier(n_members=2, hidden_layer_sizes=(5,), random_state=0)
    grid = {"max_iter": [2, 4], "cv": [2, None]}
    search = GridSearchCV(model, grid, cv=2)
    expected = search.fit(X, y).predict_proba(X)
    scores = search.cv_results_["mean_test_score"]
    for _ in range(2):
        with train_together(store=tmp_path if store else None):
            search.fit(X, y)
        np.testing.assert_array_equal(search.cv_results_["mean_test_score"], scores)
        np.testing.assert_array_equal(search.predict_proba(X), expected)
    assert not any(tmp_path.iterdir())  # members are chosen by a callback
