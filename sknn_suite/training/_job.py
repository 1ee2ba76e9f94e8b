"""Job: one call of `train`, as a value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sknn_suite.training._net import TensorNet
from sknn_suite.training._plan import FitPlan


@dataclass(frozen=True)
class Job:
    """One call of `train`.

    Parameters
    ----------
    plan : FitPlan
        What is trained, and how.
    score : callable, default=None
        Score of the net on the validation rows; None takes ``plan.score``.
    callbacks : sequence of skorch callbacks
        Called after the callbacks that follow the progress.
    keeps_net : bool, default=False
        Whether the net is kept for the next chunk of rows.
    """

    plan: FitPlan
    score: Callable[[TensorNet], float] | None = None
    callbacks: Sequence[Any] = ()
    keeps_net: bool = False
