"""Check that a training state from a file fits the net that continues from it."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from sknn_suite.training._net import TensorNet
from sknn_suite.training._state import to_portable


def refuse_state(net: TensorNet, state: Any, n_rows: int) -> None:
    """Refuse a state that does not belong to this net.

    Raises
    ------
    ValueError
        With a reason in words.
    """
    if not isinstance(state, dict):
        raise ValueError("it holds no training state")
    _refuse_weights(net, state.get("weights"))
    _refuse_progress(net, state.get("progress"))
    _compare("schedule", net.recipe.schedule.state_dict(), state.get("schedule"))
    if net.recipe.average is not None:
        value = (state.get("average") or {}).get("value")
        if value is not None and np.shape(value) != tuple(net.flat_.data.shape):
            raise ValueError("'average' has another shape")
        _compare("average", {"value": None, "count": 0}, state.get("average"))
    _refuse_optimizer(net, state.get("optimizer"))
    groups = net.optimizer_.param_groups
    _compare("rates", [0.0 for _ in groups], state.get("rates"))
    if len(state["rates"]) != len(groups):
        raise ValueError("'rates' has another length")
    _refuse_history(state.get("history"))
    _refuse_order(state.get("order"), n_rows)
    if not isinstance(state.get("stop_reason", 0), str | None):
        raise ValueError("'stop_reason' is not a text")


def _refuse_weights(net: TensorNet, weights: Any) -> None:
    own = net.module_.state_dict()
    if not isinstance(weights, dict) or weights.keys() != own.keys():
        raise ValueError("it has other weights")
    for name, tensor in own.items():
        _compare(f"weights {name}", np.empty(0), weights[name])
        if weights[name].shape != tuple(tensor.shape):
            raise ValueError(
                f"{name!r} is {weights[name].shape}, not {tuple(tensor.shape)}"
            )
        if not np.isfinite(weights[name]).all():
            raise ValueError(f"{name!r} holds NaN or infinity")


def _refuse_progress(net: TensorNet, progress: Any) -> None:
    _compare("progress", vars(net.progress), progress)
    if not isinstance(progress["best_epoch"], int | None):
        raise ValueError("'best_epoch' is not the number of an epoch")
    if not all(isinstance(row, dict) for row in progress["earlier"]):
        raise ValueError("'earlier' is not a list of epochs")
    if progress["best_weights"] is not None:
        _refuse_weights(net, progress["best_weights"])


def _refuse_optimizer(net: TensorNet, states: Any) -> None:
    groups = net.optimizer_.param_groups
    parameters = [(p, group) for group in groups for p in group["params"]]
    if not isinstance(states, dict) or states.keys() != set(range(len(parameters))):
        raise ValueError("its optimiser has other parameters")
    for number, (p, group) in enumerate(parameters):
        state = states[number]
        _compare("optimizer", {}, state, same_keys=False)
        for name, value in state.items():
            if not isinstance(value, np.ndarray | int | float | None):
                raise ValueError(f"{name!r} of the optimiser is not a number")
        if state:  # frozen weights have none
            for name, own in _state_after_a_step(net, p, group).items():
                if name not in state or np.shape(state[name]) != np.shape(own):
                    raise ValueError(f"{name!r} of the optimiser has another shape")


def _state_after_a_step(net: TensorNet, p: Tensor, group: dict) -> dict[str, Any]:
    """State that the optimiser gives a tensor like `p`, if it takes one."""
    like = torch.zeros_like(p)
    like.requires_grad_().grad = torch.zeros_like(p)
    options = {name: value for name, value in group.items() if name != "params"}
    kind: Any = type(net.optimizer_)
    try:
        optimizer = kind([{**options, "params": [like]}], **net.optimizer_.defaults)
        optimizer.step()
    except Exception:  # a user's class may fail; nothing is known then
        return {}
    return to_portable(dict(optimizer.state[like]))


def _refuse_history(history: Any) -> None:
    rows = history if isinstance(history, list) else [None]
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or row.get("epoch") != number:
            raise ValueError("'history' is not a list of epochs")
        if not all(isinstance(row.get(key), int | float) for key in ("train_loss",)):
            raise ValueError(f"epoch {number} of 'history' has no loss")


def _refuse_order(order: Any, n_rows: int) -> None:
    is_order = isinstance(order, np.ndarray) and order.dtype.kind in "iu"
    if not is_order or not np.array_equal(np.sort(order), np.arange(n_rows)):
        raise ValueError(f"'order' is not an order of {n_rows} rows")


def _compare(name: str, own: Any, value: Any, *, same_keys: bool = True) -> None:
    """Refuse a value of another kind than the net's own at this place."""
    if own is None:
        return  # nothing is known about it yet
    if isinstance(own, dict):
        ok = isinstance(value, dict) and (not same_keys or own.keys() == value.keys())
        if ok:
            for key, part in own.items():
                _compare(f"{name} {key}", part, value[key])
    elif isinstance(own, list | tuple):
        ok = isinstance(value, list | tuple)
        for part in value if ok and len(own) else ():
            _compare(name, own[0], part)
    elif isinstance(own, np.ndarray):
        ok = isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
    elif isinstance(own, int | float):
        ok = isinstance(value, int | float)
    else:
        ok = type(value) is type(own)
    if not ok:
        raise ValueError(f"{name!r} is of another kind, {type(value).__name__}")
