"""What is done in each step of training, apart from the optimiser."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sknn_suite.data import TensorBundle
from sknn_suite.training._averaging import WeightAverage
from sknn_suite.training._groups import ParameterGroups
from sknn_suite.training._mixup import Mixed
from sknn_suite.training._regularization import Penalty
from sknn_suite.training._schedules import Schedule


@dataclass
class TrainingRecipe:
    """What is done in each step, apart from the optimiser.

    Parameters
    ----------
    schedule : Schedule
        The learning rate.
    penalty : Penalty
        Added to the loss.
    groups : ParameterGroups
        Which parameters are trained, at which share of the rate, from when on.
    average : WeightAverage or None
        Average of the weights, used for predictions.
    mixup : callable or None
        Changes a training batch before the module sees it: it takes batch and
        generator, and returns the batch and `Mixed` if its rows are mixed in pairs,
        else None.
    max_grad_norm, max_grad_value, max_norm : float or None
        Limits of the gradient's norm, of its components, of a unit's weights.
    accumulate : int
        Parts into which a batch is cut; their gradients add up.
    max_time : float or None
        Seconds after which training ends.
    valid_rows : int
        Validation rows that are scored at a time, at least.
    """

    schedule: Schedule
    penalty: Penalty = field(default_factory=lambda: Penalty(0, 0))
    groups: ParameterGroups = field(default_factory=ParameterGroups)
    average: WeightAverage | None = None
    mixup: Callable[..., tuple[TensorBundle, Mixed | None]] | None = None
    max_grad_norm: float | None = None
    max_grad_value: float | None = None
    max_norm: float | None = None
    accumulate: int = 1
    max_time: float | None = None
    valid_rows: int = 1024

    @property
    def limits_gradient(self) -> bool:
        """Whether gradients are clipped."""
        return self.max_grad_norm is not None or self.max_grad_value is not None

    @property
    def follows_steps(self) -> bool:
        """Whether the weights after each step are limited or averaged."""
        return self.max_norm is not None or self.average is not None
