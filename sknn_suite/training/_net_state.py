"""State of a net between two epochs, from which it continues bit by bit."""

from typing import Any

import torch

from sknn_suite.training._net import TensorNet
from sknn_suite.training._state import (
    from_portable,
    load_optimizer_state,
    load_weights,
    optimizer_state,
    plain_row,
    to_portable,
    weights_of,
)


def training_state(net: TensorNet) -> dict[str, Any]:
    """All that is needed to continue bit by bit, between two epochs."""
    average, generator = net.recipe.average, net.generator_
    return {
        "weights": weights_of(net.module_, copy=False),
        "optimizer": optimizer_state(net.optimizer_),
        "schedule": net.recipe.schedule.state_dict(),
        "average": None if average is None else average.state_dict(),
        "progress": vars(net.progress),
        "random_state": net.random_state.get_state(legacy=False),
        "generator": None if generator is None else generator.get_state(),
        "order": net.batches_.order,
        "history": [plain_row(row) for row in net.history],
        "stop_reason": net.stop_reason_,
        "rates": None
        if net.optimizer_ is None
        else [group["lr"] for group in net.optimizer_.param_groups],
        "recovery": None if net.recovery is None else net.recovery.state_dict(),
    }


def load_training_state(net: TensorNet, state: dict[str, Any]) -> None:
    """Continue from a state; the net is initialised, and not yet prepared."""
    load_weights(net.module_, state["weights"])
    load_optimizer_state(net.optimizer_, state["optimizer"])
    net.recipe.schedule.load_state_dict(state["schedule"])
    if net.recipe.average is not None:
        average = from_portable(state["average"])
        net.recipe.average.load_state_dict(average, net.flat_.data)
    for group, rate in zip(net.optimizer_.param_groups, state["rates"]):
        group["lr"] = rate
    if net.recovery is not None:
        net.recovery.load_state_dict(from_portable(state["recovery"]))
    vars(net.progress).update(state["progress"])
    net.random_state.set_state(state["random_state"])
    if net.generator_ is not None:
        net.generator_.set_state(torch.tensor(state["generator"]))
    net.history.extend({"batches": [], **row} for row in state["history"])
    net._restored = state


def state_to_go_on(net: TensorNet) -> dict[str, Any]:
    """Collect what a later call needs: optimiser, schedule, average."""
    average = net.recipe.average
    state = {
        "optimizer": to_portable(optimizer_state(net.optimizer_)),
        "schedule": net.recipe.schedule.state_dict(),
        "kind": _kind_of_schedule(net),
        "rate": None if net.optimizer_ is None else net.rate_,
    }
    if average is not None and average.value is not None:
        state["average"] = to_portable(average.state_dict())
        state["weights"] = weights_of(net.module_, copy=True)
    return state


def go_on(net: TensorNet, state: dict[str, Any], *, keeps_rate: bool) -> None:
    """Let an initialised net continue from `state_to_go_on` of an earlier call.

    With `keeps_rate` the schedule continues as well, unless this call has one of
    another kind: a schedule for a whole fit has ended near 0.
    """
    load_optimizer_state(net.optimizer_, state["optimizer"])
    average = net.recipe.average
    if average is not None and "average" in state:
        value = from_portable(state["average"])
        if value["value"].shape == net.flat_.data.shape:
            load_weights(net.module_, state["weights"])
            average.load_state_dict(value, net.flat_.data)
    if keeps_rate and state["kind"] == _kind_of_schedule(net):
        net.recipe.schedule.load_state_dict(state["schedule"])
        for group in net.optimizer_.param_groups:  # what its momentum is based on
            group["lr"] = state["rate"] * group["share"]
        net.follow_schedule()


def _kind_of_schedule(net: TensorNet) -> str:
    """Name of the schedule's kind, the same for all of the user's functions."""
    kind = net.recipe.schedule.kind
    return kind if isinstance(kind, str) else "function"
