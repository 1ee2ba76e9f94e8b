"""Arrays of other libraries: torch tensors always, the rest where dispatch is on."""

import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.base import clone

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)


@pytest.fixture
def model(estimator_class):
    """A small estimator, not fitted."""
    return estimator_class(hidden_layer_sizes=(6,), max_iter=3, random_state=0)


def test_torch_tensors_are_rows_and_targets_like_any_other(model, rows, scores_of):
    X, y = rows
    expected = scores_of(clone(model).fit(X, y), X)
    tensors = torch.tensor(X, requires_grad=True), torch.tensor(y)
    got = scores_of(model.fit(*tensors), tensors[0])
    assert isinstance(got, np.ndarray)
    np.testing.assert_array_equal(got, expected)


def test_weights_may_be_tensors(model, rows, scores_of):
    X, y = rows
    weight = np.random.RandomState(0).uniform(size=len(X))
    expected = scores_of(clone(model).fit(X, y, sample_weight=weight), X)
    model.fit(X, y, sample_weight=torch.tensor(weight))
    np.testing.assert_array_equal(scores_of(model, X), expected)


def _strict():
    return pytest.importorskip("array_api_strict")


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
def test_with_dispatch_results_follow_x(model, rows, library):
    xp = torch if library == "torch" else _strict()
    X, y = rows
    expected = clone(model).fit(X, y).predict(X)
    try:
        context = config_context(array_api_dispatch=True)
        with context:
            X_, y_ = xp.asarray(X), xp.asarray(y)
            model.fit(X_, y_)
            got = model.predict(X_)
    except (ImportError, RuntimeError) as error:
        if "SCIPY_ARRAY_API" in str(error):
            pytest.skip("SciPy was imported without SCIPY_ARRAY_API")
        raise
    assert type(got) is type(X_)
    np.testing.assert_array_equal(np.asarray(got), expected)


def test_a_tensor_that_fit_reads_is_not_changed(model, rows):
    X = torch.tensor(rows.X)
    before = X.clone()
    model.fit(X, rows.y).predict(X)
    assert torch.equal(X, before)
    assert not X.requires_grad
