"""The gradient of a batch: forward and backward, whole or in parts."""

from typing import Any

import torch
from torch import Tensor

from sknn_suite.data import TensorBundle
from sknn_suite.device import RowLimit, free_memory
from sknn_suite.doors import warn_user
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.training._backprop import Backprop
from sknn_suite.training._norms import batch_norms, is_frozen, set_training


class BatchGradient:
    """Mixin of nets that computes a batch's loss and gradient, in parts if need be.

    Whoever mixes it in has ``module_``, ``criterion_``, ``flat_``, ``generator_``,
    ``recipe`` and ``place``.
    """

    _backprop: Backprop | None
    _warned_of_memory: bool
    _n_parts: int
    row_limit_: RowLimit  # of passes without a gradient

    def _prepare_gradient(self: Any) -> None:
        """Cut batches as the parameters say; the module is not looked at yet."""
        self._backprop = None
        self._warned_of_memory = False
        self._n_parts = self.recipe.accumulate
        self.row_limit_ = RowLimit(self.place.device)

    def _choose_backprop(self: Any, train: TensorBundle) -> None:
        """Write the passes out if they are known for this module and these rows."""
        self._backprop = None
        written_out = (
            self._n_parts == 1
            and self.recipe.mixup is None
            and Backprop.supports(self.module_, self.criterion_, train)
        )
        if written_out:
            self._backprop = Backprop(
                self.module_, self.criterion_, self.flat_, self.place.mixed
            )

    def infer(self: Any, x: dict, **fit_params: Any) -> Tensor:
        return self.module_(**x)

    def get_loss(
        self: Any,
        y_pred: Tensor,
        y_true: Tensor,
        X: Any = None,
        training: bool = False,
        weight: Tensor | None = None,
    ) -> Tensor:
        return self.criterion_(y_pred, y_true, weight)

    def _set_training(self: Any, training: bool = True) -> None:
        # Walking over all submodules in every batch costs more than a small layer.
        if self.module_.training != training:
            set_training(self.module_, training)
            self.criterion_.train(training)

    def train_step_single(self: Any, batch: TensorBundle, **fit_params: Any) -> dict:
        self._set_training(True)
        if self._backprop is not None:
            loss, y_pred = self._backprop(batch.inputs["x"], batch.target, batch.weight)
            return {"loss": loss, "y_pred": y_pred}
        self.flat_.zero_grad()
        if self._n_parts == 1:
            return self._forward_and_backward(batch, 1.0)
        return self._accumulate(batch)

    def _forward_and_backward(self: Any, batch: TensorBundle, share: Any) -> dict:
        """Add `share` times the batch's gradient to that of the parameters."""
        mixup = self.recipe.mixup
        mixed = None
        if mixup is not None:
            batch, mixed = mixup(batch, self.generator_)
        with self.place.autocast():
            y_pred = self.infer(batch.inputs)
        if self.place.mixed:
            y_pred = y_pred.float()
        loss = self.get_loss(y_pred, batch.target, training=True, weight=batch.weight)
        if mixed is not None:
            other = self.get_loss(y_pred, mixed.target, weight=mixed.weight)
            loss = mixed.share * loss + (1 - mixed.share) * other
        (loss * share).backward()
        share = share / self.criterion_.n_networks(y_pred)
        return {
            "loss": loss.detach() * share,
            "y_pred": self.criterion_.merge(y_pred.detach()),
        }

    def _accumulate(self: Any, batch: TensorBundle) -> dict:
        """Gradient of a batch in parts, each small enough for the device's memory."""
        total = batch.total_weight
        n_rows = -(-len(batch) // self._n_parts)
        loss, parts = None, []
        for start in range(0, len(batch), n_rows):
            part = batch.slice(slice(start, start + n_rows))
            step = self._forward_and_backward(part, part.total_weight / total)
            loss = step["loss"] if loss is None else loss + step["loss"]
            parts.append(step["y_pred"])
        return {"loss": loss, "y_pred": torch.cat(parts)}

    def _infer_in_memory(self: Any, batch: TensorBundle) -> Tensor:
        """Raw scores of a batch; in parts if it does not fit on the device."""
        if self.row_limit_.rows is None:
            try:
                return self.infer(batch.inputs)
            except torch.OutOfMemoryError:
                if len(batch) == 1:
                    raise
            self.row_limit_.halve(len(batch))
        return self.row_limit_.map(
            lambda rows: self.infer(batch.slice(rows).inputs), len(batch)
        )

    def _train_step_in_memory(self: Any, batch: TensorBundle) -> dict:
        """Train on a batch; if it does not fit on the device, in ever smaller parts."""
        while True:
            try:
                return self.train_step_single(batch)
            except torch.OutOfMemoryError:
                if self._n_parts >= len(batch):
                    raise
            free_memory(self.place.device)
            self._n_parts *= 2
            self._backprop = None  # it does not cut batches
            if not self._warned_of_memory:
                self._warned_of_memory = True
                warn_user(
                    f"A batch of {len(batch)} rows does not fit into the memory of "
                    f"{self.place.device}. It is now cut into parts whose gradients "
                    f"add up{self._consequence()}. Lower batch_size, or raise "
                    "accumulate, to save the attempts.",
                    SuiteWarning,
                )

    def _consequence(self: Any) -> str:
        """Say what it means for the results that batches are cut into parts."""
        if not all(map(is_frozen, batch_norms(self.module_))):
            return "; each part has batch-norm statistics of its own"
        if not self.criterion_.is_mean_of_rows:
            return "; the loss looks at each part by itself"
        if self.generator_ is not None:
            return "; each part draws random numbers of its own"
        return ", so results stay the same"
