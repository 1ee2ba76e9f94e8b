"""`transform` of estimators that learn a target: the inputs of the last layer."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import (
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    TextRNNClassifier,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SUPERVISED = [
    CNNClassifier(max_iter=2, random_state=0),
    MLPClassifier(hidden_layer_sizes=(9, 5), batch_norm=True, max_iter=2),
    MLPRegressor(hidden_layer_sizes=(9, 5), max_iter=2, random_state=0),
    RNNClassifier(hidden_sizes=(4, 3), n_networks=2, max_iter=2, random_state=0),
    RNNClassifier(hidden_sizes=4, dense_size=0, max_iter=2, random_state=0),
    TextRNNClassifier(hidden_sizes=4, wide=False, max_iter=2, random_state=0),
]


@pytest.fixture(params=SUPERVISED, ids=lambda m: type(m).__name__)
def model(request, labels, numbers, texts, sequences):
    """A fitted estimator that carries its rows as `rows_of_test`."""
    model = clone(request.param)
    data = labels
    if isinstance(model, MLPRegressor):
        data = numbers
    elif isinstance(model, TextRNNClassifier):
        data = texts
    elif isinstance(model, RNNClassifier):
        data = sequences
    model.fit(*data)
    model.rows_of_test = data
    return model


def last_layer(model):
    """Weights and biases of the last layer; of several networks, theirs in a list."""
    weights = model._fitted_net().weights
    if hasattr(model, "coefs_"):
        return [(model.coefs_[-1].T, model.intercepts_[-1])]
    if isinstance(model, CNNClassifier):
        *_, weight, bias = weights.values()
        return [(weight, bias)]
    n_networks = model._net.network.config["n_networks"]
    names = [f"nets.{i}.output" for i in range(n_networks)]
    return [(weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in names]


def test_the_last_layer_makes_raw_scores_of_the_features(model):
    X, _ = model.rows_of_test
    layers = last_layer(model)
    features = np.split(model.transform(X), len(layers), axis=1)
    each = [f @ weight.T + bias for f, (weight, bias) in zip(features, layers)]
    raw = np.mean(each, axis=0)
    expected = model._raw_scores(X, "predict")[0].numpy()
    np.testing.assert_allclose(raw, expected, rtol=1e-4, atol=1e-5)  # float32


def test_there_is_one_name_per_feature(model):
    X, _ = model.rows_of_test
    name = type(model).__name__.lower()
    n_features = model.transform(X).shape[1]
    names = model.get_feature_names_out()
    assert list(names) == [f"{name}{i}" for i in range(n_features)]
    loaded = pickle.loads(pickle.dumps(model))  # has no module yet
    assert list(loaded.get_feature_names_out()) == list(names)


def test_the_features_of_a_row_depend_on_that_row_alone(model):
    X, _ = model.rows_of_test
    together = model.transform(X)
    for rows in (slice(3, 4), slice(5, 20)):
        alone = model.transform(X[rows])
        np.testing.assert_allclose(alone, together[rows], rtol=1e-4, atol=1e-5)


def test_fit_transform_is_fit_and_transform(model):
    X, y = model.rows_of_test
    fresh = clone(model).set_params(random_state=0)
    together = fresh.fit_transform(X, y)
    np.testing.assert_array_equal(together, fresh.transform(X))
    np.testing.assert_array_equal(together, clone(fresh).fit(X, y).transform(X))


def test_set_output_gives_a_frame(model):
    X, _ = model.rows_of_test
    plain = model.transform(X)
    frame = model.set_output(transform="pandas").transform(X)
    assert list(frame.columns) == list(model.get_feature_names_out())
    np.testing.assert_array_equal(frame.to_numpy(), plain)
    assert isinstance(model.predict(X), np.ndarray)


def test_sparse_rows_give_dense_features(labels):
    X, y = labels
    for sizes in ((5,), ()):
        model = MLPClassifier(hidden_layer_sizes=sizes, max_iter=2).fit(X, y)
        from_sparse = model.transform(sparse.csr_array(X))
        np.testing.assert_allclose(from_sparse, model.transform(X), atol=1e-12)
    np.testing.assert_array_equal(model.transform(X), X)  # no hidden layer


def test_features_have_the_type_of_x(labels):
    X, y = labels
    model = MLPClassifier(max_iter=2).fit(X, y)
    assert model.transform(X).dtype == np.float64
    assert model.transform(X.astype(np.float32)).dtype == np.float32


def test_text_and_numbers_meet_in_a_column_transformer(texts):
    X, y = texts
    frame = pd.DataFrame({"text": X, "n_words": [len(t.split()) for t in X]})
    reader = TextRNNClassifier(hidden_sizes=4, max_iter=20, random_state=0)
    columns = make_column_transformer((reader, "text"), (StandardScaler(), ["n_words"]))
    pipeline = make_pipeline(columns, LogisticRegression()).fit(frame, y)
    assert pipeline.score(frame, y) > 0.9
    names = pipeline[:-1].get_feature_names_out()
    assert names[0] == "textrnnclassifier__textrnnclassifier0"
    assert names[-1] == "standardscaler__n_words"
    assert pipeline[:-1].transform(frame).shape == (len(y), len(names))


def test_a_series_of_numbers_beside_others_is_a_columns_model(labels):
    X, y = labels
    columns = make_column_transformer(
        (RNNClassifier(max_iter=2, random_state=0), slice(0, 6)),
        ("passthrough", [6, 7]),
    )
    assert columns.fit_transform(X, y).shape == (len(y), 32 + 2)
