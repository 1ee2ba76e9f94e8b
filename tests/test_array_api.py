"""Arrays of other libraries: torch tensors always, the rest where dispatch is on."""

import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.base import clone

from sknn_suite import MLPClassifier
from sknn_suite.exceptions import DataError

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


def _tensors(X):
    dense = torch.tensor(X)
    yield "bfloat16", dense.bfloat16()
    yield "float8", dense.float().to(torch.float8_e4m3fn)
    yield "negative", torch._neg_view(dense)
    yield "needs a gradient", dense.clone().requires_grad_()


def test_tensors_that_numpy_has_not_are_read_exactly(labels):
    model = MLPClassifier(max_iter=2, random_state=0)
    for name, tensor in _tensors(labels.X):
        same = tensor.detach().resolve_neg().double().numpy()
        if tensor.dtype != torch.float64:
            same = same.astype(np.float32)
        expected = clone(model).fit(same, labels.y).predict_proba(same)
        fitted = clone(model).fit(tensor, torch.tensor(labels.y))
        np.testing.assert_array_equal(fitted.predict_proba(tensor), expected, name)


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's, of what it means to drop
def test_tensors_that_hold_no_dense_numbers_are_refused_in_words(labels):
    X = torch.tensor(labels.X)
    model = MLPClassifier(max_iter=2)
    for tensor in (
        X.to_sparse(),
        X.to_sparse_csr(),
        X.to("meta"),
        torch.quantize_per_tensor(X.float(), 0.1, 0, torch.qint8),
        torch.nested.nested_tensor([X[0], X[1, :2]]),
    ):
        with pytest.raises(DataError, match="Expected a dense tensor of numbers"):
            model.fit(tensor, labels.y)
        with pytest.raises(DataError, match="Expected a dense tensor of numbers"):
            model.fit(X, tensor)
    with pytest.raises(ValueError, match="Complex data"):
        model.fit((X + 1j).conj(), labels.y)
