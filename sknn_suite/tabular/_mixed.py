"""What TabularClassifier and TabularRegressor share."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils.metaestimators import available_if

from sknn_suite.doors import Interval, StrOptions
from sknn_suite.estimator import SupervisedEstimator
from sknn_suite.parameters import TrainingParameters, param, parameters, redefault

# Training parameters that the recipe settles.
_SETTLED: dict[str, Any] = {
    "solver": "adamw",
    "solver_params": {"weight_decay": 0.02},
    "beta_1": 0.9,
    "beta_2": 0.95,
    "epsilon": 1e-8,
    "learning_rate": "log_cosine",
    "schedule_params": None,
    "warmup": 0.0,
    "power_t": 0.5,
    "early_stopping": True,
    "tol": 0.0,
    "alpha": 0.0,
    "l1_alpha": 0.0,
    "max_grad_norm": None,
    "max_grad_value": None,
    "max_norm": None,
    "mixup": 0.0,
    "averaging": None,
    "averaging_start": None,
    "ema_decay": 0.999,
    "decay_biases": False,
    "accumulate": 1,
    "momentum": 0.9,
    "nesterovs_momentum": True,
    "shuffle": True,
    "warm_start": False,
    "init_from": None,
    "freeze": None,
    "unfreeze_every": None,
    "on_divergence": "raise",
    "checkpoint": None,
    "checkpoint_every": 1,
    "max_fun": 15000,
}


_NO_CONTINUATION = (
    "cannot continue a fit: fit it anew, on all rows, or use MLPClassifier or "
    "MLPRegressor."
)
_NO_FREEZING = (
    "trains all weights of new networks: leave {word} out, or use MLPClassifier or "
    "MLPRegressor."
)
_REASONS = {
    "warm_start": _NO_CONTINUATION,
    "checkpoint": _NO_CONTINUATION,
    "checkpoint_every": _NO_CONTINUATION,
    "init_from": _NO_FREEZING,
    "freeze": _NO_FREEZING,
    "unfreeze_every": _NO_FREEZING,
    "early_stopping": (
        "always leaves rows out, and keeps the best epoch of each network: leave "
        "{word} out, or set n_iter_no_change=10, say, to end sooner."
    ),
}


def _refuse_partial_fit(estimator: Any) -> bool:
    raise AttributeError(
        f"{type(estimator).__name__} has no partial_fit: its members are chosen once, "
        "by rows that they have not learnt from. Expected all rows in one call of fit. "
        "Fit again on old and new rows together, or use MLPClassifier or MLPRegressor."
    )


@parameters(group="network", settles=_SETTLED, reasons=_REASONS)
class TabularEstimator(SupervisedEstimator):
    """Several small networks on tables of mixed columns.

    Parameters
    ----------
    n_members : int or "auto", default="auto"
        Number of networks, >= 1. "auto" is 12. They learn in one program: twice as many
        take less than twice the time. Those that are behind at half time leave it. A
        single one has the middle of the settings.

    hidden_layer_sizes : int, array-like of int or "auto", default="auto"
        Units of the hidden layers of each network. "auto" draws 2 to 4 layers of 128
        units, or of 256 from 3,000 rows on.

    cv : int, "auto" or None, default="auto"
        How many folds the networks leave out in turn, >= 2: network m learns from all
        rows but those of fold m modulo `cv`, which judge it. None sets
        `validation_fraction` of the rows aside, for all networks. "auto" is 4 below
        10,000 rows, and None from there on.

    categorical_features : array-like of str, int or bool, default=None
        Columns that are categories, whatever their values say: names, numbers, or a
        mask. None tells them from dtypes and values.

    numeric_features : array-like of str, int or bool, default=None
        Columns that are numbers; strings are parsed.

    date_features : array-like of str, int or bool, default=None
        Columns that are dates; strings such as "2026-11-26 12:30" are parsed.

    text_features : {"ngrams", "drop"}, default="ngrams"
        What is done with columns of short texts, all different: "ngrams" reads their
        letter n-grams, "drop" leaves them out.

    monotonic_cst : dict of str to int, array-like of int or None, default=None
        For columns of numbers and booleans 1 if predictions must not fall where the
        column rises, -1 if they must not rise, 0 if they are free; by name, or one per
        column. It holds for all rows, up to rounding: the networks cannot learn
        anything else. A gap is no value, so that predictions may jump there. Of two
        classes it is the probability of ``classes_[1]``. Set it where you know it, or
        must be able to justify each prediction.

    learning_rate_init : float, default=0.02
        Step size of AdamW at the peaks of the schedule, in (0, inf). It rises and falls
        four times, each time about twice as long. Lower it when the validation loss
        jumps.

    max_iter : int or "auto", default="auto"
        Number of epochs, >= 1. "auto" plans 3,000 updates, in 24 to 100 epochs. Each
        network keeps its best epoch. Fewer are trained if no network gets better.

    n_iter_no_change : int or inf, default=inf
        Patience, in epochs: training ends after more than this many epochs in a row
        without a better score of all networks together. inf trains to the end.

    batch_size : int or "auto", default="auto"
        Rows per batch. "auto" is a hundredth of the training rows, as a power of two
        from 32 to 512; with few rows a tenth of them, up to 256.

    validation_fraction : float, default=0.1
        Fraction of the rows that are set aside if there are no folds (`cv`), in
        [0, 1).

    early_stopping_scoring : str, callable or None, default="loss"
        What chooses epochs and networks, by rows that were left out: "loss", the name
        of a scikit-learn scorer, or a scorer. None is "loss".

    Attributes
    ----------
    column_kinds_ : mapping of str to str
        Kind of each column: "number", "boolean", "category", "date" or "text"; or why
        it is left out: "constant", "duplicate", "identifier" or "dropped text".

    members_ : dict of str to list or ndarray
        Settings of each network, the epochs that it was trained (`n_epochs`, fewer
        than `n_iter_` if it left before the end), its score on the rows that it left
        out (`validation_score`), and its `weight` in the mean. ``pandas.DataFrame``
        shows it as a table.

    feature_importances_ : ndarray of shape (`n_features_in_`,)
        How much the loss on rows that were left out rises when a column is shuffled.
        Beyond 200 columns, neighbours are shuffled together and share the rise. They
        take about a twentieth of `max_time`: with little time they are told from fewer
        rows, and are NaN where there was none.

    loss_ : float
        Training loss of the last epoch, the mean of the networks in training.

    best_loss_ : float or None
        None if rows were left out, or X_val was given; else the smallest training loss.

    validation_scores_ : list of float or None
        Score of all networks together after each epoch, on rows that were left out or
        on X_val: minus the loss, unless `early_stopping_scoring` names another score.

    best_epoch_, best_score_ : int and float
        The epoch with the best of `validation_scores_`, and this score. Each network
        keeps a best epoch of its own.

    learning_rate_ : float
        The learning rate at the peaks of the schedule.

    solver_ : str
        How weights were updated.

    schedule_ : str
        How the learning rate changed.

    batch_size_ : int
        Rows per batch.

    n_iter_ : int
        Number of epochs.

    history_ : list of dict
        One record per epoch: epoch, train_loss, learning_rate, seconds, and with rows
        left out valid_loss and valid_score.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X had names that are all strings.
    """

    n_members: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    hidden_layer_sizes: int | str | Sequence[int] = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Integral, 1, None, closed="left"),
        "array-like",
    )
    cv: int | str | None = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Integral, 2, None, closed="left"),
        None,
        group="stopping",
    )
    categorical_features: Any = param(None, "array-like", None, group="rows")
    numeric_features: Any = param(None, "array-like", None, group="rows")
    date_features: Any = param(None, "array-like", None, group="rows")
    text_features: str = param("ngrams", StrOptions({"ngrams", "drop"}), group="rows")
    monotonic_cst: Any = param(None, dict, "array-like", None, group="network")
    learning_rate_init: Any = param(
        0.02, Interval(Real, 0, None, closed="neither"), group="training"
    )
    max_iter: Any = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Integral, 1, None, closed="left"),
        group="training",
    )
    n_iter_no_change: float = redefault("n_iter_no_change", TrainingParameters, np.inf)
    early_stopping_scoring: Any = redefault(
        "early_stopping_scoring", TrainingParameters, "loss"
    )

    @available_if(_refuse_partial_fit)
    def partial_fit(self, X, y, sample_weight=None):
        """Refuse to train in parts: members are chosen once, by rows left out.

        Parameters
        ----------
        X, y, sample_weight : object
            Not read.

        Returns
        -------
        None
            Never: the method is not available.
        """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags
