"""scikit-learn's callbacks outside, skorch's callbacks inside."""

from collections.abc import Callable
from typing import Any

from skorch.callbacks import Callback

from sknn_suite.training._net import TensorNet


class SklearnBridge(Callback):
    """Tell scikit-learn's callbacks of each epoch, and stop when one asks for it.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        The context of the estimator's fit.
    estimator : NeuralEstimator
        The estimator in training.
    reconstruct : callable
        Returns the present fitted attributes; called only if a callback needs a fitted
        estimator.
    data : dict
        X, y and metadata of the fit, for the callbacks.
    """

    def __init__(
        self,
        context: Any,
        estimator: Any,
        reconstruct: Callable[[TensorNet], dict],
        data: dict,
    ) -> None:
        self.context = context
        self.estimator = estimator
        self.reconstruct = reconstruct
        self.data = data

    def on_train_begin(self, net: TensorNet, **kwargs: Any) -> None:
        self.context.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def on_train_end(self, net: TensorNet, **kwargs: Any) -> None:
        self.context.call_on_fit_task_end(
            estimator=self.estimator,
            reconstruction_attributes=lambda: self.reconstruct(net),
            **self.data,
        )

    def on_epoch_begin(self, net: TensorNet, **kwargs: Any) -> None:
        self.epoch_ = self.context.subcontext(task_name="epoch")
        self.epoch_.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        stop = self.epoch_.call_on_fit_task_end(
            estimator=self.estimator,
            reconstruction_attributes=lambda: self.reconstruct(net),
            **self.data,
        )
        if stop:
            net.stop("A callback asked to stop.")
