"""When the loss becomes NaN, but early stopping has kept good weights."""

from typing import Any

from sklearn.exceptions import ConvergenceWarning

from sknn_suite.doors import warn_user
from sknn_suite.exceptions import DivergedError


def end_with_best(net: Any, error: DivergedError) -> None:
    """End training with the best epoch's weights, as scikit-learn does, and warn.

    Raises
    ------
    DivergedError
        `error`, if there is no best epoch.
    """
    if net.progress.best_weights is None:
        raise error
    net.stop("The loss became NaN or infinite.")
    if net.optimizer_ is not None:
        net.optimizer_.state.clear()  # NaN, for warm starts
    warn_user(
        f"The loss became NaN or infinite in epoch {net.epoch_}, where training ends. "
        f"The weights of the best epoch before are kept. {what_to_scale(net)}, or "
        "lower learning_rate_init, to train longer.",
        ConvergenceWarning,
    )


def what_to_scale(net: Any) -> str:
    """Say what may be too large: the columns of X, and numbers to predict."""
    remedy = "Scale X (StandardScaler)"
    if net.criterion_.in_units_of_y:
        remedy += " and y (scale_target=True)"
    return remedy
