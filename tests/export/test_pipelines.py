"""Pipelines of scikit-learn with our networks become one graph, or are refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import StackingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from sknn_suite import AutoencoderDetector, CNNClassifier, MLPClassifier, MLPRegressor
from sknn_suite.decision import Recalibrator, ThresholdTuner
from sknn_suite.export import register_converters, to_onnx
from sknn_suite.export._agreement import inputs_of

pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # few epochs are enough here
)
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(256, 5)).astype(np.float32)
Y = (X[:, 0] + 0.3 * X[:, 1] > 0).astype(int)
THREE = X[:, :3].argmax(axis=1)
NET = MLPClassifier((8,), max_iter=5, random_state=0)
FRAME = pd.DataFrame(X * [1, 10, 100, 1, 1], columns=list("abcde")).assign(
    kind=RANDOM.choice(["x", "y", "é"], 256), count=RANDOM.randint(0, 5, 256)
)
FRAME.loc[::9, "a"] = np.nan


def scaled(last=NET):
    return make_pipeline(StandardScaler(), last)


def run(model, rows, **how):
    session = runtime.InferenceSession(
        to_onnx(model, **how).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs_of(session, rows))))


def assert_classes_agree(model, rows, **how):
    for n in (1, 2, 7, 256):
        found = run(model, rows[:n], **how)
        assert (
            np.abs(found["probabilities"] - model.predict_proba(rows[:n])).max() < 1e-5
        )
        assert (found["label"] == model.predict(rows[:n])).all()


MODELS = {
    "two classes": scaled(),
    "threshold": scaled(MLPClassifier((8,), max_iter=5, decision_threshold=0.3)),
    "search": GridSearchCV(scaled(), {"mlpclassifier__alpha": [0.1, 1]}, cv=2),
    "stack": StackingClassifier([("a", NET), ("b", scaled())], cv=2),
    "frozen": make_pipeline(FrozenEstimator(StandardScaler().fit(X)), NET),
    "fixed": FixedThresholdClassifier(scaled(), threshold=0.2),
    "fixed, the other label": FixedThresholdClassifier(
        scaled(), threshold=0.2, pos_label=0
    ),
    "tuned": TunedThresholdClassifierCV(scaled(), cv=2),
    "tuner": ThresholdTuner(scaled(), cv=2),
    "recalibrated": Recalibrator(scaled(), true_shares=[0.9, 0.1]),
    "recalibrated and tuned": ThresholdTuner(Recalibrator(scaled()), cv=2),
    "one step": make_pipeline(NET),
    "scikit-learn alone": make_pipeline(StandardScaler(), LogisticRegression()),
}


@pytest.mark.parametrize("name", MODELS)
def test_pipelines_and_wrappers_of_two_classes(name):
    assert_classes_agree(MODELS[name].fit(X, Y), X)


@pytest.mark.parametrize("labels", [np.array(["a", "b", "é"])[THREE], THREE * 2, X > 0])
def test_other_labels(labels):
    assert_classes_agree(scaled().fit(X, labels), X)
    if labels.ndim == 1:
        assert_classes_agree(ThresholdTuner(scaled(), cv=2).fit(X, labels), X)


def test_a_frame_of_mixed_columns_has_an_input_for_each():
    columns = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(), StandardScaler()), list("abc")),
            (
                "c",
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                ["kind"],
            ),
            ("p", "passthrough", ["d", "count"]),
        ]
    )
    model = make_pipeline(columns, NET).fit(FRAME, Y)
    assert_classes_agree(model, FRAME, X=FRAME[:9])
    graph = to_onnx(model, X=FRAME[:9])
    assert [one.name for one in graph.graph.input] == list(FRAME)
    with pytest.raises(ValueError, match=r"named columns.*\. Expected .*\. Pass X"):
        to_onnx(model)


def test_numbers_and_scores():
    regressor = scaled(MLPRegressor(max_iter=5)).fit(X, X[:, 0] * 9)
    found = run(regressor, X)["prediction"]
    assert np.abs(found[:, 0] - regressor.predict(X)).max() < 1e-5
    # float32 would round the rows, whose values are quantiles of their columns.
    detector = scaled(AutoencoderDetector(max_iter=3, random_state=0))
    rows = X.astype(float)
    detector.fit(rows)
    found = run(detector, rows, X=rows, dtype="float64")
    assert np.abs(found["scores"] - detector.score_samples(rows)).max() < 1e-5
    assert (found["label"] == detector.predict(rows)).all()
    images = scaled(CNNClassifier(image_shape=(1, 5), max_iter=1, random_state=0))
    assert_classes_agree(images.fit(X, THREE), X)


def test_columns_that_float32_cannot_hold_need_float64():
    rows = X.astype(float) + 1e9
    model = scaled().fit(rows, Y)
    with pytest.raises(ValueError, match=r"differs .* set dtype='float64'"):
        to_onnx(model, X=rows)
    assert_classes_agree(model, rows, X=rows, dtype="float64")


def test_a_wrong_conversion_is_refused():
    # skl2onnx 1.20 calibrates other scores than scikit-learn does.
    model = CalibratedClassifierCV(NET, cv=2).fit(X, Y)
    with pytest.raises(ValueError, match=r"differs .*\. Expected .*\. Replace"):
        to_onnx(model)


def test_what_cannot_be_converted_says_so():
    wrapped = TransformedTargetRegressor(
        MLPRegressor(max_iter=3), transformer=StandardScaler()
    )
    with pytest.raises(ValueError, match=r"cannot convert .*\. Expected .*\. Replace"):
        to_onnx(wrapped.fit(X, X[:, 0]))
    tuner = ThresholdTuner(LinearSVC(), cv=2).fit(X, Y)
    with pytest.raises(
        ValueError, match=r"decision_function .*\. Expected .*\. Choose"
    ):
        to_onnx(tuner)


def test_skl2onnx_by_itself_knows_our_networks():
    import skl2onnx

    register_converters()
    graph = skl2onnx.to_onnx(scaled().fit(X, Y), X[:1], options={"zipmap": False})
    session = runtime.InferenceSession(graph.SerializeToString())
    label, _ = session.run(None, {"X": X})
    assert (label == scaled().fit(X, Y).predict(X)).all()
