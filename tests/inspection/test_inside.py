"""The network inside a Pipeline or a search is looked at with the rows it sees."""

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris, make_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sknn_suite import MLPClassifier, diagnose, find_learning_rate, summary
from sknn_suite.inspection._inside import names_after

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)


def network():
    return MLPClassifier((5,), max_iter=3, random_state=0)


AROUND = {
    "pipeline": lambda: make_pipeline(StandardScaler(), network()),
    "passthrough": lambda: make_pipeline("passthrough", StandardScaler(), network()),
    "sampling": lambda: make_sampling_pipeline(
        StandardScaler(), RandomOverSampler(random_state=0), network()
    ),
    "search": lambda: GridSearchCV(
        make_pipeline(StandardScaler(), network()), {"mlpclassifier__alpha": [0.1]}
    ),
    "nested": lambda: make_pipeline(
        StandardScaler(), GridSearchCV(network(), {"alpha": [0.1]})
    ),
    "threshold": lambda: TunedThresholdClassifierCV(
        make_pipeline(StandardScaler(), network())
    ),
}


@pytest.fixture
def two_classes():
    X, y = load_iris(return_X_y=True)
    return X[:100] * 1000, y[:100]


@pytest.mark.parametrize("around", AROUND)
def test_diagnose_and_summary_look_at_the_network_inside(two_classes, around):
    X, y = two_classes
    model = AROUND[around]().fit(X, y)
    inner = model
    while not isinstance(inner, MLPClassifier):
        if hasattr(inner, "steps"):
            inner = inner[-1]
        else:
            inner = getattr(inner, "best_estimator_", None) or inner.estimator_
    scaled = StandardScaler().fit_transform(X)
    found = diagnose(model, X, y)
    assert found == diagnose(inner, scaled, y)
    assert not any("scal" in sentence for sentence in found.advice)
    assert repr(summary(model)) == repr(summary(inner))
    assert repr(summary(model, X)) == repr(summary(inner))


@pytest.mark.parametrize("around", ["pipeline", "sampling"])
def test_unfitted_steps_are_fitted_to_the_rows_for_summary_and_range_test(
    two_classes, around
):
    X, y = two_classes
    model = AROUND[around]()
    scaled = StandardScaler().fit_transform(X)
    assert repr(summary(model, X, y)) == repr(summary(network(), scaled, y))
    test = find_learning_rate(model, X, y, n_steps=20)
    same = find_learning_rate(network(), scaled, y, n_steps=20)
    if around == "pipeline":
        np.testing.assert_array_equal(test.losses, same.losses)
    assert not hasattr(model[0], "scale_")  # the steps are copied


@pytest.mark.parametrize("around", ["pipeline", "search", "threshold"])
def test_what_is_not_fitted_is_refused_in_words(two_classes, around):
    with pytest.raises(NotFittedError, match="not fitted"):
        diagnose(AROUND[around](), *two_classes)


def test_another_estimator_inside_is_refused_by_its_name(two_classes):
    X, y = two_classes
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    for look in (diagnose, summary):
        with pytest.raises(TypeError, match="LogisticRegression is not an estimator"):
            look(model, X, y)


def test_a_diagnosis_and_a_range_test_are_short_in_a_notebook(two_classes):
    X, y = two_classes
    model = AROUND["pipeline"]().fit(X, y)
    found = diagnose(model, X, y)
    assert repr(found) == str(found)
    test = find_learning_rate(model, X, y)
    text = repr(test)
    assert len(text) < 120
    assert f"{test.suggestion:.2g}" in text
    assert "array" not in text


def test_columns_behind_steps_have_the_names_of_the_user():
    pd = pytest.importorskip("pandas", reason="is not installed")
    frame = pd.DataFrame(
        {"age": np.arange(40.0), "fare": np.arange(40.0) % 7, "sex": ["f", "m"] * 20}
    )
    columns = make_column_transformer(
        (FunctionTransformer(feature_names_out="one-to-one"), ["age", "fare"]),
        (OneHotEncoder(sparse_output=False), ["sex"]),
    )
    frame["age"] *= 1000.0
    model = make_pipeline(columns, network()).fit(frame, np.arange(40) % 2)
    (sentence,) = [
        s for s in diagnose(model, frame, np.arange(40) % 2).advice if "scaled" in s
    ]
    assert "column 'age' is" in sentence


def test_names_that_two_steps_give_keep_the_name_of_the_step():
    X = np.array([[1.0], [2.0]])
    both = FeatureUnion([("a", StandardScaler()), ("b", StandardScaler())]).fit(X)
    assert names_after([both], X, ["age"]) == ["a__age", "b__age"]
    assert names_after([both], X) == ["a__x0", "b__x0"]
    assert names_after([FunctionTransformer(np.log)], X, ["age"]) is None
    assert names_after([StandardScaler().fit(X)], X, ["a__b"]) == ["a__b"]


def test_balance_is_left_to_the_sampler_before_the_network():
    X, y = make_classification(n_samples=400, weights=[0.95], random_state=0)
    for model, is_advised in (
        (network(), True),
        (AROUND["sampling"](), False),
    ):
        (sentence,) = [s for s in diagnose(model.fit(X, y), X, y).advice if "Only" in s]
        assert ("class_weight" in sentence) == is_advised
        assert "tune the threshold, and score by average precision" in sentence
