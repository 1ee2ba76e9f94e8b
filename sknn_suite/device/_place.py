"""The device and the precision of the computation."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from sknn_suite.device._bfloat16 import has_native_bfloat16
from sknn_suite.exceptions import DeviceError

# With fewer multiply-adds per epoch (rows times parameters), float64 input is computed
# in float64, as in scikit-learn. With more, float32 is about twice as fast.
SMALL_WORK = 2e8

# With fewer rows times parameters, launching GPU kernels takes longer than the whole
# work on a CPU.
GPU_WORK = 2e8

# Narrower matrix products gain nothing from bfloat16, because the casts take too long.
BFLOAT16_WIDTH = 256


def available_devices() -> list[str]:
    """Names of the devices on this machine, fastest first."""
    names = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def resolve_device(device: str, *, work: float = float("inf")) -> torch.device:
    """Convert the parameter `device` to an available torch device.

    Parameters
    ----------
    device : str
        "auto", "cpu", "cuda", "cuda:1", "mps".
    work : float, default=inf
        Rows times parameters; "auto" leaves small work on the CPU.

    Raises
    ------
    DeviceError
        If this machine has no such device.
    """
    there = available_devices()
    if device == "auto":
        return torch.device(there[0] if work >= GPU_WORK else "cpu")
    wanted = "cuda:0" if device == "cuda" else device
    if wanted not in there:
        raise DeviceError(
            f"device={device!r} is not available on this machine. "
            f"Available are: {', '.join(there)}. "
            "Choose one of these or device='auto'."
        )
    return torch.device(wanted)


CPU = torch.device("cpu")


@dataclass(frozen=True)
class Place:
    """Device and number types of the computation.

    Parameters
    ----------
    device : torch.device
        Device of parameters and batches.
    dtype : torch.dtype
        Their type.
    mixed : bool, default=False
        Whether products run in bfloat16 during training.
    """

    device: torch.device = CPU
    dtype: torch.dtype = torch.float32
    mixed: bool = False

    def autocast(self) -> AbstractContextManager[Any]:
        """Context in which the module computes during training."""
        if self.mixed:
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()


def choose_place(
    device: str, precision: str, *, is_float64: bool, work: float, width: int
) -> Place:
    """Convert the parameters `device` and `precision` to a place.

    Parameters
    ----------
    device, precision : str
        The parameters.
    is_float64 : bool
        Whether the user's X is float64.
    work : float
        Rows times parameters: the multiply-adds of an epoch.
    width : int
        Smallest dimension of the largest matrix product.

    Raises
    ------
    DeviceError
        If this machine has no such device, or the device lacks the type.
    """
    where = resolve_device(device, work=work)
    if precision == "float64":
        if where.type == "mps":
            raise DeviceError(
                "precision='float64' is not available on device 'mps'. "
                "Expected 'auto', 'float32' or 'bfloat16' there. "
                "Choose one of these or device='cpu'."
            )
        return Place(where, torch.float64)
    if precision == "auto":
        if is_float64 and work < SMALL_WORK and where.type != "mps":
            return Place(where, torch.float64)
        mixed = width >= BFLOAT16_WIDTH and has_native_bfloat16(where)
        return Place(where, torch.float32, mixed)
    return Place(where, torch.float32, precision == "bfloat16")


def prediction_device(device: str, *, work: float) -> torch.device:
    """Choose the device for predictions: the CPU if the requested one is missing.

    So a model that was trained on a GPU loads and predicts on a machine without one.
    """
    try:
        return resolve_device(device, work=work)
    except DeviceError:
        return CPU
