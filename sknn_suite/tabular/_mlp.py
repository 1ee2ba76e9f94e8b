"""What MLPClassifier and MLPRegressor share: tables in, `coefs_` and `intercepts_`."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from sknn_suite.checks import (
    check_layer_sizes,
    check_per_layer,
    check_table,
    check_table_and_target,
)
from sknn_suite.doors import Interval, StrOptions
from sknn_suite.encoding import TableEncoder
from sknn_suite.estimator import NeuralEstimator
from sknn_suite.modules import ACTIVATIONS, MLP
from sknn_suite.parameters import param, parameters


@parameters
class MLPEstimator(NeuralEstimator):
    """Multi-layer perceptron on tables of numbers, dense or sparse.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units of each hidden layer. Widen it first when the model underfits.

    activation : str, default="relu"
        Function of the hidden units: scikit-learn's "identity", "logistic", "tanh" and
        "relu", and torch.nn's elementwise ones by their snake_case names, such as
        "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign",
        "hard_sigmoid", "hardtanh", "rrelu"; also "cube" and "rational_tanh".

    dropout : float or array-like of float, default=0.0
        Probability, in [0, 1), that a hidden unit is set to zero in a training step;
        one number, or one per hidden layer. Raise it when the model overfits.

    batch_norm : bool, default=False
        Whether each hidden layer is batch-normalised before its activation.

    weight_init : {"auto", "glorot", "he", "orthogonal"}, default="auto"
        Distribution of the initial weights. "auto" is glorot, as scikit-learn draws
        it, for scikit-learn's activations and the nearly linear ones, and he for those
        that cut off negative input.
    """

    hidden_layer_sizes: int | Sequence[int] = param(
        (100,), "array-like", Interval(Integral, 1, None, closed="left"), kw_only=False
    )
    activation: str = param("relu", StrOptions(set(ACTIVATIONS)), kw_only=False)
    dropout: float | Sequence[float] = param(
        0.0, Interval(Real, 0, 1, closed="left"), "array-like"
    )
    batch_norm: bool = param(False, "boolean")
    weight_init: str = param("auto", StrOptions({"auto", "glorot", "he", "orthogonal"}))

    # Then the split is drawn after the weights, as scikit-learn does.
    _encoder_learns = False

    def _check_rows_and_target(
        self, X: Any, y: Any, *, reset: bool
    ) -> tuple[Any, np.ndarray]:
        return check_table_and_target(
            self, X, y, reset=reset, y_numeric=self._y_is_numeric
        )

    def _check_rows(self, X: Any) -> Any:
        return check_table(self, X)

    def _make_encoder(self) -> TableEncoder:
        return TableEncoder()

    def _configure_module(self) -> dict:
        sizes = check_layer_sizes(self.hidden_layer_sizes)
        dropout = check_per_layer("dropout", self.dropout, len(sizes))
        return {
            "n_inputs": self._encoder.n_features_,
            "hidden_layer_sizes": sizes,
            "n_outputs": self._n_outputs,
            "activation": self.activation,
            "dropout": dropout if any(dropout) else (),
            "batch_norm": self.batch_norm,
        }

    def _build_module(self, config: dict) -> MLP:
        return MLP(**config)

    def _init_module(self, module: Any) -> None:
        module.reset_parameters(self.weight_init, self._random_state)

    # `coefs_` and `intercepts_` are where the weights live, and predictions read them:
    # assigning, or editing in place, works as with scikit-learn's.

    def _keep_weights(self, weights: dict[str, np.ndarray]) -> None:
        self._module_state = dict(weights)
        n_layers = len(self._config["hidden_layer_sizes"]) + 1
        pop = self._module_state.pop
        dtype = self._input_dtype
        self.coefs_ = [
            pop(f"linears.{i}.weight").T.astype(dtype, copy=False)
            for i in range(n_layers)
        ]
        self.intercepts_ = [
            pop(f"linears.{i}.bias").astype(dtype, copy=False) for i in range(n_layers)
        ]
        self.n_layers_ = n_layers + 1
        self.n_outputs_ = len(self.intercepts_[-1])

    def _weights(self) -> dict[str, np.ndarray]:
        weights = dict(getattr(self, "_module_state", {}))
        for i, (coef, intercept) in enumerate(zip(self.coefs_, self.intercepts_)):
            weights[f"linears.{i}.weight"] = np.asarray(coef).T
            weights[f"linears.{i}.bias"] = np.asarray(intercept)
            self._check_assigned(i, np.shape(coef), np.shape(intercept))
        return weights

    def _check_assigned(self, i: int, coef: tuple, intercept: tuple) -> None:
        """Refuse weights of a shape that the network does not have."""
        config = self._config
        sizes = [config["n_inputs"], *config["hidden_layer_sizes"], config["n_outputs"]]
        expected = (sizes[i], sizes[i + 1])
        if coef != expected or intercept != expected[1:]:
            raise ValueError(
                f"coefs_[{i}] has the shape {coef} and intercepts_[{i}] {intercept}. "
                f"Expected {expected} and {expected[1:]}, the architecture that "
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} and the data give. "
                "Assign weights of that shape, or set warm_start=False to start anew."
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.array_api_support = True
        return tags
