"""Detectors behind other steps: thresholds, sparse rows, searches."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import make_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


@pytest.fixture
def words():
    """Rows of four columns of words, of which two repeat each other."""
    source = np.random.RandomState(0)
    kinds = source.randint(3, size=(200, 4))
    kinds[:, 1] = kinds[:, 0]
    return np.array(list("abc"), dtype=object)[kinds]


def test_a_new_contamination_in_a_pipeline_moves_the_threshold_at_once(detector_class):
    X = np.random.RandomState(0).normal(size=(200, 3))
    name = f"{detector_class.__name__.lower()}__contamination"
    pipeline = make_pipeline(StandardScaler(), detector_class(max_iter=2))
    pipeline.set_params(**{name.replace("contamination", "random_state"): 0}).fit(X)
    scores = pipeline.score_samples(X)
    for share in (0.05, 0.2, "auto"):
        moved = pipeline.set_params(**{name: share})
        again = clone(pipeline).fit(X)
        assert moved[-1].offset_ == again[-1].offset_
        np.testing.assert_array_equal(moved.score_samples(X), scores)
        np.testing.assert_array_equal(moved.predict(X), again.predict(X))
        if share != "auto":
            assert (moved.predict(X) == -1).mean() == share


def test_a_wrong_contamination_changes_nothing_on_a_fitted_detector(detector_class):
    X = np.random.RandomState(0).normal(size=(60, 3))
    model = detector_class(max_iter=2, random_state=0)
    model.set_params(contamination=3)  # as anywhere in scikit-learn, fit refuses it
    with pytest.raises(ValueError, match="The 'contamination' parameter"):
        model.fit(X)
    model.set_params(contamination=0.1).fit(X)
    offset = model.offset_
    with pytest.raises(ValueError, match="The 'contamination' parameter"):
        model.set_params(contamination=3)
    assert (model.contamination, model.offset_) == (0.1, offset)
    model.set_params(max_iter=5)
    assert (model.max_iter, model.offset_) == (5, offset)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_sparse_rows_are_what_dense_rows_are(detector_class, words, kind):
    X = OneHotEncoder().fit_transform(words)
    dense = X.toarray()
    model = detector_class(max_iter=2, random_state=0)
    theirs = clone(model).fit(dense)
    ours = model.fit(X.asformat(kind))
    assert ours.offset_ == theirs.offset_
    for method in (
        "score_samples",
        "predict",
        "feature_scores",
        "transform",
        "reconstruct",
        "to_labels01",
    ):
        expected = getattr(theirs, method)(dense)
        np.testing.assert_array_equal(getattr(ours, method)(X.asformat(kind)), expected)
    np.testing.assert_array_equal(ours.score_samples(dense), ours.score_samples(X))


def test_validation_rows_and_parts_may_be_sparse_too(detector_class, words):
    X = OneHotEncoder().fit_transform(words)
    held_out = {"X_val": X[150:]}
    model = detector_class(max_iter=2, early_stopping=True, random_state=0)
    losses = [r["valid_loss"] for r in model.fit(X[:150], **held_out).history_]
    again = clone(model).fit(X[:150].toarray(), X_val=X[150:].toarray())
    assert losses == [r["valid_loss"] for r in again.history_]
    part = detector_class(max_iter=2, random_state=0)
    part.partial_fit(X[:100]).partial_fit(X[100:])
    assert part.score_samples(X).shape == (200,)


def test_damaged_or_missing_sparse_values_are_refused(detector_class, words):
    X = sparse.csr_array(OneHotEncoder().fit_transform(words))
    model = detector_class(max_iter=2, random_state=0).fit(X)
    missing = X.copy()
    missing.data[3] = np.nan
    damaged = X.copy()
    damaged.indices[3] = 99
    for bad, message in ((missing, "contains NaN"), (damaged, "value in column 99")):
        with pytest.raises(ValueError, match=message):
            clone(model).fit(bad)
        with pytest.raises(ValueError, match=message):
            model.predict(bad)


def test_a_search_needs_labels_as_predict_gives_them(detector_class):
    source = np.random.RandomState(0)
    X = source.normal(size=(200, 1)) @ np.ones((1, 4)) + source.normal(
        0, 0.1, size=(200, 4)
    )
    y = np.ones(200, dtype=int)
    y[:20] = -1
    X[:20] = source.normal(size=(20, 4))
    detector = detector_class(max_iter=20, random_state=0)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    grid = {"n_components": [1, 2]}
    search = GridSearchCV(detector, grid, scoring="roc_auc", cv=folds).fit(X, y)
    assert search.best_score_ > 0.8  # the larger decision is the inlier, 1
    # Labels of 0 and 1, where 1 is an outlier, need a scorer that turns the sign.
    turned = make_scorer(
        lambda y, decision: roc_auc_score(y, -decision),
        response_method="decision_function",
    )
    other = GridSearchCV(detector, grid, scoring=turned, cv=folds)
    other.fit(X, (y == -1).astype(int))
    np.testing.assert_allclose(
        other.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"]
    )
