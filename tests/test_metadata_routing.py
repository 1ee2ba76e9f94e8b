"""Sample weights reach the networks through every tool that routes them.

Half of the rows get wrong targets and a weight of zero. Wherever all weights arrive,
the model is that of the other rows alone, down to the last digits; one weight lost on
the way, and wrong targets are learnt.
"""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    PredefinedSplit,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sknn_suite import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.usefixtures("routing")

QUICK = {
    "hidden_layer_sizes": (8,),
    "learning_rate_init": 0.01,
    "tol": 0.02,
    "random_state": 0,
}


@pytest.fixture
def routing():
    with config_context(enable_metadata_routing=True):
        yield


class Poisoned:
    """200 rows of which every other one has a wrong target and no weight."""

    def __init__(self, load, spoil):
        X, y = load(return_X_y=True)
        X, y = X[:200], y[:200]
        self.X = (X - X.mean(axis=0)) / X.std(axis=0)
        self.good = np.arange(len(X)) % 2 == 0
        self.y = np.where(self.good, y, spoil(y))
        # Not all ones, so that weights also matter among the good rows.
        self.weight = np.where(self.good, 1.0 + np.arange(len(X)) % 3, 0.0)
        self.fold = np.arange(len(X)) // 2 % 2

    @property
    def splits(self):
        return PredefinedSplit(self.fold)

    @property
    def good_splits(self):
        return PredefinedSplit(self.fold[self.good])

    def good_rows(self, *arrays):
        return [a[self.good] for a in arrays]


@pytest.fixture(scope="module")
def classes():
    return Poisoned(load_breast_cancer, lambda y: 1 - y)


@pytest.fixture(scope="module")
def numbers():
    def load(return_X_y):
        X, y = load_diabetes(return_X_y=return_X_y)
        return X, (y - y.mean()) / y.std()

    return Poisoned(load, lambda y: 5 - y)


def classifier():
    """Return a network that asks for weights wherever it can be given any."""
    return (
        MLPClassifier(**QUICK)
        .set_fit_request(sample_weight=True)
        .set_score_request(sample_weight=True)
    )


def regressor():
    return (
        MLPRegressor(**QUICK)
        .set_fit_request(sample_weight=True)
        .set_score_request(sample_weight=True)
    )


def linear():
    return LogisticRegression().set_fit_request(sample_weight=True)


CLASSIFIERS = {
    "Pipeline": lambda cv: make_pipeline(classifier()),
    "GridSearchCV": lambda cv: GridSearchCV(
        classifier(), {"alpha": [1e-4, 1.0, 30.0]}, cv=cv
    ),
    "RandomizedSearchCV": lambda cv: RandomizedSearchCV(
        classifier(), {"alpha": [1e-4, 1.0, 30.0]}, n_iter=2, cv=cv, random_state=0
    ),
    "HalvingGridSearchCV": lambda cv: HalvingGridSearchCV(
        classifier(),
        {"alpha": [1e-4, 1.0, 30.0]},
        resource="max_iter",
        min_resources=50,
        max_resources=100,
        factor=2,
        cv=cv,
        random_state=0,
    ),
    "GridSearchCV of a Pipeline": lambda cv: GridSearchCV(
        make_pipeline(classifier()), {"mlpclassifier__alpha": [1e-4, 30.0]}, cv=cv
    ),
    "FixedThresholdClassifier": lambda cv: FixedThresholdClassifier(
        classifier(), threshold=0.3
    ),
    "StackingClassifier": lambda cv: StackingClassifier(
        [("network", classifier()), ("linear", linear())], linear(), cv=cv
    ),
    "network on top of StackingClassifier": lambda cv: StackingClassifier(
        [("linear", linear())], classifier(), cv=cv, passthrough=True
    ),
    "VotingClassifier": lambda cv: VotingClassifier(
        [("network", classifier()), ("linear", linear())], voting="soft"
    ),
    "CalibratedClassifierCV, temperature": lambda cv: CalibratedClassifierCV(
        classifier(), method="temperature", cv=cv
    ),
    "CalibratedClassifierCV, one model": lambda cv: CalibratedClassifierCV(
        classifier(), method="sigmoid", cv=cv, ensemble=False
    ),
    "OneVsRestClassifier": lambda cv: OneVsRestClassifier(classifier()),
}
REGRESSORS = {
    "TransformedTargetRegressor": lambda cv: TransformedTargetRegressor(
        regressor(), func=np.arcsinh, inverse_func=np.sinh
    ),
    "GridSearchCV": lambda cv: GridSearchCV(
        regressor(), {"alpha": [1e-4, 1.0, 30.0]}, cv=cv
    ),
    "StackingRegressor": lambda cv: StackingRegressor(
        [("network", regressor())],
        Ridge().set_fit_request(sample_weight=True),
        cv=cv,
    ),
    "VotingRegressor": lambda cv: VotingRegressor(
        [
            ("network", regressor()),
            ("linear", Ridge().set_fit_request(sample_weight=True)),
        ]
    ),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_rows_without_weight_are_no_rows_for_classifiers(name, classes):
    make = CLASSIFIERS[name]
    full = make(classes.splits)
    full.fit(classes.X, classes.y, sample_weight=classes.weight)
    X, y, weight = classes.good_rows(classes.X, classes.y, classes.weight)
    alone = make(classes.good_splits).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(
        full.predict_proba(classes.X), alone.predict_proba(classes.X), atol=1e-6
    )
    if hasattr(full, "cv_results_"):
        np.testing.assert_allclose(
            full.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
        )
    assert np.mean(full.predict(X) == y) > 0.9


@pytest.mark.parametrize("name", REGRESSORS)
def test_rows_without_weight_are_no_rows_for_regressors(name, numbers):
    make = REGRESSORS[name]
    full = make(numbers.splits)
    full.fit(numbers.X, numbers.y, sample_weight=numbers.weight)
    X, y, weight = numbers.good_rows(numbers.X, numbers.y, numbers.weight)
    alone = make(numbers.good_splits).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(
        full.predict(numbers.X), alone.predict(numbers.X), atol=1e-6
    )
    assert np.corrcoef(full.predict(X), y)[0, 1] > 0.5


@pytest.mark.parametrize(
    "meta", [MultiOutputClassifier, ClassifierChain, MultiOutputRegressor]
)
def test_rows_without_weight_are_no_rows_for_several_outputs(meta, classes):
    model = meta(regressor() if meta is MultiOutputRegressor else classifier())
    Y = np.column_stack([classes.y, 1 - classes.y])
    full = clone(model).fit(classes.X, Y, sample_weight=classes.weight)
    X, Y, weight = classes.good_rows(classes.X, Y, classes.weight)
    alone = clone(model).fit(X, Y, sample_weight=weight)
    np.testing.assert_allclose(
        full.predict(classes.X), alone.predict(classes.X), atol=1e-6
    )


def test_tuned_threshold_learns_and_scores_with_weights(classes):
    scoring = make_scorer(f1_score).set_score_request(sample_weight=True)
    tuned = TunedThresholdClassifierCV(classifier(), scoring=scoring, cv=classes.splits)
    tuned.fit(classes.X, classes.y, sample_weight=classes.weight)
    X, y, weight = classes.good_rows(classes.X, classes.y, classes.weight)
    alone = classifier().fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(
        tuned.predict_proba(classes.X), alone.predict_proba(classes.X), atol=1e-6
    )
    assert np.mean(tuned.predict(X) == y) > 0.9


def test_bagging_never_draws_rows_without_weight(classes):
    bag = BaggingClassifier(classifier(), n_estimators=5, random_state=0)
    bag.fit(classes.X, classes.y, sample_weight=classes.weight)
    drawn = np.concatenate(bag.estimators_samples_)
    assert classes.good[drawn].all()
    X, y = classes.good_rows(classes.X, classes.y)
    assert bag.score(X, y) > 0.9


# AdaBoost takes the logarithm of all weights, zeros too.
@pytest.mark.filterwarnings("ignore:divide by zero encountered in log:RuntimeWarning")
def test_adaboost_passes_weights_on_without_routing(classes):
    model = AdaBoostClassifier(classifier(), n_estimators=3, random_state=0)
    with config_context(enable_metadata_routing=False):
        full = clone(model).fit(classes.X, classes.y, sample_weight=classes.weight)
        X, y, weight = classes.good_rows(classes.X, classes.y, classes.weight)
        alone = clone(model).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(
        full.predict_proba(classes.X), alone.predict_proba(classes.X), atol=1e-6
    )


def test_cross_validation_learns_and_scores_with_weights(classes):
    X, y, weight = classes.X, classes.y, classes.weight
    routed = {"sample_weight": weight}
    scores = cross_validate(classifier(), X, y, cv=classes.splits, params=routed)
    proba = cross_val_predict(
        classifier(), X, y, cv=classes.splits, params=routed, method="predict_proba"
    )
    for k, (train, test) in enumerate(classes.splits.split()):
        model = classifier().fit(X[train], y[train], sample_weight=weight[train])
        np.testing.assert_array_equal(proba[test], model.predict_proba(X[test]))
        expected = model.score(X[test], y[test], sample_weight=weight[test])
        assert scores["test_score"][k] == expected > 0.85


def test_learning_curve_learns_and_scores_with_weights(classes):
    _, _, scores = learning_curve(
        classifier().set_partial_fit_request(sample_weight=True),
        classes.X,
        classes.y,
        cv=classes.splits,
        train_sizes=[60, 100],
        params={"sample_weight": classes.weight},
    )
    assert scores.min() > 0.8


def test_permutation_importance_scores_with_weights(classes):
    X, y, weight = classes.good_rows(classes.X, classes.y, classes.weight)
    model = classifier().fit(X, y, sample_weight=weight)
    drops = [
        permutation_importance(
            model, classes.X, target, sample_weight=classes.weight, random_state=0
        ).importances
        for target in (classes.y, np.where(classes.good, classes.y, 1 - classes.y))
    ]
    # Wrong targets of rows without weight change no score.
    np.testing.assert_array_equal(*drops)


def test_weights_that_nobody_asked_for_are_refused(classes):
    model = make_pipeline(MLPClassifier(**QUICK))
    with pytest.raises(ValueError, match="sample_weight"):
        model.fit(classes.X, classes.y, sample_weight=classes.weight)


def test_weights_that_are_declined_do_not_arrive(classes):
    declined = MLPClassifier(**QUICK).set_fit_request(sample_weight=False)
    model = VotingClassifier([("a", classifier()), ("b", declined)])
    model.fit(classes.X, classes.y, sample_weight=classes.weight)
    weighted, plain = (m.predict_proba(classes.X) for m in model.estimators_)
    alone = clone(declined).fit(classes.X, classes.y).predict_proba(classes.X)
    np.testing.assert_array_equal(plain, alone)
    assert np.abs(weighted - plain).max() > 0.1


def test_weights_pass_by_a_scaler_that_does_not_ask(classes):
    pipeline = make_pipeline(MinMaxScaler(), classifier())
    pipeline.fit(classes.X, classes.y, sample_weight=classes.weight)
    by_hand = classifier().fit(
        MinMaxScaler().fit_transform(classes.X), classes.y, classes.weight
    )
    np.testing.assert_array_equal(pipeline[-1].coefs_[0], by_hand.coefs_[0])
