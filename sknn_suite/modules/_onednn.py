"""The only access to oneDNN's float32 matrix product.

torch multiplies float32 matrices by MKL, which leaves the AVX-512 of AMD's processors
unused and takes twice the time of oneDNN, torch's library for bfloat16 and
convolutions. Where AVX2 is all there is, MKL takes three quarters of oneDNN's time. The
operator is the one that torch's own compiler calls, and has no public name; where it is
missing, everything works by torch's ordinary products. Its activations are not used:
its relu turns NaN, the sign of a diverged fit, into zero.
"""

import torch
from torch import Tensor

from sknn_suite.doors import onednn_linear_operator

# Multiply-adds below which the operator's own 10 us cost more than it gains.
ONEDNN_WORK = 2e6

_linear = onednn_linear_operator()
_has_only_avx2 = torch.backends.cpu.get_cpu_capability() == "AVX2"


def suits_onednn(n_rows: int, weight: Tensor) -> bool:
    """Whether oneDNN multiplies `n_rows` rows by `weight` faster."""
    return onednn_multiplies(n_rows * weight.numel(), weight.dtype, weight.device)


def onednn_multiplies(work: float, dtype: torch.dtype, device: torch.device) -> bool:
    """Whether a product of `work` multiply-adds is faster by oneDNN."""
    return (
        _linear is not None
        and not _has_only_avx2
        and dtype == torch.float32
        and device.type == "cpu"
        and work >= ONEDNN_WORK
        and bool(torch.backends.mkldnn.enabled)
    )


def onednn_linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute ``x @ weight.T + bias``, without autograd.

    Shape
    -----
    x : (n_samples, n_inputs), float32
    weight : (n_outputs, n_inputs), float32
    bias : (n_outputs,), float32
    returns : (n_samples, n_outputs), float32
    """
    assert _linear is not None  # suits_onednn has checked it
    return _linear(x, weight, bias, "none", [], "")
