"""Convolutions of one pixel: cropped kernels change nothing but a fault of oneDNN."""

import pytest
import torch
from torch.nn import functional as F

from sknn_suite.modules import CropKernels

CASES = {
    "padded": {"padding": 1},
    "with stride": {"padding": 1, "stride": 2},
    "a stride of one axis": {"padding": 1, "stride": (2, 1)},
    "the same": {"padding": "same"},
    "dilated": {"padding": 2, "dilation": 2},
    "off the taps": {"padding": 3, "dilation": 2, "stride": 3},
    "wide padding": {"padding": 3},
    "groups": {"padding": 1, "groups": 2},
}


def gradients(convolve, *tensors):
    """Result and gradients of a convolution, for a fixed gradient of the result."""
    tensors = [t.detach().requires_grad_() for t in tensors]
    result = convolve(*tensors)
    upstream = torch.linspace(-1, 1, result.numel()).reshape(result.shape)
    found = torch.autograd.grad(result, tensors, upstream.to(result.dtype))
    return [result.detach(), *found]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (4, 4)])
def test_a_cropped_kernel_gives_what_the_whole_gives(case, shape):
    options = {"padding": 0, **CASES[case]}
    source = torch.Generator().manual_seed(0)
    x = torch.randn(3, 4, *shape, generator=source, dtype=torch.float64)
    weight = torch.randn(
        6, 4 // options.get("groups", 1), 3, 3, generator=source, dtype=torch.float64
    )
    bias = torch.randn(6, generator=source, dtype=torch.float64)

    def convolve(*tensors):
        return F.conv2d(*tensors, **options)

    def cropped(*tensors):
        with CropKernels():
            return convolve(*tensors)

    expected = gradients(convolve, x, weight, bias)
    for a, b in zip(gradients(cropped, x, weight, bias), expected, strict=True):
        torch.testing.assert_close(a, b)


def test_taps_that_meet_nothing_have_no_gradient_in_bfloat16():
    """Without the cropping it is what was in memory, here NaN."""
    x = torch.ones(4, 64, 1, 1, dtype=torch.bfloat16)
    weight = torch.ones(128, 64, 3, 3, dtype=torch.bfloat16)
    for _ in range(5):
        dirt = [torch.full((n,), torch.nan) for n in (100, 10_000, 300_000)]
        del dirt
        with CropKernels():
            _, _, gradient = gradients(
                lambda x, w: F.conv2d(x, w, stride=2, padding=1), x, weight
            )
        met = torch.zeros(3, 3, dtype=torch.bool)
        met[1, 1] = True
        assert torch.equal(gradient.ne(0).any(0).any(0), met)
