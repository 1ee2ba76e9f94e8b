"""The parameters of training, shared by every estimator."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from sknn_suite._parameters import param, parameters
from sknn_suite._sklearn import Interval, Options, StrOptions


@parameters
class TrainingParameters:
    """How an estimator trains; names and meanings are scikit-learn's.

    Parameters
    ----------
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        How weights are updated: Adam [1]_, stochastic gradient descent, or L-BFGS over
        all rows at once. Try "lbfgs" on a few hundred rows, where it converges faster.

    alpha : float, default=0.0001
        Strength of the L2 penalty on weights, in [0, inf). It is divided by the number
        of rows (or the sum of their weights) in a batch. Raise it when the model
        overfits.

    batch_size : int or "auto", default="auto"
        Rows per update. "auto" is min(200, n_samples). lbfgs ignores it.

    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        How the rate changes, for solver="sgd" only, as in scikit-learn: "invscaling"
        is learning_rate_init / (t + 1) ** power_t with t the rows seen so far, set
        after each epoch; "adaptive" divides the rate by 5 each time training stops
        improving, and ends below 1e-6.

    learning_rate_init : float, default=0.001
        Step size, in (0, inf). Lower it first when the loss jumps.

    power_t : float, default=0.5
        Exponent of "invscaling", in [0, inf).

    max_iter : int, default=200
        Largest number of epochs (passes over the data), or of iterations of lbfgs.

    shuffle : bool, default=True
        Whether rows are shuffled before each epoch.

    random_state : int, RandomState instance or None, default=None
        Source of all randomness of a fit: validation rows, initial weights, shuffling,
        dropout. An int makes fits repeatable bit by bit. None draws fresh entropy; the
        global generators of NumPy, torch and Python are never used.

    tol : float, default=1e-4
        Improvement of the loss (or of the validation score, with early stopping) that
        counts, in [0, inf).

    verbose : bool or int, default=False
        Whether to write one line an epoch to standard output.

    warm_start : bool, default=False
        Whether fit continues from the last fit's weights and optimiser state.

    momentum : float, default=0.9
        Momentum of solver="sgd", in [0, 1].

    nesterovs_momentum : bool, default=True
        Whether that momentum is Nesterov's.

    early_stopping : bool, default=False
        Whether `validation_fraction` of the rows is set aside, training ends when
        their score no longer improves, and the best epoch's weights are kept.
        lbfgs ignores it.

    validation_fraction : float, default=0.1
        Part of the rows set aside by early stopping, in [0, 1).

    beta_1 : float, default=0.9
        Decay of Adam's first moment, in [0, 1).

    beta_2 : float, default=0.999
        Decay of Adam's second moment, in [0, 1).

    epsilon : float, default=1e-8
        Term that keeps Adam's denominator from zero, in (0, inf).

    n_iter_no_change : int or inf, default=10
        Epochs without an improvement of `tol` that are borne before training ends.

    max_fun : int, default=15000
        Largest number of evaluations of the loss by lbfgs.

    device : str, default="auto"
        Where to compute: "cpu", "cuda", "cuda:1", "mps", or "auto", which takes the
        first GPU when there is one and the work is large enough to gain from it.

    precision : {"auto", "float32", "bfloat16", "float64"}, default="auto"
        Type of the arithmetic. "auto" computes in float64 while X is float64 and the
        work is small, as scikit-learn does; in float32 otherwise; and in training
        multiplies in bfloat16, with float32 weights, where the hardware does so
        natively and layers are wide enough to gain.

    callbacks : list of skorch callbacks or None, default=None
        Instances, classes or (name, callback) pairs, called as skorch calls them;
        scikit-learn's callbacks go to `set_callbacks`.
    """

    solver: str = param("adam", StrOptions({"adam", "sgd", "lbfgs"}))
    alpha: float = param(0.0001, Interval(Real, 0, None, closed="left"))
    batch_size: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    learning_rate: str = param(
        "constant", StrOptions({"constant", "invscaling", "adaptive"})
    )
    learning_rate_init: float = param(0.001, Interval(Real, 0, None, closed="neither"))
    power_t: float = param(0.5, Interval(Real, 0, None, closed="left"))
    max_iter: int = param(200, Interval(Integral, 1, None, closed="left"))
    shuffle: bool = param(True, "boolean")
    random_state: int | np.random.RandomState | None = param(None, "random_state")
    tol: float = param(1e-4, Interval(Real, 0, None, closed="left"))
    verbose: bool | int = param(False, "verbose")
    warm_start: bool = param(False, "boolean")
    momentum: float = param(0.9, Interval(Real, 0, 1, closed="both"))
    nesterovs_momentum: bool = param(True, "boolean")
    early_stopping: bool = param(False, "boolean")
    validation_fraction: float = param(0.1, Interval(Real, 0, 1, closed="left"))
    beta_1: float = param(0.9, Interval(Real, 0, 1, closed="left"))
    beta_2: float = param(0.999, Interval(Real, 0, 1, closed="left"))
    epsilon: float = param(1e-8, Interval(Real, 0, None, closed="neither"))
    n_iter_no_change: float = param(
        10, Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})
    )
    max_fun: int = param(15000, Interval(Integral, 1, None, closed="left"))
    device: str = param("auto", str)
    precision: str = param(
        "auto", StrOptions({"auto", "float32", "bfloat16", "float64"})
    )
    callbacks: Sequence[Any] | None = param(None, list, tuple, None)
