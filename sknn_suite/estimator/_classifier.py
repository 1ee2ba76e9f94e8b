"""The classifying half: labels, probabilities, accuracy of validation rows."""

from numbers import Real
from typing import Any

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels

from sknn_suite.data import TensorBundle
from sknn_suite.doors import (
    Home,
    Interval,
    StrOptions,
    check_partial_fit_first_call,
    fit_context,
    to_home,
    to_numpy,
)
from sknn_suite.encoding import ClassTarget
from sknn_suite.estimator._base import transactional
from sknn_suite.estimator._supervised import (
    SupervisedEstimator,
    can_partial_fit,
    refuse_early_stopping,
)
from sknn_suite.losses import (
    LINKS,
    FocalSigmoidLoss,
    FocalSoftmaxLoss,
    Loss,
    SigmoidLoss,
    SoftmaxLoss,
    combine_weights,
    settle_class_weight,
)
from sknn_suite.parameters import param, parameters


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
        Validation rows are weighed by the same numbers.
    """

    loss: str = param("log_loss", StrOptions({"log_loss", "focal"}))
    focal_gamma: float = param(2.0, Interval(Real, 0, None, closed="left"))
    label_smoothing: float = param(0.0, Interval(Real, 0, 1, closed="left"))
    class_weight: dict | list | str | None = param(
        None, dict, list, StrOptions({"balanced"}), None
    )

    @available_if(can_partial_fit)
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
        refuse_early_stopping(self)
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
        given = (sample_weight, self.class_weight, y, self.classes_)
        weight = combine_weights(*given)
        self._settled_class_weight = settle_class_weight(*given)
        return weight

    def _weigh_validation_rows(
        self, sample_weight: np.ndarray | None, y: np.ndarray
    ) -> np.ndarray | None:
        return combine_weights(
            sample_weight, self._settled_class_weight, y, self.classes_
        )

    def _make_loss(self) -> Loss:
        softmax = self._target.kind_ == "multiclass"
        if self.loss == "focal":
            if self._smoothing > 0:
                raise ValueError(
                    f"label_smoothing={self._smoothing} does not go with "
                    "loss='focal'. Expected loss='log_loss', or no smoothing. "
                    "Change one of the two."
                )
            focal = FocalSoftmaxLoss if softmax else FocalSigmoidLoss
            return focal(self.focal_gamma)
        log_loss = SoftmaxLoss if softmax else SigmoidLoss
        return log_loss(self._smoothing)

    @property
    def _smoothing(self) -> float:
        """Label smoothing; what a default stands for is settled."""
        return self.label_smoothing

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
            both = np.empty((len(proba), 2), dtype=proba.dtype)
            np.subtract(1, proba[:, 0], out=both[:, 0])
            both[:, 1] = proba[:, 0]
            proba = both
        return proba, home

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
