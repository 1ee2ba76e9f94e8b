"""Which units of a target the networks learn best, by two short trainings."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from sknn_suite.data import TensorBundle, as_tensor
from sknn_suite.doors import copy_random_state
from sknn_suite.encoding import NumberTarget, TargetScale
from sknn_suite.tabular._judge import Judge
from sknn_suite.training import FitPlan, train_first

# Part of the epochs that each of the two trainings takes.
SHARE = 0.125


def in_units(plan: FitPlan, now: TargetScale, other: TargetScale) -> FitPlan:
    """Change the units of all targets of a plan."""

    def change(rows: TensorBundle) -> TensorBundle:
        target = rows.target
        assert target is not None
        y = now.undo(target.cpu().double().numpy())
        return replace(rows, target=as_tensor(other.apply(y), target.dtype))

    assert plan.valid is not None
    return plan.change(train=change(plan.train), valid=change(plan.valid))


def try_scales(
    plan: FitPlan,
    target: NumberTarget,
    other: TargetScale,
    scores_of: Callable[[FitPlan, dict[str, np.ndarray]], Tensor],
) -> tuple[FitPlan, TargetScale]:
    """Train for some epochs in both units, and go on with those of the smaller loss.

    The loss is that of predictions in the units of y, on rows that the networks have
    not learnt from.

    Parameters
    ----------
    plan : FitPlan
        The plan, with the targets in the units that `target` has.
    target : NumberTarget
        Scale and range of y.
    other : TargetScale
        The other units.
    scores_of : callable
        Raw scores of each member for the validation rows, from plan and weights.

    Returns
    -------
    plan, scale : FitPlan and TargetScale
        The plan in the better units, and these.
    """
    assert target.scale is not None
    limit = plan.settings.max_time
    if limit is not None:  # the trial takes its part of the time
        plan = plan.change(max_time=(1 - 2 * SHARE) * limit)
    assert plan.valid is not None
    judge = Judge(plan.loss, plan.valid.take(_numbers(plan.valid)))
    now = target.scale
    tried = [(now, plan), (other, in_units(plan, now, other))]
    losses = []
    for scale, own in tried:
        n_epochs = max(int(SHARE * plan.n_epochs), 1)
        short = own.change(
            n_epochs=n_epochs,
            planned_epochs=n_epochs,
            random_state=copy_random_state(plan.random_state),
        )
        if limit is not None:
            short = short.change(max_time=SHARE * limit)
        raw = scores_of(short, train_first(short).weights)
        scores, rows = judge.mean(raw, np.full(len(raw), 1 / len(raw)))
        y = scale.undo(scores.cpu().double().numpy())
        if target.seen is not None:
            y = np.clip(y, *target.seen)
        losses.append(judge.of_scores(_as(_apply(now, y), scores), rows))
    better = np.nanargmin(losses) if np.isfinite(losses).any() else 0
    scale, plan = tried[int(better)]
    return plan, scale


def _apply(scale: TargetScale, y: np.ndarray) -> np.ndarray:
    """Standardise predictions, of which there may be several for a number."""
    return (y - scale.mean) / scale.deviation


def _numbers(rows: TensorBundle) -> Tensor:
    return torch.arange(len(rows)) if rows.rows is None else rows.rows


def _as(values: np.ndarray, like: Tensor) -> Tensor:
    return as_tensor(values, like.dtype).to(like.device)
