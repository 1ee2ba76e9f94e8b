"""What a file says of itself, and the card of a model."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TextRNNClassifier,
)
from sknn_suite.decision import ThresholdTuner
from sknn_suite.persistence import inspect, model_card, save

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # few epochs are enough here
)
X = np.random.RandomState(0).normal(size=(60, 3))
Y = np.where(X[:, 0] > 0, "yes", "no")
TABLE = pd.DataFrame(X, columns=["age", "size", "a|b"]).assign(
    word=["x", "y", "z"] * 20
)


def contents_of(model, tmp_path, **how):
    save(model, tmp_path / "a.sknn", **how)
    return inspect(tmp_path / "a.sknn")


def test_the_contents_of_a_network(tmp_path):
    model = MLPClassifier(hidden_layer_sizes=(4,), max_iter=3, early_stopping=True)
    found = contents_of(model.fit(X, Y), tmp_path)
    assert found.estimator == "MLPClassifier"
    assert found.parameters["hidden_layer_sizes"] == (4,)
    assert found.parameters["early_stopping"] is True
    assert found.columns == 3
    assert found.kinds == ["tables"]
    assert found.classes == ["no", "yes"]
    assert found.scores["best_score_"] == model.best_score_
    # Columns of `coefs_` lie one after the other, so that its transpose is stored.
    assert found.weights["0.coefs_.0"] == ("<f8", (4, 3))
    assert found.needs == []
    assert found.versions["sknn_suite"]
    assert set(found.hashes) > {"model.json", "weights.safetensors"}
    assert found.n_bytes == (tmp_path / "a.sknn").stat().st_size
    assert "MLPClassifier" in str(found)
    assert "no code of others" in str(found)


def test_the_contents_that_serving_needs(tmp_path):
    model = TabularClassifier(
        n_members=2, max_iter=2, decision_threshold="f1", random_state=0
    )
    model = make_pipeline(FunctionTransformer(), model).fit(TABLE, Y)
    found = contents_of(model, tmp_path)
    assert found.column_kinds == dict(model[-1].column_kinds_)
    assert found.column_kinds["word"] == "category"
    assert found.threshold == model[-1].decision_threshold_
    lines = str(found).splitlines()
    assert "kinds       number: age, size, a|b" in lines
    assert "            category: word" in lines
    assert f"threshold   {found.threshold:.6g}" in lines


def test_the_threshold_of_several_classes_and_of_others(tmp_path):
    network = MLPClassifier((3,), max_iter=3, random_state=0)
    tuner = ThresholdTuner(network, cv=2).fit(X, Y)
    assert contents_of(tuner, tmp_path).threshold == tuner.decision_threshold_
    labels = np.digitize(X[:, 0], [-0.5, 0.5])
    several = network.set_params(decision_threshold=[0.2, 0.3, 0.4]).fit(X, labels)
    assert contents_of(several, tmp_path).threshold == pytest.approx([0.2, 0.3, 0.4])
    plain = network.set_params(decision_threshold=None).fit(X, labels)
    found = contents_of(plain, tmp_path)
    assert (found.threshold, found.column_kinds) == (None, None)
    assert "threshold" not in str(found)
    given = network.set_params(decision_threshold=0.25).fit(X, Y)
    assert contents_of(given, tmp_path).threshold == 0.25
    given._net.target.rule = replace(given._net.target.rule, threshold=np.inf)
    assert contents_of(given, tmp_path).threshold == np.inf
    detector = AutoencoderDetector(max_iter=2, random_state=0).fit(X)
    assert contents_of(detector, tmp_path).threshold == detector.offset_


def test_the_contents_of_a_pipeline(tmp_path):
    columns = ColumnTransformer(
        [("n", StandardScaler(), ["age", "size"]), ("w", OneHotEncoder(), ["word"])]
    )
    model = make_pipeline(columns, MLPClassifier(max_iter=3)).fit(TABLE, Y)
    found = contents_of(model, tmp_path)
    assert found.estimator.startswith("Pipeline(ColumnTransformer(StandardScaler, One")
    assert found.columns == list(TABLE)
    assert found.classes == ["no", "yes"]


@pytest.mark.parametrize(
    ("model", "rows", "kind"),
    [
        (
            TextRNNClassifier(n_networks=1, max_iter=1, embedding_size=4),
            ["good day", "bad night"] * 10,
            "texts",
        ),
        (CNNClassifier(max_iter=1), np.zeros((20, 8, 8, 1), np.uint8), "images"),
    ],
)
def test_the_rows_of_other_families(model, rows, kind, tmp_path):
    found = contents_of(clone(model).fit(rows, ["a", "b"] * 10), tmp_path)
    assert found.kinds == [kind]


def test_contents_name_the_code_of_others(tmp_path):
    model = make_pipeline(FunctionTransformer(np.log1p), LogisticRegression())
    model.fit(np.abs(X), Y)
    found = contents_of(model, tmp_path, trusted=["numpy.log1p"])
    assert found.needs == ["numpy.log1p"]


def test_the_card_of_a_classifier():
    model = make_pipeline(StandardScaler(), MLPClassifier(max_iter=5, random_state=0))
    model.fit(TABLE[["age", "size", "a|b"]], Y)
    card = model_card(model, TABLE[["age", "size", "a|b"]], Y)
    assert card.startswith("# Pipeline")
    for part in ("## Steps", "## Data", "## Scores", "## Training", "## Limits"):
        assert part in card
    assert "| age | float64 |" in card
    assert r"| a\|b | float64 |" in card
    accuracy = model.score(TABLE[["age", "size", "a|b"]], Y)
    assert f"| accuracy | {accuracy:.4g} |" in card
    assert "ROC AUC" in card
    assert "classes: no, yes" in card
    again = model_card(model, TABLE[["age", "size", "a|b"]], Y)
    assert card == again  # resamples are drawn by the seed


def test_the_spread_holds_the_score():
    model = LogisticRegression().fit(X[::2], Y[::2])
    card = model_card(model, X[1::2], Y[1::2])
    row = next(line for line in card.splitlines() if line.startswith("| accuracy"))
    _, _, value, spread, _ = row.split("|")
    low, high = map(float, spread.split(" to "))
    assert low <= float(value) <= high


def test_the_card_of_other_families():
    regressor = MLPRegressor(max_iter=3).fit(X, X[:, 0])
    assert "root mean squared error" in model_card(regressor, X, X[:, 0])
    detector = AutoencoderDetector(max_iter=3).fit(X)
    card = model_card(detector, X, np.arange(60) < 5)
    assert f"threshold of the scores: {detector.offset_:.4g}" in card
    fixed = FixedThresholdClassifier(LogisticRegression(), threshold=0.3).fit(X, Y)
    assert "decision threshold: 0.3" in model_card(fixed, X, Y)
    search = GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2).fit(X, Y)
    assert model_card(search, X, Y).startswith("# LogisticRegression")


def test_what_has_no_card_says_so():
    with pytest.raises(NotFittedError):
        model_card(MLPClassifier(), X, Y)
    with pytest.raises(ValueError, match=r"neither .*\. Expected .*\. Pass"):
        model_card(StandardScaler().fit(X), X, Y)
    two = MLPRegressor(loss="quantile", quantile=[0.1, 0.9], max_iter=3)
    with pytest.raises(ValueError, match=r"shape .*\. Expected .*\. Pass"):
        model_card(two.fit(X, X[:, 0]), X, X[:, 0])
