"""Attention by its written-out ways, and poolings of steps that are all there."""

import pytest
import torch

from sknn_suite.modules import POOLINGS, Attention, Pooling


@pytest.fixture
def steps():
    return torch.randn(64, 20, 128, generator=torch.Generator().manual_seed(0))


def drawn(module):
    """Draw all parameters of a module."""
    source = torch.Generator().manual_seed(1)
    for parameter in module.parameters():
        parameter.data.normal_(0, 0.1, generator=source)
    return module


@pytest.mark.parametrize("grad", [True, False])
def test_attention_is_the_softmax_of_projected_tangents(steps, grad):
    attention = drawn(Attention(128, device="cpu"))
    units = torch.tanh(attention.project(steps))
    expected = torch.softmax(attention.judge(units).squeeze(2), dim=1)
    with torch.set_grad_enabled(grad):
        torch.testing.assert_close(attention(steps, None), expected)


def test_attention_takes_what_bfloat16_layers_give(steps):
    attention = drawn(Attention(128, device="cpu"))
    expected = attention(steps, None)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        found = attention(steps.bfloat16(), None)
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=0)


@pytest.mark.parametrize("kind", POOLINGS)
@pytest.mark.parametrize("bidirectional", [True, False])
def test_rows_of_one_length_need_no_mask(steps, kind, bidirectional):
    pooling = drawn(Pooling(128, (kind,), bidirectional, device="cpu"))
    lengths = torch.full((len(steps),), steps.shape[1])
    torch.testing.assert_close(pooling(steps, None), pooling(steps, lengths))
