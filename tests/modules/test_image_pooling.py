"""Means over pixels: torch's numbers, and a gradient laid out as the images are."""

import pytest
import torch

from sknn_suite.modules import GlobalAveragePool, mean_of_pixels

LAYOUTS = {
    "channels_last": torch.channels_last,
    "channels_first": torch.contiguous_format,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(5, 8, 3, 3), (1, 3, 4, 7), (2, 1, 1, 5)], ids=str)
def test_the_mean_of_pixels_is_torchs_to_the_bit(layout, dtype, shape):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator).to(dtype)
    x = x.to(memory_format=LAYOUTS[layout]).requires_grad_()
    ours, theirs = mean_of_pixels(x), x.mean((2, 3))
    assert torch.equal(ours, theirs)
    gradient = torch.randn(ours.shape, generator=generator).to(dtype)
    (of_ours,) = torch.autograd.grad(ours, x, gradient)
    (of_theirs,) = torch.autograd.grad(theirs, x, gradient)
    assert torch.equal(of_ours, of_theirs)
    if layout == "channels_last":
        assert of_ours.is_contiguous(memory_format=torch.channels_last)


def test_the_mean_of_pixels_has_the_gradient_of_its_values():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 3, 2, generator=generator, dtype=torch.float64)
    x = x.to(memory_format=torch.channels_last).requires_grad_()
    assert torch.autograd.gradcheck(mean_of_pixels, (x,))


def test_a_lost_pixel_is_a_lost_mean():
    x = torch.zeros(2, 3, 2, 2).to(memory_format=torch.channels_last)
    x[1, 2, 0, 1] = torch.nan
    assert mean_of_pixels(x).isnan().nonzero().tolist() == [[1, 2]]


def test_the_layer_is_torchs_adaptive_pool_to_one_pixel():
    x = torch.randn(3, 4, 5, 2, generator=torch.Generator().manual_seed(0))
    x = x.to(memory_format=torch.channels_last)
    assert torch.equal(GlobalAveragePool()(x), torch.nn.AdaptiveAvgPool2d(1)(x))
