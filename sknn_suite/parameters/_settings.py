"""Settings: the parameters of training as a value, with nothing left to choose."""

from dataclasses import fields, make_dataclass
from typing import Any

import numpy as np

from sknn_suite.parameters._training import TrainingParameters

# Parameters that a plan holds in another form, or that only an estimator uses.
_ELSEWHERE = {
    "batch_size",
    "callbacks",
    "checkpoint",
    "checkpoint_every",
    "device",
    "init_from",
    "max_iter",
    "mixup",
    "precision",
    "random_state",
    "validation_fraction",
    "verbose",
    "warm_start",
}

# The fields are those of TrainingParameters, where each is declared.
Settings: Any = make_dataclass(
    "Settings",
    [
        (f.name, f.type, f)  # type: ignore[misc]
        for f in fields(TrainingParameters)
        if f.name not in _ELSEWHERE
    ],
    namespace={
        "__doc__": "Parameters of training, frozen; a subset of `TrainingParameters`.",
        "__module__": __name__,
    },
    frozen=True,
)


def settle(parameters: Any, **settled: Any) -> Any:
    """Take the settings from an object with the training parameters.

    Parameters
    ----------
    parameters : object
        An estimator, or whatever has its parameters as attributes.
    **settled : object
        What "auto" and the like stand for; it takes the place of the parameter.
    """
    names = [f.name for f in fields(Settings)]
    values = {n: getattr(parameters, n) for n in names} | settled
    for name, value in values.items():
        if isinstance(value, np.ndarray):  # settings compare
            values[name] = tuple(value.tolist())
    return Settings(**values)
