"""The network: layers, initial weights, activations, dropout, batch norm."""

import inspect

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from sknn_suite import MLPClassifier
from sknn_suite.modules import (
    ACTIVATIONS,
    MLP,
    BatchNorm,
    Dropout,
    OwnedRandomness,
    init_linear,
    make_activation,
    materialize,
)

CPU = torch.device("cpu")


def build(**parameters):
    """Build an MLP with memory and weights, in float64."""
    config = {"n_inputs": 5, "hidden_layer_sizes": (7, 6), "n_outputs": 3} | parameters
    mlp = MLP(**config)
    materialize(mlp, CPU, torch.float64)
    mlp.reset_parameters("auto", np.random.RandomState(0))
    return mlp


def test_it_is_the_textbooks_formula():
    mlp, x = build(activation="tanh"), torch.randn(4, 5).double()
    (w1, b1), (w2, b2), (w3, b3) = (
        (linear.weight, linear.bias) for linear in mlp.linears
    )
    by_hand = torch.tanh(torch.tanh(x @ w1.T + b1) @ w2.T + b2) @ w3.T + b3
    torch.testing.assert_close(mlp(x), by_hand)


def test_sparse_rows_give_the_scores_of_dense_ones():
    mlp = build()
    x = torch.randn(4, 5).double().relu()
    torch.testing.assert_close(mlp(x.to_sparse_csr()), mlp(x))


def test_it_is_built_without_memory_and_without_random_numbers():
    before = torch.get_rng_state()
    mlp = MLP(5, (7,), 2, activation="prelu", dropout=(0.5,), batch_norm=True)
    assert {p.device.type for p in mlp.parameters()} == {"meta"}
    assert torch.equal(torch.get_rng_state(), before)


def test_a_net_without_hidden_layers_is_linear():
    mlp, x = build(hidden_layer_sizes=()), torch.randn(4, 5).double()
    torch.testing.assert_close(mlp(2 * x) + mlp(0 * x), 2 * mlp(x))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_trains_a_bit(name, two_classes):
    # A small step suits the steepest of them, the third power.
    model = MLPClassifier((16,), name, max_iter=1, random_state=0, tol=0.0)
    model.set_params(learning_rate_init=0.003, weight_init="glorot")
    with pytest.warns(match="hasn't converged"):
        start = clone(model).fit(*two_classes)
    with pytest.warns(match="hasn't converged"):
        trained = model.set_params(max_iter=60).fit(*two_classes)
    assert trained.loss_ < 0.9 * start.loss_
    for before, after in zip(start.coefs_, trained.coefs_):
        assert not np.allclose(before, after)
    assert np.isfinite(trained.predict_proba(100 * two_classes.X)).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_elementwise_and_keep_the_shape(name):
    activation = make_activation(name).eval()
    if name == "prelu":
        activation = nn.PReLU()
    x = torch.linspace(-3, 3, 12)
    by_row = activation(x.view(3, 4)).view(-1)
    torch.testing.assert_close(
        by_row, torch.stack([activation(v) for v in x[:, None]])[:, 0]
    )


def test_every_elementwise_activation_of_torch_has_a_name():
    module = inspect.getmodule(nn.ReLU)
    theirs = {
        name
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and thing.__module__ == module.__name__
    }
    left_out = {
        "GLU",
        "MultiheadAttention",
        "Softmax",
        "Softmax2d",
        "LogSoftmax",
        "Softmin",
        "Threshold",
    }
    offered = set()
    for make in ACTIVATIONS.values():
        kind = type(make()) if make is not nn.PReLU else nn.PReLU
        offered |= {base.__name__ for base in kind.__mro__}
    assert theirs - left_out <= offered


def test_the_two_activations_that_torch_lacks():
    x = torch.linspace(-4, 4, 101)
    torch.testing.assert_close(make_activation("cube")(x), x**3)
    near = 1.7159 * torch.tanh(2 * x / 3)
    got = make_activation("rational_tanh")(x)
    assert (got - near).abs().max() < 0.05
    torch.testing.assert_close(got, -make_activation("rational_tanh")(-x))


# -- initial weights -----------------------------------------------------------------


def linear(n_in, n_out, method, activation="relu"):
    layer = nn.Linear(n_in, n_out, dtype=torch.float64)
    init_linear(layer, method, activation, np.random.RandomState(0))
    return layer.requires_grad_(False)


@pytest.mark.parametrize("shape", [(30, 30), (50, 20), (20, 50)])
def test_orthogonal_weights_are_orthogonal(shape):
    w = linear(*shape, "orthogonal").weight.detach()
    small = min(shape)
    gram = w @ w.T if w.shape[0] == small else w.T @ w
    torch.testing.assert_close(gram, 2 * torch.eye(small).double())
    selu = linear(*shape, "orthogonal", "selu").weight.detach()
    torch.testing.assert_close(selu * 2**0.5, w)


@pytest.mark.parametrize(("activation", "gain"), [("relu", 2), ("selu", 1)])
def test_he_weights_have_the_variance_of_their_paper(activation, gain):
    layer = linear(400, 300, "he", activation)
    assert float(layer.weight.var()) == pytest.approx(gain / 400, rel=0.02)
    assert float(layer.weight.mean()) == pytest.approx(0, abs=1e-3)
    assert (layer.bias == 0).all()


@pytest.mark.parametrize(("activation", "factor"), [("relu", 6), ("logistic", 2)])
def test_glorot_weights_fill_scikit_learns_interval(activation, factor):
    layer = linear(400, 300, "glorot", activation)
    bound = (factor / 700) ** 0.5
    assert float(layer.weight.abs().max()) == pytest.approx(bound, rel=1e-3)
    assert float(layer.weight.var()) == pytest.approx(bound**2 / 3, rel=0.02)
    assert float(layer.bias.abs().max()) <= bound


@pytest.mark.parametrize(
    ("activation", "method"),
    [("relu", "glorot"), ("tanh", "glorot"), ("gelu", "he"), ("leaky_relu", "he")],
)
def test_auto_chooses_by_the_activation(activation, method):
    auto = linear(20, 10, "auto", activation)
    assert torch.equal(auto.weight, linear(20, 10, method, activation).weight)


def test_he_keeps_the_scale_through_deep_relu_nets():
    x = torch.from_numpy(np.random.RandomState(1).normal(size=(200, 100)))
    mlp = MLP(100, (100,) * 20, 100)
    materialize(mlp, CPU, torch.float64)
    mlp.reset_parameters("he", np.random.RandomState(0))
    assert 0.2 < float(mlp(x).detach().square().mean() / 2) < 5


def test_initial_weights_do_not_depend_on_the_precision():
    mlps = []
    for dtype in (torch.float32, torch.float64):
        mlp = MLP(5, (7,), 2)
        materialize(mlp, CPU, dtype)
        mlp.reset_parameters("orthogonal", np.random.RandomState(0))
        mlps.append(mlp.linears[0].weight.detach().float())
    assert torch.equal(*mlps)


# -- dropout and batch norm ----------------------------------------------------------


def test_dropout_drops_its_share_and_keeps_the_mean():
    dropout = Dropout(0.3).train()
    dropout.generator = torch.Generator().manual_seed(0)
    out = dropout(torch.ones(200_000))
    assert float((out == 0).double().mean()) == pytest.approx(0.3, abs=0.01)
    assert float(out.mean()) == pytest.approx(1, abs=0.01)
    assert out.unique().tolist() == pytest.approx([0, 1 / 0.7])


def test_dropout_draws_from_its_own_generator():
    def draw(seed):
        dropout = Dropout(0.5).train()
        dropout.generator = torch.Generator().manual_seed(seed)
        return dropout(torch.ones(100))

    before = torch.get_rng_state()
    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_does_nothing_in_evaluation():
    x = torch.randn(10)
    assert torch.equal(Dropout(0.9).eval()(x), x)


def test_dropout_may_differ_by_layer():
    mlp = build(dropout=(0.0, 0.9)).train()
    owners = [m for m in mlp.modules() if isinstance(m, OwnedRandomness)]
    assert [owner.p for owner in owners] == [0.0, 0.9]
    for owner in owners:
        owner.generator = torch.Generator().manual_seed(0)
    seen = {}
    for i, owner in enumerate(owners):
        owner.register_forward_hook(
            lambda m, args, out, i=i: seen.update({i: (out == 0).double().mean()})
        )
    mlp.activations[0] = mlp.activations[1] = nn.Identity()
    mlp._stages = tuple(mlp._in_order())
    mlp(torch.randn(2000, 5).double())
    assert float(seen[0]) == 0
    assert float(seen[1]) == pytest.approx(0.9, abs=0.02)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_dropout_regularises_a_small_table(two_classes):
    losses = []
    for dropout in (0.0, (0.5, 0.0), 0.5):
        model = MLPClassifier((32, 32), random_state=0, max_iter=100, dropout=dropout)
        losses.append(model.fit(*two_classes).loss_)
    assert losses == sorted(losses)  # more dropout, a harder task


def test_batch_norm_is_torchs_except_for_a_single_row():
    ours, theirs = BatchNorm(4).train(), nn.BatchNorm1d(4).train()
    for _ in range(3):
        x = torch.randn(8, 4)
        torch.testing.assert_close(ours(x), theirs(x))
    running = ours.running_mean.clone()
    single = ours(torch.randn(1, 4))
    assert torch.isfinite(single).all()
    assert torch.equal(ours.running_mean, running)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))
