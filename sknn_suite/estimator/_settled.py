"""Which settings a fit used, as fitted attributes."""

from typing import Any

from sknn_suite.estimator._task import Task
from sknn_suite.training import FitPlan

# What `summary` shows, in this order, as far as an estimator has it.
SETTLED = (
    "architecture_",
    "hidden_sizes_",
    "dense_size_",
    "n_networks_",
    "wide_",
    "wide_ngrams_",
    "wide_letters_",
    "wide_share_",
    "n_components_",
    "distribution_",
    "scaling_",
    "normalization_",
    "augment_",
    "n_tta_",
    "weight_init_",
    "solver_",
    "learning_rate_",
    "schedule_",
    "head_iter_",
    "max_iter_",
    "batch_size_",
    "alpha_",
    "label_smoothing_",
    "device_",
    "precision_",
)


def settled(task: Task, plan: FitPlan) -> dict[str, Any]:
    """Fitted attributes that say what a fit used, "auto" and None replaced.

    The learning rate is left out while it is still to be found.
    """
    place, settings = plan.place, plan.settings
    shown = {
        "solver_": settings.solver,
        "schedule_": None if settings.solver == "lbfgs" else plan.schedule,
        "max_iter_": plan.planned_epochs,
        "batch_size_": plan.rows_per_update,
        "device_": str(place.device),
        "precision_": "bfloat16"
        if place.mixed
        else str(place.dtype).removeprefix("torch."),
    }
    if not isinstance(settings.learning_rate_init, str):
        shown["learning_rate_"] = plan.rate
    return shown | task.settled(plan)
