"""Floors of quality on small real tables, which boosting does not reach either."""

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import train_test_split

from sknn_suite import TabularClassifier, TabularRegressor

FOLDER = Path(__file__).parents[2] / ".." / "shared" / "data"
SHARED = Path(os.environ.get("SKNN_DATA", FOLDER))


def losses(X, y, seed=0):
    """Log-loss of ours and of scikit-learn's boosting, on a quarter of the rows."""
    X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=y)
    found = []
    for model in (
        TabularClassifier(random_state=seed),
        HistGradientBoostingClassifier(random_state=seed),
    ):
        model.fit(X, y)
        proba = model.predict_proba(X_test)
        found.append(log_loss(y_test, proba, labels=model.classes_))
    return found


@pytest.mark.slow
def test_tumours_are_told_apart_with_calibrated_probabilities():
    ours, theirs = losses(*load_breast_cancer(return_X_y=True, as_frame=True))
    assert ours < 0.12
    assert ours < theirs


@pytest.mark.slow
def test_the_course_of_diabetes_is_predicted():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    model = TabularRegressor(random_state=0).fit(X, y)
    assert root_mean_squared_error(y_test, model.predict(X_test)) < 59


@pytest.mark.slow
def test_a_churning_customer_is_told_better_than_by_boosting():
    pytest.importorskip("pyarrow")
    pd = pytest.importorskip("pandas")
    path = SHARED / "tabular" / "telco_churn.parquet"
    if not path.exists():
        pytest.skip(f"there is no file {path} (set SKNN_DATA)")
    table = pd.read_parquet(path).sample(1500, random_state=0)
    target = "Churn" if "Churn" in table else table.columns[-1]
    y = np.asarray(table[target].astype(str))
    ours, theirs = losses(table.drop(columns=target), y)
    assert ours < 0.46
    assert ours < theirs
