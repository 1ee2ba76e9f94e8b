"""Where the arithmetic runs, and in which precision."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from sknn_suite.device._bfloat16 import has_native_bfloat16
from sknn_suite.exceptions import DeviceError

# Multiply-adds of one epoch (rows times parameters) below which float64 input is
# computed in float64, as scikit-learn does. Above it float32 is about twice as fast.
SMALL_WORK = 2e8

# Below this number of rows times parameters the launch of GPU kernels costs more than
# a CPU needs for the whole work.
GPU_WORK = 2e8

# Matrix products narrower than this gain nothing from bfloat16: the casts eat it.
BFLOAT16_WIDTH = 256


def available_devices() -> list[str]:
    """Names of the devices on this machine, fastest first."""
    names = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def resolve_device(device: str, *, work: float = float("inf")) -> torch.device:
    """Turn the parameter `device` into a torch device that exists.

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
    """Where the arithmetic runs and in which types.

    Parameters
    ----------
    device : torch.device
        Where parameters and batches live.
    dtype : torch.dtype
        Their type.
    mixed : bool, default=False
        Whether products run in bfloat16 while training.
    """

    device: torch.device = CPU
    dtype: torch.dtype = torch.float32
    mixed: bool = False

    def autocast(self) -> AbstractContextManager[Any]:
        """Context in which the module computes while training."""
        if self.mixed:
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()


def choose_place(
    device: str, precision: str, *, is_float64: bool, work: float, width: int
) -> Place:
    """Turn the parameters `device` and `precision` into a place.

    Parameters
    ----------
    device, precision : str
        The parameters.
    is_float64 : bool
        Whether the user's X is float64.
    work : float
        Rows times parameters: the multiply-adds of an epoch.
    width : int
        The smallest side of the largest matrix product.

    Raises
    ------
    DeviceError
        If this machine has no such device, or the device no such type.
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
    """Where to predict: as asked for, or the CPU if that device is not here.

    A model that was trained on a GPU opens and predicts on a machine without one.
    """
    try:
        return resolve_device(device, work=work)
    except DeviceError:
        return CPU
