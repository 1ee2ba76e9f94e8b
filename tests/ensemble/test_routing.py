"""Weights and other arguments arrive where they are read, also in nested pipelines."""

import numpy as np
import pytest
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier
from sknn_suite.ensemble import (
    CrossFitClassifier,
    CrossFitRegressor,
    CrossFitStackingClassifier,
    greedy_weights,
)


@pytest.fixture
def weight():
    return np.random.RandomState(0).uniform(0.1, 3, size=200)


def test_weights_reach_the_last_step_of_nested_pipelines(two, weight, counting):
    classifier, _ = counting
    inner = make_pipeline(StandardScaler(), classifier())
    nested = make_pipeline(StandardScaler(), inner)
    searched = GridSearchCV(inner, {"countingclassifier__C": [1.0]}, cv=2)
    for model in (classifier(), inner, nested, searched):
        classifier.fits.clear()
        CrossFitClassifier(model, cv=3).fit(*two, sample_weight=weight)
        assert classifier.fits
        for X, _, given in classifier.fits:
            assert given is not None
            assert len(given) == len(X)
    classifier.fits.clear()
    CrossFitClassifier(nested, cv=3).fit(*two, sample_weight=weight)
    for (train, _), (_, _, given) in zip(
        StratifiedKFold(3).split(*two), classifier.fits
    ):
        np.testing.assert_array_equal(given, weight[train])


def test_scores_weights_and_thresholds_count_rows_by_weight(two, weight):
    X, y = two
    members = [
        ("line", LogisticRegression()),
        ("net", RandomForestClassifier(9, random_state=0)),
    ]
    stack = CrossFitStackingClassifier(
        members, final_estimator="greedy", cv=3, decision_threshold="f1"
    )
    stack.fit(X, y, weight)
    oof = [m.oof_predictions_["proba_1"] for m in stack.members_.values()]
    chosen = greedy_weights(oof, y, sample_weight=weight)
    np.testing.assert_allclose(list(stack.weights_.values()), chosen.weights)
    plain = CrossFitStackingClassifier(members, final_estimator="greedy", cv=3)
    plain.fit(X, y)
    assert not np.allclose(plain.fold_scores_, stack.fold_scores_)
    # Rows of weight 0 choose nothing: other labels there change nothing.
    zero = np.arange(200) % 4 == 0
    other = np.where(zero, 1 - y, y)
    halves = [
        (np.arange(100), np.arange(100, 200)),
        (np.arange(100, 200), np.arange(100)),
    ]
    tuned = CrossFitClassifier(decision_threshold="f1", cv=halves)
    first = tuned.fit(X, y, np.where(zero, 0.0, weight))
    first = first.decision_threshold_, first.fold_scores_
    second = tuned.fit(X, other, np.where(zero, 0.0, weight))
    assert second.decision_threshold_ == first[0]
    np.testing.assert_allclose(second.fold_scores_, first[1])


def test_a_member_that_takes_no_weights_is_named(two, weight):
    members = [("line", LogisticRegression()), ("near", KNeighborsClassifier())]
    stack = CrossFitStackingClassifier(members)
    with pytest.raises(ValueError, match="near takes no sample_weight: KNeighbors"):
        stack.fit(*two, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=True):
        line = LogisticRegression().set_fit_request(sample_weight=True)
        stack = CrossFitStackingClassifier([("line", line), members[1]])
        assert stack.fit(*two, sample_weight=weight).score(*two) > 0.7


@pytest.mark.parametrize("name", ["X_val", "y_val", "sample_weight_val"])
def test_validation_rows_beside_folds_are_refused(two, name):
    X, y = two
    for model in (
        CrossFitClassifier(make_pipeline(StandardScaler(), LogisticRegression())),
        CrossFitStackingClassifier([("a", LogisticRegression())]),
    ):
        with pytest.raises(ValueError, match=f"^fit got {name}, which no member takes"):
            model.fit(X, y, **{name: X[:5]})


def test_other_arguments_need_routing_in_a_stack(two):
    members = [("line", LogisticRegression()), ("other", LogisticRegression())]
    with pytest.raises(ValueError, match="fit got coef_init, and has 2 members"):
        CrossFitStackingClassifier(members).fit(*two, coef_init=3)


def test_metadata_is_routed_into_nested_pipelines(two, weight, counting):
    classifier, _ = counting
    groups = np.arange(200) // 10
    with sklearn.config_context(enable_metadata_routing=True):
        asks = classifier().set_fit_request(sample_weight="importance")
        pipeline = make_pipeline(StandardScaler(), make_pipeline(asks))
        silent = LogisticRegression().set_fit_request(sample_weight=False)
        stack = CrossFitStackingClassifier(
            [("net", pipeline), ("silent", silent)], cv=GroupKFold(4)
        )
        stack.fit(*two, importance=weight, groups=groups)
        for (train, test), (_, _, given) in zip(
            stack.members_["net"].splits_, classifier.fits
        ):
            np.testing.assert_array_equal(given, weight[train])
            assert not set(groups[train]) & set(groups[test])
        asks = LogisticRegression()  # says nothing about weights
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError):
            CrossFitClassifier(asks).fit(*two, sample_weight=weight)
        # Weights of a level that is trained are routed too.
        final = classifier().set_fit_request(sample_weight=True)
        one = LogisticRegression().set_fit_request(sample_weight=True)
        classifier.fits.clear()
        level = CrossFitStackingClassifier([("one", one)], final_estimator=final, cv=4)
        with pytest.warns(match="CountingClassifier has neg_log_loss"):
            level.fit(*two, sample_weight=weight)
        assert [len(given) for _, _, given in classifier.fits] == [150] * 4


def test_validation_rows_of_a_network_pass_through(two):
    X, y = two
    net = MLPClassifier((8,), max_iter=5, early_stopping=True, random_state=0)
    model = CrossFitClassifier(net, cv=3)
    with pytest.warns(match="Maximum iterations"):
        model.fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    scores = [e.best_score_ for e in model.estimators_]
    expected = [e.score(X[150:], y[150:]) for e in model.estimators_]
    np.testing.assert_allclose(scores, expected)


@pytest.mark.parametrize("kind", [CrossFitClassifier, CrossFitRegressor])
@pytest.mark.parametrize(
    ("weight", "text"),
    [
        (np.full(200, -1.0), "negative or non-finite"),
        (np.full(200, np.nan), "negative or non-finite"),
        (np.zeros(200), "at least one non-zero"),
        (np.ones(3), "inconsistent numbers of samples"),
    ],
)
def test_weights_that_cannot_be_used_are_named(two, kind, weight, text):
    with pytest.raises(ValueError, match=text):
        kind().fit(*two, sample_weight=weight)


def test_a_class_without_weight_is_named(two):
    with pytest.raises(ValueError, match="leaves a class without weight"):
        CrossFitClassifier().fit(*two, sample_weight=(two[1] == 0).astype(float))
