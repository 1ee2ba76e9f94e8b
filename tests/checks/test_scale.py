"""Validation rows on another scale: told where it is so, and not where data drift."""

import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from sknn_suite import AutoencoderDetector, MLPClassifier, MLPRegressor
from sknn_suite.checks import warn_of_other_scale
from sknn_suite.exceptions import SuiteWarning

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SCALERS = [None, StandardScaler(), MinMaxScaler(), RobustScaler()]
TABLES = [load_breast_cancer, load_diabetes, load_iris, load_wine]


def split(table, seed=0):
    X, y = table(return_X_y=True)
    order = np.random.RandomState(seed).permutation(len(X))
    part = len(X) * 3 // 4
    return X[order[:part]], X[order[part:]], y[order[:part]], y[order[part:]]


@pytest.mark.parametrize("table", TABLES)
def test_rows_that_a_scaler_has_not_seen_are_told(table):
    X, X_val, _, _ = split(table)
    scaler = StandardScaler().fit(X)
    with pytest.warns(SuiteWarning, match="X_val has another scale than X in"):
        warn_of_other_scale(scaler.transform(X), X_val)
    warn_of_other_scale(scaler.transform(X), scaler.transform(X_val))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "scaler", [None, StandardScaler(), MinMaxScaler(), RobustScaler()]
)
@pytest.mark.parametrize("seed", range(3))
def test_splits_of_one_table_raise_no_alarm(table, scaler, seed):
    X, X_val, _, y_val = split(table, seed)
    if scaler is not None:
        X, X_val = scaler.fit_transform(X), scaler.transform(X_val)
    warn_of_other_scale(X, X_val)
    warn_of_other_scale(X, X_val[:3])
    if table is not load_diabetes:  # one class alone is an odd part, and plausible
        warn_of_other_scale(X, X_val[y_val == y_val.max()])


def test_plausible_drift_raises_no_alarm():
    source = np.random.RandomState(0)
    time = np.linspace(0, 1, 1000)[:, None]
    trend = time * 5 + 0.1 * source.normal(size=(1000, 4))
    warn_of_other_scale(trend[:800], trend[800:])  # all columns grow
    X = source.normal(size=(500, 5))
    warn_of_other_scale(X, source.normal(size=(200, 5)) + 2)
    warn_of_other_scale(X, source.normal(size=(200, 5)) * 4)
    warn_of_other_scale(X, np.where(np.arange(5) == 2, 1e6, X[:50]))  # one column broke
    heavy = source.standard_cauchy(size=(500, 5))
    warn_of_other_scale(heavy[:300], heavy[300:])
    rare = (source.uniform(size=(500, 6)) < 0.05).astype(float)
    warn_of_other_scale(rare[:300], rare[300:])


def test_odd_tables_are_no_trouble():
    X = np.random.RandomState(0).normal(size=(50, 3))
    for other in (X[:1], np.full((20, 3), 0.0), np.where([True, False, False], 5, X)):
        warn_of_other_scale(X, other)
    warn_of_other_scale(np.ones((9, 2)), np.full((9, 2), 7.0))  # constants tell nothing
    with pytest.warns(SuiteWarning):
        warn_of_other_scale(X, np.full((20, 3), 1e308))


def test_a_pipeline_warns_unless_it_transforms_validation_rows():
    X, X_val, y, y_val = split(load_wine)
    model = MLPClassifier(early_stopping=True, max_iter=15, random_state=0)
    given = {"mlpclassifier__X_val": X_val, "mlpclassifier__y_val": y_val}
    with pytest.warns(SuiteWarning, match=r"transform_input=\['X_val'\]"):
        make_pipeline(StandardScaler(), model).fit(X, y, **given)
    with config_context(enable_metadata_routing=True), warnings.catch_warnings():
        warnings.simplefilter("error", SuiteWarning)
        model.set_fit_request(X_val=True, y_val=True)
        steps = [("scale", StandardScaler()), ("net", model)]
        pipeline = Pipeline(steps, transform_input=["X_val"])
        pipeline.fit(X, y, X_val=X_val, y_val=y_val)
    assert pipeline["net"].best_score_ == pipeline.score(X_val, y_val)


@pytest.mark.parametrize("kind", [MLPRegressor, AutoencoderDetector])
def test_other_estimators_of_tables_warn_too(kind):
    X = np.random.RandomState(0).normal(size=(60, 3))
    model = kind(max_iter=2)
    given = {"y": X[:, 0], "y_val": X[:, 0]} if kind is MLPRegressor else {}
    with pytest.warns(SuiteWarning, match="X_val has another scale"):
        model.fit(X, X_val=X * 100 + 50, **given)
