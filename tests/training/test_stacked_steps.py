"""Penalties and losses of several nets: in few calls as one by one."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sknn_suite.training._regularization import Penalty
from sknn_suite.training._stacked_batches import Part, by_net
from sknn_suite.training._stacked_steps import BatchedPenalty, StackedPenalty

N_WEIGHTS, N_PARAMETERS = 7, 9


def part(first, last, n_rows, weights=None):
    x = torch.zeros(last - first, n_rows, 2, dtype=torch.float64)
    return Part(first, last, x, x, weights)


def penalty_of(kind, strengths, data, grad):
    nets = [
        SimpleNamespace(
            recipe=SimpleNamespace(penalty=Penalty(*each)), weights_=data[0, :N_WEIGHTS]
        )
        for each in strengths
    ]
    return kind(nets, data, grad)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "strengths",
    [
        [(0.1, 0.0), (0.0, 0.0), (2.0, 0.0)],
        [(0.1, 0.3), (0.0, 0.2), (0.0, 0.0)],
        [(0.0, 0.0)] * 3,
    ],
)
def test_penalties_in_few_calls_are_those_of_each_net(strengths, weighted):
    random = torch.Generator().manual_seed(0)
    data = torch.randn(3, N_PARAMETERS, generator=random, dtype=torch.float64)
    grad = torch.randn(3, N_PARAMETERS, generator=random, dtype=torch.float64)
    weights = torch.rand(3, 5, generator=random, dtype=torch.float64)
    steps = [[part(0, 3, 5)], [part(0, 2, 4), part(2, 3, 3)], [part(0, 2, 1)]]
    if weighted:
        steps = [
            [each._replace(weight=weights[each.first : each.last]) for each in step]
            for step in steps
        ]
    found = []
    for kind in (StackedPenalty, BatchedPenalty):
        own = grad.clone()
        penalty = penalty_of(kind, strengths, data, own)
        for step in steps:
            penalty.add(step)
        found.append((penalty.values(), own))
    (expected, expected_grad), (actual, actual_grad) = found
    torch.testing.assert_close(actual_grad, expected_grad, rtol=1e-13, atol=1e-13)
    assert list(map(len, actual)) == list(map(len, expected))
    for own, other in zip(actual, expected):
        np.testing.assert_allclose(own, other, rtol=1e-12)
    assert torch.equal(actual_grad[:, N_WEIGHTS:], grad[:, N_WEIGHTS:])


def test_values_of_parts_are_listed_by_net():
    parts = [part(0, 3, 5), part(0, 3, 5), part(0, 2, 4), part(2, 3, 2), part(0, 1, 1)]
    values = [[1, 2, 3], [4, 5, 6], [7, 8], [9], [10]]
    listed = by_net(3, parts, [torch.tensor(own) for own in values])
    assert listed == [[1, 4, 7, 10], [2, 5, 8], [3, 6, 9]]
    assert by_net(2, [], []) == [[], []]
