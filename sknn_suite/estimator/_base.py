"""NeuralEstimator: the steps from user data to a fitted network."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted

from sknn_suite.doors import (
    Home,
    check_same_home,
    is_one_of_many_fits,
    is_pressed_again,
    to_numpy,
)
from sknn_suite.estimator._draft import fitted_attributes
from sknn_suite.estimator._fit import Call, plan_call, warn_unless_converged
from sknn_suite.estimator._fitted import FittedNet
from sknn_suite.estimator._task import Task
from sknn_suite.parameters import (
    TrainingParameters,
    explain_attribute,
    explain_value,
    parameters,
    words_of_set_params,
)
from sknn_suite.training import Job, train_job


@parameters
class NeuralEstimator(TrainingParameters, CallbackSupportMixin, BaseEstimator):
    """Base of all estimators: from rows to a plan, from a plan to fitted attributes.

    A subclass says in `_task` how it treats its rows.

    Attributes
    ----------
    loss_ : float
        Loss of the last epoch, penalty included.

    best_loss_ : float or None
        Smallest loss of an epoch; None with early stopping.

    loss_curve_ : list of float
        Loss of each epoch.

    validation_scores_ : list of float or None
        With early stopping: score of the validation rows after each epoch, which is
        accuracy or R2 unless `early_stopping_scoring` changes it.

    best_validation_score_ : float or None
        The best finite number in `validation_scores_`; NaN if there is none.

    best_epoch_, best_score_ : int and float
        With early stopping: the epoch whose weights were kept, numbered as in
        `history_`, and its score. If no score was finite, they are the last epoch and
        NaN.

    init_matched_ : list of str
        With `init_from`: names of the weights that were copied.

    learning_rate_ : float
        The learning rate at the start of training; the result of the range test if
        learning_rate_init="auto".

    solver_ : str or type
        How weights were updated: `solver`, or the choice of "auto".

    schedule_ : str, callable or None
        How the learning rate changed: `learning_rate`, or what replaced it; None for
        lbfgs, which has no rate.

    max_iter_ : int
        Number of epochs for which training was planned.

    batch_size_ : int
        Rows per batch; lbfgs takes all rows at once.

    device_ : str
        Where it was trained, such as "cpu" or "cuda:0".

    precision_ : {"float32", "bfloat16", "float64"}
        Type of the arithmetic; "bfloat16" is for products, with float32 weights.

    n_iter_ : int
        Number of epochs in the last call, or of iterations of lbfgs.

    t_ : int
        Number of training rows seen, summed over all epochs.

    history_ : list of dict
        One record per epoch: epoch, train_loss, learning_rate, seconds, and with early
        stopping valid_loss and valid_score.
    """

    def _task(self, of: Any) -> Task:
        """Make the task of a call; `of` is a draft, or the fitted estimator."""
        raise NotImplementedError

    # -- fit -------------------------------------------------------------------------

    def _fit(self, call: Call) -> "NeuralEstimator":
        """Train on the rows of a call; the estimator changes at the end, or never."""
        fit = plan_call(self, call).prepare()
        job = Job(fit.plan, fit.scorer(), fit.callbacks(), keeps_net=call.partial)
        trained = train_job(job)
        if trained.interrupted and (is_one_of_many_fits() or is_pressed_again()):
            # A search or a loop would take the half-trained network and go on.
            raise KeyboardInterrupt
        self._set_fitted(fit.attributes(trained))
        fit.source.hand_back(trained.random_state)
        if not call.partial:
            warn_unless_converged(fit, trained)
        return self

    def _set_fitted(self, attributes: dict[str, Any]) -> None:
        """Take all fitted attributes at once, in place of those of an earlier fit."""
        for name in fitted_attributes(self):
            del self.__dict__[name]
        self.__dict__.update(attributes)

    # -- predict ---------------------------------------------------------------------

    def _fitted_net(self) -> FittedNet:
        """Give the net with the weights that predictions use."""
        return self._net

    def _raw_scores(self, X: Any, caller: str) -> tuple[torch.Tensor, Home | None]:
        """Raw scores of rows, in X's type, on the host; and where X came from."""
        task = self._task(self)
        rows, home = self._rows_to_predict(X, caller, task)
        return self._fitted_net().raw_scores(rows, self.device, task.adapt), home

    def _rows_to_predict(
        self, X: Any, caller: str, task: Task | None = None
    ) -> tuple[Any, Home | None]:
        """Check rows to predict, and return where X came from."""
        if not self.__sklearn_is_fitted__():  # its tags are slow
            check_is_fitted(self)
        X, home = to_numpy(X)
        check_same_home(self._net.home, home, f"{type(self).__name__}.{caller}")
        return (task or self._task(self)).check_rows(X), home

    # -- parameters ------------------------------------------------------------------

    def set_params(self, **params):
        """Set parameters, which act from the next fit on.

        Parameters
        ----------
        **params : dict
            Parameters by name; ``part__name`` sets that of an estimator or tokenizer
            that is a parameter itself.

        Returns
        -------
        self : object
            The estimator.
        """
        words_of_set_params(self, params)
        return super().set_params(**params)

    def _validate_params(self) -> None:
        # scikit-learn calls it before every fit.
        try:
            super()._validate_params()
        except ValueError as error:
            values = self.get_params(deep=False)
            hint = explain_value(error, values, type(self))
            if hint is None:
                raise
            raise type(error)(f"{error} {hint}") from None

    if not TYPE_CHECKING:  # else any attribute would seem to be there

        def __getattr__(self, name):
            # Called for attributes that are missing.
            explain_attribute(self, name)
            return object.__getattribute__(self, name)  # the error of Python

    # -- state -----------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return "_net" in self.__dict__

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())  # type: ignore[call-overload]
        memory = state.get("_memory")
        if memory is not None and not (self.warm_start or memory.is_partial):
            # Twice the size of the weights; only calls that continue use it.
            state["_memory"] = replace(memory, state=None)
        return state
