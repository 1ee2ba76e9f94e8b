"""The parameters of detectors."""

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from sknn_suite.anomaly._scores import SCORES
from sknn_suite.doors import Interval, StrOptions
from sknn_suite.losses import DISTRIBUTIONS
from sknn_suite.modules import ACTIVATIONS
from sknn_suite.parameters import (
    OneCycleParameters,
    TrainingParameters,
    param,
    parameters,
    redefault,
)


@parameters(group="network")
class DetectorParameters(OneCycleParameters):
    """What a detector is made of, and which defaults of training differ.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(64,)
        Number of units in each hidden layer of the encoder, from the rows to the code.

    n_components : int or "auto", default="auto"
        Length of the code. "auto" is the square root of the number of features, rounded
        up, plus one, but at most 64, and less than the numbers of features and of rows.
        Lower it when outliers are reconstructed too well.

    n_estimators : int, default=4
        Number of networks that train side by side, in little more time than one. Scores
        and reconstructions are their means; codes are those of the first network. Raise
        it when scores change much with random_state.

    activation : str, default="silu"
        Activation function of the hidden units: a name from scikit-learn, or a torch.nn
        elementwise function in snake_case, such as "relu", "tanh", "gelu".

    decoder_hidden_layer_sizes : int, array-like of int or None, default=None
        Number of units in each hidden layer of the decoder. None is the mirror image of
        the encoder.

    shortcut : bool, default=True
        Whether linear maps bypass the hidden layers, so that training starts from a
        random projection. False gives the textbook autoencoder.

    scaling : {"auto", "standard", "robust"} or None, default="auto"
        How real-valued features are scaled inside, in float64: "standard" by mean and
        standard deviation, "robust" by median and quartiles, None not at all. "auto" is
        "standard", and compresses extreme values: beyond three standard deviations they
        grow as a logarithm.

    distribution : {"auto", "gaussian", "huber", "laplace", "student_t", "bernoulli", \
            "poisson", "categorical"}, default="auto"
        Distribution of a feature around its reconstruction. "auto" chooses by the
        values of X: "bernoulli" if all are 0 or 1; "poisson" for counts, which are
        whole, not negative, and described better by a Poisson than by a normal
        distribution; and a real-valued distribution otherwise. Whole seconds, grades,
        pixels and shares in [0, 1] are real numbers. Choose "categorical" for one-hot
        columns.

    variance : {"fixed", "feature", "row"}, default="fixed"
        Scale of a real-valued distribution: "fixed" is one, "feature" is learnt for
        each feature, "row" is learnt for each feature of each row.

    contamination : "auto" or float, default="auto"
        Fraction of the training rows that `predict` calls outliers, in (0, 0.5]. "auto"
        calls a row an outlier if it is far from the others.

    score_method : {"auto", "reconstruction", "likelihood", "latent", "typicality"}, \
            default="auto"
        What makes a row an outlier: "reconstruction" and "likelihood" a large error,
        "latent" an unusual code, "typicality" an unusually large or small error. "auto"
        combines the error, the density of the codes, values that are extreme in their
        columns, and an unusually small error.

    max_iter : int or "auto", default="auto"
        Number of epochs. "auto" makes about 200 updates for any number of rows: many
        epochs of a small table, or one epoch of a random part of a large one.

    learning_rate_init : float, "auto" or array-like of float, default=0.005
        Step size at the peak of the schedule, in (0, inf). "auto" finds it by a range
        test (`find_learning_rate`). Several values are the rates of the layers.

    batch_size : int or "auto", default="auto"
        Rows per batch. "auto" is 128 on the CPU, less for more than 512 features, and
        at most n_samples; on a GPU it grows with the data, up to 8192.

    n_iter_no_change : int or inf, default=inf
        Early-stopping patience, in epochs: training ends after more than this many
        epochs in a row without an improvement of `tol`. inf trains to the end of the
        schedule; with early stopping, the weights of the best epoch are still kept.

    early_stopping_scoring : str, callable or None, default="loss"
        Score of the validation rows: the name of a scikit-learn scorer, a scorer, or
        "loss" for the loss, where smaller is better. None is the same as "loss".

    noise : float, default=0.0
        Strength of the noise that training adds to rows, in [0, inf): its standard
        deviation in units of the feature's, or the fraction of features set to zero
        with noise_kind="masking".

    noise_kind : {"gaussian", "masking"}, default="gaussian"
        What the noise does: "gaussian" adds random numbers, "masking" sets features to
        zero, which teaches the network to predict features from the others.

    trim : float, default=0.0
        Fraction of each batch, in [0, 0.5], that an update leaves out: the rows with
        the largest loss. Raise it when you know that the training rows contain
        outliers.

    sparsity : float, default=0.0
        Strength of the sparsity penalty on codes, in [0, inf). Raise it for codes with
        few active components.

    contractive : float, default=0.0
        Strength of the penalty on the slope of the encoder, in [0, inf). Raise it for
        codes that change little when the row changes.

    sparsity_target : float or None, default=None
        Mean activation of each component, in (0, 1), that `sparsity` aims for. None
        penalises absolute values instead.

    tied_weights : bool, default=False
        Whether the decoder uses the transposed weights of the encoder.

    pretraining_iter : int, default=0
        Number of epochs for which each layer is first trained as a separate
        autoencoder. Try it with three or more hidden layers.
    """

    hidden_layer_sizes: int | Sequence[int] = param(
        (64,), "array-like", Interval(Integral, 1, None, closed="left")
    )
    n_components: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    n_estimators: int = param(4, Interval(Integral, 1, None, closed="left"))
    activation: str = param("silu", StrOptions(set(ACTIVATIONS)))
    decoder_hidden_layer_sizes: int | Sequence[int] | None = param(
        None, "array-like", Interval(Integral, 1, None, closed="left"), None
    )
    shortcut: bool = param(True, "boolean")

    scaling: str | None = param(
        "auto", StrOptions({"auto", "standard", "robust"}), None, group="rows"
    )
    distribution: str = param(
        "auto", StrOptions({"auto", "categorical", *DISTRIBUTIONS}), group="rows"
    )
    variance: str = param(
        "fixed", StrOptions({"fixed", "feature", "row"}), group="rows"
    )

    contamination: float | str = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Real, 0, 0.5, closed="right"),
        group="scores",
    )
    score_method: str = param("auto", StrOptions(set(SCORES)), group="scores")

    max_iter: Any = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    learning_rate_init: float | str | Sequence[float] = redefault(
        "learning_rate_init", TrainingParameters, 5e-3
    )
    n_iter_no_change: float = redefault("n_iter_no_change", TrainingParameters, np.inf)
    early_stopping_scoring: str | Callable | None = redefault(
        "early_stopping_scoring", TrainingParameters, "loss"
    )

    noise: float = param(
        0.0, Interval(Real, 0, None, closed="left"), group="regularisation"
    )
    noise_kind: str = param(
        "gaussian", StrOptions({"gaussian", "masking"}), group="regularisation"
    )
    trim: float = param(
        0.0, Interval(Real, 0, 0.5, closed="both"), group="regularisation"
    )
    sparsity: float = param(
        0.0, Interval(Real, 0, None, closed="left"), group="regularisation"
    )
    contractive: float = param(
        0.0, Interval(Real, 0, None, closed="left"), group="regularisation"
    )
    alpha: float = redefault("alpha", TrainingParameters, 0.0)

    sparsity_target: float | None = param(
        None, Interval(Real, 0, 1, closed="neither"), None, group="rare"
    )
    tied_weights: bool = param(False, "boolean", group="rare")
    pretraining_iter: int = param(
        0, Interval(Integral, 0, None, closed="left"), group="rare"
    )
