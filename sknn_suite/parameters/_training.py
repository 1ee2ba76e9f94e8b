"""The parameters of training, shared by every estimator."""

import os
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from sknn_suite.doors import (
    HasMethods,
    Interval,
    Options,
    RealNotInt,
    StrOptions,
)
from sknn_suite.parameters._declaration import param, parameters, redefault

OPTIMIZER_NAMES = (
    "adam",
    "sgd",
    "adamw",
    "nadam",
    "radam",
    "rmsprop",
    "adagrad",
    "adadelta",
)

SCHEDULE_NAMES = (
    "constant",
    "invscaling",
    "adaptive",
    "step",
    "exponential",
    "power",
    "piecewise",
    "plateau",
    "cosine",
    "one_cycle",
    "cyclic",
    "warm_restarts",
)


@parameters
class TrainingParameters:
    """How an estimator trains; names and meanings are scikit-learn's.

    Parameters
    ----------
    solver : {"adam", "sgd", "lbfgs", "adamw", "nadam", "radam", "rmsprop", "adagrad", \
            "adadelta"} or type, default="adam"
        How weights are updated: torch's optimisers by name, any other class derived
        from ``torch.optim.Optimizer``, or L-BFGS over all rows at once. Try "lbfgs" on
        a few hundred rows, where it converges faster. It ignores what scikit-learn's
        ignores (batches, rates, momenta, early stopping), and refuses what it cannot
        do beyond that, such as mixup, averaging and limits of gradients.

    solver_params : dict or None, default=None
        Further arguments of the optimiser, such as ``{"weight_decay": 0.01}``. Weight
        decay spares biases and norms. "lbfgs" has none.

    alpha : float, default=0.0001
        Strength of the L2 penalty on weights, in [0, inf). It is divided by the number
        of rows (or the sum of their weights) in a batch. Raise it when the model
        overfits.

    l1_alpha : float, default=0.0
        Strength of the L1 penalty on weights, in [0, inf), divided like `alpha`. Raise
        it to have weights near zero.

    decay_biases : bool, default=False
        Whether penalties and weight decay apply to biases and norms as well.

    max_norm : float or None, default=None
        Largest norm of the incoming weights of a unit, in (0, inf).

    mixup : float, default=0.0
        Parameter of the Beta distribution, in [0, inf), by which rows of a batch and
        their losses are mixed in pairs; 0 mixes none, 0.2 a little.

    max_grad_norm : float or None, default=None
        Norm, in (0, inf), to which larger gradients are scaled down.

    max_grad_value : float or None, default=None
        Limit, in (0, inf), to which each component of the gradient is clipped.

    batch_size : int or "auto", default="auto"
        Rows per batch. "auto" is min(200, n_samples) on the CPU, as in scikit-learn;
        on a GPU it grows with the data, up to 8192, as far as there is free memory.
        lbfgs ignores it. A batch that does not fit into a GPU's memory is cut into
        parts, with the same result unless batch norm, dropout or mixup look at them.

    accumulate : int, default=1
        Batches whose gradients add up to one update.

    learning_rate : str or callable, default="constant"
        How the rate changes:

        - "constant"; "invscaling", learning_rate_init / (t + 1) ** power_t with t the
          rows seen so far, set after each epoch; "adaptive", divided by 5 each time
          training stops improving until it is below 1e-6. solver="adam" ignores these
          last two, as it does in scikit-learn;
        - after each epoch: "step" (`schedule_params`: step_size=30, gamma=0.1),
          "exponential" (gamma=0.95), "power" (step_size=10, power=1), "piecewise"
          (milestones, gamma=0.1), "plateau" (those of torch's ReduceLROnPlateau);
        - after each update: "cosine" down to zero at max_iter, "one_cycle" up and down
          within max_iter, "cyclic" (triangular between base_lr and learning_rate_init),
          "warm_restarts" (cosine with cycle_length=10 epochs, each cycle cycle_mult=1
          times as long as the last; SGDR);
        - a function of the number of epochs that are over, which returns the factor
          of learning_rate_init, >= 0.

    schedule_params : dict or None, default=None
        Arguments of the schedule: those named above, and all of the torch scheduler
        behind it.

    warmup : float, default=0.0
        Epochs, in [0, inf), over which the rate rises linearly from near zero to
        whatever `learning_rate` says.

    learning_rate_init : float, "auto" or array-like of float, default=0.001
        Step size, in (0, inf). Lower it first when the loss jumps. "auto" finds it by a
        range test (`find_learning_rate`). Several values are the rates of the layers,
        from input to output.

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
        lbfgs ignores it. A validation set of one's own goes to `fit`.

    early_stopping_scoring : str, callable or None, default=None
        Score of the validation rows: None is accuracy or R2, "loss" the loss; else the
        name of a scikit-learn scorer, or a scorer.

    max_time : float or None, default=None
        Seconds, in (0, inf), after which training ends with the current batch.

    averaging : {"swa", "ema"} or None, default=None
        Averages of weights that predictions use: "swa" of the epochs from
        `averaging_start` on, "ema" of all steps, exponentially weighted.

    averaging_start : int, float or None, default=None
        For `averaging`: the first epoch, counted from 1, that is averaged, or the part
        of max_iter, in [0, 1), before it. None is 0.75 for "swa" and 1 for "ema".

    ema_decay : float, default=0.999
        For averaging="ema": the part of the average that a step leaves, in [0, 1);
        less in the first steps.

    on_divergence : {"raise", "recover"}, default="raise"
        What to do when the loss becomes NaN or infinite: raise `DivergedError`, or
        return to the best weights so far, halve the rate, warn, and go on. With early
        stopping, training that cannot go on ends with the best epoch's weights.

    checkpoint : path-like or None, default=None
        File to which the state of training is written, and from which the same call of
        fit goes on if it was killed, to the same weights bit by bit. State of the
        user's own callbacks is not in it.

    checkpoint_every : int, default=1
        For `checkpoint`: epochs between two of them.

    freeze : int, list of str or None, default=None
        What is not trained: the first n layers, or the parameters with these names or
        patterns, such as "linears.0". Frozen batch norms keep their statistics.

    unfreeze_every : int or None, default=None
        For `freeze`: epochs after which one more frozen layer is trained, from the
        output back.

    init_from : estimator or None, default=None
        A fitted estimator of this suite whose weights are the initial ones wherever
        name and shape match; `init_matched_` lists them.

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
        natively and layers are wide enough to gain. "bfloat16" does that anywhere,
        slowly where the hardware does not; LSTM layers stay in float32 where the
        libraries have none of bfloat16.

    callbacks : list of skorch callbacks or None, default=None
        Instances, classes or (name, callback) pairs, called as skorch calls them;
        scikit-learn's callbacks go to `set_callbacks`.
    """

    solver: str | type = param("adam", StrOptions({*OPTIMIZER_NAMES, "lbfgs"}), type)
    solver_params: dict | None = param(None, dict, None)
    alpha: float = param(0.0001, Interval(Real, 0, None, closed="left"))
    l1_alpha: float = param(0.0, Interval(Real, 0, None, closed="left"))
    decay_biases: bool = param(False, "boolean")
    max_norm: float | None = param(
        None, Interval(Real, 0, None, closed="neither"), None
    )
    mixup: float = param(0.0, Interval(Real, 0, None, closed="left"))
    max_grad_norm: float | None = param(
        None, Interval(Real, 0, None, closed="neither"), None
    )
    max_grad_value: float | None = param(
        None, Interval(Real, 0, None, closed="neither"), None
    )
    batch_size: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    accumulate: int = param(1, Interval(Integral, 1, None, closed="left"))
    learning_rate: str | Callable[[int], float] = param(
        "constant", StrOptions(set(SCHEDULE_NAMES)), callable
    )
    schedule_params: dict | None = param(None, dict, None)
    warmup: float = param(0.0, Interval(Real, 0, None, closed="left"))
    learning_rate_init: float | str | Sequence[float] = param(
        0.001,
        Interval(Real, 0, None, closed="neither"),
        StrOptions({"auto"}),
        "array-like",
    )
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
    early_stopping_scoring: str | Callable | None = param(None, str, callable, None)
    max_time: float | None = param(
        None, Interval(Real, 0, None, closed="neither"), None
    )
    averaging: str | None = param(None, StrOptions({"swa", "ema"}), None)
    averaging_start: float | None = param(
        None,
        Interval(Integral, 1, None, closed="left"),
        Interval(RealNotInt, 0, 1, closed="left"),
        None,
    )
    ema_decay: float = param(0.999, Interval(Real, 0, 1, closed="left"))
    on_divergence: str = param("raise", StrOptions({"raise", "recover"}))
    checkpoint: str | os.PathLike | None = param(None, str, os.PathLike, None)
    checkpoint_every: int = param(1, Interval(Integral, 1, None, closed="left"))
    freeze: int | Sequence[str] | None = param(
        None, Interval(Integral, 0, None, closed="left"), list, tuple, None
    )
    unfreeze_every: int | None = param(
        None, Interval(Integral, 1, None, closed="left"), None
    )
    init_from: Any = param(None, HasMethods(["fit"]), None)
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


@parameters
class OneCycleParameters(TrainingParameters):
    """Training whose learning rate is planned for a whole fit.

    Parameters
    ----------
    learning_rate : str or callable, default="one_cycle"
        How the rate changes. "one_cycle" rises and falls within max_iter; the others
        are "constant", "invscaling", "adaptive", "step", "exponential", "power",
        "piecewise", "plateau", "cosine", "cyclic", "warm_restarts", or a function of
        the epochs that are over, see `MLPClassifier`. partial_fit takes "one_cycle" and
        "cosine", which are planned for a whole fit, for "constant".
    """

    learning_rate: str | Callable[[int], float] = redefault(
        "learning_rate", TrainingParameters, "one_cycle"
    )
    max_grad_norm: float | None = redefault("max_grad_norm", TrainingParameters, 1.0)
