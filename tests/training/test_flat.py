"""Parameters and gradients as views of two flat buffers."""

import torch
from torch import nn

from sknn_suite.training._flat import FlatParameters


def build():
    """Two layers, flattened weights first."""
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    weights = [net[0].weight, net[2].weight]
    biases = [net[0].bias, net[2].bias]
    before = [p.detach().clone() for p in weights + biases]
    return net, FlatParameters([weights, biases]), before


def test_flattening_changes_no_value():
    net, flat, before = build()
    for p, old in zip([net[0].weight, net[2].weight, net[0].bias, net[2].bias], before):
        assert torch.equal(p, old)
    assert torch.equal(flat.data, torch.cat([b.reshape(-1) for b in before]))


def test_parameters_and_gradients_are_views_of_the_buffers():
    net, flat, _ = build()
    flat.data.fill_(0.5)
    assert all((p == 0.5).all() for p in net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    assert flat.grad.abs().sum() > 0
    together = torch.cat([p.grad.reshape(-1) for p in net.parameters()]).sort()[0]
    assert torch.equal(flat.grad.sort()[0], together)
    flat.zero_grad()
    assert all((p.grad == 0).all() for p in net.parameters())


def test_a_step_on_the_leaves_is_a_step_on_the_parameters():
    net, flat, _ = build()
    twin = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    twin.load_state_dict(net.state_dict())
    flat_step = torch.optim.Adam([flat.leaf(0, 0), flat.leaf(1, 1)], lr=0.1)
    plain_step = torch.optim.Adam(twin.parameters(), lr=0.1)
    x = torch.randn(5, 3)
    for _ in range(5):
        for model, step in ((net, flat_step), (twin, plain_step)):
            step.zero_grad(set_to_none=model is twin)
            model(x).square().sum().backward()
            step.step()
    for p, q in zip(net.parameters(), twin.parameters()):
        torch.testing.assert_close(p, q)
