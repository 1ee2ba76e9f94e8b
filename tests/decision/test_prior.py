"""Probabilities for the true shares, after weights and samplers."""

import numpy as np
import pytest
import sklearn
from imblearn.ensemble import EasyEnsembleClassifier
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline as make_plain_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn_suite import MLPClassifier
from sknn_suite.decision import Recalibrator, ThresholdTuner, prior_correction


@parametrize_with_checks([Recalibrator(LogisticRegression())])
def test_it_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def clouds():
    """Two normal clouds: their log-odds are linear, so that weights can be undone."""
    source = np.random.RandomState(0)
    y = (source.uniform(size=20000) < 0.05).astype(int)
    return source.normal(size=(20000, 2)) + 1.5 * y[:, None], y


def calibration_intercept(y, proba):
    """Intercept of a logistic regression with the log-odds as offset."""
    offset = np.log(proba[:, 1] / proba[:, 0])
    low, high = -10.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        if (1 / (1 + np.exp(-offset - middle))).mean() < y.mean():
            low = middle
        else:
            high = middle
    return middle


@pytest.mark.parametrize(
    "make",
    [
        lambda: LogisticRegression(class_weight="balanced"),
        lambda: LogisticRegression(class_weight={0: 0.2, 1: 7.0}),
        lambda: make_plain_pipeline(
            StandardScaler(), LogisticRegression(class_weight="balanced")
        ),
        lambda: make_pipeline(RandomUnderSampler(random_state=0), LogisticRegression()),
        lambda: make_pipeline(
            StandardScaler(), RandomOverSampler(random_state=0), LogisticRegression()
        ),
        lambda: make_pipeline(
            RandomUnderSampler(sampling_strategy=0.5, random_state=0),
            LogisticRegression(class_weight={0: 1.0, 1: 3.0}),
        ),
    ],
    ids=["balanced", "weights", "pipeline", "under", "over", "under and weights"],
)
def test_log_loss_and_intercept_are_those_of_the_plain_model(clouds, make):
    X, y = clouds
    plain = log_loss(y, LogisticRegression().fit(X, y).predict_proba(X))
    before = make().fit(X, y).predict_proba(X)
    after = Recalibrator(make()).fit(X, y).predict_proba(X)
    assert abs(calibration_intercept(y, before)) > 1
    assert abs(calibration_intercept(y, after)) < 0.1
    assert log_loss(y, after) < 1.03 * plain
    np.testing.assert_allclose(after.sum(axis=1), 1)
    # Bayes' rule moves all rows, but none past another.
    assert (np.diff(after[before[:, 1].argsort(), 1]) >= -1e-12).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "params",
    [
        {"batch_sampling": "balanced"},
        {"batch_sampling": {0: 0.6, 1: 0.4}, "class_weight": {0: 1.0, 1: 2.0}},
        {"loss": "logit_adjusted"},
        {"loss": "logit_adjusted", "class_weight": "balanced"},
        {"batch_sampling": "balanced", "class_weight": "balanced"},
    ],
    ids=str,
)
def test_what_networks_were_trained_on_is_counted(clouds, params):
    X, y = clouds[0][:3000], clouds[1][:3000]
    weight = np.where(X[:, 0] > 0, 2.0, 1.0)
    weight[::7] = 0.0
    network = MLPClassifier((4,), max_iter=4, random_state=0, **params)
    fitted = Recalibrator(network).fit(X, y, sample_weight=weight)
    itself = network.set_params(probabilities="true_shares")
    expected = itself.fit(X, y, sample_weight=weight).predict_proba(X)
    # An epoch is divided into whole rows, which the network itself has counted.
    np.testing.assert_allclose(fitted.predict_proba(X), expected, rtol=2e-3)
    again = Recalibrator(itself).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(again.predict_proba(X), expected, rtol=1e-6)


def test_the_counts_that_were_used_are_told(clouds):
    X, y = clouds
    sampler = RandomUnderSampler(sampling_strategy=0.25, random_state=0)
    model = Recalibrator(make_pipeline(sampler, LogisticRegression())).fit(X, y)
    np.testing.assert_allclose(model.trained_shares_, [0.8, 0.2])
    np.testing.assert_allclose(model.true_shares_, [1 - y.mean(), y.mean()])
    assert model.estimator.named_steps.keys() == {
        "randomundersampler",
        "logisticregression",
    }


def test_shares_may_be_given(clouds):
    X, y = clouds
    model = Recalibrator(true_shares=[0.999, 0.001]).fit(X, y)
    plain = LogisticRegression().fit(X, y).predict_proba(X)
    expected = prior_correction(plain, [1 - y.mean(), y.mean()], [0.999, 0.001])
    np.testing.assert_allclose(model.predict_proba(X), expected)
    inner = EasyEnsembleClassifier(3, random_state=0)
    ensemble = Recalibrator(inner, trained_shares="balanced").fit(X, y)
    np.testing.assert_allclose(ensemble.trained_shares_, 0.5)
    before = ensemble.estimator_.predict_proba(X)[:, 1].mean()
    assert ensemble.predict_proba(X)[:, 1].mean() < before


def test_weights_of_rows_are_true_and_those_of_classes_are_not(clouds):
    X, y = clouds
    weight = np.where(y == 1, 3.0, 1.0)
    model = Recalibrator(LogisticRegression()).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(model.trained_shares_, model.true_shares_)
    pipeline = make_pipeline(RandomUnderSampler(random_state=0), LogisticRegression())
    with pytest.raises(ValueError, match="sample_weight and samplers"):
        Recalibrator(pipeline).fit(X, y, logisticregression__sample_weight=weight)


def test_metadata_is_routed(clouds):
    X, y = clouds
    with sklearn.config_context(enable_metadata_routing=True):
        inner = LogisticRegression().set_fit_request(sample_weight=True)
        weight = np.where(y == 1, 3.0, 1.0)
        model = Recalibrator(inner).fit(X, y, sample_weight=weight)
        assert model.true_shares_[1] > 2 * y.mean()


def test_a_threshold_can_be_tuned_on_top(clouds):
    X, y = clouds
    model = Recalibrator(LogisticRegression(class_weight="balanced"))
    tuner = ThresholdTuner(model, scoring="f1", cv=3).fit(X, y)
    assert 0.1 < tuner.decision_threshold_ < 0.5


def test_correction_there_and_back_changes_nothing():
    proba = np.random.RandomState(0).dirichlet([1, 2, 3], size=50)
    there = prior_correction(proba, [5, 3, 2], [1, 1, 8])
    np.testing.assert_allclose(prior_correction(there, [1, 1, 8], [5, 3, 2]), proba)
    assert prior_correction(proba.astype(np.float32), [5, 3, 2], [1, 1, 8]).dtype == (
        np.float32
    )


@pytest.mark.parametrize(
    ("trained", "true", "text"),
    [
        ([1, 0], [1, 1], r"trained_shares=\[1, 0\]"),
        ([1, 1], [1, 1, 1], "true_shares.*2 classes"),
        ([1, 1], [1, np.nan], "true_shares"),
        ("even", [1, 1], "trained_shares"),
    ],
)
def test_shares_that_make_no_sense_are_refused(trained, true, text):
    with pytest.raises(ValueError, match=text):
        prior_correction([[0.5, 0.5]], trained, true)


def test_a_classifier_without_probabilities_is_refused():
    with pytest.raises(ValueError, match="estimator"):
        Recalibrator(LinearSVC()).fit([[0.0], [1.0]], [0, 1])
