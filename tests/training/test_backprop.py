"""The written-out passes against autograd, their slow twin."""

import numpy as np
import pytest
import torch

from sknn_suite import MLPClassifier
from sknn_suite.data._bundle import TensorBundle
from sknn_suite.losses import (
    FocalSoftmaxLoss,
    SigmoidLoss,
    SoftmaxLoss,
    SquaredLoss,
)
from sknn_suite.modules import MLP, materialize
from sknn_suite.training._backprop import Backprop
from sknn_suite.training._flat import FlatParameters

LOSSES = {"softmax": SoftmaxLoss(), "sigmoid": SigmoidLoss(), "squared": SquaredLoss()}


def build(activation="relu", hidden=(6, 5), dtype=torch.float64, **parameters):
    """Build an MLP and its flat buffers."""
    mlp = MLP(4, hidden, 3, activation=activation, **parameters)
    materialize(mlp, torch.device("cpu"), dtype)
    mlp.reset_parameters("glorot", np.random.RandomState(0))
    weights = [p for p in mlp.parameters() if p.ndim > 1]
    others = [p for p in mlp.parameters() if p.ndim == 1]
    return mlp, FlatParameters([weights, others])


def make_rows(loss, n_rows=17, dtype=torch.float64):
    rng = np.random.RandomState(1)
    x = torch.from_numpy(rng.normal(size=(n_rows, 4))).to(dtype)
    if loss == "softmax":
        target = torch.from_numpy(rng.randint(3, size=n_rows))
    elif loss == "sigmoid":
        target = torch.from_numpy(rng.randint(2, size=(n_rows, 3))).to(dtype)
    else:
        target = torch.from_numpy(rng.normal(size=(n_rows, 3))).to(dtype)
    return x, target, torch.from_numpy(rng.uniform(0, 2, n_rows)).to(dtype)


@pytest.mark.parametrize("n_rows", [1, 17])
@pytest.mark.parametrize("hidden", [(), (6,), (6, 5, 4)])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_autograd(name, weighted, activation, hidden, n_rows):
    loss = LOSSES[name]
    x, target, weight = make_rows(name, n_rows)
    weight = weight if weighted else None
    mlp, flat = build(activation, hidden)
    raw = mlp(x)
    expected = loss(raw, target, weight)
    expected.backward()
    by_autograd = flat.grad.clone()
    flat.grad.fill_(torch.nan)  # every element must be written
    value, scores = Backprop(mlp, loss, flat)(x, target, weight)
    torch.testing.assert_close(value, expected.detach())
    torch.testing.assert_close(scores, raw.detach())
    torch.testing.assert_close(flat.grad, by_autograd)


@pytest.mark.parametrize("hidden", [(), (300,), (300, 200)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_products_give_the_same_gradients(dtype, hidden):
    # Products of this size may go through another library than small ones.
    rng = np.random.RandomState(0)
    mlp = MLP(100, hidden, 3, activation="relu")
    materialize(mlp, torch.device("cpu"), dtype)
    mlp.reset_parameters("glorot", rng)
    flat = FlatParameters([list(mlp.parameters())])
    loss = SoftmaxLoss()
    passes = Backprop(mlp, loss, flat)
    for n_rows in (256, 256, 100, 7, 256):  # memory is kept from batch to batch
        x = torch.from_numpy(rng.normal(size=(n_rows, 100))).to(dtype)
        target = torch.from_numpy(rng.randint(3, size=n_rows))
        flat.zero_grad()
        raw = mlp(x)
        expected = loss(raw, target)
        expected.backward()
        by_autograd = flat.grad.clone()
        flat.grad.fill_(torch.nan)
        value, scores = passes(x, target, None)
        torch.testing.assert_close(value, expected.detach())
        torch.testing.assert_close(scores, raw.detach())
        torch.testing.assert_close(flat.grad, by_autograd, rtol=1e-4, atol=1e-6)


def test_the_inputs_are_left_alone():
    mlp, flat = build("identity", ())
    x, target, weight = make_rows("squared")
    before = [t.clone() for t in (x, target, weight)]
    Backprop(mlp, LOSSES["squared"], flat)(x, target, weight)
    for tensor, old in zip((x, target, weight), before):
        assert torch.equal(tensor, old)


def test_bfloat16_products_are_near_those_of_float32():
    loss = LOSSES["softmax"]
    mlp, flat = build("tanh", (32, 32), torch.float32)
    x, target, weight = make_rows("softmax", 64, torch.float32)
    Backprop(mlp, loss, flat)(x, target, weight)
    exact = flat.grad.clone()
    Backprop(mlp, loss, flat, mixed=True)(x, target, weight)
    assert flat.grad.dtype == torch.float32
    error = (flat.grad - exact).norm() / exact.norm()
    assert 0 < float(error) < 0.03


@pytest.mark.parametrize(
    "changes",
    [{"activation": "rrelu"}, {"batch_norm": True}, {"activation": "prelu"}],
    ids=str,
)
def test_whatever_is_not_elementwise_is_left_to_autograd(changes):
    x, target, _ = make_rows("softmax")
    bundle = TensorBundle({"x": x}, target)
    plain, _ = build()
    assert Backprop.supports(plain, SoftmaxLoss(), bundle)
    special, _ = build(**changes)
    assert not Backprop.supports(special, SoftmaxLoss(), bundle)


@pytest.mark.parametrize(
    ("loss", "changes"),
    [
        (SoftmaxLoss(label_smoothing=0.1), {}),
        (FocalSoftmaxLoss(2.0), {}),
        (SoftmaxLoss(), {"activation": "gelu"}),
        (SoftmaxLoss(), {"activation": "softsign", "dropout": (0.3, 0.5)}),
    ],
    ids=str,
)
def test_what_is_partly_left_to_autograd_has_its_gradients(loss, changes):
    x, target, weight = make_rows("softmax")
    bundle = TensorBundle({"x": x}, target)
    mlp, flat = build(**changes)
    assert Backprop.supports(mlp, loss, bundle)
    assert not Backprop.supports(mlp, loss, bundle, mixed=True)
    generator = torch.Generator().manual_seed(0)
    for dropout in mlp.dropouts:
        dropout.generator = generator
    expected = loss(mlp(x), target, weight)
    expected.backward()
    by_autograd = flat.grad.clone()
    flat.grad.fill_(torch.nan)
    generator.manual_seed(0)
    value, _ = Backprop(mlp, loss, flat)(x, target, weight)
    assert torch.equal(value, expected.detach())
    assert torch.equal(flat.grad, by_autograd)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_fit_by_autograd_is_the_fit_by_the_written_out_passes(
    labels, solver, monkeypatch
):
    model = MLPClassifier((8,), solver=solver, max_iter=10, random_state=0)
    fast = model.fit(*labels).predict_proba(labels.X)
    monkeypatch.setattr(Backprop, "supports", staticmethod(lambda *args: False))
    slow = model.fit(*labels).predict_proba(labels.X)
    np.testing.assert_allclose(fast, slow, rtol=1e-6)
