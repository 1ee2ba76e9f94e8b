"""TensorNet: skorch's NeuralNet, fed bundles instead of data sets and loaders."""

import math
import operator
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from torch import Tensor, nn

from sknn_suite._bundle import TensorBundle
from sknn_suite._device import Place
from sknn_suite._random import torch_generator
from sknn_suite.exceptions import DivergedError
from sknn_suite.losses import Loss
from sknn_suite.modules import OwnedRandomness
from sknn_suite.training._backprop import Backprop
from sknn_suite.training._batches import BundleBatches
from sknn_suite.training._flat import FlatParameters, decay_groups, sum_of_squares
from sknn_suite.training._optimizers import penalty_gradient_

DEFAULT_PLACE = Place()


class TensorNet(NeuralNet):
    """A NeuralNet that is fed bundles: ``net.fit(train, valid)``.

    It overrides skorch's documented hooks and nothing else, so that skorch's
    callbacks, history and parameters keep working. Inside an epoch nothing is read
    back to Python, and callbacks are called only for the events that they override.

    Parameters
    ----------
    module : nn.Module
        Initialised module on its device; it is trained in place.
    criterion : Loss
        The loss.
    random_state : RandomState
        Shuffles rows and seeds dropout.
    optimizer : type of Optimizer
        An elementwise optimiser.
    alpha : float, default=0.0
        Strength of the L2 penalty on weights: alpha / 2 * ||weights||^2 / (sum of the
        batch's weights) is added to the loss, as in scikit-learn's MLP.
    place : Place
        Where and in which types to compute.
    shuffle : bool, default=True
        Whether rows are shuffled before each epoch.
    **kwargs : dict
        Parameters of skorch's NeuralNet.
    """

    # Why training ended before its last epoch, if it did.
    stop_reason_: str | None = None

    # torch's optimiser of the flat parameters; lbfgs has none.
    optimizer_: Any

    def __init__(
        self,
        module: nn.Module,
        criterion: Loss,
        *,
        random_state: np.random.RandomState,
        alpha: float = 0.0,
        place: Place = DEFAULT_PLACE,
        shuffle: bool = True,
        **kwargs: Any,
    ) -> None:
        self.random_state = random_state
        self.alpha = alpha
        self.place = place
        self.shuffle = shuffle
        super().__init__(
            module,
            criterion,
            train_split=None,
            verbose=0,
            device=None,  # the module is where it belongs
            **kwargs,
        )

    # -- components ------------------------------------------------------------------

    def get_default_callbacks(self) -> list[tuple[str, Callback]]:
        return []

    def initialize_module(self) -> "TensorNet":
        self.module_ = self.module
        owners = [m for m in self.module_.modules() if isinstance(m, OwnedRandomness)]
        if owners:
            generator = torch_generator(self.random_state, self.place.device)
            for owner in owners:
                owner.generator = generator
        return self

    def initialize_optimizer(self, triggered_directly: bool | None = None) -> Any:
        weights, others = decay_groups(self.module_)
        self.flat_ = FlatParameters([[*weights, *others]])
        n_weights = sum(p.numel() for p in weights)
        self._weights = self.flat_.data[:n_weights]
        self._weights_grad = self.flat_.grad[:n_weights]
        self.optimizer_ = self.make_optimizer()
        return self

    def make_optimizer(self) -> torch.optim.Optimizer | None:
        """Build the optimiser of the flat parameters."""
        kwargs = self.get_params_for("optimizer")
        kwargs.setdefault("lr", self.lr)
        return self.optimizer(self.flat_.groups, **kwargs)

    def _step_optimizer(self, step_fn: Any) -> None:
        self.optimizer_.step()

    # -- data ------------------------------------------------------------------------

    def get_split_datasets(
        self, X: TensorBundle, y: TensorBundle | None = None, **fit_params: Any
    ) -> tuple[TensorBundle, TensorBundle | None]:
        return X, y  # the estimator has split, before its encoder learnt

    def get_iterator(
        self, dataset: TensorBundle, training: bool = False
    ) -> Iterable[TensorBundle]:
        if training:
            source = self.random_state if self.shuffle else None
            return BundleBatches(dataset, self.batch_size, source)
        return BundleBatches(dataset, max(self.batch_size, 1024))

    # -- steps -----------------------------------------------------------------------

    def infer(self, x: dict, **fit_params: Any) -> Tensor:
        return self.module_(**x)

    def get_loss(
        self,
        y_pred: Tensor,
        y_true: Tensor,
        X: Any = None,
        training: bool = False,
        weight: Tensor | None = None,
    ) -> Tensor:
        return self.criterion_(y_pred, y_true, weight)

    def _set_training(self, training: bool = True) -> None:
        # Walking over all submodules in every batch costs more than a small layer.
        if self.module_.training != training:
            self.module_.train(training)

    def train_step_single(self, batch: TensorBundle, **fit_params: Any) -> dict:
        self._set_training(True)
        if self._backprop is not None:
            loss, y_pred = self._backprop(batch.inputs["x"], batch.target, batch.weight)
            return {"loss": loss, "y_pred": y_pred}
        self.flat_.zero_grad()
        with self.place.autocast():
            y_pred = self.infer(batch.inputs)
        if self.place.mixed:
            y_pred = y_pred.float()
        loss = self.get_loss(y_pred, batch.target, training=True, weight=batch.weight)
        loss.backward()
        return {"loss": loss.detach(), "y_pred": y_pred.detach()}

    def train_step(self, batch: TensorBundle, **fit_params: Any) -> dict:
        step = self.train_step_single(batch)
        if self.alpha > 0:
            strength = self.alpha / batch.total_weight
            penalty = sum_of_squares(self._weights) * (0.5 * strength)
            penalty_gradient_(self._weights_grad, self._weights, strength)
            step["penalty"] = penalty
        if self._watches("on_grad_computed"):
            self.notify(
                "on_grad_computed",
                named_parameters=list(self.get_all_learnable_params()),
                batch=batch,
                training=True,
            )
        self._step_optimizer(None)
        return step

    @torch.no_grad()
    def validation_step(self, batch: TensorBundle, **fit_params: Any) -> dict:
        self._set_training(False)
        y_pred = self.infer(batch.inputs)
        loss = self.get_loss(y_pred, batch.target, weight=batch.weight)
        return {"loss": loss, "y_pred": y_pred}

    # -- loop ------------------------------------------------------------------------

    def _watches(self, event: str) -> bool:
        """Whether any callback overrides `event`."""
        if event not in self._watched:
            own = getattr(Callback, event)
            self._watched[event] = any(
                getattr(type(callback), event, own) is not own
                for _, callback in self.callbacks_
            )
        return self._watched[event]

    def stop(self, reason: str) -> None:
        """Ask the loop to end after this epoch."""
        self.stop_reason_ = reason

    def fit_loop(
        self,
        X: TensorBundle,
        y: TensorBundle | None = None,
        epochs: int | None = None,
        **fit_params: Any,
    ) -> "TensorNet":
        self._watched: dict[str, bool] = {}
        self.stop_reason_ = None
        self.interrupted_ = False
        train, valid = self.get_split_datasets(X, y)
        self._backprop: Backprop | None = None
        if not self.place.mixed and Backprop.supports(
            self.module_, self.criterion_, train
        ):
            self._backprop = Backprop(self.module_, self.criterion_)
        try:
            self.run_epochs(train, valid, epochs or self.max_epochs)
        except KeyboardInterrupt:
            self.interrupted_ = True
        return self

    def run_epochs(
        self, train: TensorBundle, valid: TensorBundle | None, n_epochs: int
    ) -> None:
        """Train for `n_epochs`, or until a callback calls `stop`."""
        batches = self.get_iterator(train, training=True)
        valid_batches = None if valid is None else self.get_iterator(valid)
        for _ in range(n_epochs):
            started = time.perf_counter()
            self.notify("on_epoch_begin", dataset_train=train, dataset_valid=valid)
            self.run_single_epoch(batches, True, "train", self.train_step)
            self.run_single_epoch(valid_batches, False, "valid", self.validation_step)
            self.end_epoch(train, valid, started)
            if self.stop_reason_ is not None:
                break

    def end_epoch(
        self, train: TensorBundle, valid: TensorBundle | None, started: float
    ) -> None:
        """Complete the epoch's record and tell the callbacks."""
        if self.optimizer_ is not None:
            self.history.record("lr", self.optimizer_.param_groups[0]["lr"])
        self.history.record("dur", time.perf_counter() - started)
        try:
            self.notify("on_epoch_end", dataset_train=train, dataset_valid=valid)
        except KeyboardInterrupt:  # skorch's way to ask for an end
            self.stop("A callback asked to stop.")

    def run_single_epoch(
        self,
        iterator: Iterable[TensorBundle] | None,
        training: bool,
        prefix: str,
        step_fn: Any,
        **fit_params: Any,
    ) -> None:
        if iterator is None:
            return
        per_batch = self._watches("on_batch_begin") or self._watches("on_batch_end")
        losses, penalties, sizes, scores = [], [], [], []
        for batch in iterator:
            if per_batch:
                self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch)
            losses.append(step["loss"])
            if "penalty" in step:
                penalties.append(step["penalty"])
            sizes.append(len(batch) if training else batch.total_weight)
            if not training:
                scores.append(step["y_pred"])
            if per_batch:
                self.history.record_batch(prefix + "_loss", step["loss"].item())
                self.history.record_batch(prefix + "_batch_size", len(batch))
                self.notify("on_batch_end", batch=batch, training=training, **step)
        self.history.record(prefix + "_batch_count", len(losses))
        n_outputs = losses and step["y_pred"].shape[1]
        loss = self.criterion_.reported(_mean(losses, sizes), n_outputs)
        if penalties:
            loss += _mean(penalties, sizes)
        self.history.record(prefix + "_loss", loss)
        if training and not np.isfinite(loss):
            finite = torch.isfinite(torch.stack(losses)).cpu().numpy()
            self.raise_diverged(batch=int(finite.argmin()) + 1)
        if not training:
            self.valid_raw_ = torch.cat(scores)

    def raise_diverged(self, batch: int | None = None) -> None:
        """Raise the error that tells where the loss was lost, and what helps."""
        where = f"epoch {len(self.history)}"
        if batch is not None:
            where += f", batch {batch}"
        if self.optimizer_ is not None:
            where += f", at learning rate {self.optimizer_.param_groups[0]['lr']:g}"
        raise DivergedError(
            "Solver produced non-finite parameter weights. The input data may contain "
            "large values and need to be preprocessed. The loss became NaN or infinite "
            f"in {where}. Scale X (StandardScaler), lower learning_rate_init, "
            "or raise alpha."
        )


def _mean(values: list[Tensor], sizes: list) -> float:
    """Mean of scalars on a device, weighted by the sizes of their batches."""
    on_host = torch.stack(values).tolist()
    sizes = [float(size) for size in sizes]
    return math.fsum(map(operator.mul, on_host, sizes)) / math.fsum(sizes)
