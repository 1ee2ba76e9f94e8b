"""Classifier: labels and probabilities from raw scores."""

from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sknn_suite.decision import Criterion
from sknn_suite.doors import Home, Interval, StrOptions, fit_context, to_home
from sknn_suite.estimator._supervised import SupervisedEstimator, can_partial_fit
from sknn_suite.estimator._wanted import probabilities
from sknn_suite.losses import LINKS
from sknn_suite.parameters import param, parameters


@parameters(group="training")
class Classifier(ClassifierMixin, SupervisedEstimator):
    """Classification: two classes, several, or several labels per row.

    Parameters
    ----------
    loss : {"log_loss", "focal", "logit_adjusted"}, default="log_loss"
        Loss function to minimise. "focal" gives less weight to rows that are already
        right. Try it when classes are rare or hard to separate. "logit_adjusted" is the
        log-loss after the logarithm of each class's share in training was added to its
        raw score. So classes count equally, however rare: `predict` aims at balanced
        accuracy, and `predict_proba` is for equal shares, see `probabilities`.

    class_weight : dict, "balanced", list of dict or None, default=None
        Weight of each class, multiplied with `sample_weight`. "balanced" gives every
        class the same total weight. A list has one dict per column of a multilabel y.
        Validation rows have the same weights. Set it when some classes are rare.

    batch_sampling : {"shuffle", "balanced"} or dict, default="shuffle"
        Which rows an epoch takes. "shuffle" takes each row once. "balanced" fills
        batches with equally many rows of each class, and a dict by the shares that it
        gives to the classes. An epoch has as many rows as before: all rows of a large
        class come once, over several epochs, before any comes again, and rows of small
        classes come several times. `class_weight` and `sample_weight` multiply the loss
        of rows as ever, so one of "balanced" weights and batches is enough. Validation
        rows are weighted by the same shares. Set it when a class is so rare that most
        batches have no row of it.

    label_smoothing : float, default=0.0
        Fraction of the target, in [0, 1), that training spreads evenly over the
        classes. Raise it when the probabilities are too extreme. Not for loss="focal".

    focal_gamma : float, default=2.0
        Strength of loss="focal", in [0, inf); 0 is the log-loss.

    decision_threshold : float, str, callable, criterion, array-like or None, \
            default=None
        How `predict` decides; `predict_proba` stays as it is. None takes the most
        probable class. A number is the smallest probability of ``classes_[1]``, or of
        each label, that is positive. The name of a scorer, such as "f1" or
        "matthews_corrcoef", a scorer, a cost matrix (a row for each true class), or
        one of `sknn_suite.decision`, such as ``Capacity(200)``: the threshold is chosen
        on the validation rows of early stopping, or on X_val, without another fit.
        Rows there count by their sample weight, not by `class_weight` or
        `batch_sampling`. Set it when classes are rare or mistakes differ in cost. A
        list has one number per label, or per class, which divides its probability
        before the largest is taken.

    probabilities : {"as_trained", "true_shares"}, default="as_trained"
        What probabilities are for, if `class_weight`, `batch_sampling` or `loss` has
        changed the shares of the classes in training: "as_trained" for those shares,
        "true_shares" for those of the rows as they are, by Bayes' rule, from the
        weights and counts that were used. Set it when you read probabilities, or decide
        by cost. Not for loss="focal".

    Attributes
    ----------
    decision_threshold_ : float, ndarray or None
        The threshold that `predict` uses: a number, one for each label, or one for each
        class; None if it takes the most probable class.

    decision_curve_ : DecisionCurve, list of DecisionCurve or None
        What other thresholds would have done to the validation rows, for each label of
        several; None for several classes and for a threshold that was given.
    """

    loss: str = param("log_loss", StrOptions({"log_loss", "focal", "logit_adjusted"}))
    class_weight: dict | list | str | None = param(
        None, dict, list, StrOptions({"balanced"}), None
    )
    batch_sampling: dict | str = param(
        "shuffle", StrOptions({"shuffle", "balanced"}), dict
    )
    label_smoothing: float = param(
        0.0, Interval(Real, 0, 1, closed="left"), group="regularisation"
    )
    focal_gamma: float = param(
        2.0, Interval(Real, 0, None, closed="left"), group="rare"
    )

    decision_threshold: Any = param(
        None,
        Interval(Real, 0, 1, closed="both"),
        str,
        callable,
        Criterion,
        "array-like",
        None,
        group="decisions",
    )
    probabilities: str = param(
        "as_trained", StrOptions({"as_trained", "true_shares"}), group="decisions"
    )

    @available_if(can_partial_fit)
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Train one more epoch on the given rows, with the optimiser's state kept.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, >= 0.
        classes : array-like of shape (n_classes,), default=None
            All labels that may occur in any call. The first call needs it.

        Returns
        -------
        self : object
            The estimator.
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit, which sees "
                "one part of the data. Expected a dict or None. Compute the weights "
                "with sklearn.utils.compute_class_weight and pass the resulting dict."
            )
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X):
        """Predict the class of each row: the most probable, or by `decision_threshold`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Elements of `classes_`, or a 0/1 matrix for multilabel.
        """
        raw, home = self._class_scores(X, "predict")
        target = self._net.target
        if target.rule is None:
            codes = target.decide(raw.numpy())
        else:
            codes = target.rule.decide(probabilities(target, raw))
        return to_home(self._net.target.inverse_transform(codes), home)

    def decision_function(self, X):
        """Compute raw scores, before softmax or sigmoid.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The scores; for two classes, the log-odds of ``classes_[1]``.
        """
        raw, home = self._class_scores(X, "decision_function")
        scores = raw.numpy()
        return to_home(
            scores[:, 0] if self._net.target.kind_ == "binary" else scores, home
        )

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns as in `classes_`. Rows sum to one; for multilabel they do not, as
            each column is the probability of one label.
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

    @property
    def decision_threshold_(self) -> Any:
        """The threshold that `predict` uses."""
        check_is_fitted(self)
        rule = self._net.target.rule
        return None if rule is None else rule.threshold

    @property
    def decision_curve_(self) -> Any:
        """What other thresholds would have done to the validation rows."""
        check_is_fitted(self)
        rule = self._net.target.rule
        return None if rule is None else rule.curve

    def _class_scores(self, X: Any, caller: str) -> tuple[Tensor, Home | None]:
        """Raw scores, for the shares of classes that `probabilities` asks for."""
        raw, home = self._raw_scores(X, caller)
        return self._net.target.shifted(raw), home

    def _probabilities(self, X: Any, caller: str) -> tuple[np.ndarray, Home | None]:
        raw, home = self._raw_scores(X, caller)
        return self._from_raw(raw), home

    def _from_raw(self, raw: Tensor) -> np.ndarray:
        """Probabilities of raw scores."""
        shifted = self._net.target.shifted(raw)
        proba = LINKS[self.out_activation_](shifted).numpy()
        if self._net.target.kind_ == "binary":
            both = np.empty((len(proba), 2), dtype=proba.dtype)
            np.subtract(1, proba[:, 0], out=both[:, 0])
            both[:, 1] = proba[:, 0]
            proba = both
        return proba

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
