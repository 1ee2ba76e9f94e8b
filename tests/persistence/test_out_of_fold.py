"""CrossFit estimators, their stacks, and balanced ensembles are kept without rows."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import StratifiedKFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.decision import CostMatrix
from sknn_suite.ensemble import (
    CrossFitClassifier,
    CrossFitRegressor,
    CrossFitStackingClassifier,
    CrossFitStackingRegressor,
)
from sknn_suite.exceptions import CorruptModelError
from sknn_suite.imbalance import BalancedEnsembleClassifier
from sknn_suite.persistence import inspect, load, model_card, save

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # A final step that is not used says so.
    pytest.mark.filterwarnings("ignore::sknn_suite.exceptions.SuiteWarning"),
]
SCRIPT = Path(__file__).with_name("open_hostile_files.py")
X = np.random.RandomState(0).normal(size=(90, 3))
Y = np.where(X[:, 0] + 0.5 * X[:, 1] > 0.5, "yes", "no")
THREE = np.array(["a", "b", "c"])[X.argmax(axis=1)]
NET = MLPClassifier((4,), max_iter=5, random_state=0)
LINE = LogisticRegression()
MEMBERS = [("net", make_pipeline(StandardScaler(), NET)), ("line", LINE)]
NUMBERS = [
    ("net", MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0)),
    ("r", Ridge()),
]
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)

CLASSIFIERS = {
    "folds": CrossFitClassifier(NET, cv=3),
    "ranks": CrossFitClassifier(LINE, cv=FOLDS, combine="ranks"),
    "threshold": CrossFitClassifier(
        NET, cv=3, decision_threshold=CostMatrix(1 - np.eye(3))
    ),
    "stack": CrossFitStackingClassifier(MEMBERS, cv=3),
    "greedy": CrossFitStackingClassifier(
        [*MEMBERS, ("gone", "drop")], cv=3, final_estimator="greedy", combine="logits"
    ),
    "ranks of members": CrossFitStackingClassifier(MEMBERS, cv=3, combine="ranks"),
    "columns": CrossFitStackingClassifier(MEMBERS, cv=3, columns={"line": [0, 2]}),
    "nested": CrossFitStackingClassifier(MEMBERS, cv=3, nested=True),
    "balanced": BalancedEnsembleClassifier(n_estimators=3, random_state=0),
    "balanced lines": BalancedEnsembleClassifier(LINE, n_estimators=3, random_state=0),
}
REGRESSORS = {
    "folds": CrossFitRegressor(Ridge(), cv=TimeSeriesSplit(3), combine="median"),
    "stack": CrossFitStackingRegressor(NUMBERS, cv=3, final_estimator="simplex"),
    "trained": CrossFitStackingRegressor(
        NUMBERS[:1], cv=3, final_estimator=Ridge(), passthrough=True
    ),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.sknn"


def assert_survives(model, path, *methods):
    save(model, path)
    loaded, data = load(path), path.read_bytes()
    for method in methods:
        found, expected = (getattr(m, method)(X) for m in (loaded, model))
        np.testing.assert_array_equal(found, expected)
    assert loaded.get_params(deep=False).keys() == model.get_params(deep=False).keys()
    save(loaded, path)
    assert path.read_bytes() == data
    return loaded


# Of two classes the scores of one are kept.
CASES = [*((name, THREE) for name in CLASSIFIERS), ("ranks", Y), ("stack", Y)]


@pytest.mark.parametrize(("name", "labels"), CASES)
def test_classifiers_predict_the_same_bits(name, labels, path):
    model = clone(CLASSIFIERS[name])
    model.fit(X, labels)
    loaded = assert_survives(model, path, "predict", "predict_proba")
    if hasattr(model, "score_table_"):
        pd.testing.assert_frame_equal(loaded.score_table_, model.score_table_)
        assert loaded.decision_threshold_ is None or np.array_equal(
            loaded.decision_threshold_, model.decision_threshold_
        )
    refitted = clone(loaded).fit(X, labels).predict_proba(X)
    np.testing.assert_array_equal(refitted, model.predict_proba(X))
    assert type(model).__name__ in inspect(path).estimator


def test_a_loaded_stack_has_a_card(path):
    save(clone(CLASSIFIERS["stack"]).fit(X, Y), path)
    assert "## Scores" in model_card(load(path), X, Y)


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors_predict_the_same_bits(name, path):
    y = X[:, 0] + X[:, 1]
    model = clone(REGRESSORS[name]).fit(X, y)
    if name == "trained":
        assert model.weights_ is None
    loaded = assert_survives(model, path, "predict")
    pd.testing.assert_frame_equal(loaded.score_table_, model.score_table_)


@pytest.mark.parametrize("name", ["ranks", "stack"])
def test_no_row_is_in_the_file(name, path):
    frame = pd.DataFrame(X, index=[f"person {i}" for i in range(90)])
    frame.iloc[5, 0] = 12345.678
    model = clone(CLASSIFIERS[name]).fit(frame, Y)
    save(model, path)
    data = path.read_bytes()
    assert np.float64(12345.678).tobytes() not in data
    assert b"person 5" not in data
    assert b"person 5".decode().encode("utf-32-le") not in data


def test_what_needs_the_training_rows_says_that_they_are_not_in_the_file(path):
    save(clone(CLASSIFIERS["stack"]).fit(X, Y), path)
    loaded = load(path)
    for name in ("oof_predictions_", "gains_", "error_correlation_"):
        with pytest.raises(AttributeError, match=rf"{name} .*\. Expected .*\. Keep"):
            getattr(loaded, name)
    for change in (lambda: loaded.drop("net"), lambda: loaded.add("r", LINE, X)):
        with pytest.raises(AttributeError, match=r"leave out\. Expected .*\. Keep"):
            change()
    assert loaded.transform(X).shape == (90, 2)
    loaded.fit(X, Y)
    assert len(loaded.oof_predictions_) == 90
    save(clone(CLASSIFIERS["folds"]).fit(X, Y), path)
    other = load(path).set_params(combine="ranks")
    with pytest.raises(AttributeError, match=r"'ranks' needs .*\. Expected .*\. Keep"):
        other.predict(X)


def test_a_folder_of_checkpoints_is_kept_as_text(path, tmp_path):
    model = CrossFitClassifier(LINE, cv=3, checkpoint=tmp_path / "folds").fit(X, Y)
    save(model, path)
    assert load(path).checkpoint == str(tmp_path / "folds")


CHANGES = {
    "fewer folds": ("folds", lambda s: s["estimators_"].pop(), "an array has"),
    "no fold": ("folds", lambda s: s.update(estimators_=[]), "has no estimator"),
    "no ranks": (
        "ranks",
        lambda s: s["_oof"]["state"].update(folds=[]),
        "ranks are of other folds",
    ),
    "a row": (
        "folds",
        lambda s: s["_oof"]["state"]["splits"]["state"].update(n_rows=3),
        "n_rows",
    ),
    "no member": (
        "stack",
        lambda s: s["members_"].update(items=[]),
        "has no member",
    ),
    "no weights": ("greedy", lambda s: s.update(weights_=None), "has no final step"),
    "negative weights": (
        "stack",
        lambda s: s.update(
            weights_={"is": "dict", "items": [["net", -1.0], ["line", 2.0]]}
        ),
        "its weights are none",
    ),
    "weights of others": (
        "stack",
        lambda s: s.update(weights_={"is": "dict", "items": [["net", 1.0]]}),
        "its weights are of other members",
    ),
    "a member that is none": (
        "stack",
        lambda s: s["members_"]["items"][0].__setitem__(1, 3),
        "members_",
    ),
    "columns of nobody": (
        "columns",
        lambda s: s.update(columns_={"is": "dict", "items": [["who", 1]]}),
        "columns have no member",
    ),
    "fewer shares": (
        "balanced",
        lambda s: s["_member_shares"].pop(),
        "shares are of other members",
    ),
}


def tools():
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", CHANGES)
def test_a_description_that_means_something_else_is_refused(name, path):
    model, change, words = CHANGES[name]
    save(clone(CLASSIFIERS[model]).fit(X, THREE), path)
    tool = tools()
    parts = tool.parts_of(path)
    tree = json.loads(parts["model.json"])
    change(tree["state"])
    tool.pack(path, parts | {"model.json": json.dumps(tree).encode()})
    with pytest.raises(CorruptModelError, match=words):
        load(path)
