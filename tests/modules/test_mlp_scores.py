"""The written-out scores of many rows against the module itself."""

import numpy as np
import pytest
import torch

from sknn_suite.data._bundle import SparseRows
from sknn_suite.modules import IN_PLACE, MLP, MLPScores, materialize


def build(hidden, activation="relu", dtype=torch.float64):
    mlp = MLP(20, hidden, 3, activation=activation).eval()
    materialize(mlp, torch.device("cpu"), dtype)
    mlp.reset_parameters("glorot", np.random.RandomState(0))
    return mlp


@pytest.mark.parametrize("n_rows", [1, 10, 600, 601])
@pytest.mark.parametrize("hidden", [(), (300,), (300, 40)])
@pytest.mark.parametrize("activation", IN_PLACE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@torch.no_grad()
def test_scores_are_those_of_the_module(dtype, activation, hidden, n_rows):
    mlp = build(hidden, activation, dtype)
    x = torch.randn(n_rows, 20, generator=torch.Generator().manual_seed(0)).to(dtype)
    scores, buffers = MLPScores(mlp), []
    parts = [scores(part, buffers) for part in x.split(600)]
    torch.testing.assert_close(torch.cat(parts), mlp(x))


@pytest.mark.parametrize("hidden", [(), (7,)])
@torch.no_grad()
def test_sparse_rows(hidden):
    from scipy import sparse

    mlp = build(hidden)
    rows = sparse.random_array((9, 20), density=0.3, format="csr", random_state=0)
    x = SparseRows.from_scipy(rows, torch.float64)
    scores = MLPScores(mlp)(x[slice(0, 9)], [])
    torch.testing.assert_close(scores, mlp(torch.from_numpy(rows.toarray())))


@torch.no_grad()
def test_bound_to_other_weights():
    mlp = build((5,))
    scores = MLPScores(mlp)
    for p in mlp.parameters():
        p.data = torch.ones_like(p)
    scores.bind()
    x = torch.ones(2, 20, dtype=torch.float64)
    torch.testing.assert_close(scores(x, []), mlp(x))


def test_not_a_number_stays_one():
    mlp = build((300,), dtype=torch.float32)
    with torch.no_grad():
        mlp.linears[0].bias[0] = torch.nan
        assert MLPScores(mlp)(torch.ones(600, 20), []).isnan().all()


@pytest.mark.parametrize(
    "parameters", [{"activation": "elu"}, {"batch_norm": True}], ids=str
)
def test_others_are_left_to_the_module(parameters):
    assert not MLPScores.supports(MLP(20, (5,), 3, **parameters))
