"""ThresholdTuner: k fits, one split for model and threshold, any classifier."""

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris, make_classification
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.model_selection import (
    GroupKFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    cross_val_predict,
)
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn_suite import MLPClassifier, train_together
from sknn_suite.decision import (
    Capacity,
    CostMatrix,
    PrecisionAtRecall,
    ThresholdTuner,
    find_threshold,
)
from sknn_suite.training import train_many

FIXED = ThresholdTuner(LogisticRegression(), scoring=None, cv=3)
TUNED = ThresholdTuner(LogisticRegression(), cv=3)


@pytest.fixture(scope="module")
def rare():
    return make_classification(600, weights=[0.9], flip_y=0.1, random_state=0)


@parametrize_with_checks([TUNED])
def test_it_keeps_scikit_learns_contract(estimator, check):
    if "check_classifiers_train" in str(check):
        # It asks that predict takes the most probable class, which a tuned threshold
        # exists to change. So the same class is checked with thresholds that do.
        estimator = FIXED
    check(estimator)


def test_the_threshold_is_the_optimum_of_the_rows_left_out(rare):
    X, y = rare
    tuner = ThresholdTuner(LogisticRegression(), scoring="f1", cv=4).fit(X, y)
    folds = StratifiedKFold(4)
    left_out = cross_val_predict(
        LogisticRegression(), X, y, cv=folds, method="predict_proba"
    )[:, 1]
    choice = find_threshold(y, left_out, "f1")
    assert tuner.decision_threshold_ == choice.threshold
    assert tuner.best_score_ == choice.value
    assert tuner.best_score_ == pytest.approx(
        f1_score(y, left_out >= tuner.decision_threshold_)
    )


class Counting(LogisticRegression):
    fits: list = []

    def fit(self, X, y, sample_weight=None):
        Counting.fits.append((len(X), X, sample_weight))
        return super().fit(X, y, sample_weight)


@pytest.mark.parametrize(("refit", "n_fits"), [(False, 3), (True, 4)])
def test_there_are_k_fits_and_one_more_only_if_asked(rare, refit, n_fits):
    Counting.fits.clear()
    tuner = ThresholdTuner(Counting(), cv=3, refit=refit).fit(*rare)
    assert len(Counting.fits) == n_fits
    assert len(tuner.estimators_) == (1 if refit else 3)


def test_model_and_threshold_share_a_random_split(rare):
    X, y = rare

    class Random(StratifiedShuffleSplit):
        """A split that differs in every call."""

        calls = 0

        def split(self, X, y, groups=None):
            Random.calls += 1
            return super().split(X, y, groups)

    Counting.fits.clear()
    cv = Random(1, test_size=0.3)  # without random_state
    tuner = ThresholdTuner(Counting(), scoring="f1", cv=cv).fit(X, y)
    assert Random.calls == 1
    (_, trained, _), *more = Counting.fits
    assert more == []
    is_trained = (X[:, None, 0] == trained[None, :, 0]).any(axis=1)
    left_out = tuner.estimators_[0].predict_proba(X[~is_trained])[:, 1]
    choice = find_threshold(y[~is_trained], left_out, "f1")
    assert tuner.best_score_ == choice.value


def test_predictions_are_the_mean_of_the_folds_at_the_threshold(rare):
    X, y = rare
    tuner = ThresholdTuner(LogisticRegression(), scoring="f1", cv=3).fit(X, y)
    mean = np.mean([e.predict_proba(X) for e in tuner.estimators_], axis=0)
    np.testing.assert_array_equal(tuner.predict_proba(X), mean)
    expected = mean[:, 1] >= tuner.decision_threshold_
    np.testing.assert_array_equal(tuner.predict(X) == 1, expected)


def test_networks_of_the_folds_train_together_and_as_they_would_alone(
    rare, monkeypatch
):
    sizes = []

    def note(jobs, **kwargs):
        sizes.append(len(jobs))
        return train_many(jobs, **kwargs)

    monkeypatch.setattr("sknn_suite.search._block.train_many", note)
    network = MLPClassifier((8,), tol=1.0, n_iter_no_change=5, random_state=0)
    alone = ThresholdTuner(network, scoring="f1", cv=4).fit(*rare)
    assert sizes == []
    with train_together():
        together = ThresholdTuner(network, scoring="f1", cv=4).fit(*rare)
    assert sizes == [4]
    np.testing.assert_allclose(
        together.predict_proba(rare[0]), alone.predict_proba(rare[0]), rtol=1e-9
    )
    assert together.decision_threshold_ == pytest.approx(
        alone.decision_threshold_, rel=1e-9
    )


def test_the_spread_over_folds_is_told(rare):
    tuner = ThresholdTuner(LogisticRegression(), scoring="f1", cv=4).fit(*rare)
    assert tuner.fold_thresholds_.shape == (4,)
    assert tuner.threshold_std_ == pytest.approx(tuner.fold_thresholds_.std())
    assert 0 < tuner.threshold_std_ < 0.5


def test_several_classes_are_never_decided_worse_than_by_argmax():
    X, y = load_iris(return_X_y=True)
    keep = np.r_[0:50, 50:100, 100:115]
    X, y = X[keep][:, :2], np.array(["a", "b", "c"])[y[keep]]
    tuner = ThresholdTuner(LogisticRegression(), scoring="f1_macro", cv=3).fit(X, y)
    left_out = cross_val_predict(
        LogisticRegression(), X, y, cv=StratifiedKFold(3), method="predict_proba"
    )
    plain = f1_score(y, tuner.classes_[left_out.argmax(axis=1)], average="macro")
    assert tuner.best_score_ > plain
    assert tuner.decision_threshold_.shape == tuner.threshold_std_.shape == (3,)
    assert set(tuner.predict(X)) <= {"a", "b", "c"}


def test_decision_values_serve_where_there_are_no_probabilities(rare):
    tuner = ThresholdTuner(LinearSVC(), scoring="f1", cv=3).fit(*rare)
    assert not hasattr(tuner, "predict_proba")
    expected = tuner.decision_function(rare[0]) >= tuner.decision_threshold_
    np.testing.assert_array_equal(tuner.predict(rare[0]) == 1, expected)
    X, y = load_iris(return_X_y=True)
    several = ThresholdTuner(LinearSVC(), scoring="f1_macro", cv=3).fit(X, y)
    values = several.decision_function(X) - several.decision_threshold_
    np.testing.assert_array_equal(several.predict(X), values.argmax(axis=1))


def test_prefit_takes_the_estimator_as_it_is(rare):
    X, y = rare
    model = LogisticRegression().fit(X[:300], y[:300])
    tuner = ThresholdTuner(model, scoring="f1", cv="prefit").fit(X[300:], y[300:])
    assert tuner.estimators_ == [model]
    choice = find_threshold(y[300:], model.predict_proba(X[300:])[:, 1])
    assert tuner.decision_threshold_ == choice.threshold
    frozen = ThresholdTuner(FrozenEstimator(model), scoring="f1", cv=2)
    assert frozen.fit(X[300:], y[300:]).decision_threshold_ == choice.threshold


def test_costs_and_capacities_decide(rare):
    X, y = rare
    cheap = ThresholdTuner(LogisticRegression(), scoring=[[0, 1], [1, 0]]).fit(X, y)
    dear = ThresholdTuner(
        LogisticRegression(), scoring=CostMatrix([[0, 1], [20, 0]])
    ).fit(X, y)
    assert dear.decision_threshold_ < cheap.decision_threshold_
    few = ThresholdTuner(LogisticRegression(), scoring=Capacity(30)).fit(X, y)
    left_out = cross_val_predict(LogisticRegression(), X, y, method="predict_proba")
    assert (left_out[:, 1] >= few.decision_threshold_).sum() == 30
    # each fold flags its share of the thirty
    assert np.isfinite(few.fold_thresholds_).all()


def test_a_recall_can_be_asked_for(rare):
    X, y = rare
    tuner = ThresholdTuner(LogisticRegression(), scoring=PrecisionAtRecall(0.9), cv=3)
    tuner.fit(X, y)
    cv = StratifiedKFold(3)
    proba = cross_val_predict(
        LogisticRegression(), X, y, cv=cv, method="predict_proba"
    )[:, 1]
    found = proba >= tuner.decision_threshold_
    assert recall_score(y, found) >= 0.9
    assert precision_score(y, found) == pytest.approx(tuner.best_score_)
    fewer = proba > tuner.decision_threshold_ + 1e-9
    for threshold in np.unique(proba[fewer]):
        alarms = proba >= threshold
        if recall_score(y, alarms) >= 0.9:
            assert precision_score(y, alarms) <= tuner.best_score_


def test_weights_count_for_the_model_and_for_the_threshold(rare):
    X, y = rare
    weight = np.where(y == 1, 5.0, 1.0)
    plain = ThresholdTuner(LogisticRegression(), scoring="accuracy").fit(X, y)
    Counting.fits.clear()
    tuner = ThresholdTuner(Counting(), scoring="accuracy", cv=3)
    tuner.fit(X, y, sample_weight=weight)
    assert all(len(given) == n for n, _, given in Counting.fits)
    recall = tuner.predict(X)[y == 1].mean()
    assert recall > plain.predict(X)[y == 1].mean()
    scores = [e.predict_proba(X)[:, 1] for e in tuner.estimators_]
    left_out = np.empty(len(y))
    for score, (_, test) in zip(scores, StratifiedKFold(3).split(X, y)):
        left_out[test] = score[test]
    choice = find_threshold(y, left_out, "accuracy", sample_weight=weight)
    assert choice.threshold == tuner.decision_threshold_


def test_groups_reach_the_splitter(rare):
    X, y = rare
    groups = np.arange(len(y)) // 60
    tuner = ThresholdTuner(LogisticRegression(), cv=GroupKFold(3))
    assert len(tuner.fit(X, y, groups=groups).estimators_) == 3


def test_metadata_is_routed(rare):
    X, y = rare
    groups, weight = np.arange(len(y)) // 60, np.ones(len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        Counting.fits.clear()
        inner = Counting().set_fit_request(sample_weight=True)
        tuner = ThresholdTuner(inner, cv=GroupKFold(3))
        tuner.fit(X, y, sample_weight=weight, groups=groups)
        assert all(given is not None for *_, given in Counting.fits)
        refuses = ThresholdTuner(Counting(), cv=3)
        with pytest.raises(ValueError, match="sample_weight"):
            refuses.fit(X, y, sample_weight=weight)


class OneRow(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


@pytest.mark.parametrize(
    ("params", "y", "text"),
    [
        ({}, [0] * 10, r"y has 1 class"),
        ({"cv": 5}, [0] * 7 + [1] * 3, r"cv=5, but the class 1 has 3 row.*Set cv=3"),
        ({"cv": 5}, [0] * 9 + [1], "Add rows of that class"),
        ({"scoring": "f1"}, [0, 1, 2, 3, 4] * 2, "decides between two|several|f1"),
        ({"scoring": Capacity(11), "cv": 2}, [0, 1] * 5, "capacity of 11 is larger"),
        ({"scoring": "nonsense"}, [0, 1] * 5, "not the name of a scorer"),
        ({"cv": "fit"}, [0, 1] * 5, "cv"),
        ({"cv": "prefit"}, [0, 1] * 5, "not fitted"),
        ({}, [[0, 1], [1, 0]] * 5, "one label per row"),
        ({}, np.linspace(0, 1, 10), "Unknown label type"),
    ],
)
def test_bad_input_is_told(params, y, text):
    X = np.arange(20.0).reshape(10, 2)
    given = {"cv": 2} | params
    model = LogisticRegression() if given["cv"] == "prefit" else OneRow()
    tuner = ThresholdTuner(model, **given)
    with pytest.raises(ValueError, match=text):
        tuner.fit(X, np.asarray(y))


def test_a_fold_that_trains_on_one_class_is_told():
    X, y = np.arange(20.0).reshape(10, 2), np.array([0] * 5 + [1] * 5)
    folds = [(np.arange(5), np.arange(5, 10))]
    with pytest.raises(ValueError, match=r"Fold 0 trains on no row of \[1\]"):
        ThresholdTuner(LogisticRegression(), cv=folds).fit(X, y)


def test_rows_left_out_without_a_class_are_told():
    X, y = np.arange(20.0).reshape(10, 2), np.array([0] * 5 + [1] * 5)
    folds = [(np.r_[0:3, 5:10], np.arange(3, 5))]
    with pytest.raises(ValueError, match=r"classes \[1\] are missing"):
        ThresholdTuner(LogisticRegression(), cv=folds).fit(X, y)


def test_a_split_that_leaves_some_rows_in_no_fold_works(rare):
    cv = ShuffleSplit(2, test_size=0.2, random_state=0)
    assert len(ThresholdTuner(LogisticRegression(), cv=cv).fit(*rare).estimators_) == 2
