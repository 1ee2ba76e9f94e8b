"""Full-batch training with SciPy's L-BFGS-B, as scikit-learn's MLP does it."""

import time
from typing import Any

import numpy as np
import torch
from scipy.optimize import OptimizeResult, minimize

from sknn_suite.data import BundleBatches, TensorBundle, as_tensor, make_batches
from sknn_suite.modules import AnyBatchNorm, OwnedRandomness
from sknn_suite.training._net import TensorNet

# Rows per forward pass. Gradients of the passes add up to that of all rows, so that
# memory does not grow with the data.
ROWS_PER_PASS = 4096


class LbfgsNet(TensorNet):
    """A TensorNet whose epochs are iterations of L-BFGS-B over all rows.

    Parameters
    ----------
    max_fun : int
        Evaluations of the loss that are allowed.
    tol : float
        Largest component of the projected gradient at which it ends.
    **kwargs : dict
        Parameters of TensorNet.

    Attributes
    ----------
    result_ : scipy.optimize.OptimizeResult
        SciPy's result of the run.
    """

    def __init__(self, *args: Any, max_fun: int, tol: float, **kwargs: Any) -> None:
        self.max_fun = max_fun
        self.tol = tol
        super().__init__(*args, **kwargs)

    def initialize_module(self) -> "LbfgsNet":
        for module in self.module.modules():
            draws = isinstance(module, OwnedRandomness) and getattr(module, "p", 1) > 0
            if draws or isinstance(module, AnyBatchNorm):
                raise ValueError(
                    f"solver='lbfgs' cannot train {type(module).__name__}, whose "
                    "output differs between two evaluations of the same rows. "
                    "Expected a net without dropout, batch norm and rrelu. "
                    "Choose solver='adam' or leave these out."
                )
        return super().initialize_module()

    def make_optimizer(self) -> None:
        return None  # SciPy updates the weights

    def run_epochs(
        self, train: TensorBundle, valid: TensorBundle | None, n_epochs: int
    ) -> None:
        passes = make_batches(train, ROWS_PER_PASS, device=self.place.device)
        total = float(len(train) if train.weight is None else train.weight.sum())
        valid_batches = None if valid is None else self.get_iterator(valid)
        started = time.perf_counter()

        def loss_and_grad(x: np.ndarray) -> tuple[float, np.ndarray]:
            self._set_weights(x)
            return self._evaluate_in_memory(passes, total)

        def end_iteration(intermediate_result: OptimizeResult) -> None:
            nonlocal started
            self._set_weights(intermediate_result.x)
            self.notify("on_epoch_begin", dataset_train=train, dataset_valid=valid)
            loss = self._reported(float(intermediate_result.fun), total)
            self.history.record("train_loss", loss)
            self.run_single_epoch(valid_batches, False, "valid", self.validation_step)
            self.gradient_.set_training()
            self.end_epoch(train, valid, started)
            started = time.perf_counter()
            if started > self._deadline:
                self.stop(f"max_time={self.recipe.max_time} seconds are over.")
            if self.stop_reason_ is not None:
                raise StopIteration

        self.gradient_.set_training()
        self.result_ = minimize(
            loss_and_grad,
            self.flat_.data.cpu().double().numpy(),
            method="L-BFGS-B",
            jac=True,
            options={"maxfun": self.max_fun, "maxiter": n_epochs, "gtol": self.tol},
            callback=end_iteration,
        )
        if not np.isfinite(self.result_.fun):
            self.raise_diverged()
        if len(self.history) == 0:  # it started at a minimum
            end_iteration(self.result_)
        self._set_weights(self.result_.x)

    def _reported(self, objective: float, total: float) -> float:
        """Loss as the other solvers report it, at the present weights."""
        penalty = float(self.recipe.penalty.value(self.weights_, total))
        n_models = self.models_.n
        loss = self.criterion_.reported(
            (objective - penalty) / n_models, self._n_outputs
        )
        return loss + penalty / n_models

    def _set_weights(self, x: np.ndarray) -> None:
        self.flat_.data.copy_(as_tensor(x))

    def _evaluate_in_memory(
        self, passes: BundleBatches, total: float
    ) -> tuple[float, np.ndarray]:
        """Evaluate; if a pass does not fit on the device, in ever smaller ones."""
        while True:
            n_rows = min(passes.batch_size, len(passes.bundle))
            try:
                return self._evaluate(passes, total)
            except torch.OutOfMemoryError:
                if n_rows == 1:
                    raise
            self.gradient_.row_limit.halve(n_rows)
            passes.batch_size = -(-n_rows // 2)

    def _evaluate(
        self, passes: BundleBatches, total: float
    ) -> tuple[float, np.ndarray]:
        self.flat_.zero_grad()
        loss = torch.zeros((), dtype=torch.float64)
        for batch in passes:
            share = batch.total_weight / total
            raw = self.module_(**batch.inputs)
            self._n_outputs = raw.shape[-1]
            losses = self.criterion_(raw, batch.target, batch.weight)
            part = losses.sum() * share
            part.backward()
            loss += part.detach().cpu()
        if self.recipe.penalty:
            penalty = self.recipe.penalty.add_gradient(
                self.weights_, self.weights_grad_, total
            )
            loss += penalty.cpu()
        return float(loss), self.flat_.grad.cpu().double().numpy().copy()
