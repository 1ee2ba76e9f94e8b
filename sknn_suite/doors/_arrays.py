"""Conversion of other array libraries to NumPy, and of results back.

This package computes with NumPy and torch for every input. With scikit-learn's
``array_api_dispatch`` on, results return to the library and device of X ("everything
follows X"). With it off, torch tensors are treated like NumPy arrays.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn import get_config

from sknn_suite.doors._sklearn import (
    get_namespace_and_device,
    is_numpy_namespace,
    move_to,
)
from sknn_suite.exceptions import DataError

# Real numbers of torch that NumPy has as well.
_FLOATS = (torch.float64, torch.float32, torch.float16)


class Home(NamedTuple):
    """Library and device of the user's arrays."""

    namespace: Any
    device: Any

    @property
    def name(self) -> str:
        """Name of the pair, to compare fit with predict."""
        return f"{self.namespace.__name__}, {self.device}"


def to_numpy(array: Any) -> tuple[Any, Home | None]:
    """Convert an array of another library to NumPy, and return its home.

    Other data (lists, data frames, sparse matrices, NumPy) are returned unchanged,
    with None.
    """
    if isinstance(array, torch.Tensor):
        array = _readable(array)
    if not get_config()["array_api_dispatch"]:
        if isinstance(array, torch.Tensor):
            return array.cpu().numpy(), None
        return array, None
    namespace, is_array, device = get_namespace_and_device(array)
    if not is_array or is_numpy_namespace(namespace):
        return array, None
    return move_to(array, xp=np, device="cpu"), Home(namespace, device)


def _readable(tensor: torch.Tensor) -> torch.Tensor:
    """Convert a tensor to one that NumPy reads exactly, or raise an error."""
    kind = None
    if tensor.is_nested:
        kind = "a nested tensor, whose rows differ in length"
    elif tensor.layout is not torch.strided:
        kind = f"a tensor of layout {tensor.layout}"
    elif tensor.is_meta:
        kind = "a tensor on the device 'meta', which has a shape and no numbers"
    elif tensor.is_quantized:
        kind = f"a quantised tensor of {tensor.dtype}"
    if kind is not None:
        raise DataError(
            f"X, y or the weights are {kind}. Expected a dense tensor of numbers. Pass "
            "the result of to_dense() or dequantize(), a SciPy matrix, or an array."
        )
    tensor = tensor.detach().resolve_conj().resolve_neg()
    if tensor.is_floating_point() and tensor.dtype not in _FLOATS:
        return tensor.float()  # bfloat16 and 8-bit floats, which NumPy lacks
    return tensor


def to_home(array: np.ndarray, home: Home | None) -> Any:
    """Convert a result to the home of X; labels that are not numbers do not change."""
    if home is None or array.dtype.kind not in "biuf":
        return array
    return home.namespace.asarray(array, device=home.device)


def home_name(home: Home | None) -> str:
    """Name of an array library and device, to compare fit with predict."""
    return "numpy" if home is None else home.name


def check_same_home(fitted: str, home: Home | None, caller: str) -> None:
    """Check that rows come from the array library and device of fit.

    This is the behaviour of scikit-learn's array-API estimators, with dispatch on.
    """
    if not get_config()["array_api_dispatch"] or fitted == home_name(home):
        return
    raise ValueError(
        f"Inputs passed to {caller}() must use the same namespace and the same device "
        f"as those passed to fit(). fit() saw '{fitted}', got '{home_name(home)}' now. "
        "Convert the input, or fit on arrays of this kind."
    )
