"""Going on where an earlier call of fit ended, or a killed process."""

import copy
from typing import Any

import numpy as np
from torch import nn

from sknn_suite.doors import own_random_state
from sknn_suite.estimator._rows import Run
from sknn_suite.training import (
    Checkpoint,
    TensorNet,
    find_checkpoint,
    fingerprint,
    from_portable,
    load_optimizer_state,
    load_weights,
    optimizer_state,
    read_origin,
    to_portable,
    weights_of,
)

# Parameters that may differ between a checkpoint's run and the one that goes on.
NOT_IN_CHECKPOINT = {
    "callbacks",
    "checkpoint",
    "checkpoint_every",
    "device",
    "init_from",
    "max_time",
    "verbose",
    "warm_start",
}


class Resumption:
    """Mixin of estimators that go on: warm starts, partial fits, checkpoints.

    Whoever mixes it in has the training parameters, and ``_weights`` and ``_config``.
    """

    def _take_random_state(self: Any, resume: bool) -> np.random.RandomState:
        if resume and hasattr(self, "_random_state"):
            # A copy, so that a call that fails leaves the fitted state untouched.
            return copy.deepcopy(self._random_state)
        random_state = own_random_state(self.random_state)
        if self.checkpoint is not None:
            if find_checkpoint(self.checkpoint) and self.random_state is None:
                # The run that goes on began with this entropy.
                random_state.set_state(read_origin(self.checkpoint))
            self._origin = random_state.get_state(legacy=False)
        return random_state

    def _load_fitted_weights(self: Any, module: nn.Module) -> None:
        weights = self._weights()
        then = {name: array.shape for name, array in weights.items()}
        now = {name: tuple(part.shape) for name, part in module.state_dict().items()}
        for name in [*now, *then]:
            if then.get(name) != now.get(name):
                raise ValueError(
                    f"{type(self).__name__} cannot go on with its fitted weights: "
                    f"'{name}' has another shape now, is new, or is gone. Expected the "
                    "architecture of the last fit. Set warm_start=False to start anew."
                )
        load_weights(module, weights)

    def _make_checkpoint(self: Any, run: Run) -> Checkpoint | None:
        if self.checkpoint is None:
            return None
        if self.solver == "lbfgs":
            raise ValueError(
                "checkpoint does not go with solver='lbfgs', whose state SciPy keeps "
                "to itself. Expected a stochastic solver. Choose solver='adam', or "
                "leave checkpoint out."
            )
        parts = {
            name: value
            for name, value in self.get_params(deep=False).items()
            if name not in NOT_IN_CHECKPOINT
            and not isinstance(value, np.random.RandomState)
        }
        parts = {"estimator": type(self).__name__, "config": self._config, **parts}
        return Checkpoint(
            self.checkpoint,
            self.checkpoint_every,
            fingerprint(dict(sorted(parts.items())), run.train, run.valid),
            self.__dict__.pop("_origin", None),
        )

    def _state_to_resume(self: Any, net: TensorNet) -> dict:
        """Collect what warm_start and partial_fit need beside the weights."""
        average = net.recipe.average
        state = {
            "solver": self.solver,
            "learning_rate_init": self.learning_rate_init,
            "optimizer": to_portable(optimizer_state(net.optimizer_)),
            "schedule": net.recipe.schedule.state_dict(),
            "rate": None if net.optimizer_ is None else net.rate_,
        }
        if average is not None and average.value is not None:
            state["average"] = to_portable(average.state_dict())
            state["weights"] = weights_of(net.module_, copy=True)
        return state

    def _resume_optimizer(self: Any, net: TensorNet, partial: bool) -> None:
        """Let the optimiser go on where an earlier call ended, if it is the same."""
        state = getattr(self, "_resume_state", None)
        if state is None or state["solver"] != self.solver or self.solver == "lbfgs":
            return
        load_optimizer_state(net.optimizer_, state["optimizer"])
        average = net.recipe.average
        if average is not None and "average" in state:
            value = from_portable(state["average"])
            if value["value"].shape == net.flat_.data.shape:
                load_weights(net.module_, state["weights"])
                average.load_state_dict(value, net.flat_.data)
        same_rate = _equal(state["learning_rate_init"], self.learning_rate_init)
        if partial and same_rate:
            net.recipe.schedule.load_state_dict(state["schedule"])
            for group in net.optimizer_.param_groups:  # what its momentum is based on
                group["lr"] = state["rate"] * group["share"]
            net.follow_schedule()


def _equal(a: Any, b: Any) -> bool:
    return bool(np.array_equal(np.asarray(a), np.asarray(b)))
