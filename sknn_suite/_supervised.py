"""Classifier and regressor halves: targets, predictions, scores of validation rows."""

from numbers import Real
from typing import Any

import numpy as np
import torch
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.callback import with_callbacks
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels

from sknn_suite._arrays import Home, to_home, to_numpy
from sknn_suite._base import NeuralEstimator, Rows, transactional
from sknn_suite._bundle import TensorBundle
from sknn_suite._parameters import param, parameters
from sknn_suite._sklearn import (
    Interval,
    StrOptions,
    check_partial_fit_first_call,
    fit_context,
)
from sknn_suite._validation import check_counts, check_weights
from sknn_suite.encoding import ClassTarget, NumberTarget
from sknn_suite.exceptions import DataError
from sknn_suite.losses import (
    LINKS,
    AbsoluteLoss,
    FocalSigmoidLoss,
    FocalSoftmaxLoss,
    HuberLoss,
    Loss,
    PoissonLoss,
    QuantileLoss,
    SigmoidLoss,
    SoftmaxLoss,
    SquaredLoss,
    combine_weights,
)


def _can_partial_fit(estimator: NeuralEstimator) -> bool:
    if estimator.solver == "lbfgs":
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


@parameters
class SupervisedEstimator(NeuralEstimator):
    """An estimator that learns a target."""

    @transactional
    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        groups=None,
    ):
        """Train on X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows: numbers, finite.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets: labels (a 0/1 matrix for several labels per row) or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, >= 0: 2 counts like the row twice, 0 like no row.
        X_val, y_val : array-likes, default=None
            Validation rows of one's own, like X and y. Their loss and score are in
            `history_`; with early_stopping=True they decide when training ends, and
            no rows of X are set aside.
        sample_weight_val : array-like, default=None
            Weight of each validation row, >= 0.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group stay together when validation rows are set aside.

        Returns
        -------
        self : object
            The trained estimator.

        Raises
        ------
        ValueError
            If X, y or a parameter cannot be used; the estimator is left as it was.
        DivergedError
            If the loss becomes NaN or infinite; the estimator is left as it was.
        """
        validation = None
        if X_val is not None or y_val is not None:
            validation = (X_val, y_val, sample_weight_val)
        return self._fit(
            X,
            y,
            sample_weight,
            validation=validation,
            groups=groups,
            resume=self._continues_fit(),
        )

    def _continues_fit(self) -> bool:
        return self.warm_start and self.__sklearn_is_fitted__()

    def _check_rows_and_target(
        self, X: Any, y: Any, *, reset: bool
    ) -> tuple[Any, np.ndarray]:
        """Check X and y against each other; what X may be is the kind of data's."""
        raise NotImplementedError

    def _learn_target(self, y: np.ndarray, *, resume: bool, partial: bool) -> None:
        raise NotImplementedError

    def _combine_weights(
        self, sample_weight: np.ndarray | None, y: np.ndarray
    ) -> np.ndarray | None:
        return sample_weight

    def _check_training_rows(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        X, y = self._check_rows_and_target(X, y, reset=not resume)
        self._learn_target(y, resume=resume, partial=partial)
        weight = self._combine_weights(check_weights(sample_weight, X), y)
        return Rows(X, y, weight)

    def _check_validation_rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        if X is None or y is None:
            raise ValueError(
                "Only one of X_val and y_val was given. Expected both, or none. "
                "Pass the other one too."
            )
        X, _ = to_numpy(X)
        X, y = self._check_rows_and_target(X, y, reset=False)
        self._learn_target(y, resume=True, partial=True)
        return Rows(X, y, check_weights(sample_weight, X))

    def _encode_target(self, y: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
        return self._target.transform(y, dtype)

    @property
    def _n_outputs(self) -> int:
        return self._target.n_outputs

    def _refuse_early_stopping(self) -> None:
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True. "
                "Expected early_stopping=False, since partial_fit sees one part of "
                "the data. Set it, and watch a validation set of your own."
            )


@parameters
class ClassifierHalf(ClassifierMixin, SupervisedEstimator):
    """Classification: two classes, several, or several labels per row.

    Parameters
    ----------
    loss : {"log_loss", "focal"}, default="log_loss"
        What is minimised. "focal" gives rows that are already right less weight, which
        can help when classes are rare or hard to tell apart.

    focal_gamma : float, default=2.0
        Strength of the focal loss, in [0, inf); 0 is the log-loss.

    label_smoothing : float, default=0.0
        Part of the target, in [0, 1), that training spreads evenly over the classes;
        it makes probabilities less extreme. For loss="log_loss".

    class_weight : dict, "balanced", list of dict or None, default=None
        Weight of each class, multiplied with `sample_weight`; "balanced" gives every
        class the same total. A list has one dict per column of a multilabel y.
    """

    loss: str = param("log_loss", StrOptions({"log_loss", "focal"}))
    focal_gamma: float = param(2.0, Interval(Real, 0, None, closed="left"))
    label_smoothing: float = param(0.0, Interval(Real, 0, 1, closed="left"))
    class_weight: dict | list | str | None = param(
        None, dict, list, StrOptions({"balanced"}), None
    )

    @available_if(_can_partial_fit)
    @transactional
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Train one epoch more on the given rows; the optimiser's state goes on.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, >= 0.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever occur; needed in the first call.

        Returns
        -------
        self : object
            The estimator.
        """
        self._refuse_early_stopping()
        if isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit, which sees "
                "one part of the data. Expected a dict or None. Compute the weights "
                "with sklearn.utils.compute_class_weight and pass the resulting dict."
            )
        resume = hasattr(self, "coefs_") or self.__sklearn_is_fitted__()
        if check_partial_fit_first_call(self, classes):
            y_seen, _ = to_numpy(y)
            multilabel = type_of_target(y_seen).startswith("multilabel")
            self._target = ClassTarget()
            if multilabel:
                self._target.fit(np.asarray(y_seen))
            else:
                self._target.fit(np.asarray(y_seen), classes=classes)
            self.classes_ = self._target.classes_
        return self._fit(X, y, sample_weight, resume=resume, n_epochs=1)

    def _learn_target(self, y: np.ndarray, *, resume: bool, partial: bool) -> None:
        if not resume and not partial:
            self._target = ClassTarget().fit(y)
            self.classes_ = self._target.classes_
            return
        labels = unique_labels(y)
        if self.warm_start and not partial and set(labels) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the "
                f"previous call to fit. Previously got {self.classes_}, `y` has "
                f"{labels}"
            )
        if len(np.setdiff1d(labels, self.classes_, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {labels}."
            )

    def _combine_weights(
        self, sample_weight: np.ndarray | None, y: np.ndarray
    ) -> np.ndarray | None:
        return combine_weights(sample_weight, self.class_weight, y, self.classes_)

    def _make_loss(self) -> Loss:
        softmax = self._target.kind_ == "multiclass"
        if self.loss == "focal":
            if self.label_smoothing > 0:
                raise ValueError(
                    f"label_smoothing={self.label_smoothing} does not go with "
                    "loss='focal'. Expected loss='log_loss', or no smoothing. "
                    "Change one of the two."
                )
            focal = FocalSoftmaxLoss if softmax else FocalSigmoidLoss
            return focal(self.focal_gamma)
        log_loss = SoftmaxLoss if softmax else SigmoidLoss
        return log_loss(self.label_smoothing)

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        if self._target.kind_ == "multilabel":
            return None
        codes = self._target.codes(y)
        # With two classes scikit-learn insists on both in both parts, and so do we.
        return (
            codes.astype(bool).astype(str) if self._target.kind_ == "binary" else codes
        )

    def _validation_score(self, raw: torch.Tensor, valid: TensorBundle) -> float:
        """Accuracy, of whole rows for multilabel."""
        target = valid.targets
        if self._target.kind_ == "multiclass":
            right = raw.argmax(dim=1) == target
        else:
            right = ((raw > 0) == (target > 0.5)).all(dim=1)
        weights = None if valid.weight is None else valid.weights.cpu().numpy()
        return float(np.average(right.cpu().numpy(), weights=weights))

    def predict(self, X):
        """Predict the most probable class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Elements of `classes_`, or a 0/1 matrix for multilabel.
        """
        raw, home = self._raw_scores(X, "predict")
        codes = self._target.decide(raw.numpy())
        return to_home(self._target.inverse_transform(codes), home)

    def decision_function(self, X):
        """Raw scores, before softmax or sigmoid.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log-odds of ``classes_[1]``.
        """
        raw, home = self._raw_scores(X, "decision_function")
        scores = raw.numpy()
        return to_home(scores[:, 0] if self._target.kind_ == "binary" else scores, home)

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns as in `classes_`; rows sum to one, except for multilabel, where
            each column stands for itself.
        """
        proba, home = self._probabilities(X, "predict_proba")
        return to_home(proba, home)

    def predict_log_proba(self, X):
        """Predict the logarithm of `predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns as in `classes_`.
        """
        proba, home = self._probabilities(X, "predict_log_proba")
        with np.errstate(divide="ignore"):  # log(0) is -inf, as in scikit-learn
            return to_home(np.log(proba), home)

    def _probabilities(self, X: Any, caller: str) -> tuple[np.ndarray, Home | None]:
        raw, home = self._raw_scores(X, caller)
        proba = LINKS[self.out_activation_](raw).numpy()
        if self._target.kind_ == "binary":
            proba = np.hstack([1 - proba, proba])
        return proba, home

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


@parameters
class RegressorHalf(RegressorMixin, SupervisedEstimator):
    """Regression of one or several numbers per row.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber", "poisson", "quantile"}, \
            default="squared_error"
        What is minimised, and so what is predicted: the mean (squared error; poisson
        for counts, where predictions are positive), the median (absolute error; huber
        lies between the two), or a quantile.

    huber_delta : float, default=1.0
        Error in units of y, in (0, inf), beyond which "huber" is linear.

    quantile : float, default=0.5
        The quantile that loss="quantile" predicts, in (0, 1).
    """

    loss: str = param(
        "squared_error",
        StrOptions({"squared_error", "absolute_error", "huber", "poisson", "quantile"}),
        kw_only=False,
    )
    huber_delta: float = param(1.0, Interval(Real, 0, None, closed="neither"))
    quantile: float = param(0.5, Interval(Real, 0, 1, closed="neither"))

    @available_if(_can_partial_fit)
    @transactional
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train one epoch more on the given rows; the optimiser's state goes on.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, >= 0.

        Returns
        -------
        self : object
            The estimator.
        """
        self._refuse_early_stopping()
        resume = self.__sklearn_is_fitted__()
        return self._fit(X, y, sample_weight, resume=resume, n_epochs=1)

    def _learn_target(self, y: np.ndarray, *, resume: bool, partial: bool) -> None:
        if self.loss == "poisson":
            check_counts(y, self.loss)
        target = NumberTarget().fit(y)
        if resume and target.n_outputs != self._n_outputs:
            raise DataError(
                f"y has {target.n_outputs} columns, but {type(self).__name__} was "
                f"fitted with {self._n_outputs}. Expected the same number. "
                "Start anew with warm_start=False, or pass the same targets."
            )
        self._target = target

    def _make_loss(self) -> Loss:
        if self.loss == "huber":
            return HuberLoss(self.huber_delta)
        if self.loss == "quantile":
            return QuantileLoss(self.quantile)
        kinds = {
            "squared_error": SquaredLoss,
            "absolute_error": AbsoluteLoss,
            "poisson": PoissonLoss,
        }
        return kinds[self.loss]()

    def _validation_score(self, raw: torch.Tensor, valid: TensorBundle) -> float:
        """R2 of the predictions, the mean over outputs."""
        weight = None if valid.weight is None else valid.weights.cpu()
        predicted = LINKS[self.out_activation_](raw).cpu()
        return float(r2_score(valid.targets.cpu(), predicted, sample_weight=weight))

    def predict(self, X):
        """Predict the target of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions, of X's type.
        """
        raw, home = self._raw_scores(X, "predict")
        values = LINKS[self.out_activation_](raw).numpy()
        return to_home(self._target.inverse_transform(values), home)
