"""Portable state: NumPy arrays and plain containers in place of torch's objects."""

import math
from typing import Any

import numpy as np
import torch
from torch import nn

from sknn_suite.data import as_tensor
from sknn_suite.training._optimizers import FlatAdam


def weights_of(module: nn.Module, *, copy: bool) -> dict[str, np.ndarray]:
    """Parameters and buffers of `module` by name, as NumPy arrays on the host.

    Without `copy`, arrays of a module on the CPU share its memory.
    """
    state = module.state_dict()
    return {name: _to_array(tensor, copy=copy) for name, tensor in state.items()}


def load_weights(module: nn.Module, weights: dict[str, np.ndarray]) -> None:
    """Copy `weights` into the tensors of `module`."""
    own = module.state_dict()
    for name, array in weights.items():
        own[name].copy_(as_tensor(array))


def bind_weights(module: nn.Module, weights: dict[str, np.ndarray]) -> None:
    """Let `module` compute with `weights`, sharing memory where types allow it.

    The types and the device are those of the module's present tensors.
    """
    own = module.state_dict(keep_vars=True)
    for name, array in weights.items():
        tensor = own[name]
        tensor.data = _plain_strides(as_tensor(array).to(tensor.device, tensor.dtype))


def _plain_strides(tensor: torch.Tensor) -> torch.Tensor:
    """Let the strides of a contiguous tensor follow from its shape alone.

    A pickled array has other strides along axes of length one, and with them BLAS may
    take another kernel, whose sums differ in the last bit.
    """
    if not tensor.is_contiguous():
        return tensor
    strides = [math.prod(tensor.shape[axis + 1 :]) for axis in range(tensor.ndim)]
    return tensor.as_strided(tensor.shape, strides, tensor.storage_offset())


def to_portable(state: Any) -> Any:
    """Replace every tensor in nested containers by an array."""
    if isinstance(state, torch.Tensor):
        return _to_array(state, copy=True)
    if isinstance(state, dict):
        return {key: to_portable(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(to_portable(value) for value in state)
    return state


def from_portable(state: Any) -> Any:
    """Replace every array in nested containers by a tensor that owns its memory."""
    if isinstance(state, np.ndarray):
        return torch.tensor(state)
    if isinstance(state, dict):
        return {key: from_portable(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(from_portable(value) for value in state)
    return state


def optimizer_state(optimizer: torch.optim.Optimizer | None) -> dict[int, Any]:
    """State of each parameter, by its number."""
    if optimizer is None:
        return {}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    return {i: optimizer.state[p] for i, p in enumerate(parameters)}


def load_optimizer_state(
    optimizer: torch.optim.Optimizer, state: dict[int, Any]
) -> None:
    """Load what `optimizer_state` gave, as portable arrays, in the types needed.

    Nothing is loaded if it belongs to other parameters.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    if len(state) != len(parameters) or not all(
        _fits(value, p) for i, p in enumerate(parameters) for value in state[i].values()
    ):
        return
    fused = {
        p
        for group in optimizer.param_groups
        for p in group["params"]
        if group.get("fused") or isinstance(optimizer, FlatAdam)
    }
    for i, p in enumerate(parameters):
        optimizer.state[p] = {
            name: value.to(p.device, p.dtype)
            if isinstance(value, torch.Tensor)
            and (value.shape == p.shape or value.ndim > 0)
            # Fused kernels count steps on the device, all others on the host.
            else value.to(p.device)
            if name == "step" and p in fused
            else value
            for name, value in from_portable(state.get(i, {})).items()
        }


def _fits(value: Any, p: torch.Tensor) -> bool:
    """Whether a value may be part of the state of `p`: Adafactor keeps sums of rows."""
    shape, own = np.shape(value), tuple(p.shape)
    is_sum = p.ndim > 1 and len(shape) == p.ndim
    return shape in ((), own) or (
        is_sum and all(n in (1, n_own) for n, n_own in zip(shape, own))
    )


def scale_momentum(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Scale the momentum of SGD; other optimisers have none of this name."""
    for state in optimizer.state.values():
        if state.get("momentum_buffer") is not None:
            state["momentum_buffer"].mul_(factor)


def forget(optimizer: torch.optim.Optimizer, group: dict) -> None:
    """Reset the state of a group of `optimizer` to that before the first step."""
    for p in group["params"]:
        for name, value in optimizer.state[p].items():
            if isinstance(value, torch.Tensor):
                is_product = name == "mu_product"  # of NAdam, which starts at one
                value.fill_(1.0) if is_product else value.zero_()


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """Plain numbers of an epoch's record in skorch's history."""
    return {
        key: value
        for key, value in row.items()
        if isinstance(value, int | float | str | None)
    }


def _to_array(tensor: torch.Tensor, *, copy: bool) -> np.ndarray:
    array = tensor.detach().cpu().numpy()
    return array.copy() if copy else array
