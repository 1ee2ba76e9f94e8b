"""Recalibrator: any pipeline, with probabilities for the true shares of the classes."""

from typing import Any, NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.validation import check_is_fitted

from sknn_suite.decision._labels import check_labels
from sknn_suite.decision._prior import check_shares, prior_correction
from sknn_suite.decision._threshold import check_rows
from sknn_suite.decision._wrapper import ClassifierWrapper
from sknn_suite.doors import HasMethods, StrOptions, fit_context
from sknn_suite.exceptions import DataError
from sknn_suite.parameters import param, parameters

# Name of the step that counts what samplers hand on.
COUNTER = "count_classes"


class ClassCounter(BaseEstimator):
    """A sampler that changes nothing, and remembers how many rows each class has.

    Attributes
    ----------
    classes_, counts_ : ndarray of shape (n_classes,)
        The labels, and their numbers of rows.
    """

    def fit_resample(self, X: Any, y: Any, **params: Any) -> tuple:
        """Count the classes, and hand the rows on."""
        self.classes_, self.counts_ = np.unique(y, return_counts=True)
        return (X, y, *params.values())

    def fit(self, X: Any, y: Any = None) -> "ClassCounter":
        """Exist, because pipelines look for it."""
        return self


@parameters(group="training")
class Recalibrator(ClassifierWrapper):
    """Any classifier or pipeline, with probabilities for the true shares of classes.

    Samplers and class weights change the shares of the classes that a classifier is
    trained on, and so its probabilities. This wrapper counts what the classifier was
    trained on, and corrects `predict_proba` by Bayes' rule, without another fit. The
    order of two classes' rows by probability stays the same; `predict` takes the most
    probable class of the corrected probabilities. Put a `ThresholdTuner` around it to
    decide otherwise.

    The correction is exact for rows that are dropped at random, copied or weighted, and
    approximate for rows that are made up. It does not mend probabilities that are wrong
    for other reasons: use scikit-learn's CalibratedClassifierCV for these.

    Parameters
    ----------
    estimator : classifier or None, default=None
        A classifier with `predict_proba`, or a pipeline that ends with one; a pipeline
        of imbalanced-learn may contain samplers. None is a LogisticRegression.

    trained_shares : array-like of shape (n_classes,), "counted" or "balanced", \
            default="counted"
        Shares that the classifier was trained on. "counted" counts the rows that reach
        it, by sample weight and by its parameters `class_weight` and, for classifiers
        of this suite, `batch_sampling`, `loss` and `probabilities`. Choose "balanced"
        for classifiers that balance inside, such as imbalanced-learn's ensembles.

    true_shares : array-like of shape (n_classes,) or None, default=None
        Shares for which probabilities are wanted. None are those of the rows that `fit`
        gets, by sample weight. Set them if the rows were chosen by class already.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    estimator_ : classifier
        The fitted estimator. In a pipeline with samplers, a step before the last
        counts classes.

    trained_shares_, true_shares_ : ndarray of shape (n_classes,)
        Shares from which, and to which, probabilities are corrected.

    n_features_in_ : int
        Number of features, if the estimator has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if the estimator has them.

    See Also
    --------
    prior_correction : The same for probabilities that you have.
    ThresholdTuner : Decides by the corrected probabilities.

    Examples
    --------
    >>> from imblearn.pipeline import make_pipeline
    >>> from imblearn.under_sampling import RandomUnderSampler
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sknn_suite.decision import Recalibrator
    >>> X, y = make_classification(2000, weights=[0.95], flip_y=0.05, random_state=0)
    >>> round(float(y.mean()), 2)
    0.07
    >>> balanced = make_pipeline(RandomUnderSampler(random_state=0),
    ...                          LogisticRegression())
    >>> round(float(balanced.fit(X, y).predict_proba(X)[:, 1].mean()), 2)
    0.31
    >>> model = Recalibrator(balanced).fit(X, y)
    >>> round(float(model.predict_proba(X)[:, 1].mean()), 2)
    0.07
    """

    estimator: Any = param(
        None, HasMethods(["fit", "predict_proba"]), None, kw_only=False
    )
    trained_shares: Any = param(
        "counted", StrOptions({"counted", "balanced"}), "array-like"
    )
    true_shares: Any = param(None, "array-like", None)

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **params):
        """Fit the estimator, and count what it was trained on.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,)
            Their labels.
        **params : dict
            Arguments of the estimator's `fit`, such as `sample_weight`.

        Returns
        -------
        self : object
            The fitted wrapper.

        Raises
        ------
        ValueError
            If y or a parameter cannot be used.
        """
        y = check_labels(y)
        if get_config()["enable_metadata_routing"]:
            params = dict(process_routing(self, "fit", **params).estimator.fit)
        classes, counts = np.unique(y), isinstance(self.trained_shares, str)
        rows = CountedRows.of(classes, y, check_rows(y, y, _weight_in(params)))
        estimator = with_counter(clone(self._inner()))
        if counts and rows.are_weighed:
            refuse_both(estimator)
        estimator.fit(X, y, **params)
        true = rows.totals if self.true_shares is None else self.true_shares
        true = check_shares(true, len(classes), "true_shares")
        if counts:
            trained = np.ones(len(classes))
            if self.trained_shares == "counted":
                trained = _trained_on(estimator, classes, y, rows)
        else:
            trained = self.trained_shares
        self.trained_shares_ = check_shares(trained, len(classes), "trained_shares")
        self.true_shares_ = true
        self.classes_, self.estimator_ = classes, estimator
        self._show_features_of(estimator)
        return self

    def predict_proba(self, X):
        """Predict probabilities for the true shares.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns as in `classes_`.
        """
        check_is_fitted(self)
        proba = self.estimator_.predict_proba(X)
        return prior_correction(proba, self.trained_shares_, self.true_shares_)

    def predict(self, X):
        """Predict the class that is most probable by the true shares.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            Elements of `classes_`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]


def with_counter(estimator: Any) -> Any:
    """Let a pipeline with samplers count the classes that reach its last step."""
    steps = getattr(estimator, "steps", None)
    if not steps or not any(hasattr(step, "fit_resample") for _, step in steps[:-1]):
        return estimator
    return estimator.set_params(
        steps=[*steps[:-1], (COUNTER, ClassCounter()), steps[-1]]
    )


def has_counter(estimator: Any) -> bool:
    """Whether a pipeline counts the classes that samplers hand on."""
    return COUNTER in dict(getattr(estimator, "steps", ()))


class CountedRows(NamedTuple):
    """Rows of each class.

    Parameters
    ----------
    totals, counts : ndarray of shape (n_classes,)
        Their weight, and how many have any.
    are_weighed : bool
        Whether there are weights.
    """

    totals: np.ndarray
    counts: np.ndarray
    are_weighed: bool

    @classmethod
    def of(
        cls, classes: np.ndarray, y: np.ndarray, weight: np.ndarray | None
    ) -> "CountedRows":
        """Count rows; each class must have one that counts."""
        codes = np.searchsorted(classes, y)
        totals = np.bincount(codes, weight).astype(float)
        if not (totals > 0).all():
            raise DataError(
                f"sample_weight leaves the classes {classes[totals == 0].tolist()} "
                "without weight. Expected rows of every class that count. Change the "
                "weights, or drop the rows."
            )
        counts = np.bincount(codes if weight is None else codes[weight > 0])
        return cls(totals, counts, weight is not None)


def fit_counted(
    estimator: Any, X: Any, y: np.ndarray, classes: np.ndarray, params: dict[str, Any]
) -> tuple[Any, np.ndarray]:
    """Fit a classifier, and count what it was trained on.

    Parameters
    ----------
    estimator : classifier
        It is fitted itself; a pipeline with samplers gets a step that counts.
    X, y : array-like, ndarray
        Checked rows.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    params : dict
        Arguments of its `fit`.

    Returns
    -------
    estimator : classifier
        The fitted one.
    trained_shares : ndarray of shape (n_classes,)
        Shares of the classes in training.

    Raises
    ------
    ValueError
        If a class has no weight, or samplers and weights are used together.

    See Also
    --------
    Recalibrator : Corrects probabilities by these shares.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sknn_suite.decision import fit_counted
    >>> X, y = np.arange(8.0)[:, None], np.repeat([0, 1], [6, 2])
    >>> balanced = LogisticRegression(class_weight="balanced")
    >>> model, shares = fit_counted(balanced, X, y, np.unique(y), {})
    >>> shares
    array([0.5, 0.5])
    """
    rows = CountedRows.of(classes, y, check_rows(y, y, _weight_in(params)))
    estimator = with_counter(estimator)
    if rows.are_weighed:
        refuse_both(estimator)
    estimator.fit(X, y, **params)
    trained = _trained_on(estimator, classes, y, rows)
    return estimator, check_shares(trained, len(classes), "trained_shares")


def refuse_both(estimator: Any) -> None:
    """Refuse samplers beside weights of rows."""
    if has_counter(estimator):
        raise DataError(
            "sample_weight and samplers are used together, so the weights of the rows "
            "that reach the classifier are unknown. Expected one of the two. Pass "
            "trained_shares, or leave the weights out."
        )


def _trained_on(
    estimator: Any, classes: np.ndarray, y: np.ndarray, rows: CountedRows
) -> np.ndarray:
    """Weight of each class in the training of the last step."""
    seen, n_rows = rows.totals, rows.counts
    last, trained = estimator, seen
    steps = getattr(estimator, "steps", None)
    if steps:
        last = steps[-1][1]
        if has_counter(estimator):
            counter = dict(steps)[COUNTER]
            if not np.array_equal(counter.classes_, classes):
                raise DataError(
                    f"The samplers hand on the classes {counter.classes_.tolist()} of "
                    f"{classes.tolist()}. Expected rows of each. Change their "
                    "sampling_strategy."
                )
            trained = n_rows = counter.counts_.astype(float)
    params = last.get_params(deep=False)
    if params.get("probabilities") == "true_shares":  # it has corrected them itself
        return trained
    if params.get("loss") == "logit_adjusted":  # it trains for equal shares
        return np.ones(len(classes))
    given = params.get("class_weight")
    if isinstance(given, str):
        # "balanced" counts rows as they reach the classifier, by weight.
        weights = 1 / trained
    else:
        weights = compute_class_weight(given, classes=classes, y=y)
    return trained * weights * _times_drawn(params, classes, n_rows)


def _times_drawn(params: Any, classes: np.ndarray, n_rows: np.ndarray) -> np.ndarray:
    """How often training takes a row of each class, up to a factor."""
    sampling = params.get("batch_sampling", "shuffle")
    if isinstance(sampling, str):
        return 1 / n_rows if sampling == "balanced" else np.ones(len(classes))
    return np.array([sampling[label] for label in classes.tolist()]) / n_rows


def _weight_in(params: dict[str, Any]) -> Any:
    """Find the sample weights, also those for a step of a pipeline."""
    for name, value in params.items():
        if name == "sample_weight" or name.endswith("__sample_weight"):
            return value
    return None
