"""TableTask: tables of numbers, dense or sparse, for a multi-layer perceptron."""

from typing import Any

import numpy as np
import torch

from sknn_suite.checks import (
    check_layer_sizes,
    check_per_layer,
    check_table,
    check_table_and_target,
)
from sknn_suite.data import as_tensor
from sknn_suite.encoding import TableEncoder
from sknn_suite.estimator import FittedNet, Rows, SupervisedTask
from sknn_suite.modules import Network, settle_init
from sknn_suite.training import FitPlan


class TableTask(SupervisedTask):
    """Rows as they are, and a multi-layer perceptron."""

    # Then the split is drawn after the weights, as scikit-learn does.
    encoder_learns = False

    # Weights to begin with, assigned before a first call of partial_fit.
    assigned: tuple[list, list] | None = None

    def check(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        estimator = self.of.estimator
        if partial and not resume and hasattr(estimator, "coefs_"):
            self.assigned = estimator.coefs_, estimator.intercepts_
        return super().check(X, y, sample_weight, resume=resume, partial=partial)

    def check_both(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, np.ndarray]:
        numeric = self.objective.y_is_numeric
        return check_table_and_target(self.of, X, y, reset=reset, y_numeric=numeric)

    def check_rows(self, X: Any) -> Any:
        return check_table(self.of, X)

    def encoder(self) -> TableEncoder:
        return TableEncoder()

    def network(self, encoder: TableEncoder) -> Network:
        sizes = check_layer_sizes(self.of.hidden_layer_sizes)
        dropout = check_per_layer("dropout", self.of.dropout, len(sizes))
        config = {
            "n_inputs": encoder.n_features_,
            "hidden_layer_sizes": sizes,
            "n_outputs": self.objective.n_outputs,
            "activation": self.of.activation,
            "dropout": dropout if any(dropout) else (),
            "batch_norm": self.of.batch_norm,
        }
        return Network("mlp", config)

    def draw(
        self, module: Any, encoder: Any, random_state: np.random.RandomState
    ) -> None:
        module.reset_parameters(self.of.weight_init, random_state)
        if self.assigned is not None:
            for linear, coef, intercept in zip(module.linears, *self.assigned):
                with torch.no_grad():
                    linear.weight.copy_(as_tensor(np.asarray(coef).T))
                    linear.bias.copy_(as_tensor(np.asarray(intercept)))

    def settled(self, plan: FitPlan) -> dict[str, Any]:
        return {"weight_init_": settle_init(self.of.weight_init, self.of.activation)}

    def show(self, net: FittedNet, rows: Rows, random_state: Any) -> dict[str, Any]:
        layers = range(len(net.network.config["hidden_layer_sizes"]) + 1)
        coefs = [net.weights[f"linears.{i}.weight"].T for i in layers]
        intercepts = [net.weights[f"linears.{i}.bias"] for i in layers]
        return {
            "coefs_": coefs,
            "intercepts_": intercepts,
            "n_layers_": len(coefs) + 1,
            "n_outputs_": len(intercepts[-1]),
        }
