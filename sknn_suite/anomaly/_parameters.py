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


@parameters
class DetectorParameters(OneCycleParameters):
    """What a detector is made of, and which defaults of training differ.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(64,)
        Units of the encoder's hidden layers, from the rows to the code.

    decoder_hidden_layer_sizes : int, array-like of int or None, default=None
        Units of the decoder's hidden layers; None mirrors the encoder.

    n_components : int or "auto", default="auto"
        Length of the code. "auto" is the square root of the number of features, rounded
        up, plus one, but at most 64, and less than the numbers of features and of rows.

    n_estimators : int, default=4
        Nets trained side by side, which takes little longer than one; scores and
        reconstructions are their means. Codes are those of the first.

    activation : str, default="silu"
        Function of the hidden units: scikit-learn's names and those of torch.nn's
        elementwise ones in snake_case, such as "relu", "tanh", "gelu".

    shortcut : bool, default=True
        Whether linear maps go past the hidden layers, so that training starts from a
        random projection. False is the textbook's autoencoder.

    tied_weights : bool, default=False
        Whether the decoder uses the encoder's weights, transposed.

    noise : float, default=0.0
        Strength of the noise on rows while training, in [0, inf): its deviation in
        units of a feature's, or with "masking" the share of features set to zero.

    noise_kind : {"gaussian", "masking"}, default="gaussian"
        What noise does. Masking teaches how features follow from others.

    sparsity : float, default=0.0
        Strength of the penalty on codes, in [0, inf).

    sparsity_target : float or None, default=None
        Mean activation of each component, in (0, 1), to which `sparsity` pulls it;
        None penalises absolute values.

    contractive : float, default=0.0
        Strength of the penalty on the slope of the encoder, in [0, inf). Raise it for
        codes that change little with the rows.

    trim : float, default=0.0
        Share of each batch, in [0, 0.5], that is left out of an update: the rows with
        the largest loss. Raise it when you know that the training rows are dirty.

    pretraining_iter : int, default=0
        Epochs for which each layer is trained as an autoencoder of its own before the
        whole. For three hidden layers and more.

    distribution : {"auto", "gaussian", "huber", "laplace", "student_t", "bernoulli", \
            "poisson", "categorical"}, default="auto"
        How a feature lies around its reconstruction. "auto" chooses by what the values
        of X are like: "bernoulli" if all are 0 or 1, "poisson" for counts, which are
        whole, not negative, and described better by a Poisson distribution than by a
        normal one; else one for real numbers. Whole seconds, grades, pixels and shares
        in [0, 1] are real numbers. "categorical" is for one-hot columns.

    variance : {"fixed", "feature", "row"}, default="fixed"
        Whether the scale of a distribution of real numbers is one, learnt for each
        feature, or learnt for each feature of each row.

    scaling : {"auto", "standard", "robust"} or None, default="auto"
        How real numbers are scaled inside, in float64: by mean and deviation, or by
        median and quartiles. "auto" is "standard", with numbers more than three
        deviations away drawn in by a logarithm.

    score_method : {"auto", "reconstruction", "likelihood", "latent", "typicality"}, \
            default="auto"
        What makes a row odd: "reconstruction" and "likelihood" a large error, "latent"
        an unusual code, "typicality" an error that is unusually large or small. "auto"
        combines error, density of the codes, values far out in their columns, and rows
        explained too well.

    contamination : "auto" or float, default="auto"
        Share of the training rows, in (0, 0.5], that `predict` calls outliers. "auto"
        calls those outliers that lie far from the others.

    batch_size : int or "auto", default="auto"
        Rows per batch. "auto" is 128 on the CPU, less for more than 512 features, and
        n_samples if that is less; on a GPU it grows with the data, up to 8192.

    early_stopping_scoring : str, callable or None, default="loss"
        Score of the validation rows: "loss" or None is the loss, better when smaller;
        else the name of a scikit-learn scorer, or a scorer.

    learning_rate_init : float, "auto" or array-like of float, default=0.005
        Step size, in (0, inf), at the peak of the schedule. "auto" finds it by a range
        test. Several values are the rates of the layers.

    max_iter : int or "auto", default="auto"
        Epochs. "auto" makes about 200 updates, however many rows there are: many epochs
        of a small table, one of a random part of a large one.

    n_iter_no_change : int or inf, default=inf
        Epochs without an improvement of `tol` that are borne before training ends; inf
        trains to the end of the schedule. With early stopping the best epoch's weights
        are kept all the same.
    """

    hidden_layer_sizes: int | Sequence[int] = param(
        (64,), "array-like", Interval(Integral, 1, None, closed="left")
    )
    decoder_hidden_layer_sizes: int | Sequence[int] | None = param(
        None, "array-like", Interval(Integral, 1, None, closed="left"), None
    )
    n_components: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    n_estimators: int = param(4, Interval(Integral, 1, None, closed="left"))
    activation: str = param("silu", StrOptions(set(ACTIVATIONS)))
    shortcut: bool = param(True, "boolean")
    tied_weights: bool = param(False, "boolean")
    noise: float = param(0.0, Interval(Real, 0, None, closed="left"))
    noise_kind: str = param("gaussian", StrOptions({"gaussian", "masking"}))
    sparsity: float = param(0.0, Interval(Real, 0, None, closed="left"))
    sparsity_target: float | None = param(
        None, Interval(Real, 0, 1, closed="neither"), None
    )
    contractive: float = param(0.0, Interval(Real, 0, None, closed="left"))
    trim: float = param(0.0, Interval(Real, 0, 0.5, closed="both"))
    pretraining_iter: int = param(0, Interval(Integral, 0, None, closed="left"))
    distribution: str = param(
        "auto", StrOptions({"auto", "categorical", *DISTRIBUTIONS})
    )
    variance: str = param("fixed", StrOptions({"fixed", "feature", "row"}))
    scaling: str | None = param(
        "auto", StrOptions({"auto", "standard", "robust"}), None
    )
    score_method: str = param("auto", StrOptions(set(SCORES)))
    contamination: float | str = param(
        "auto", StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")
    )

    alpha: float = redefault("alpha", TrainingParameters, 0.0)
    early_stopping_scoring: str | Callable | None = redefault(
        "early_stopping_scoring", TrainingParameters, "loss"
    )
    learning_rate_init: float | str | Sequence[float] = redefault(
        "learning_rate_init", TrainingParameters, 5e-3
    )
    max_iter: Any = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    n_iter_no_change: float = redefault("n_iter_no_change", TrainingParameters, np.inf)
