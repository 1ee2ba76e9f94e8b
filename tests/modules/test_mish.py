"""The activation "mish" of training is that of torch."""

import pytest
import torch
from torch.nn import functional as F

from sknn_suite.modules._mish import mish


@pytest.fixture
def x():
    ends = torch.tensor([-1e4, -200.0, -20.0, 20.0, 200.0, 1e4], dtype=torch.float64)
    middle = torch.linspace(-12, 12, 400, dtype=torch.float64)
    return torch.cat([ends, middle]).view(2, -1)


@pytest.mark.parametrize(
    ("dtype", "most"),
    [(torch.float64, 1e-12), (torch.float32, 3e-6), (torch.bfloat16, 3e-2)],
)
def test_function_and_derivative_are_those_of_torch(x, dtype, most):
    own = x.to(dtype).requires_grad_()
    exact = own.detach().double().requires_grad_()
    for f, z in ((mish, own), (F.mish, exact)):
        f(z).sum().backward()
    error = (mish(own).double() - F.mish(exact)).abs() / exact.abs().clamp(min=1)
    assert error.max() < most
    assert (own.grad.double() - exact.grad).abs().max() < most
    assert own.grad.dtype == dtype


def test_without_training_it_is_the_function_of_torch(x):
    with torch.inference_mode():
        assert torch.equal(mish(x), F.mish(x))
    assert torch.equal(mish(x), F.mish(x))  # no gradient is asked for
