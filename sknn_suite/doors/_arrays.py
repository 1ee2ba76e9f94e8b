"""The one door to other array libraries: NumPy in, the user's library out.

The suite computes on NumPy and torch inside, whatever comes in. With scikit-learn's
``array_api_dispatch`` on, results return to the library and device of X ("everything
follows X"); with it off, torch tensors are taken as if they were NumPy arrays.
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


class Home(NamedTuple):
    """Where the user's arrays live: library and device."""

    namespace: Any
    device: Any

    @property
    def name(self) -> str:
        """Name of the pair, to compare fit with predict."""
        return f"{self.namespace.__name__}, {self.device}"


def to_numpy(array: Any) -> tuple[Any, Home | None]:
    """Bring an array of another library to NumPy, and tell where it came from.

    Anything that is not such an array (lists, data frames, sparse matrices, NumPy)
    is returned as it is, with None.
    """
    if not get_config()["array_api_dispatch"]:
        if isinstance(array, torch.Tensor):
            return array.detach().cpu().numpy(), None
        return array, None
    namespace, is_array, device = get_namespace_and_device(array)
    if not is_array or is_numpy_namespace(namespace):
        return array, None
    if isinstance(array, torch.Tensor):
        array = array.detach()
    return move_to(array, xp=np, device="cpu"), Home(namespace, device)


def to_home(array: np.ndarray, home: Home | None) -> Any:
    """Bring a result back to where X came from; labels that are no numbers stay."""
    if home is None or array.dtype.kind not in "biuf":
        return array
    return home.namespace.asarray(array, device=home.device)


def home_name(home: Home | None) -> str:
    """Name of an array library and device, to compare fit with predict."""
    return "numpy" if home is None else home.name


def check_same_home(fitted: str, home: Home | None, caller: str) -> None:
    """Refuse rows from another array library or device than fit saw.

    As scikit-learn's array-API estimators do, and only where dispatch is on.
    """
    if not get_config()["array_api_dispatch"] or fitted == home_name(home):
        return
    raise ValueError(
        f"Inputs passed to {caller}() must use the same namespace and the same device "
        f"as those passed to fit(). fit() saw '{fitted}', got '{home_name(home)}' now. "
        "Convert the input, or fit on arrays of this kind."
    )
