"""Whether a device computes in bfloat16: what its libraries do, not what it could."""

import functools
import os

import torch

from sknn_suite.doors import onednn_takes_bfloat16, processor_has_bfloat16_units

# Limits of oneDNN, its environment variable ONEDNN_MAX_CPU_ISA, below the first
# instruction set that multiplies bfloat16. From AVX512_CORE on it computes in bfloat16
# all the same, by float32's units.
WITHOUT_UNITS = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2"}
WITHOUT_UNITS |= {"AVX512_CORE", "AVX512_CORE_VNNI"}


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether `device` multiplies bfloat16 matrices in hardware.

    On a CPU the products are oneDNN's, which may be switched off, or limited by the
    user to older instructions than the processor has.
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
    """Whether the LSTM of the libraries behind `device` computes in bfloat16."""
    if device.type != "cpu":
        return True
    return _cpu_lstm_takes_bfloat16(by_onednn=bool(torch.backends.mkldnn.enabled))


@functools.cache
def _cpu_lstm_takes_bfloat16(by_onednn: bool) -> bool:
    # oneDNN has no LSTM of bfloat16 for older instructions, and torch, which has one of
    # its own, does not turn to it under autocast. Nothing tells but the attempt.
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
