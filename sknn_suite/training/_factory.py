"""From an estimator's training parameters to a net and its callbacks."""

from collections.abc import Callable
from typing import Any

import numpy as np
from skorch.callbacks import Callback
from torch import Tensor, nn

from sknn_suite._device import Place
from sknn_suite._training_parameters import TrainingParameters
from sknn_suite.losses import Loss
from sknn_suite.training._convergence import Convergence, Progress, ValidationScore
from sknn_suite.training._lbfgs import LbfgsNet
from sknn_suite.training._net import TensorNet
from sknn_suite.training._optimizers import OPTIMIZERS
from sknn_suite.training._progress import EpochLine
from sknn_suite.training._schedules import InverseScaling, lower_adaptively


def make_net(
    training: TrainingParameters,
    module: nn.Module,
    loss: Loss,
    place: Place,
    *,
    batch_size: int,
    max_epochs: int,
    random_state: np.random.RandomState,
) -> TensorNet:
    """Build the net that the parameters describe; `module` has its weights already."""
    kwargs: dict[str, Any] = {
        "random_state": random_state,
        "alpha": training.alpha,
        "place": place,
        "shuffle": training.shuffle,
        "batch_size": batch_size,
        "max_epochs": max_epochs,
        "lr": training.learning_rate_init,
    }
    if training.solver == "lbfgs":
        return LbfgsNet(
            module, loss, max_fun=training.max_fun, tol=training.tol, **kwargs
        )
    if training.solver == "adam":
        kwargs["optimizer__betas"] = (training.beta_1, training.beta_2)
        kwargs["optimizer__eps"] = training.epsilon
    else:
        kwargs["optimizer__momentum"] = training.momentum
        kwargs["optimizer__nesterov"] = (
            training.nesterovs_momentum and training.momentum > 0
        )
    return TensorNet(module, loss, optimizer=OPTIMIZERS[training.solver], **kwargs)


def make_callbacks(
    training: TrainingParameters,
    progress: Progress,
    *,
    t: int,
    score: Callable[[Tensor], float] | None,
    bridge: Callback | None,
) -> list[Any]:
    """List the callbacks that the parameters ask for, the user's own last.

    Parameters
    ----------
    training : TrainingParameters
        The parameters.
    progress : Progress
        Where convergence counts; continued from an earlier call.
    t : int
        Rows seen by earlier calls.
    score : callable or None
        Score of the raw scores of the validation rows, if there are any.
    bridge : Callback or None
        The bridge to scikit-learn callbacks, if any are set.
    """
    callbacks: list[Any] = []
    if score is not None:
        callbacks.append(ValidationScore(score))
    if training.solver != "lbfgs":
        adaptive = training.solver == "sgd" and training.learning_rate == "adaptive"
        callbacks.append(
            Convergence(
                progress,
                tol=training.tol,
                n_iter_no_change=training.n_iter_no_change,
                monitor_score=score is not None,
                on_plateau=lower_adaptively if adaptive else None,
            )
        )
    if training.solver == "sgd" and training.learning_rate == "invscaling":
        callbacks.append(
            InverseScaling(training.learning_rate_init, training.power_t, t)
        )
    if training.verbose:
        callbacks.append(EpochLine())
    if bridge is not None:
        callbacks.append(bridge)
    return callbacks + list(training.callbacks or [])
