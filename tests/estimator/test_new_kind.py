"""An estimator for a new kind of rows: a module of its own, rows of unequal length."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from sknn_suite import summary
from sknn_suite.checks import check_labels
from sknn_suite.data import RaggedRows, TensorBundle
from sknn_suite.estimator import Classification, Classifier, SupervisedTask
from sknn_suite.exceptions import DataError
from sknn_suite.modules import NETWORKS, Network, init_linear
from sknn_suite.parameters import param, parameters

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)


class SumOfRow(nn.Module):
    """Sums the numbers of a row, then separates them by a line."""

    def __init__(self, n_outputs, device="meta"):
        super().__init__()
        self.line = nn.Linear(1, n_outputs, device=device)

    def forward(self, numbers):
        return self.line(numbers.sum(dim=1, keepdim=True))


class BareEncoder:
    def fit(self, X, rows=None, weight=None):
        return self

    def transform(self, X, dtype):
        starts = torch.tensor([0, *np.cumsum([len(row) for row in X])])
        values = torch.tensor([x for row in X for x in row], dtype=dtype)
        return TensorBundle({"numbers": RaggedRows(starts, values)})


class RowEncoder(BareEncoder):
    def empty_rows(self, n_rows, n_steps):
        return [[0.0] * n_steps] * n_rows


class RowTask(SupervisedTask):
    def check_both(self, X, y, *, reset):
        X = self.check_rows(X)
        return X, check_labels(self.of, X, y)

    def check_rows(self, X):
        rows = np.empty(len(X), dtype=object)
        rows[:] = X
        return rows

    def encoder(self):
        return RowEncoder() if self.of.has_empty_rows else BareEncoder()

    def network(self, encoder):
        return Network("sum_of_row", {"n_outputs": self.objective.n_outputs})

    def draw(self, module, encoder, random_state):
        init_linear(module.line, "auto", "relu", random_state)


@parameters(group="network")
class RowClassifier(Classifier):
    has_empty_rows: bool = param(True, "boolean")

    def _task(self, of):
        return RowTask(of, Classification(of))


@pytest.fixture
def ragged(monkeypatch):
    monkeypatch.setitem(NETWORKS, "sum_of_row", SumOfRow)
    random = np.random.RandomState(0)
    X = [list(random.normal(size=n)) for n in random.randint(1, 9, size=200)]
    return X, np.array([sum(row) > 0 for row in X])


def test_a_registered_module_learns_rows_of_unequal_length(ragged):
    X, y = ragged
    model = RowClassifier(learning_rate_init=0.1, max_iter=50, random_state=0)
    model.fit(X, y)
    assert model.score(X, y) > 0.95
    alone = [model.predict_proba([row])[0] for row in X[:9]]
    np.testing.assert_allclose(model.predict_proba(X[:9]), alone, rtol=1e-5)
    again = clone(model).set_params(early_stopping=True).fit(X, y)
    assert again.best_validation_score_ > 0.9


def test_summary_asks_the_encoder_what_its_rows_look_like(ragged):
    model = RowClassifier(max_iter=2, random_state=0).fit(*ragged)
    (layer,) = summary(model).layers
    assert (layer.name, layer.n_trainable) == ("line", 2)
    assert layer.output_shape == ("n", 1)
    model = RowClassifier(has_empty_rows=False, max_iter=2).fit(*ragged)
    with pytest.raises(DataError, match=r"BareEncoder does not .* Write empty_rows\("):
        summary(model)
