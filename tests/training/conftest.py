"""What the tests of training share: a watcher, and a slow twin in plain torch."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "logistic": nn.Sigmoid}


class Watcher(Callback):
    """Note weights and rates while an estimator trains."""

    def on_train_begin(self, net, **kwargs):
        self.rates, self.steps, self.epochs = [], [], []
        self.initial = self._weights_of(net)

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.rates.append([group["lr"] for group in net.optimizer_.param_groups])
            self.steps.append(self._weights_of(net))

    def on_epoch_end(self, net, **kwargs):
        self.epochs.append(self._weights_of(net))

    @property
    def rate_per_step(self):
        """The rate of each step, for a net with one rate."""
        assert all(len(set(rates)) == 1 for rates in self.rates)
        return np.array([rates[0] for rates in self.rates])

    def _weights_of(self, net):
        state = net.module_.state_dict()
        return {name: tensor.detach().clone() for name, tensor in state.items()}


@pytest.fixture
def watcher() -> Watcher:
    """Return a skorch callback that notes weights and rates."""
    return Watcher()


class Twin:
    """An MLP in plain torch that starts with given weights and trains by the book.

    Parameters
    ----------
    weights : dict of str to Tensor
        Initial weights, by the names that the suite's MLP has.
    activation : str
        Of hidden layers.
    batch_norm : bool
        Whether hidden layers are normalised.
    """

    def __init__(self, weights, activation="tanh", batch_norm=False):
        n_layers = sum(name.startswith("linears") for name in weights) // 2
        layers, self.names = [], {}
        for i in range(n_layers):
            n_out, n_in = weights[f"linears.{i}.weight"].shape
            self.names[f"linears.{i}"] = len(layers)
            layers.append(nn.Linear(n_in, n_out, dtype=torch.float64))
            if i < n_layers - 1:
                if batch_norm:
                    self.names[f"norms.{i}"] = len(layers)
                    layers.append(nn.BatchNorm1d(n_out, dtype=torch.float64))
                layers.append(ACTIVATIONS[activation]())
        self.net = nn.Sequential(*layers)
        self.load(weights)

    def load(self, weights):
        """Take over weights that have the suite's names."""
        own = self.net.state_dict(keep_vars=True)
        for name, tensor in weights.items():
            owner, _, kind = name.rpartition(".")
            own[f"{self.names[owner]}.{kind}"].data.copy_(tensor)
        return self

    def parameters(self, kind=None):
        """All parameters, or those of the kind "weight" or "bias"."""
        named = self.net.named_parameters()
        return [p for name, p in named if kind is None or name.endswith(kind)]

    def layer(self, i):
        """Parameters of the linear layer `i`."""
        return list(self.net[self.names[f"linears.{i}"]].parameters())

    def weights(self):
        """Present weights by the suite's names."""
        own = self.net.state_dict()
        return {
            f"{owner}.{name.partition('.')[2]}": tensor.detach().clone()
            for owner, i in self.names.items()
            for name, tensor in own.items()
            if name.partition(".")[0] == str(i)
        }

    def loss(self, X, y, smoothing=0.0):
        """Mean loss as the suite optimises it, by the kind of `y`."""
        raw = self.net(torch.as_tensor(X))
        y = torch.as_tensor(y)
        if y.is_floating_point():
            return 0.5 * (raw - y.reshape(len(y), -1)).square().sum(dim=1).mean()
        return nn.functional.cross_entropy(raw, y, label_smoothing=smoothing)

    def train(
        self,
        optimizer,
        X,
        y,
        *,
        batch_size,
        n_epochs,
        loss=None,
        before_step=None,
        after_step=None,
        after_epoch=None,
    ):
        """Run epochs over the rows in their order; return the weights of each step."""
        loss, steps = loss or self.loss, []
        for _ in range(n_epochs):
            for start in range(0, len(X), batch_size):
                rows = slice(start, start + batch_size)
                optimizer.zero_grad()
                loss(X[rows], y[rows]).backward()
                if before_step is not None:
                    before_step()
                optimizer.step()
                if after_step is not None:
                    after_step()
                steps.append(self.weights())
            if after_epoch is not None:
                after_epoch()
        return steps


@pytest.fixture
def make_twin():
    """Return the class of slow twins."""
    return Twin


@pytest.fixture
def same_weights():
    """Compare weights, given as dictionaries of tensors, to a tolerance."""

    def same_weights(a, b, tolerance=1e-10):
        assert a.keys() == b.keys()
        for name in a:
            torch.testing.assert_close(a[name], b[name], rtol=tolerance, atol=tolerance)

    return same_weights
