"""Folds that cannot be used are refused in words; others are taken as they are."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_predict,
)

from sknn_suite.ensemble import CrossFitClassifier, CrossFitRegressor
from sknn_suite.exceptions import SuiteWarning


def fit(rows, cv, **given):
    return CrossFitClassifier(LogisticRegression(), cv=cv).fit(*rows, **given)


def test_rows_that_are_never_predicted_are_nan_and_told(two):
    with pytest.warns(SuiteWarning, match="50 of 200 rows are predicted by no fold"):
        model = fit(two, TimeSeriesSplit(3))
    frame = model.oof_predictions_
    assert frame["is_predicted"].tolist() == [False] * 50 + [True] * 150
    assert frame["proba_1"].isna().tolist() == [True] * 50 + [False] * 150
    assert frame["fold"].tolist() == [-1] * 50 + [0] * 50 + [1] * 50 + [2] * 50
    assert np.isfinite(model.fold_scores_).all()


def test_predefined_splits_leave_out_the_rows_that_they_keep(two):
    place = np.where(np.arange(200) % 3 == 0, -1, np.arange(200) % 2)
    with pytest.warns(SuiteWarning, match="67 of 200 rows"):
        frame = fit(two, PredefinedSplit(place)).oof_predictions_
    np.testing.assert_array_equal(frame["fold"], place)


def test_repeated_splits_predict_by_the_mean(two):
    X, y = two
    cv = RepeatedStratifiedKFold(n_splits=4, n_repeats=3, random_state=0)
    model = fit(two, cv)
    assert len(model.estimators_) == 12
    total = np.zeros(200)
    for train, test in cv.split(X, y):
        part = LogisticRegression().fit(X[train], y[train])
        total[test] += part.predict_proba(X[test])[:, 1]
    np.testing.assert_allclose(model.oof_predictions_["proba_1"], total / 3)


def test_no_group_is_in_two_folds(two):
    X, y = two
    groups = np.arange(200) // 7
    for model in (fit(two, 4, groups=groups), fit(two, GroupKFold(4), groups=groups)):
        for train, test in model.splits_:
            assert not set(groups[train]) & set(groups[test])
    numbers = CrossFitRegressor(cv=4).fit(X, X[:, 0], groups=groups)
    for train, test in numbers.splits_:
        assert not set(groups[train]) & set(groups[test])
    own = cross_val_predict(
        LogisticRegression(),
        X,
        y,
        cv=GroupKFold(4),
        groups=groups,
        method="predict_proba",
    )
    frame = fit(two, GroupKFold(4), groups=groups).oof_predictions_
    np.testing.assert_array_equal(frame[["proba_0", "proba_1"]], own)


HALVES = np.arange(100), np.arange(100, 200)


@pytest.mark.parametrize(
    ("cv", "text"),
    [
        (ShuffleSplit(3, random_state=0), "is predicted by 3 folds, row"),
        ([HALVES, (np.arange(100), np.arange(150, 200))], "150 is predicted by 2"),
        ([(np.arange(150), np.arange(140, 200))], "predicts row 140, which it trains"),
        ([(HALVES[0], [150, 151, 150])], "Fold 0 predicts row 150 twice"),
        ([(HALVES[0], [])], "Fold 0 predicts no row"),
        ([([], HALVES[0])], "Fold 0 trains on no row"),
        ([(HALVES[0], [200])], "row 200, but X has 200 rows"),
        ([(np.ones(9, bool), HALVES[0])], "a mask of 9 values for 200 rows"),
    ],
)
def test_folds_that_cannot_be_used_are_named(two, cv, text):
    with pytest.raises(ValueError, match=text):
        fit(two, cv)


def test_masks_are_places(two):
    mask = np.arange(200) < 100
    model = fit(two, [(mask, ~mask), (~mask, mask)])
    np.testing.assert_array_equal(model.splits_[0][1], HALVES[1])


def test_groups_that_are_too_few_are_named(two):
    with pytest.raises(ValueError, match="groups has 150 values for 200 rows"):
        fit(two, 4, groups=np.arange(150))


def test_a_fold_without_a_class_is_named(two):
    X, y = two
    order = y.argsort(kind="stable")
    halves = [(HALVES[1], HALVES[0]), HALVES]
    with pytest.raises(ValueError, match=r"Fold 0 trains on no row of \[0\]"):
        fit((X[order], np.sort(y)), halves)
    with pytest.raises(ValueError, match=r"cv=5, but the class 2 has 3 row\(s\)"):
        fit((X, np.where(np.arange(200) < 3, 2, y)), 5)
    # Without strata a test fold may lack one, and has no AUC.
    model = CrossFitClassifier(scoring="roc_auc", cv=KFold(2))
    rows = np.r_[order[:60], order[-60:-30], order[60:80], order[-30:-20], order[80:90]]
    model.set_params(
        cv=[(np.arange(90), np.arange(120, 130)), (np.arange(90), np.arange(90, 120))]
    )
    with pytest.warns(SuiteWarning):
        model.fit(X[rows], y[rows])
    assert np.isnan(model.fold_scores_[0])
    assert model.score_table_.loc["mean", "roc_auc"] == model.fold_scores_[1]
