"""Contributions of features are summed by group, such as an original column."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_suite import VAEDetector
from sknn_suite.anomaly._groups import membership


@pytest.fixture(scope="module")
def frame():
    """Two columns of words, of nested names, and two of numbers."""
    source = np.random.RandomState(0)
    return pd.DataFrame(
        {
            "size": source.lognormal(size=120),
            "port": source.choice(["a", "b_c"], 120),
            "port_type": source.choice(["c", "d__e"], 120),
            "idle": source.normal(size=120),
        }
    )


@pytest.fixture(scope="module")
def pipeline(frame):
    columns = make_column_transformer(
        (OneHotEncoder(), ["port", "port_type"]), (StandardScaler(), ["size"])
    )
    detector = VAEDetector(max_iter=2, random_state=0)
    return make_pipeline(columns, detector).fit(frame)


def sums(pipeline, X, *blocks):
    """Sums of the contributions in each block of features."""
    each = pipeline[-1].feature_scores(X)
    return np.column_stack([each[:, block].sum(axis=1) for block in blocks])


def test_the_transformer_that_made_x_tells_the_groups(pipeline, frame):
    X = pipeline[:-1].transform(frame)
    expected = sums(pipeline, X, [4], [0, 1], [2, 3], [])  # as the frame's columns
    for groups in (pipeline[:-1], pipeline[0]):
        scores = pipeline[-1].feature_scores(X, groups=groups)
        np.testing.assert_allclose(scores, expected)
    assert (scores[:, 3] == 0).all()  # the step drops this column


def test_a_mapping_lists_features_by_number_or_name(pipeline, frame):
    X = pipeline[:-1].transform(frame)
    groups = {"words": [0, 1, 2, 3], "size": 4}
    scores = pipeline[-1].feature_scores(X, groups=groups)
    np.testing.assert_allclose(scores, sums(pipeline, X, [0, 1, 2, 3], [4]))

    named = pd.DataFrame({"a": X[:, 0], "b": X[:, 2], "c": X[:, 4]})
    detector = VAEDetector(max_iter=2, random_state=0).fit(named)
    scores = detector.feature_scores(named, groups={"x": ["c", 0], "y": "b"})
    each = detector.feature_scores(named)
    expected = np.column_stack([each[:, 0] + each[:, 2], each[:, 1]])
    np.testing.assert_allclose(scores, expected)


def test_an_array_labels_each_feature_in_the_order_of_first_occurrence(pipeline, frame):
    X = pipeline[:-1].transform(frame)
    labels = np.array(["z", "z", "a", "a", "z"])
    scores = pipeline[-1].feature_scores(X, groups=labels)
    np.testing.assert_allclose(scores, sums(pipeline, X, [0, 1, 4], [2, 3]))


def test_one_encoder_without_names_tells_the_groups_too():
    words = np.array([["a", "x"], ["b", "y"], ["b", "x"]], dtype=object)
    encoder = OneHotEncoder().fit(words)
    expected = [[1, 0], [1, 0], [0, 1], [0, 1]]
    np.testing.assert_array_equal(membership(encoder, None, 4), expected)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"a": [0, 1], "b": [1, 2]}, "has 1, which is listed twice"),
        ({"a": [0, 7], "b": [1, 2]}, "has 7, which is not a feature of X"),
        ({"a": ["nothing"]}, "has 'nothing', which is not a feature of X"),
        ({"a": [0, 1]}, "Feature 'q' is in no group"),
        (["a", "b"], "groups has labels for 2 features, but X has 3"),
    ],
    ids=str,
)
def test_groups_that_do_not_fit_are_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        membership(groups, ["o", "p", "q"], 3)


def test_a_transformer_whose_features_are_of_no_column_is_refused(frame):
    class Mixed(StandardScaler):
        def get_feature_names_out(self, input_features=None):
            return np.array(["mixed0", "mixed1"])

    mixed = Mixed().fit(frame[["size", "idle"]])
    with pytest.raises(ValueError, match="Feature 'mixed0' does not have the name of"):
        membership(mixed, None, 2)
    encoder = OneHotEncoder().fit(frame[["port", "port_type"]])
    with pytest.raises(ValueError, match="labels for 4 features, but X has 3"):
        membership(encoder, None, 3)
