"""TensorNet: skorch's NeuralNet, fed bundles instead of data sets and loaders."""

import math
import operator
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.exceptions import SkorchException
from torch import Tensor, nn

from sknn_suite.data import BundleBatches, TensorBundle, make_batches
from sknn_suite.device import Place
from sknn_suite.doors import torch_generator
from sknn_suite.exceptions import DivergedError
from sknn_suite.losses import Loss
from sknn_suite.modules import OwnedRandomness
from sknn_suite.training._averaging import AveragedWeights
from sknn_suite.training._callbacks import explain_not_found, is_own, watches
from sknn_suite.training._codes import CodePredictions
from sknn_suite.training._divergence import end_with_best, what_to_scale
from sknn_suite.training._flat import FlatParameters, is_weight
from sknn_suite.training._gradient import BatchGradient
from sknn_suite.training._models import Models
from sknn_suite.training._optimizers import build_optimizer
from sknn_suite.training._progress import Progress
from sknn_suite.training._recipe import TrainingRecipe
from sknn_suite.training._regularization import by_unit, clip_value, limit_unit_norms
from sknn_suite.training._state import forget, scale_momentum


class TensorNet(NeuralNet):
    """A NeuralNet that is fed bundles: ``net.fit(train, valid)``.

    It overrides skorch's documented hooks, so that skorch's callbacks, history and
    parameters keep working. Inside an epoch nothing is read back to Python, and
    callbacks are called only for the events that they override.

    Parameters
    ----------
    module : nn.Module
        Initialised module on its device; it is trained in place.
    criterion : Loss
        The loss.
    recipe : TrainingRecipe
        What is done in each step.
    random_state : RandomState
        Shuffles rows and seeds dropout; it is advanced.
    place : Place
        Where and in which types to compute.
    progress : Progress
        How far convergence has come; changed in place.
    recovery : Recovery or None
        What is done when the loss becomes NaN or infinite; None raises.
    optimizer : type of Optimizer
        The optimiser.
    elementwise : bool, default=True
        Whether the optimiser treats each number alike, so that it can be given the
        flat buffers in place of the parameters.
    shuffle : bool, default=True
        Whether rows are shuffled before each epoch.
    class_shares : tuple of float or None, default=None
        Share of each class in a training batch, see `BundleBatches`.
    **kwargs : dict
        Parameters of skorch's NeuralNet.

    Attributes
    ----------
    flat_ : FlatParameters
        Buffers of all trained parameters and their gradients.
    models_ : Models
        The models that the module holds, and the part of the buffers that each has.
    gradient_ : BatchGradient
        Computes losses, scores and gradients of batches.
    averaged_ : AveragedWeights
        Puts averaged weights in place of the trained ones.
    """

    # Why training ended before its last epoch, if it did.
    stop_reason_: str | None = None

    # torch's optimiser; lbfgs has none.
    optimizer_: Any

    def __init__(
        self,
        module: nn.Module,
        criterion: Loss,
        *,
        recipe: TrainingRecipe,
        random_state: np.random.RandomState,
        place: Place,
        progress: Progress,
        recovery: Any = None,
        elementwise: bool = True,
        shuffle: bool = True,
        class_shares: tuple[float, ...] | None = None,
        **kwargs: Any,
    ) -> None:
        self.recipe = recipe
        self.progress = progress
        self.recovery = recovery
        self.random_state = random_state
        self.place = place
        self.elementwise = elementwise
        self.shuffle = shuffle
        self.class_shares = class_shares
        super().__init__(
            module,
            criterion,
            train_split=None,
            verbose=0,
            device=None,  # the module is on its device already
            **kwargs,
        )

    # -- components ------------------------------------------------------------------

    def get_default_callbacks(self) -> list[tuple[str, Callback]]:
        return []

    def initialize_module(self) -> "TensorNet":
        self.module_ = self.module
        self.generator_: torch.Generator | None = None
        owners = [m for m in self.module_.modules() if isinstance(m, OwnedRandomness)]
        if owners or self.recipe.mixup is not None:
            self.generator_ = torch_generator(self.random_state, self.place.device)
        for owner in owners:
            owner.generator = self.generator_
        return self

    def initialize_optimizer(self, triggered_directly: bool | None = None) -> Any:
        segments = self.recipe.groups.segments(self.module_)
        self.flat_ = FlatParameters([segment.parameters for segment in segments])
        self.models_ = Models(self.module_, self.flat_)
        self._find_weights(epoch=1)
        self._epochs_before = self.recipe.groups.epochs_before
        self._weight_matrices = [
            p for s in segments for p in s.parameters if is_weight(p)
        ]
        self.optimizer_ = self.make_optimizer()
        self._find_trained_groups(epoch=1)
        self._restored: dict | None = None
        self.gradient_ = BatchGradient(
            self.module_,
            self.criterion_,
            self.flat_,
            self.recipe,
            self.place,
            self.generator_,
        )
        self.averaged_ = AveragedWeights(
            self.recipe.average, self.module_, self.flat_, self.gradient_.row_limit
        )
        return self

    def move(self, data: Tensor, grad: Tensor) -> None:
        """Keep parameters and gradients in other memory from now on."""
        self.flat_.move(data, grad)
        self.models_ = Models(self.module_, self.flat_)
        self._find_weights(self.epoch_)
        self.gradient_.forget_passes()

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Give the module the averaged weights for a while, if there are any."""
        with self.averaged_.in_place(self.batches_, self.epoch_):
            yield

    def _find_weights(self, epoch: int) -> None:
        """Find the weights to which penalties apply in `epoch`."""
        n_weights = self.recipe.groups.n_decaying(epoch)
        self.weights_ = self.flat_.data[:n_weights]
        self.weights_grad_ = self.flat_.grad[:n_weights]

    def _find_trained_groups(self, epoch: int) -> None:
        """Find the optimiser's groups that are not frozen in `epoch`."""
        groups = [] if self.optimizer_ is None else self.optimizer_.param_groups
        is_frozen = self.recipe.groups.is_frozen
        self.trained_groups_ = [g for g in groups if not is_frozen(g["thaws"], epoch)]

    def make_optimizer(self) -> torch.optim.Optimizer | None:
        """Build the optimiser of all parameters that are or will be trained."""
        kwargs = self.get_params_for("optimizer")
        groups = self.recipe.groups.for_optimizer(
            self.flat_,
            elementwise=self.elementwise,
            rate=self.recipe.schedule.current,
            **kwargs,
        )
        rate = self.recipe.schedule.current
        return build_optimizer(self.optimizer, groups, rate, kwargs)

    @property
    def rate_(self) -> float:
        """Learning rate of the next step, of layers without their own share."""
        for group in reversed(self.optimizer_.param_groups):
            if group["lr"] > 0:
                return group["lr"] / group["share"]
        return self.recipe.schedule.current

    def follow_schedule(self) -> None:
        """Set the schedule's learning rate; each parameter group takes its share.

        Frozen groups have the rate zero, and their gradients are never computed.
        """
        schedule = self.recipe.schedule
        old_rate, rate = self.rate_, schedule.current
        if self.recipe.groups.unfreeze_every is not None:
            self._thaw()
        self._set_rate(rate)
        if schedule.kind in ("invscaling", "adaptive") and rate != old_rate:
            # scikit-learn's velocity is in units of the weights, torch's in units of
            # the gradient. Scaled like this, both make the same steps.
            scale_momentum(self.optimizer_, old_rate / rate)

    def _thaw(self) -> None:
        """Find what is trained in this epoch; newly trained weights start anew."""
        self._find_weights(self.epoch_)
        self._find_trained_groups(self.epoch_)
        for group in self.optimizer_.param_groups:
            if group["thaws"] > 0 and group["lr"] == 0 and self.epoch_ > 1:
                forget(self.optimizer_, group)  # its state from before it was trained
            group["lr"] = 0.0

    def follow_within_epoch(self) -> None:
        """Do what `follow_schedule` does, as far as a step may change it."""
        schedule = self.recipe.schedule
        if schedule.kind in ("invscaling", "adaptive"):
            self.follow_schedule()
        else:
            self._set_rate(schedule.current)

    def _set_rate(self, rate: float) -> None:
        for group in self.trained_groups_:
            group["lr"] = rate * group["share"]

    # -- data ------------------------------------------------------------------------

    def get_split_datasets(
        self, X: TensorBundle, y: TensorBundle | None = None, **fit_params: Any
    ) -> tuple[TensorBundle, TensorBundle | None]:
        return X, y  # the estimator has split, before its encoder learnt

    def get_iterator(
        self, dataset: TensorBundle, training: bool = False
    ) -> BundleBatches:
        if training:
            source = self.random_state if self.shuffle else None
            where = self.place.device
            shares = self.class_shares
            return make_batches(dataset, self.batch_size, source, where, shares)
        n_rows = max(self.batch_size, self.recipe.valid_rows)
        return make_batches(dataset, n_rows, device=self.place.device)

    # -- steps -----------------------------------------------------------------------

    def train_step(self, batch: TensorBundle, **fit_params: Any) -> dict:
        recipe = self.recipe
        step = self.gradient_.of_batch(batch)
        if recipe.penalty:
            step["penalty"] = recipe.penalty.add_gradient(
                self.weights_, self.weights_grad_, batch.total_weight
            )
        if self._watches("on_grad_computed"):
            self.notify(
                "on_grad_computed",
                named_parameters=list(self.get_all_learnable_params()),
                batch=batch,
                training=True,
            )
        self.limit_gradient()
        self.optimizer_.step()
        self.after_step()
        return step

    def limit_gradient(self) -> None:
        """Clip the gradient, if there are limits."""
        recipe = self.recipe
        if recipe.max_grad_value is not None:
            clip_value(self.flat_.grad, recipe.max_grad_value)
        if recipe.max_grad_norm is not None:
            self.models_.clip_norms(recipe.max_grad_norm)

    def after_step(self) -> None:
        """Limit the weights that a step has changed, and average them."""
        recipe = self.recipe
        if recipe.max_norm is not None:
            trained = [p for p in self._weight_matrices if p.requires_grad]
            limit_unit_norms(by_unit(self.module_, trained), recipe.max_norm)
        if recipe.average is not None:
            recipe.average.after_step(self.flat_.data)

    @torch.no_grad()
    def validation_step(self, batch: TensorBundle, **fit_params: Any) -> dict:
        self.gradient_.set_training(False)
        y_pred = self.gradient_.scores(batch)
        loss = self.criterion_(y_pred, batch.target, batch.weight)
        return {"loss": loss.mean(), "y_pred": y_pred}

    def infer(self, x: dict, **fit_params: Any) -> Tensor:
        return self.module_(**x)

    def get_loss(
        self, y_pred: Tensor, y_true: Tensor, *args: Any, **kwargs: Any
    ) -> Tensor:
        return self.criterion_(y_pred, y_true, kwargs.get("weight")).sum()

    # -- for skorch's scoring callbacks ----------------------------------------------

    @property
    def classes_(self) -> np.ndarray:
        """Codes of the classes; the estimator knows their labels."""
        return np.arange(max(2, self.n_outputs_))

    def _get_predict_nonlinearity(self) -> Any:
        return CodePredictions(self.criterion_).probabilities

    def predict(self, X: TensorBundle) -> np.ndarray:
        return CodePredictions(self.criterion_).decide(self.predict_proba(X))

    def __sklearn_tags__(self) -> Any:
        return CodePredictions(self.criterion_).tell(super().__sklearn_tags__())

    # -- loop ------------------------------------------------------------------------

    @property
    def row_(self) -> dict[str, Any]:
        """The record of the epoch in progress."""
        return list.__getitem__(self.history, -1)  # a History copies itself for it

    @property
    def epoch_(self) -> int:
        """The epoch in progress, counted from 1."""
        return len(self.history)

    def initialize_callbacks(self) -> "TensorNet":
        super().initialize_callbacks()
        self.find_listeners()
        return self

    def find_listeners(self) -> None:
        """Look anew which callbacks listen to an event, when it comes."""
        self._listeners: dict[str, list[Callback]] = {}

    def _who_watches(self, event: str) -> list[Callback]:
        """Find the callbacks that override `event`."""
        found = self._listeners.get(event)
        if found is None:
            found = [cb for _, cb in self.callbacks_ if watches(cb, event)]
            self._listeners[event] = found
        return found

    def _watches(self, event: str) -> bool:
        """Whether any callback overrides `event`."""
        return bool(self._who_watches(event))

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        """Tell this net, and the callbacks that override it, of an event."""
        getattr(self, method_name)(self, **cb_kwargs)
        for callback in self._who_watches(method_name):
            getattr(callback, method_name)(self, **cb_kwargs)

    def stop(self, reason: str) -> None:
        """Ask the loop to end: after this epoch, or after this batch within one."""
        self.stop_reason_ = reason

    def fit_loop(
        self,
        X: TensorBundle,
        y: TensorBundle | None = None,
        epochs: int | None = None,
        **fit_params: Any,
    ) -> "TensorNet":
        train, valid = self.get_split_datasets(X, y)
        self.prepare(train)
        try:
            self.run_epochs(train, valid, epochs or self.max_epochs)
        except KeyboardInterrupt:
            self.interrupted_ = True
        except DivergedError as error:
            end_with_best(self, error)
        return self

    def prepare(self, train: TensorBundle, *, chooses_passes: bool = True) -> None:
        """Prepare for steps on the rows of `train`; a pack has passes of its own."""
        self.interrupted_ = False
        self.out_of_time_ = False
        self.stop_reason_ = None
        self._deadline = math.inf
        if self.recipe.max_time is not None:
            self._deadline = time.perf_counter() + self.recipe.max_time
        self.batches_ = self.get_iterator(train, training=True)
        if chooses_passes:
            self.gradient_.choose_passes(train)
        if self._restored is not None:
            self.stop_reason_ = self._restored["stop_reason"]
            self.batches_.go_on(self._restored["order"])
            self._restored = None

    def run_epochs(
        self, train: TensorBundle, valid: TensorBundle | None, n_epochs: int
    ) -> None:
        """Train up to epoch `n_epochs`, or until a callback calls `stop`."""
        valid_batches = None if valid is None else self.get_iterator(valid)
        while self.epoch_ < n_epochs and self.stop_reason_ is None:
            started = time.perf_counter()
            self.begin_epoch(train, valid)
            self.train_epoch()
            self.validate(valid_batches)
            self.end_epoch(train, valid, started)

    def begin_epoch(self, train: TensorBundle, valid: TensorBundle | None) -> None:
        """Tell the callbacks and the average that an epoch begins."""
        self.notify("on_epoch_begin", dataset_train=train, dataset_valid=valid)
        average, epoch = self.recipe.average, self.epoch_ + self._epochs_before
        if average is not None:
            average.begin_epoch(epoch)

    def validate(self, valid_batches: BundleBatches | None) -> None:
        """Average the weights of the epoch, and score the validation rows."""
        average, epoch = self.recipe.average, self.epoch_ + self._epochs_before
        if average is not None:
            average.after_epoch(self.flat_.data, epoch)
        if valid_batches is not None:
            with self.averaged_weights():
                self.run_single_epoch(
                    valid_batches, False, "valid", self.validation_step
                )

    def train_epoch(self) -> None:
        """Train for an epoch; repeat it more slowly if the loss becomes NaN."""
        self.gradient_.respect_hooks()
        while True:
            try:
                self.run_single_epoch(self.batches_, True, "train", self.train_step)
                if self.recovery is not None and not self.flat_.data.isfinite().all():
                    self.raise_diverged()
            except DivergedError as error:
                if self.recovery is None:
                    raise
                self.recovery.recover(self, error)
            else:
                return

    def end_epoch(
        self, train: TensorBundle, valid: TensorBundle | None, started: float
    ) -> None:
        """Complete the epoch's record and tell the callbacks."""
        if self.optimizer_ is not None:
            self.row_["lr"] = self.rate_
        self.row_["dur"] = time.perf_counter() - started
        try:
            self.notify("on_epoch_end", dataset_train=train, dataset_valid=valid)
        except KeyboardInterrupt:
            # skorch's callbacks ask for an end in this way; our own do not, so then it
            # is the user's Ctrl-C.
            if all(map(is_own, dict(self.callbacks_).values())):
                raise
            self.stop("A callback asked to stop.")
        except (KeyError, ValueError, SkorchException) as error:
            explain_not_found(error, self.row_)
            raise

    def run_single_epoch(
        self,
        iterator: BundleBatches | None,
        training: bool,
        prefix: str,
        step_fn: Any,
        **fit_params: Any,
    ) -> None:
        if iterator is None:
            return
        per_batch = self._watches("on_batch_begin") or self._watches("on_batch_end")
        schedule = self.recipe.schedule
        losses, penalties, sizes, scores = [], [], [], []
        parts: dict[str, list[Tensor]] = {n: [] for n in self.criterion_.part_names}
        for batch in iterator:
            if per_batch:
                self.notify("on_batch_begin", batch=batch, training=training)
            if training and not schedule.is_constant:
                self.follow_within_epoch()
            if self.criterion_.follows_progress:
                self.criterion_.progress = self._progress(training, len(iterator))
            step = step_fn(batch)
            losses.append(step["loss"])
            sizes.append(len(batch) if training else batch.total_weight)
            if parts:
                for name, value in self.criterion_.parts().items():
                    parts[name].append(value)
            if training:
                schedule.after_batch(self._share_of_time)
                if "penalty" in step:
                    penalties.append(step["penalty"])
            else:
                scores.append(step["y_pred"])
            if per_batch:
                self.history.record_batch(prefix + "_loss", step["loss"].item())
                self.history.record_batch(prefix + "_batch_size", len(batch))
                shown = step | {"y_pred": _of_all_models(step["y_pred"])}
                self.notify("on_batch_end", batch=batch, training=training, **shown)
                if training and self.stop_reason_ is not None:
                    break
            if training and time.perf_counter() > self._deadline:
                self.stop(f"max_time={self.recipe.max_time} seconds are over.")
                self.out_of_time_ = True
                break
        self.n_outputs_ = step["y_pred"].shape[-1]
        if training and not per_batch:
            self.begin_batches()
        on_host = {name: torch.stack(values).tolist() for name, values in parts.items()}
        self.record_pass(
            prefix,
            torch.stack(losses).tolist(),
            [float(size) for size in sizes],
            torch.stack(penalties).tolist() if penalties else (),
            on_host,
        )
        if not training:
            self.valid_raw_ = torch.cat(scores, dim=-2)

    def begin_batches(self) -> None:
        """Begin a record of batches; some of skorch's callbacks look for one."""
        self.row_["batches"].append({})

    def record_pass(
        self,
        prefix: str,
        losses: Sequence[float],
        sizes: Sequence[float],
        penalties: Sequence[float] = (),
        parts: Mapping[str, Sequence[float]] = MappingProxyType({}),
    ) -> None:
        """Record the loss of an epoch's batches.

        Parameters
        ----------
        prefix : {"train", "valid"}
            What the batches are.
        losses, sizes, penalties : sequence of float
            Loss of each batch, its weight in the mean, and its penalty, if any.
        parts : dict of str to sequence of float
            Further parts of the losses.

        Raises
        ------
        DivergedError
            If the loss in training is not finite.
        """
        row = self.row_
        row[prefix + "_batch_count"] = len(losses)
        loss = self.criterion_.reported(_mean(losses, sizes), self.n_outputs_)
        if penalties:
            loss += _mean(penalties, sizes) / self.models_.n
        row[prefix + "_loss"] = loss
        for name, values in parts.items():
            row[f"{prefix}_{name}"] = _mean(values, sizes)
        if prefix != "train":
            return
        self.first_loss_ = losses[0]
        if not math.isfinite(loss):
            finite = [math.isfinite(value) for value in losses]
            self.raise_diverged(batch=finite.index(min(finite)) + 1)

    @property
    def _share_of_time(self) -> float:
        """Share of `max_time` that is over, 0 without a limit."""
        limit = self.recipe.max_time
        if limit is None:
            return 0.0
        return 1 - (self._deadline - time.perf_counter()) / limit

    def _progress(self, training: bool, n_batches: int) -> float:
        """How much of the training is over, in [0, 1]; validation is at the end."""
        if not training:
            return 1.0
        return min(self.recipe.schedule.n_steps / (self.max_epochs * n_batches), 1.0)

    def raise_diverged(self, batch: int | None = None) -> None:
        """Raise the error that says where the loss became NaN, and what helps."""
        where = f"epoch {self.epoch_}"
        if batch is not None:
            where += f", batch {batch}"
        if self.optimizer_ is not None:
            where += f", at learning rate {self.rate_:g}"
        raise DivergedError(
            "Solver produced non-finite parameter weights. The input data may contain "
            "large values and need to be preprocessed. The loss became NaN or infinite "
            f"in {where}. {what_to_scale(self)}, lower learning_rate_init, "
            "or raise alpha."
        )


def _of_all_models(raw: Tensor) -> Tensor:
    """Mean of the raw scores of all models, (n_samples, n_outputs)."""
    return raw.mean(dim=0) if raw.dim() == 3 else raw


def _mean(values: Sequence[float], sizes: Sequence[float]) -> float:
    """Mean of numbers, weighted by the sizes of their batches."""
    return math.fsum(map(operator.mul, values, sizes)) / math.fsum(sizes)
