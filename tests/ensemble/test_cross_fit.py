"""CrossFitClassifier and -Regressor: k fits that predict as cross_val_predict does."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, get_scorer
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sknn_suite import MLPClassifier, MLPRegressor, train_together
from sknn_suite.decision import Capacity
from sknn_suite.ensemble import CrossFitClassifier, CrossFitRegressor
from sknn_suite.search._workshop import Workshop

SMALL = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0}
CLASSIFIERS = {
    "line": LogisticRegression(),
    "forest": RandomForestClassifier(10, random_state=0),
    "net": MLPClassifier(**SMALL),
    "pipeline": make_pipeline(StandardScaler(), MLPClassifier(**SMALL)),
}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("rows", ["two", "three"])
def test_predictions_are_those_of_cross_val_predict_bit_for_bit(request, name, rows):
    X, y = request.getfixturevalue(rows)
    model = CLASSIFIERS[name]
    expected = cross_val_predict(model, X, y, cv=4, method="predict_proba")
    frame = CrossFitClassifier(model, cv=4).fit(X, y).oof_predictions_
    names = [f"proba_{label}" for label in np.unique(y)]
    assert frame.columns.tolist() == ["fold", *names, "is_predicted"]
    np.testing.assert_array_equal(frame[names], expected)


@pytest.mark.parametrize("model", [Ridge(), MLPRegressor(**SMALL)])
def test_numbers_are_those_of_cross_val_predict_bit_for_bit(numbers, model):
    X, y = numbers
    cv = KFold(5, shuffle=True, random_state=0)
    frame = CrossFitRegressor(model, cv=cv).fit(X, y).oof_predictions_
    expected = cross_val_predict(model, X, y, cv=cv)
    np.testing.assert_array_equal(frame["prediction"], expected)


def test_there_are_exactly_k_fits(two, numbers, counting):
    classifier, regressor = counting
    CrossFitClassifier(classifier(), cv=7, decision_threshold="f1").fit(*two)
    CrossFitRegressor(regressor(), cv=7).fit(*numbers)
    assert len(classifier.fits) == len(regressor.fits) == 7


def test_rows_keep_their_labels(two):
    X, y = two
    frame = pd.DataFrame(X, index=[f"p{i}" for i in range(200)])
    frame.columns = [f"x{i}" for i in range(X.shape[1])]
    model = CrossFitClassifier().fit(frame, pd.Series(y, index=frame.index))
    assert model.oof_predictions_.index.equals(frame.index)
    assert model.feature_names_in_.tolist() == frame.columns.tolist()
    assert CrossFitClassifier().fit(X, y).oof_predictions_.index.name == "row"


@pytest.mark.parametrize("combine", ["mean", "logits", "median", "ranks"])
@pytest.mark.parametrize("rows", ["two", "three"])
def test_new_rows_are_predicted_by_all_folds(request, combine, rows):
    X, y = request.getfixturevalue(rows)
    model = CrossFitClassifier(combine=combine, cv=3).fit(X, y)
    new = np.random.RandomState(1).normal(size=(50, X.shape[1]))
    parts = np.array([e.predict_proba(new) for e in model.estimators_])
    proba = model.predict_proba(new)
    np.testing.assert_allclose(proba.sum(1), 1)
    assert (model.predict(new) == model.classes_[proba.argmax(1)]).all()
    one_by_one = np.vstack([model.predict_proba(row[None]) for row in new])
    np.testing.assert_allclose(proba, one_by_one)
    if combine == "mean":
        np.testing.assert_allclose(proba, parts.mean(0))
    elif combine == "median" and rows == "two":
        np.testing.assert_allclose(proba, np.median(parts, 0))
    elif combine == "logits" and rows == "two":
        np.testing.assert_allclose(proba, expit(logit(parts).mean(0)))
    elif combine == "ranks":
        # In each column the order is that of the mean, and the scale that of scores.
        assert np.corrcoef(proba[:, 0], parts.mean(0)[:, 0])[0, 1] > 0.95
        assert proba[:, 0].std() > 0.5 * parts.mean(0)[:, 0].std()


def test_numbers_of_new_rows_by_mean_or_median(numbers):
    X, y = numbers
    for combine, middle in (("mean", np.mean), ("median", np.median)):
        model = CrossFitRegressor(combine=combine).fit(X, y)
        parts = [e.predict(X) for e in model.estimators_]
        np.testing.assert_allclose(model.predict(X), middle(parts, axis=0))


def test_the_threshold_is_chosen_out_of_fold(two):
    X, y = two
    model = CrossFitClassifier(decision_threshold="f1", cv=4).fit(X, y)
    out = cross_val_predict(
        model.estimator or LogisticRegression(), X, y, cv=4, method="predict_proba"
    )[:, 1]
    assert model.best_score_ == f1_score(y, out >= model.decision_threshold_)
    assert model.best_score_ >= f1_score(y, out >= 0.5)
    proba = model.predict_proba(X)[:, 1]
    np.testing.assert_array_equal(
        model.predict(X), (proba >= model.decision_threshold_).astype(int)
    )
    few = CrossFitClassifier(decision_threshold=Capacity(20)).fit(X, y)
    assert (few.oof_predictions_["proba_1"] >= few.decision_threshold_).sum() == 20


def test_each_of_several_classes_has_a_threshold(three):
    X, y = three
    plain = CrossFitClassifier(cv=3).fit(X, y)
    tuned = CrossFitClassifier(cv=3, decision_threshold="f1_macro").fit(X, y)
    assert tuned.decision_threshold_.shape == (3,)
    proba = plain.oof_predictions_.filter(like="proba_").to_numpy()
    before = f1_score(y, plain.classes_[proba.argmax(1)], average="macro")
    assert tuned.best_score_ >= before
    assert plain.decision_threshold_ is None


@pytest.mark.parametrize("scoring", ["roc_auc", "accuracy", "neg_log_loss", "f1"])
def test_the_table_has_the_score_of_each_fold(two, scoring):
    X, y = two
    table = CrossFitClassifier(scoring=scoring, cv=4).fit(X, y).score_table_
    expected = [
        get_scorer(scoring)(LogisticRegression().fit(X[a], y[a]), X[b], y[b])
        for a, b in StratifiedKFold(4).split(X, y)
    ]
    np.testing.assert_allclose(table[scoring][:4], expected)
    assert table.loc["mean", scoring] == pytest.approx(np.mean(expected))
    assert table.loc["spread", scoring] == pytest.approx(np.std(expected, ddof=1))
    assert (table["seconds"] >= 0).all()
    assert table["n_test"].tolist()[:4] == [50] * 4


@pytest.mark.parametrize("scoring", ["r2", "neg_mean_absolute_error", None])
def test_the_table_of_numbers(numbers, scoring):
    X, y = numbers
    table = CrossFitRegressor(scoring=scoring, cv=4).fit(X, y).score_table_
    name = scoring or "neg_root_mean_squared_error"
    expected = [
        get_scorer(name)(Ridge().fit(X[a], y[a]), X[b], y[b])
        for a, b in KFold(4).split(X, y)
    ]
    np.testing.assert_allclose(table[name][:4], expected)


def test_networks_train_together_by_themselves(two, monkeypatch):
    X, y = two
    packs = []
    train = Workshop.train

    def watched(self, jobs, *others):
        packs.append(len(jobs))
        return train(self, jobs, *others)

    monkeypatch.setattr(Workshop, "train", watched)
    model = make_pipeline(StandardScaler(), MLPClassifier(**SMALL))
    alone = CrossFitClassifier(model, cv=4).fit(X, y)
    assert packs == [4]
    with train_together():  # the user's block takes them
        inside = CrossFitClassifier(model, cv=4).fit(X, y)
    assert packs == [4, 4]
    for one, other in zip(alone.estimators_, inside.estimators_):
        np.testing.assert_array_equal(one[-1].coefs_[0], other[-1].coefs_[0])
    CrossFitClassifier(cv=4).fit(X, y)
    assert packs == [4, 4]


def test_texts_are_rows():
    texts = ["good film", "fine film", "bad film", "dull film"] * 10
    words = pytest.importorskip("sklearn.feature_extraction.text").CountVectorizer()
    model = CrossFitClassifier(make_pipeline(words, LogisticRegression()), cv=4)
    model.fit(texts, ["up", "up", "down", "down"] * 10)
    assert (model.predict(texts) == ["up", "up", "down", "down"] * 10).all()


@pytest.mark.parametrize(
    ("model", "error", "text"),
    [
        (CrossFitClassifier(LinearSVC()), ValueError, "no predict_proba: LinearSVC"),
        (CrossFitClassifier(Ridge()), TypeError, "is a regressor: Ridge"),
        (CrossFitRegressor(LogisticRegression()), TypeError, "is a classifier"),
        (CrossFitClassifier(scoring="f2"), ValueError, "scoring='f2' is not the name"),
        (CrossFitRegressor(combine="ranks"), ValueError, "The 'combine' parameter"),
        (CrossFitClassifier(decision_threshold=2), ValueError, "is no probability"),
        (CrossFitClassifier(cv=1), ValueError, "The 'cv' parameter"),
    ],
)
def test_what_cannot_be_used_is_named(two, model, error, text):
    with pytest.raises(error, match=text):
        model.fit(*two)
    assert "oof_predictions_" not in vars(model)


def test_decision_values_become_probabilities_by_calibration(two):
    model = CrossFitClassifier(CalibratedClassifierCV(LinearSVC())).fit(*two)
    assert model.score(*two) > 0.7


def test_a_fit_that_fails_names_its_fold_and_changes_nothing(two, fails_in_a_fold):
    model = CrossFitClassifier(cv=4).fit(*two)
    before = model.oof_predictions_
    model.set_params(estimator=fails_in_a_fold)
    with pytest.raises(ValueError, match=r"failed in fold 0\. RuntimeError: the first"):
        model.fit(*two)
    pd.testing.assert_frame_equal(model.oof_predictions_, before)
    assert clone(model).cv == 4


@pytest.mark.parametrize("y", [np.zeros((200, 2), int), np.zeros(200, int)])
def test_targets_that_are_no_labels_are_told(two, y):
    with pytest.raises(ValueError, match=r"y is of the kind|y has 1 class"):
        CrossFitClassifier().fit(two[0], y)
    if y.ndim == 2:
        with pytest.raises(ValueError, match="y has 2 columns"):
            CrossFitRegressor().fit(two[0], y)
