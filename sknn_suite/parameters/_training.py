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
    "log_cosine",
)


@parameters(group="training")
class TrainingParameters:
    """How an estimator trains; names and meanings are scikit-learn's.

    Parameters
    ----------
    max_iter : int, default=200
        Largest number of epochs (passes over the data), or of iterations of lbfgs.
        Raise it when a ConvergenceWarning says that the loss still improved.

    learning_rate_init : float, "auto" or array-like of float, default=0.001
        Step size, in (0, inf). Lower it first when the loss jumps. "auto" finds it by a
        range test (`find_learning_rate`). Several values are the rates of the layers,
        from input to output.

    batch_size : int or "auto", default="auto"
        Rows per batch. "auto" is min(200, n_samples) on the CPU, as in scikit-learn;
        on a GPU it grows with the data, up to 8192, as far as there is free memory.
        lbfgs ignores it. A batch that does not fit into a GPU's memory is cut into
        parts; the result stays the same, except with batch norm, dropout or mixup.

    solver : {"adam", "sgd", "lbfgs", "adamw", "nadam", "radam", "rmsprop", "adagrad", \
            "adadelta"} or type, default="adam"
        How weights are updated: a torch optimiser by name, any other class derived
        from ``torch.optim.Optimizer``, or L-BFGS over all rows at once. Try "lbfgs" on
        a few hundred rows, where it converges faster. "lbfgs" ignores the parameters
        that it ignores in scikit-learn (batches, rates, momenta, early stopping), and
        raises an error for others that it cannot use, such as mixup, averaging and
        limits of gradients.

    random_state : int, RandomState instance or None, default=None
        Seed of all randomness in a fit: validation rows, initial weights, shuffling,
        dropout. Set an int to get the same fit again, bit by bit. None gives a new fit
        each time. The global generators of NumPy, torch and Python are never used.

    warm_start : bool, default=False
        Whether fit continues from the last fit's weights and optimiser state. Set it
        to train a fitted model further.

    verbose : bool or int, default=False
        Whether fit prints one line per epoch.

    shuffle : bool, default=True
        Whether rows are shuffled before each epoch.

    callbacks : list of skorch callbacks or None, default=None
        Skorch callbacks to call during training: instances, classes or
        (name, callback) pairs. Pass scikit-learn's callbacks to `set_callbacks`.

    early_stopping : bool, default=False
        Whether to set `validation_fraction` of the rows aside, to end training when
        their score no longer improves, and to keep the weights of the best epoch. Set
        it when the model overfits. lbfgs ignores it. To validate on your own rows, pass
        them to `fit`.

    n_iter_no_change : int or inf, default=10
        Early-stopping patience, in epochs: training ends after more than this many
        epochs in a row without an improvement of `tol`. Raise it when training ends too
        soon.

    validation_fraction : float, default=0.1
        Fraction of the rows that early stopping sets aside, in [0, 1).

    early_stopping_scoring : str, callable or None, default=None
        Score of the validation rows: the name of a scikit-learn scorer, a scorer, or
        "loss" for the loss. None is accuracy for classifiers and R2 for regressors, or
        D2 of several quantiles.

    tol : float, default=1e-4
        Smallest improvement that counts, in [0, inf): of the training loss, or of the
        validation score with early stopping.

    max_time : float or None, default=None
        Time limit in seconds, in (0, inf): training ends with the batch during which
        it expires, and schedules that are planned to an end reach it by then. None sets
        no limit.

    alpha : float, default=0.0001
        Strength of the L2 penalty on weights, in [0, inf). It is divided by the number
        of rows (or the sum of their weights) in a batch. Raise it when the model
        overfits.

    averaging : {"swa", "ema"} or None, default=None
        Which average of the weights predictions use. "swa" is the mean over the epochs
        from `averaging_start` on; "ema" is an exponentially weighted mean over all
        steps, see `ema_decay`. None averages nothing. Try it when the validation score
        is noisy.

    mixup : float, default=0.0
        Strength of mixup, in [0, inf): each batch is mixed with a shuffled copy of
        itself, in a proportion drawn from a Beta(mixup, mixup) distribution. 0 turns it
        off; 0.2 is mild. Raise it when the model overfits.

    l1_alpha : float, default=0.0
        Strength of the L1 penalty on weights, in [0, inf), divided like `alpha`. Raise
        it to push weights towards zero.

    learning_rate : str or callable, default="constant"
        How the learning rate changes during training:

        - "constant"; "invscaling", learning_rate_init / (t + 1) ** power_t, where t is
          the number of rows seen so far, updated after each epoch; "adaptive", divided
          by 5 each time training stops improving, until it is below 1e-6. As in
          scikit-learn, solver="adam" ignores "invscaling" and "adaptive";
        - after each epoch: "step" (`schedule_params`: step_size=30, gamma=0.1),
          "exponential" (gamma=0.95), "power" (step_size=10, power=1), "piecewise"
          (milestones, gamma=0.1), "plateau" (those of torch's ReduceLROnPlateau);
        - after each update: "cosine" down to zero at max_iter, "one_cycle" up and down
          within max_iter, "cyclic" (triangular between base_lr and learning_rate_init),
          "warm_restarts" (cosine with cycle_length=10 epochs, each cycle cycle_mult=1
          times as long as the last; SGDR), "log_cosine" (up and down n_cycles=4 times,
          each time about twice as long, down to zero at max_iter);
        - a function that takes the number of finished epochs and returns the factor of
          learning_rate_init, >= 0.

    schedule_params : dict or None, default=None
        Arguments of the schedule: those named under `learning_rate`, and all arguments
        of the torch scheduler of that name.

    warmup : float, default=0.0
        Length of the warm-up in epochs, in [0, inf): the rate rises linearly from near
        zero to the value that `learning_rate` gives. Raise it when the loss jumps at
        the start.

    power_t : float, default=0.5
        Exponent of learning_rate="invscaling", in [0, inf).

    device : str, default="auto"
        Where to compute: "cpu", "cuda", "cuda:1", "mps" or "auto". "auto" uses the
        first GPU if there is one and the work is large enough to gain from it.

    precision : {"auto", "float32", "bfloat16", "float64"}, default="auto"
        Floating-point type of the computation. "auto" is float64 for small work on
        float64 data, as in scikit-learn, and float32 otherwise. It also multiplies in
        bfloat16 during training, with float32 weights, if the hardware supports
        bfloat16 natively and the layers are wide enough to gain. "bfloat16" does so on
        any hardware, even where it is slow; LSTM layers stay in float32 where the
        libraries have no bfloat16 version.

    solver_params : dict or None, default=None
        Further arguments of the optimiser, such as ``{"weight_decay": 0.01}``. Weight
        decay leaves biases and norms alone. "lbfgs" has none.

    momentum : float, default=0.9
        Momentum of solver="sgd", in [0, 1].

    nesterovs_momentum : bool, default=True
        Whether solver="sgd" uses Nesterov's momentum.

    max_grad_norm : float or None, default=None
        Largest norm of the gradient, in (0, inf): larger gradients are scaled down to
        it, those of networks that train side by side each by itself. None sets no
        limit. Set it, to 1 for example, when the loss jumps.

    max_grad_value : float or None, default=None
        Largest absolute value of each component of the gradient, in (0, inf): larger
        components are clipped. None sets no limit.

    init_from : estimator or None, default=None
        A fitted estimator of this suite. Its weights become the initial weights
        wherever name and shape match; `init_matched_` lists them.

    freeze : int, list of str or None, default=None
        What stays untrained: the first n layers, or the weights with these names or
        patterns, such as "linears.0". Frozen batch norms keep their statistics. None
        trains everything.

    unfreeze_every : int or None, default=None
        For `freeze`: interval in epochs. After each interval one more frozen layer is
        trained, beginning next to the output. None leaves all of them frozen.

    averaging_start : int, float or None, default=None
        When `averaging` starts: an epoch number (from 1), or a fraction of max_iter,
        in [0, 1), after which averaging starts. None is 0.75 for "swa" and 1 for "ema".

    ema_decay : float, default=0.999
        For averaging="ema": weight of the old average in each step, in [0, 1). It is
        smaller in the first steps. Raise it for a longer average.

    max_norm : float or None, default=None
        Largest norm of the incoming weights of a unit, in (0, inf). None sets no limit.

    decay_biases : bool, default=False
        Whether penalties and weight decay apply to biases and norms as well.

    accumulate : int, default=1
        Number of batches whose gradients are added up for one update. Raise it to train
        with larger batches than memory can hold.

    on_divergence : {"raise", "recover"}, default="raise"
        What to do when the loss becomes NaN or infinite. "raise" raises
        `DivergedError`. "recover" returns to the best weights so far, halves the
        learning rate, warns, and continues. With early stopping, training that cannot
        continue ends with the weights of the best epoch.

    checkpoint : path-like or None, default=None
        File for the state of training. If fit is killed, the same call of fit continues
        from this file and ends with the same weights, bit by bit. The file does not
        hold the state of your own callbacks.

    checkpoint_every : int, default=1
        Number of epochs from one `checkpoint` to the next.

    beta_1 : float, default=0.9
        Decay of Adam's first moment, in [0, 1).

    beta_2 : float, default=0.999
        Decay of Adam's second moment, in [0, 1).

    epsilon : float, default=1e-8
        Small number that keeps Adam from dividing by zero, in (0, inf).

    max_fun : int, default=15000
        Largest number of evaluations of the loss by lbfgs.
    """

    max_iter: int = param(200, Interval(Integral, 1, None, closed="left"))
    learning_rate_init: float | str | Sequence[float] = param(
        0.001,
        Interval(Real, 0, None, closed="neither"),
        StrOptions({"auto"}),
        "array-like",
    )
    batch_size: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    solver: str | type = param("adam", StrOptions({*OPTIMIZER_NAMES, "lbfgs"}), type)
    random_state: int | np.random.RandomState | None = param(None, "random_state")
    warm_start: bool = param(False, "boolean")
    verbose: bool | int = param(False, "verbose")
    shuffle: bool = param(True, "boolean")
    callbacks: Sequence[Any] | None = param(None, list, tuple, None)

    early_stopping: bool = param(False, "boolean", group="stopping")
    n_iter_no_change: float = param(
        10,
        Interval(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
        group="stopping",
    )
    validation_fraction: float = param(
        0.1, Interval(Real, 0, 1, closed="left"), group="stopping"
    )
    early_stopping_scoring: str | Callable | None = param(
        None, str, callable, None, group="stopping"
    )
    tol: float = param(1e-4, Interval(Real, 0, None, closed="left"), group="stopping")
    max_time: float | None = param(
        None, Interval(Real, 0, None, closed="neither"), None, group="stopping"
    )

    alpha: float = param(
        0.0001, Interval(Real, 0, None, closed="left"), group="regularisation"
    )
    averaging: str | None = param(
        None, StrOptions({"swa", "ema"}), None, group="regularisation"
    )
    mixup: float = param(
        0.0, Interval(Real, 0, None, closed="left"), group="regularisation"
    )
    l1_alpha: float = param(
        0.0, Interval(Real, 0, None, closed="left"), group="regularisation"
    )

    learning_rate: str | Callable[[int], float] = param(
        "constant", StrOptions(set(SCHEDULE_NAMES)), callable, group="schedule"
    )
    schedule_params: dict | None = param(None, dict, None, group="schedule")
    warmup: float = param(0.0, Interval(Real, 0, None, closed="left"), group="schedule")
    power_t: float = param(
        0.5, Interval(Real, 0, None, closed="left"), group="schedule"
    )

    device: str = param("auto", str, group="hardware")
    precision: str = param(
        "auto",
        StrOptions({"auto", "float32", "bfloat16", "float64"}),
        group="hardware",
    )

    solver_params: dict | None = param(None, dict, None, group="rare")
    momentum: float = param(0.9, Interval(Real, 0, 1, closed="both"), group="rare")
    nesterovs_momentum: bool = param(True, "boolean", group="rare")
    max_grad_norm: float | None = param(
        None, Interval(Real, 0, None, closed="neither"), None, group="rare"
    )
    max_grad_value: float | None = param(
        None, Interval(Real, 0, None, closed="neither"), None, group="rare"
    )
    init_from: Any = param(None, HasMethods(["fit"]), None, group="rare")
    freeze: int | Sequence[str] | None = param(
        None,
        Interval(Integral, 0, None, closed="left"),
        list,
        tuple,
        None,
        group="rare",
    )
    unfreeze_every: int | None = param(
        None, Interval(Integral, 1, None, closed="left"), None, group="rare"
    )
    averaging_start: float | None = param(
        None,
        Interval(Integral, 1, None, closed="left"),
        Interval(RealNotInt, 0, 1, closed="left"),
        None,
        group="rare",
    )
    ema_decay: float = param(0.999, Interval(Real, 0, 1, closed="left"), group="rare")
    max_norm: float | None = param(
        None, Interval(Real, 0, None, closed="neither"), None, group="rare"
    )
    decay_biases: bool = param(False, "boolean", group="rare")
    accumulate: int = param(1, Interval(Integral, 1, None, closed="left"), group="rare")
    on_divergence: str = param("raise", StrOptions({"raise", "recover"}), group="rare")
    checkpoint: str | os.PathLike | None = param(
        None, str, os.PathLike, None, group="rare"
    )
    checkpoint_every: int = param(
        1, Interval(Integral, 1, None, closed="left"), group="rare"
    )
    beta_1: float = param(0.9, Interval(Real, 0, 1, closed="left"), group="rare")
    beta_2: float = param(0.999, Interval(Real, 0, 1, closed="left"), group="rare")
    epsilon: float = param(
        1e-8, Interval(Real, 0, None, closed="neither"), group="rare"
    )
    max_fun: int = param(
        15000, Interval(Integral, 1, None, closed="left"), group="rare"
    )


@parameters
class OneCycleParameters(TrainingParameters):
    """Training whose learning rate is planned for a whole fit.

    Parameters
    ----------
    learning_rate : str or callable, default="one_cycle"
        How the learning rate changes during training. "one_cycle" rises and falls
        within max_iter. The others are "constant", "invscaling", "adaptive", "step",
        "exponential", "power", "piecewise", "plateau", "cosine", "cyclic",
        "warm_restarts", "log_cosine", or a function of the number of finished epochs,
        see `MLPClassifier`. partial_fit replaces "one_cycle", "cosine" and
        "log_cosine", which need a whole fit, by "constant".
    """

    learning_rate: str | Callable[[int], float] = redefault(
        "learning_rate", TrainingParameters, "one_cycle"
    )
    max_grad_norm: float | None = redefault("max_grad_norm", TrainingParameters, 1.0)
