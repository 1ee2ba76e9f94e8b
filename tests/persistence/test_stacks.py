"""Stacks, votes, calibration and thresholds around classifiers are kept, or refused."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline as make_resampling_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    RandomForestClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.decision import CostMatrix, Recalibrator, ThresholdTuner
from sknn_suite.exceptions import CorruptModelError, UntrustedModelError
from sknn_suite.persistence import inspect, load, model_card, save

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # few epochs are enough here
)
SCRIPT = Path(__file__).with_name("open_hostile_files.py")
X = np.random.RandomState(0).normal(size=(90, 3))
Y = np.where(X[:, 0] + 0.5 * X[:, 1] > 0.5, "yes", "no")
THREE = np.array(["a", "b", "c"])[X.argmax(axis=1)]
NET = MLPClassifier((4,), max_iter=5, random_state=0)
LINE = LogisticRegression()
SCALED = make_pipeline(StandardScaler(), NET)
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
RESAMPLED = make_resampling_pipeline(RandomUnderSampler(random_state=0), SCALED)

CLASSIFIERS = {
    "stack": StackingClassifier([("net", SCALED), ("line", LINE)], cv=3),
    "stack with rows": StackingClassifier(
        [("net", NET), ("gone", "drop"), ("line", LINE)],
        NET,
        cv=FOLDS,
        passthrough=True,
    ),
    "votes": VotingClassifier([("net", SCALED), ("line", LINE)], weights=[2, 1]),
    "soft votes": VotingClassifier([("net", NET), ("gone", "drop")], voting="soft"),
    "sigmoid": CalibratedClassifierCV(NET, cv=2),
    "isotonic": CalibratedClassifierCV(SCALED, method="isotonic", cv=2),
    "temperature": CalibratedClassifierCV(NET, method="temperature", cv=2),
    "one calibration": CalibratedClassifierCV(NET, ensemble=False, cv=2),
    "tuner": ThresholdTuner(SCALED, scoring="f1_macro", cv=FOLDS),
    "tuner of costs": ThresholdTuner(NET, scoring=CostMatrix(1 - np.eye(3)), cv=2),
    "refitted tuner": ThresholdTuner(NET, cv=2, refit=True),
    "recalibrated": Recalibrator(SCALED),
    "resampled and recalibrated": Recalibrator(RESAMPLED),
    "tuner of a stack": ThresholdTuner(
        StackingClassifier([("net", NET), ("line", LINE)], LINE, cv=2), cv=2
    ),
}
REGRESSORS = {
    "stack": StackingRegressor(
        [("net", MLPRegressor(max_iter=3)), ("r", Ridge())], cv=2
    ),
    "votes": VotingRegressor([("net", MLPRegressor(max_iter=3)), ("r", Ridge())]),
    "steps": IsotonicRegression(out_of_bounds="clip"),
}
TWO = ("recalibrated", "votes", "tuner of a stack")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.sknn"


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_what_is_around_classifiers_predicts_the_same_bits(name, path):
    labels = Y if name in TWO else THREE
    model = clone(CLASSIFIERS[name]).fit(X, labels)
    save(model, path)
    loaded = load(path)
    for method in ("predict", "predict_proba", "decision_function", "transform"):
        if hasattr(model, method):
            found, expected = (getattr(m, method)(X) for m in (loaded, model))
            np.testing.assert_array_equal(found, expected)
    assert loaded.get_params(deep=False).keys() == model.get_params(deep=False).keys()
    clone(loaded).fit(X, labels)
    assert type(model).__name__ in inspect(path).estimator
    assert "## Scores" in model_card(loaded, X, labels)


@pytest.mark.parametrize("name", REGRESSORS)
def test_what_is_around_regressors_predicts_the_same_bits(name, path):
    rows = X[:, 0] if name == "steps" else X
    model = clone(REGRESSORS[name]).fit(rows, X[:, 0] + X[:, 1])
    save(model, path)
    np.testing.assert_array_equal(load(path).predict(rows), model.predict(rows))


def test_a_tuner_keeps_its_threshold_and_not_the_curve(path):
    tuner = ThresholdTuner(SCALED, scoring="f1_macro", cv=3).fit(X, Y)
    save(tuner, path)
    loaded = load(path)
    assert loaded.decision_threshold_ == tuner.decision_threshold_
    assert loaded.best_score_ == tuner.best_score_
    np.testing.assert_array_equal(loaded.fold_thresholds_, tuner.fold_thresholds_)
    assert loaded.threshold_std_ == tuner.threshold_std_
    assert loaded.decision_curve_ is None


def test_estimators_can_be_asked_for_by_name(path):
    stack = CLASSIFIERS["stack with rows"].fit(X, Y)
    save(stack, path)
    named = load(path).named_estimators_
    assert list(named) == ["net", "gone", "line"]
    assert named.gone == "drop"
    np.testing.assert_array_equal(named.line.coef_, stack.named_estimators_.line.coef_)


def test_trees_in_a_stack_must_be_named(path):
    forest = StackingClassifier([("trees", RandomForestClassifier(3))], cv=2)
    with pytest.raises(UntrustedModelError, match="RandomForestClassifier"):
        save(forest.fit(X, Y), path)


# -- files that mean something else --------------------------------------------------


def tools():
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHANGES = {
    "a method that is none": (
        "stack",
        lambda state: state.update(stack_method_=["__init_subclass__"] * 2),
        "stack_method_",
    ),
    "fewer methods": (
        "stack",
        lambda state: state["stack_method_"].pop(),
        "other methods",
    ),
    "fewer estimators": (
        "votes",
        lambda state: state["estimators_"].pop(),
        "its estimators differ",
    ),
    "no estimator": (
        "votes",
        lambda state: state.update(estimators_=[1, 2]),
        "is no estimator",
    ),
    "a method of calibration that is none": (
        "sigmoid",
        lambda state: state["calibrated_classifiers_"][0]["state"].update(
            method="isotonic"
        ),
        "is of two methods",
    ),
    "fewer calibrators": (
        "isotonic",
        lambda state: state["calibrated_classifiers_"][0]["state"]["calibrators"].pop(),
        "of other classes",
    ),
    "a rule for two classes": (
        "refitted tuner",
        lambda state: state["_rule"]["state"].update(kind="binary"),
        "for other classes",
    ),
    "no shares": (
        "resampled and recalibrated",
        lambda state: state.update(true_shares_=None),
        "true_shares_",
    ),
}


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
