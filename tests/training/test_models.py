"""Models side by side train as each does alone."""

import numpy as np
import pytest
import torch
from torch import nn

from sknn_suite import AutoencoderDetector, RNNClassifier, TextRNNClassifier
from sknn_suite.data import make_batches
from sknn_suite.estimator import Call, plan_call
from sknn_suite.modules import EnsembleLinear, LayerPair, Network, materialize
from sknn_suite.training import train
from sknn_suite.training._flat import FlatParameters
from sknn_suite.training._models import Models

N = 2

# A limit that every gradient exceeds, and penalties that are felt. Adam divides by the
# size of a gradient, and would make a step of one that is zero but for rounding.
LIMITED = {
    "max_iter": 4,
    "batch_size": 20,
    "random_state": 0,
    "precision": "float64",
    "learning_rate_init": 0.02,
    "max_grad_norm": 0.05,
    "alpha": 0.5,
    "l1_alpha": 0.1,
    "epsilon": 1e-3,
}


@pytest.fixture
def rows():
    source = np.random.RandomState(0)
    X = source.normal(size=(50, 6))
    return X, (X[:, 0] > 0).astype(int)


@pytest.fixture
def texts(rows):
    source = np.random.RandomState(1)
    words = np.array(["good", "bad", "it", "was", "very", "not"])
    return [" ".join(words[source.randint(6, size=5)]) for _ in rows[1]], rows[1]


def take_sequence(plan, k):
    """Plan of the k-th network of several."""
    weights = {
        name.replace(f".{k}.", ".0.", 1): value
        for name, value in plan.weights.items()
        if f"nets.{k}." in name or f"learnt.{k}." in name
    }
    return plan.change(network=_alone(plan, "n_networks"), weights=weights)


def take_autoencoder(plan, k):
    """Plan of the k-th autoencoder of several."""
    network = _alone(plan, "n_members")
    shapes = network.skeleton().state_dict()
    weights = {
        name: value.reshape(N, -1)[k].reshape(tuple(shapes[name].shape)).copy()
        for name, value in plan.weights.items()
    }
    return plan.change(network=network, weights=weights)


def _alone(plan, name):
    return Network(plan.network.kind, plan.network.config | {name: 1})


def check(plan, take, **changes):
    """Compare models side by side with each alone: weights and losses."""
    plan = plan.change(**changes)
    together = train(plan)
    alone = [train(take(plan, k)) for k in range(N)]
    for k in range(N):
        found = take(plan.change(weights=together.weights), k).weights
        assert found.keys() == alone[k].weights.keys()
        for name, value in alone[k].weights.items():
            np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-12)
    losses = [[row["train_loss"] for row in each.history] for each in alone]
    found = [row["train_loss"] for row in together.history]
    np.testing.assert_allclose(found, np.mean(losses, axis=0), rtol=1e-12)


solvers = pytest.mark.parametrize("solver", ["sgd", "adam"])


@solvers
def test_networks_over_numbers(rows, solver):
    small = {"hidden_sizes": 4, "dense_size": 5, "batch_norm": True}
    model = RNNClassifier(n_networks=N, **small, **LIMITED, solver=solver)
    plan = plan_call(model, Call(*rows)).plan
    check(plan, take_sequence)
    check(plan, take_sequence, max_norm=0.3, max_grad_value=1e-4)


@solvers
def test_networks_with_vectors_of_their_own(texts, solver):
    small = {"hidden_sizes": 4, "embedding_size": 3, "wide": False}
    quiet = {"dropout": 0.0, "spatial_dropout": 0.0, "token_dropout": 0.0}
    model = TextRNNClassifier(n_networks=N, **small, **quiet, **LIMITED, solver=solver)
    check(plan_call(model, Call(*texts)).plan, take_sequence)


@solvers
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tied_weights": True, "variance": "feature", "distribution": "gaussian"},
        {"shortcut": False, "activation": "prelu", "trim": 0.2},
        {"sparsity": 0.5, "sparsity_target": 0.1},
    ],
    ids=lambda changes: ", ".join(changes) or "plain",
)
def test_autoencoders(rows, solver, changes):
    model = AutoencoderDetector(
        n_estimators=N,
        hidden_layer_sizes=(5, 4),
        noise=0.0,
        **LIMITED,
        solver=solver,
        **changes,
    )
    weight = np.random.RandomState(2).uniform(0.5, 2, size=50)
    plan = plan_call(model, Call(rows[0], None, weight)).plan
    check(plan, take_autoencoder)
    check(plan, take_autoencoder, max_norm=0.3, learning_rate_init=0.1)


def test_losses_of_lbfgs_are_means_over_networks(rows):
    model = RNNClassifier(hidden_sizes=4, n_networks=N, solver="lbfgs", max_iter=1)
    plan = plan_call(model.set_params(alpha=0.5, random_state=0), Call(*rows)).plan
    plan = plan.change(n_epochs=1)
    together = train(plan)
    weights = together.weights
    after = [take_sequence(plan.change(weights=weights), k) for k in range(N)]
    expected = np.mean([_objective(each) for each in after])
    assert together.history[-1]["train_loss"] == pytest.approx(expected)


def _objective(plan):
    """Loss of all rows, with the penalty."""
    module = plan.network.build(torch.device("cpu"), torch.float64)
    state = {name: torch.from_numpy(v) for name, v in plan.weights.items()}
    module.load_state_dict(state)
    (batch,) = make_batches(plan.train, len(plan.train))
    loss = plan.loss(module(**batch.inputs), batch.target)
    squares = sum(v.square().sum() for v in state.values() if v.ndim >= 2)
    penalty = plan.settings.alpha / 2 * squares / len(plan.train)
    return (loss.detach() + penalty).item()


class Both(nn.Module):
    """Two models, and what they share, in an order of no rule."""

    def __init__(self):
        super().__init__()
        self.a = nn.ParameterList([nn.Parameter(torch.ones(3)) for _ in range(2)])
        self.shared = nn.Parameter(torch.ones(4))
        self.b = nn.ParameterList([nn.Parameter(torch.ones(2)) for _ in range(2)])
        self.last = nn.Parameter(torch.ones(1))
        self.frozen = nn.Parameter(torch.ones(5))

    def models(self):
        return [[self.frozen, self.a[0], self.b[1]], [self.b[0], self.last, self.a[1]]]


@pytest.mark.parametrize("factor", [1e-3, 1e20])
def test_each_model_and_what_they_share_has_a_norm_of_its_own(factor):
    module = Both()
    trained = [p for name, p in module.named_parameters() if name != "frozen"]
    flat = FlatParameters([trained[:3], trained[3:]])
    models = Models(module, flat)
    generator = torch.Generator().manual_seed(0)
    flat.grad.copy_(torch.randn(len(flat.grad), generator=generator))
    first = [module.a[0], module.b[1]]
    for p in first:
        p.grad.mul_(factor)
    parts = [first, [module.a[1], module.b[0], module.last], [module.shared]]
    before = [_joined(own) for own in parts]
    models.clip_norms(0.5)
    for old, own in zip(before, parts):
        expected = old * min(1.0, 0.5 / old.norm().item())
        torch.testing.assert_close(_joined(own), expected, rtol=1e-5, atol=0)


def _joined(parameters):
    return torch.cat([p.grad for p in parameters]).double()


@pytest.mark.parametrize("n_members", [1, 3])
def test_parts_of_stacked_parameters_are_views_of_each_net(n_members):
    for module in (EnsembleLinear(n_members, 4, 2), LayerPair(n_members, 4, 2, "tanh")):
        materialize(module, torch.device("cpu"), torch.float64)
        parts = module.models()
        assert len(parts) == n_members
        for k, own in enumerate(parts):
            for part in own:
                part.fill_(k)
        for p in module.parameters():
            assert torch.equal(
                p.view(n_members, -1).T[0], torch.arange(n_members).to(p)
            )
