"""What MLPClassifier and MLPRegressor share: tables in, `coefs_` and `intercepts_`."""

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral, Real

import numpy as np

from sknn_suite.doors import Interval, StrOptions
from sknn_suite.estimator import (
    FittedNet,
    LiveModule,
    SupervisedEstimator,
    same_objects,
)
from sknn_suite.modules import ACTIVATIONS
from sknn_suite.parameters import param, parameters


@parameters(group="network")
class MLPEstimator(SupervisedEstimator):
    """Multi-layer perceptron on tables of numbers, dense or sparse.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Number of units in each hidden layer. Raise it first when the model underfits.

    activation : str, default="relu"
        Activation function of the hidden units: "identity", "logistic", "tanh" and
        "relu" as in scikit-learn; torch.nn's elementwise functions by their snake_case
        names, such as "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus",
        "softsign", "hard_sigmoid", "hardtanh", "rrelu"; also "cube" and
        "rational_tanh".

    dropout : float or array-like of float, default=0.0
        Probability, in [0, 1), that a hidden unit is set to zero in a training step:
        one number, or one per hidden layer. Raise it when the model overfits.

    batch_norm : bool, default=False
        Whether each hidden layer is batch-normalised before its activation. Try it
        with several hidden layers.

    weight_init : {"auto", "glorot", "he", "orthogonal"}, default="auto"
        Distribution of the initial weights. "auto" is "glorot", as scikit-learn draws
        it, for scikit-learn's activations and the nearly linear ones, and "he" for
        activations that cut off negative input.

    Attributes
    ----------
    weight_init_ : {"glorot", "he", "orthogonal"}
        Distribution of the initial weights.
    """

    hidden_layer_sizes: int | Sequence[int] = param(
        (100,), "array-like", Interval(Integral, 1, None, closed="left"), kw_only=False
    )
    activation: str = param("relu", StrOptions(set(ACTIVATIONS)), kw_only=False)
    dropout: float | Sequence[float] = param(
        0.0,
        Interval(Real, 0, 1, closed="left"),
        "array-like",
        group="regularisation",
    )
    batch_norm: bool = param(False, "boolean")
    weight_init: str = param("auto", StrOptions({"auto", "glorot", "he", "orthogonal"}))

    # `coefs_` and `intercepts_` are where the weights live, and predictions read them:
    # assigning, or editing in place, works as with scikit-learn's.

    def _fitted_net(self) -> FittedNet:
        net = super()._fitted_net()
        shown = [*self.coefs_, *self.intercepts_]
        if same_objects(shown, net.live.shown):
            return net
        for i, (coef, intercept) in enumerate(zip(self.coefs_, self.intercepts_)):
            self._check_assigned(i, np.shape(coef), np.shape(intercept))
            net.weights[f"linears.{i}.weight"] = np.asarray(coef).T
            net.weights[f"linears.{i}.bias"] = np.asarray(intercept)
        # An assigned list is copied each time, because it may be edited in place.
        are_arrays = all(isinstance(array, np.ndarray) for array in shown)
        net.live.shown = shown if are_arrays else []
        return net

    def _check_assigned(self, i: int, coef: tuple, intercept: tuple) -> None:
        """Refuse weights of a shape that the network does not have."""
        config = self._net.network.config
        sizes = [config["n_inputs"], *config["hidden_layer_sizes"], config["n_outputs"]]
        expected = (sizes[i], sizes[i + 1])
        if coef != expected or intercept != expected[1:]:
            raise ValueError(
                f"coefs_[{i}] has the shape {coef} and intercepts_[{i}] {intercept}. "
                f"Expected {expected} and {expected[1:]}, the architecture that "
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} and the data give. "
                "Assign weights of that shape, or set warm_start=False to start anew."
            )

    def __getstate__(self):
        state = super().__getstate__()
        if "_net" in state:  # `coefs_` and `intercepts_` hold the rest
            weights = self._net.weights.items()
            others = {n: w for n, w in weights if not n.startswith("linears.")}
            state["_net"] = replace(self._net, weights=others, live=LiveModule())
        return state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.array_api_support = True
        return tags
