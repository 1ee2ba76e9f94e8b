"""Whether a device computes in bfloat16 with the installed libraries."""

import functools
import os

import torch

from sknn_suite.doors import onednn_takes_bfloat16, processor_has_bfloat16_units

# Values of oneDNN's variable ONEDNN_MAX_CPU_ISA that exclude instructions for bfloat16.
# With AVX512_CORE and above oneDNN still computes in bfloat16, but in float32 units.
WITHOUT_UNITS = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2"}
WITHOUT_UNITS |= {"AVX512_CORE", "AVX512_CORE_VNNI"}


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether `device` multiplies bfloat16 matrices in hardware.

    On a CPU oneDNN computes the products. The user may turn it off, or limit it to
    older instructions.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        return (
            processor_has_bfloat16_units()
            and bool(torch.backends.mkldnn.enabled)
            and onednn_takes_bfloat16()
            and _onednn_limit() not in WITHOUT_UNITS
        )
    return False


def _onednn_limit() -> str:
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA")
    return (limit or "").upper()


def lstm_takes_bfloat16(device: torch.device) -> bool:
    """Whether the libraries for `device` have an LSTM in bfloat16."""
    if device.type != "cpu":
        return True
    return _cpu_lstm_takes_bfloat16(by_onednn=bool(torch.backends.mkldnn.enabled))


@functools.cache
def _cpu_lstm_takes_bfloat16(by_onednn: bool) -> bool:
    # oneDNN has no bfloat16 LSTM for older instructions. torch has its own, but does
    # not use it under autocast. Only an attempt shows whether it works.
    def zeros(*shape: int) -> torch.Tensor:
        return torch.zeros(shape, requires_grad=True)

    weights = [zeros(4, 1), zeros(4, 1), zeros(4), zeros(4)]
    state = [torch.zeros(1, 1, 1)] * 2
    options = (True, 1, 0.0, True, False, True)
    try:
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            torch.autocast("cpu", dtype=torch.bfloat16),
        ):
            torch.lstm(zeros(1, 1, 1), state, weights, *options)[0].sum().backward()
    except RuntimeError:
        return False
    return True
