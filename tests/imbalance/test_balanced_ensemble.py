"""BalancedEnsembleClassifier: balanced members, true shares, any classifier."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from imblearn.ensemble import EasyEnsembleClassifier
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from imblearn.utils.estimator_checks import estimator_checks_generator
from sklearn.base import clone
from sklearn.datasets import load_iris, make_classification
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn_suite import MLPClassifier, train_together
from sknn_suite.decision import ThresholdTuner
from sknn_suite.imbalance import BalancedEnsembleClassifier
from sknn_suite.training import train_many

SMALL = [
    BalancedEnsembleClassifier(n_estimators=2),
    # imbalanced-learn's checks set no seed, and some subsets need over 100 iterations.
    BalancedEnsembleClassifier(LogisticRegression(max_iter=1000), n_estimators=3),
]
LINEAR = LogisticRegression()


@parametrize_with_checks(SMALL)
def test_it_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


OF_IMBLEARN = [pair for model in SMALL for pair in estimator_checks_generator(model)]


@pytest.mark.parametrize(("estimator", "check"), OF_IMBLEARN)
def test_it_keeps_imbalanced_learns_contract(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def clouds():
    """Two normal clouds, one row in twenty-five of the second."""
    source = np.random.RandomState(0)
    y = (source.uniform(size=4000) < 0.04).astype(int)
    X = source.normal(size=(4000, 3)) + 1.2 * y[:, None]
    return X[:2000], y[:2000], X[2000:], y[2000:]


def fit(rows, estimator=None, n_estimators=6, **params):
    model = BalancedEnsembleClassifier(estimator, n_estimators=n_estimators)
    return model.set_params(**{"random_state": 0, **params}).fit(rows[0], rows[1])


# -- subsets -------------------------------------------------------------------------


def test_a_subset_has_all_rare_rows_and_as_many_others(clouds):
    y = clouds[1]
    model = fit(clouds, LINEAR)
    rare = np.flatnonzero(y == 1)
    for rows in model.estimators_samples_:
        assert len(set(rows)) == len(rows)
        assert set(rare) <= set(rows)
        assert (y[rows] == 0).sum() == len(rare)
    np.testing.assert_allclose(model.trained_shares_, [0.5, 0.5])
    np.testing.assert_allclose(model.true_shares_, [1 - y.mean(), y.mean()])


def test_subsets_take_turns_at_the_rows_of_the_large_class(clouds):
    y = clouds[1]
    seen = np.zeros(len(y), int)
    model = fit(clouds, LINEAR, n_estimators=40)
    for n_subsets, rows in enumerate(model.estimators_samples_, 1):
        seen[rows] += 1
        assert np.ptp(seen[y == 0]) <= 1
        assert (seen[y == 1] == n_subsets).all()
    assert seen[y == 0].min() >= 1


@pytest.mark.parametrize("ratio", [1, 2.5, 1000])
def test_a_ratio_gives_more_rows_of_the_others(clouds, ratio):
    y = clouds[1]
    model = fit(clouds, LINEAR, ratio=ratio)
    n_rare = y.sum()
    expected = min(int(ratio * n_rare), (y == 0).sum())
    for rows in model.estimators_samples_:
        assert (y[rows] == 0).sum() == expected
        assert y[rows].sum() == n_rare


@pytest.mark.parametrize(
    ("estimator", "balances"),
    [
        (None, True),
        (LINEAR, False),
        (LogisticRegression(class_weight="balanced"), True),
        (make_pipeline(StandardScaler(), MLPClassifier((3,), max_iter=2)), False),
        (MLPClassifier((3,), max_iter=2, batch_sampling="balanced"), True),
        (MLPClassifier((3,), max_iter=2, loss="logit_adjusted"), True),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_members_that_balance_themselves_get_sixteen_times_as_many(
    clouds, estimator, balances
):
    rows = clouds[0][:1500], clouds[1][:1500]
    model = fit(rows, estimator, n_estimators=2)
    n_rare = rows[1].sum()
    for subset in model.estimators_samples_:
        assert len(subset) == n_rare * (17 if balances else 2)
    found = model.predict_proba(clouds[2])[:, 1].mean()
    assert found == pytest.approx(clouds[3].mean(), abs=0.03)


# -- members -------------------------------------------------------------------------


def test_networks_train_together_and_as_they_would_alone(clouds, monkeypatch):
    sizes = []

    def note(jobs, **kwargs):
        sizes.append(len(jobs))
        return train_many(jobs, **kwargs)

    monkeypatch.setattr("sknn_suite.search._block.train_many", note)
    model = fit(clouds)
    assert sizes == [6]
    for rows, member in zip(model.estimators_samples_, model.estimators_):
        alone = clone(member).fit(clouds[0][rows], clouds[1][rows])
        # Products of a copy of the rows may round otherwise, by where it is in memory.
        np.testing.assert_allclose(
            alone.predict_proba(clouds[2]), member.predict_proba(clouds[2]), rtol=1e-9
        )


def test_a_block_around_trains_the_members_too(clouds):
    expected = fit(clouds).predict_proba(clouds[2])
    with train_together():
        found = fit(clouds).predict_proba(clouds[2])
        tuner = ThresholdTuner(
            BalancedEnsembleClassifier(n_estimators=3, random_state=0),
            scoring="f1",
            cv=3,
        ).fit(clouds[0], clouds[1])
    np.testing.assert_array_equal(found, expected)
    alone = clone(tuner).fit(clouds[0], clouds[1])
    np.testing.assert_array_equal(
        alone.predict_proba(clouds[2]), tuner.predict_proba(clouds[2])
    )


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize(
    "estimator",
    [DecisionTreeClassifier(max_depth=4), GaussianNB(), KNeighborsClassifier()],
    ids=str,
)
def test_other_classifiers_are_members_too(clouds, estimator, n_jobs):
    one = fit(clouds, estimator, n_jobs=n_jobs)
    assert all(type(member) is type(estimator) for member in one.estimators_)
    proba = one.predict_proba(clouds[2])
    again = fit(clouds, estimator).predict_proba(clouds[2])
    np.testing.assert_array_equal(proba, again)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_members_differ_in_their_random_state_and_the_ensemble_repeats(clouds):
    tree = DecisionTreeClassifier(max_features=1)
    model = fit(clouds, make_pipeline(StandardScaler(), tree))
    seeds = {member[-1].random_state for member in model.estimators_}
    assert len(seeds) == 6
    assert tree.random_state is None
    other = fit(clouds, make_pipeline(StandardScaler(), tree), random_state=1)
    assert seeds.isdisjoint(m[-1].random_state for m in other.estimators_)


def test_the_default_member_does_not_warn(clouds):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(clouds, n_estimators=2)


# -- probabilities -------------------------------------------------------------------


def test_probabilities_are_true_and_as_good_as_those_of_one_model(clouds):
    X, y, X_test, y_test = clouds
    plain = LogisticRegression().fit(X, y).predict_proba(X_test)
    for estimator in (None, LINEAR):
        proba = fit(clouds, estimator, n_estimators=16).predict_proba(X_test)
        assert log_loss(y_test, proba) < 1.1 * log_loss(y_test, plain)
        assert proba[:, 1].mean() == pytest.approx(y_test.mean(), abs=0.01)
        assert average_precision_score(y_test, proba[:, 1]) > 0.93 * (
            average_precision_score(y_test, plain[:, 1])
        )


def test_the_mean_is_that_of_easy_ensemble_corrected(clouds):
    model = fit(clouds, LINEAR)
    mean = np.mean([m.predict_proba(clouds[2]) for m in model.estimators_], axis=0)
    odds = mean[:, 1] / mean[:, 0]
    proba = model.predict_proba(clouds[2])
    share = clouds[1].mean()
    np.testing.assert_allclose(
        proba[:, 1] / proba[:, 0], odds * share / (1 - share), rtol=1e-6
    )
    theirs = EasyEnsembleClassifier(6, estimator=LINEAR, random_state=0)
    theirs.fit(clouds[0], clouds[1])
    balanced = theirs.predict_proba(clouds[2])[:, 1]
    assert np.corrcoef(mean[:, 1], balanced)[0, 1] > 0.99


def test_predict_takes_the_most_probable_class(clouds):
    model = fit(clouds, LINEAR)
    expected = model.predict_proba(clouds[2])[:, 1] > 0.5
    np.testing.assert_array_equal(model.predict(clouds[2]) == 1, expected)
    logs = model.predict_log_proba(clouds[2])
    np.testing.assert_allclose(np.exp(logs), model.predict_proba(clouds[2]))


def test_several_classes_have_their_true_shares():
    X, y = make_classification(
        2000,
        n_informative=5,
        n_classes=3,
        weights=[0.85, 0.1],
        flip_y=0.1,
        random_state=0,
    )
    names = np.array(["a", "b", "c"])[y]
    model = fit((X, names), LINEAR, n_estimators=8)
    rarest = np.bincount(y).min()
    for rows in model.estimators_samples_:
        assert np.bincount(y[rows]).tolist() == [rarest] * 3
    found = model.predict_proba(X).mean(axis=0)
    np.testing.assert_allclose(found, np.bincount(y) / 2000, atol=0.06)
    assert set(model.predict(X)) <= {"a", "b", "c"}


# -- weights, pipelines, rows of any kind --------------------------------------------


def test_sample_weights_go_with_their_rows_and_into_the_shares(clouds):
    X, y, X_test, _ = clouds
    weight = np.where(y == 1, 3.0, 1.0) * np.where(X[:, 0] > 0, 2.0, 1.0)
    model = BalancedEnsembleClassifier(LINEAR, n_estimators=4, random_state=0)
    model.fit(X, y, sample_weight=weight)
    share = weight[y == 1].sum() / weight.sum()
    np.testing.assert_allclose(model.true_shares_, [1 - share, share])
    rows, member = model.estimators_samples_[0], model.estimators_[0]
    alone = clone(member).fit(X[rows], y[rows], weight[rows])
    np.testing.assert_array_equal(member.coef_, alone.coef_)
    plain = LogisticRegression().fit(X, y, weight).predict_proba(X_test)[:, 1].mean()
    assert model.predict_proba(X_test)[:, 1].mean() == pytest.approx(plain, rel=0.15)


def test_a_row_without_weight_is_in_no_subset(clouds):
    X, y = clouds[:2]
    weight = np.ones(len(y))
    weight[::3] = 0
    for estimator in (None, LINEAR):
        model = BalancedEnsembleClassifier(estimator, n_estimators=2, random_state=0)
        model.fit(X, y, sample_weight=weight)
        for rows in model.estimators_samples_:
            assert weight[rows].all()
        assert model.true_shares_[1] == pytest.approx(y[weight > 0].mean())


def test_weights_may_be_named_for_a_step(clouds):
    X, y, X_test, _ = clouds
    weight = np.where(y == 1, 3.0, 1.0)
    inner = make_pipeline(StandardScaler(), LINEAR)
    model = BalancedEnsembleClassifier(inner, n_estimators=2, random_state=0)
    plain = model.fit(X, y, sample_weight=weight).predict_proba(X_test)
    named = model.fit(X, y, logisticregression__sample_weight=weight)
    np.testing.assert_array_equal(named.predict_proba(X_test), plain)


def test_weights_are_routed(clouds):
    X, y = clouds[:2]
    weight = np.where(y == 1, 3.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        for inner in (None, LogisticRegression().set_fit_request(sample_weight=True)):
            model = BalancedEnsembleClassifier(inner, n_estimators=2, random_state=0)
            model.fit(X, y, sample_weight=weight)
            assert model.true_shares_[1] > 2 * y.mean()


def test_pipelines_may_hold_samplers(clouds):
    inner = make_sampling_pipeline(RandomOverSampler(random_state=0), LINEAR)
    model = fit(clouds, inner, ratio=4)
    np.testing.assert_allclose(model.trained_shares_, [0.5, 0.5])
    found = model.predict_proba(clouds[2])[:, 1].mean()
    assert found == pytest.approx(clouds[3].mean(), abs=0.02)


def test_frames_keep_the_names_of_their_columns():
    frame, y = load_iris(return_X_y=True, as_frame=True)
    model = fit((frame, y), LogisticRegression(max_iter=500))
    assert model.feature_names_in_.tolist() == list(frame.columns)
    assert model.n_features_in_ == 4
    assert isinstance(frame, pd.DataFrame)


def test_texts_are_rows_too():
    texts = ["good film", "bad film", "bad one", "bad plot", "bad bad", "so good"] * 5
    y = [int("good" in text) for text in texts]
    model = fit((texts, y), make_pipeline(CountVectorizer(), LogisticRegression()))
    assert model.predict(["a good one", "bad"]).tolist() == [1, 0]


# -- bad input -----------------------------------------------------------------------


def test_a_class_of_one_row_is_in_every_subset():
    X = np.random.RandomState(0).normal(size=(50, 2))
    y = np.zeros(50, int)
    y[3], X[3] = 1, 6.0
    for estimator in (None, LINEAR):
        model = fit((X, y), estimator)
        assert all(3 in rows for rows in model.estimators_samples_)
        assert model.predict_proba(X)[3, 1] == model.predict_proba(X)[:, 1].max()


@pytest.mark.parametrize(
    ("y", "text"),
    [
        (np.zeros(50), "y has 1 class"),
        (np.linspace(0, 1, 50), "Unknown label type: continuous"),
        (np.full(50, np.nan), "contains NaN"),
        (np.zeros((50, 2), int), "Multilabel and multioutput targets"),
        (np.arange(40) % 2, "inconsistent numbers of samples"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(y, text):
    X = np.random.RandomState(0).normal(size=(50, 2))
    with pytest.raises(ValueError, match=text):
        fit((X, y))


def test_weights_that_leave_a_class_without_any_are_refused(clouds):
    X, y = clouds[:2]
    model = BalancedEnsembleClassifier(LINEAR)
    with pytest.raises(ValueError, match=r"leaves the classes \[1\] without weight"):
        model.fit(X, y, sample_weight=(y == 0).astype(float))
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        model.fit(X, y, sample_weight=-np.ones(len(y)))


@pytest.mark.parametrize(
    "params", [{"n_estimators": 0}, {"ratio": 0.5}, {"ratio": "all"}], ids=str
)
def test_parameters_out_of_range_are_refused(clouds, params):
    with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter"):
        BalancedEnsembleClassifier(**params).fit(clouds[0], clouds[1])


def test_a_classifier_without_probabilities_is_refused(clouds):
    with pytest.raises(ValueError, match="The 'estimator' parameter"):
        BalancedEnsembleClassifier(LinearSVC()).fit(clouds[0], clouds[1])
