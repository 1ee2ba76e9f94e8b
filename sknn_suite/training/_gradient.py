"""The gradient of a batch: forward and backward, whole or in parts."""

from typing import Any

import torch
from torch import Tensor, nn

from sknn_suite.data import TensorBundle
from sknn_suite.device import Place, RowLimit, free_memory
from sknn_suite.doors import warn_user
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.losses import Loss
from sknn_suite.training._backprop import Backprop
from sknn_suite.training._flat import FlatParameters
from sknn_suite.training._norms import batch_norms, is_frozen, set_training
from sknn_suite.training._recipe import TrainingRecipe

# Where torch keeps hooks of modules and of their parameters.
_HOOKS_OF_MODULES = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
)
_HOOKS_OF_PARAMETERS = ("_backward_hooks", "_post_accumulate_grad_hooks")


class Hooks:
    """The hooks of a module, its parts and its parameters.

    Where torch keeps them is looked up once: a walk over the parts takes longer than a
    batch of a small network.

    Parameters
    ----------
    module : nn.Module
        The module.
    """

    def __init__(self, module: nn.Module) -> None:
        self._of_modules = [
            getattr(part, name, {})
            for part in module.modules()
            for name in _HOOKS_OF_MODULES
        ]
        self._parameters = list(module.parameters())

    def __bool__(self) -> bool:
        """Whether any is registered."""
        return any(self._of_modules) or any(
            getattr(p, name, None)
            for p in self._parameters
            for name in _HOOKS_OF_PARAMETERS
        )


class BatchGradient:
    """Loss and gradient of batches; the gradient is written to the flat buffer.

    Parameters
    ----------
    module : nn.Module
        The module in training.
    loss : Loss
        The loss.
    flat : FlatParameters
        Buffers of parameters and gradients.
    recipe : TrainingRecipe
        How batches are changed and cut.
    place : Place
        Where and in which types to compute.
    generator : torch.Generator or None
        Source of the random changes of batches.

    Attributes
    ----------
    row_limit : RowLimit
        Rows at once in passes without a gradient.
    """

    def __init__(
        self,
        module: nn.Module,
        loss: Loss,
        flat: FlatParameters,
        recipe: TrainingRecipe,
        place: Place,
        generator: torch.Generator | None,
    ) -> None:
        self.module = module
        self.loss = loss
        self.flat = flat
        self.place = place
        self.mixup = recipe.mixup
        self.generator = generator
        self.row_limit = RowLimit(place.device)
        self._n_parts = recipe.accumulate
        self._warned_of_memory = False
        self._backprop: Backprop | None = None

    def choose_passes(self, train: TensorBundle) -> None:
        """Use the passes written out if they suit this module and these rows."""
        if self._n_parts > 1 or self.mixup is not None:
            return
        if not Backprop.supports(self.module, self.loss, train, self.place.mixed):
            self._backprop = None
        elif self._backprop is None:
            module: Any = self.module
            self._hooks = Hooks(module)
            self._backprop = Backprop(module, self.loss, self.flat, self.place.mixed)

    def forget_passes(self) -> None:
        """Leave the passes to torch, until they are chosen again."""
        self._backprop = None

    def respect_hooks(self) -> None:
        """Leave the passes to torch if a hook was registered: only torch calls hooks.

        Checked before each epoch, since callbacks may register one.
        """
        if self._backprop is not None and self._hooks:
            self._backprop = None

    def set_training(self, training: bool = True) -> None:
        """Set the mode of module and loss."""
        # Walking over all submodules in every batch costs more than a small layer.
        if self.module.training != training:
            set_training(self.module, training)
        if self.loss.training != training:
            self.loss.train(training)

    def of_batch(self, batch: TensorBundle) -> dict[str, Any]:
        """Write the gradient of a batch; return its loss and raw scores.

        If it does not fit on the device, it is computed in ever smaller parts.
        """
        while True:
            try:
                return self._of_batch(batch)
            except torch.OutOfMemoryError:
                if self._n_parts >= len(batch):
                    raise
            free_memory(self.place.device)
            self._n_parts *= 2
            self._backprop = None  # it does not cut batches
            self._warn_of_memory(len(batch))

    def scores(self, batch: TensorBundle) -> Tensor:
        """Raw scores of a batch; in parts if it does not fit on the device."""
        if self.row_limit.rows is None:
            try:
                return self.module(**batch.inputs)
            except torch.OutOfMemoryError:
                if len(batch) == 1:
                    raise
            self.row_limit.halve(len(batch))
        return self.row_limit.map(
            lambda rows: self.module(**batch.slice(rows).inputs), len(batch), dim=-2
        )

    def _of_batch(self, batch: TensorBundle) -> dict[str, Any]:
        self.set_training()
        if self._backprop is not None:
            loss, y_pred = self._backprop(batch.inputs["x"], batch.target, batch.weight)
            return {"loss": loss, "y_pred": y_pred}
        self.flat.zero_grad()
        if self._n_parts == 1:
            return self._forward_and_backward(batch, 1.0)
        return self._accumulate(batch)

    def _forward_and_backward(self, batch: TensorBundle, share: Any) -> dict[str, Any]:
        """Add `share` times the batch's gradient to that of the parameters."""
        mixed = None
        if self.mixup is not None:
            batch, mixed = self.mixup(batch, self.generator)
        with self.place.autocast():
            y_pred = self.module(**batch.inputs)
        if self.place.mixed:
            y_pred = y_pred.float()
        loss = self.loss(y_pred, batch.target, batch.weight)
        if mixed is not None:
            other = self.loss(y_pred, mixed.target, mixed.weight)
            loss = mixed.share * loss + (1 - mixed.share) * other
        # With the sum over models each learns as if it were alone; the mean is
        # reported.
        (loss * share).sum().backward()
        return {"loss": loss.detach().mean() * share, "y_pred": y_pred.detach()}

    def _accumulate(self, batch: TensorBundle) -> dict[str, Any]:
        """Gradient of a batch in parts, each small enough for the device's memory."""
        total = batch.total_weight
        n_rows = -(-len(batch) // self._n_parts)
        loss, parts = None, []
        for start in range(0, len(batch), n_rows):
            part = batch.slice(slice(start, start + n_rows))
            step = self._forward_and_backward(part, part.total_weight / total)
            loss = step["loss"] if loss is None else loss + step["loss"]
            parts.append(step["y_pred"])
        return {"loss": loss, "y_pred": torch.cat(parts, dim=-2)}

    def _warn_of_memory(self, n_rows: int) -> None:
        if self._warned_of_memory:
            return
        self._warned_of_memory = True
        warn_user(
            f"A batch of {n_rows} rows does not fit into the memory of "
            f"{self.place.device}. It is now cut into parts whose gradients "
            f"add up{self._consequence()}. Lower batch_size, or raise "
            "accumulate, to save time.",
            SuiteWarning,
        )

    def _consequence(self) -> str:
        """Say how cutting batches into parts changes the results."""
        if not all(map(is_frozen, batch_norms(self.module))):
            return "; each part has its own batch-norm statistics"
        if not self.loss.is_mean_of_rows:
            return "; the loss looks at each part by itself"
        if self.generator is not None:
            return "; each part draws its own random numbers"
        return ", so results stay the same"
