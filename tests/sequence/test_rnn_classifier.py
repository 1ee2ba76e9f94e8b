"""RNNClassifier: what sequences may be, and what it learns."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV

from sknn_suite import RNNClassifier
from sknn_suite.datasets import make_bursty_sequences

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_sizes": 8, "max_iter": 3, "random_state": 0}


def test_the_same_sequences_in_another_container_give_the_same_predictions():
    source = np.random.RandomState(0)
    X, y = source.normal(size=(40, 6)), np.arange(40) % 2
    expected = RNNClassifier(**SMALL).fit(X, y).predict_proba(X)
    padded = np.hstack([X, np.full((40, 3), np.nan)])
    for same in (
        X.tolist(),
        list(X),
        X[:, :, None],
        [row[:, None] for row in X],
        padded,
        padded[:, :, None],
        pd.DataFrame(X, columns=list("abcdef")),
    ):
        model = RNNClassifier(**SMALL).fit(same, y)
        np.testing.assert_allclose(model.predict_proba(same), expected, atol=1e-9)


def test_lengths_may_differ_between_fit_and_predict_unless_rows_were_a_table():
    X, y = np.random.RandomState(0).normal(size=(20, 6)), np.arange(20) % 2
    of_lists = RNNClassifier(**SMALL).fit(list(X), y)
    assert of_lists.predict(list(X[:, :4])).shape == (20,)
    of_table = RNNClassifier(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="X has 4 features"):
        of_table.predict(X[:, :4])


BAD = {
    "gap": (lambda X: X.__setitem__((3, 2), np.nan), "NaN within row 3, at step 2"),
    "head": (lambda X: X.__setitem__((3, 0), np.nan), "NaN within row 3, at step 0"),
    "infinity": (lambda X: X.__setitem__((5, 1), np.inf), "contains infinity"),
    "empty": (lambda X: X.__setitem__(7, np.nan), "Row 7 of X has no steps"),
}


@pytest.mark.parametrize("fault", BAD)
def test_gaps_and_empty_rows_are_named(fault):
    X, y = np.random.RandomState(0).normal(size=(20, 6)), np.arange(20) % 2
    spoil, message = BAD[fault]
    spoil(X)
    with pytest.raises(ValueError, match=message):
        RNNClassifier(**SMALL).fit(X, y)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([np.zeros((2, 1)), np.zeros((2, 2))], "Row 1 of X has the shape"),
        ([np.zeros(2), np.array(["a", "b"])], "Row 1 of X is not a sequence"),
        ([[1.0, 2.0], []], "Row 1 of X has no steps"),
        (np.zeros((2, 2, 2, 2)), "X has 4 axes"),
    ],
)
def test_rows_that_are_no_sequences_are_named(X, message):
    with pytest.raises(ValueError, match=message):
        RNNClassifier(**SMALL).fit(X, [0, 1])


def test_other_channels_than_in_fit_are_refused(sequences):
    model = RNNClassifier(**SMALL).fit(*sequences)
    with pytest.raises(ValueError, match="X has 1 features per step"):
        model.predict([np.zeros((3, 1))])


def test_truncated_gradients_change_training_but_not_predictions(sequences):
    X, y = sequences
    whole = RNNClassifier(**SMALL).fit(X, y)
    short = RNNClassifier(**SMALL, max_bptt=2).fit(X, y)
    assert not np.allclose(whole.predict_proba(X), short.predict_proba(X))
    one = RNNClassifier(**SMALL, max_bptt=1000).fit(X, y)
    np.testing.assert_array_equal(whole.predict_proba(X), one.predict_proba(X))


def test_it_sits_in_a_grid_search(sequences):
    X, y = sequences
    grid = {"scaling": ["standard", "robust", None]}
    search = GridSearchCV(RNNClassifier(**SMALL), grid, cv=2).fit(X, y)
    assert "scaling" in search.best_params_


@pytest.mark.slow
def test_bursts_are_found():
    X, X_test, y, y_test = make_bursty_sequences(random_state=0)
    model = RNNClassifier(class_weight="balanced", random_state=0).fit(X, y)
    assert f1_score(y_test, model.predict(X_test)) >= 0.95


def test_a_list_that_holds_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(ValueError, match=r"X has 4 axes\. Expected"):
        RNNClassifier(**SMALL).fit([endless] * 20, np.arange(20) % 2)
