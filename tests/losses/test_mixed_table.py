"""Numbers and one-hot blocks in one distribution."""

import pytest
import torch

from sknn_suite.losses import Categorical, Gaussian, MixedDistribution

ROWS = torch.tensor([[0.5, -1.0, 1.0, 0.0, 0.0, 0.0, 1.0]])


@pytest.mark.parametrize("learns_scale", [False, True])
def test_it_is_the_sum_of_its_parts(learns_scale):
    mixed = MixedDistribution(2, [3, 2], learns_scale)
    raw = torch.randn(1, 14 if learns_scale else 7, generator=torch.Generator())
    parts = mixed.neg_log_likelihood(raw, ROWS)
    numbers = torch.cat([raw[:, :2], raw[:, 7:9]], 1) if learns_scale else raw[:, :2]
    of_numbers = Gaussian(2, learns_scale).neg_log_likelihood(numbers, ROWS[:, :2])
    of_blocks = Categorical(5, [3, 2]).neg_log_likelihood(raw[:, 2:7], ROWS[:, 2:])
    assert torch.equal(parts, torch.cat([of_numbers, of_blocks], 1))


def test_draws_are_rows():
    mixed = MixedDistribution(2, [3, 2], learns_scale=True)
    raw = torch.zeros(400, 14)
    drawn = mixed.draw(raw, torch.Generator().manual_seed(0))
    assert drawn.shape == (400, 7)
    assert torch.equal(drawn[:, 2:5].sum(1), torch.ones(400))
    assert torch.equal(drawn[:, 5:].sum(1), torch.ones(400))
    assert abs(drawn[:, 0].std() - 1) < 0.1


def test_without_blocks_it_is_normal():
    raw = torch.randn(4, 3, generator=torch.Generator())
    assert torch.equal(MixedDistribution(3, []).mean(raw), raw)
