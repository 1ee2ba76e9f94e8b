"""ThresholdTuner: a classifier that decides by thresholds chosen out of fold."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.metadata_routing import MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sknn_suite.checks import list_some
from sknn_suite.decision._criteria import Criterion
from sknn_suite.decision._folds import Fold, fit_folds, gives_probabilities, scores_of
from sknn_suite.decision._labels import check_labels
from sknn_suite.decision._rule import DecisionRule
from sknn_suite.decision._threshold import check_rows
from sknn_suite.decision._wrapper import ClassifierWrapper, inner_has
from sknn_suite.doors import HasMethods, StrOptions, fit_context
from sknn_suite.exceptions import DataError
from sknn_suite.parameters import param, parameters


@parameters(group="training")
class ThresholdTuner(ClassifierWrapper):
    """Any classifier, with decision thresholds chosen on rows that it has not seen.

    The rows are split into folds. A clone is fitted for each fold, and scores the rows
    that it left out. The threshold is the optimum over all these scores, and the
    clones that scored them predict, by the mean of their scores: k fits in all, and
    model and threshold share the split. With more than two classes, there is one
    threshold for each, and the decisions on the rows left out are never worse than
    those for the most probable class.

    Classifiers of this suite need no tuner if they hold validation rows out: see their
    `decision_threshold`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        The classifier, with `predict_proba` or `decision_function`; fitted already for
        cv="prefit". None is a LogisticRegression.

    scoring : str, callable, criterion, float, array-like or None, \
            default="balanced_accuracy"
        What decisions should be good at: the name of a scorer, a scorer, a cost matrix,
        or `Capacity`, `FBeta`, `RecallAtPrecision`, `PrecisionAtRecall`, see
        `find_threshold`. A number fixes the threshold; None takes the most probable
        class.

    cv : int, splitter, iterable or "prefit", default=5
        Number of folds, at least 2, which are stratified; a splitter of scikit-learn;
        or pairs of row numbers. "prefit" takes the fitted `estimator` as it is, and all
        rows of `fit` to choose the threshold: pass rows that it has not seen.

    refit : bool, default=False
        Whether another clone is fitted on all rows, and predicts alone. Its scores may
        differ in scale from those that the threshold was chosen on.

    n_jobs : int or None, default=None
        Number of folds that are fitted at a time, as in joblib.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; of two, the second is positive.

    decision_threshold_ : float or ndarray of shape (n_classes,)
        Two classes: the smallest score that is positive. More: what each probability is
        divided by (each decision value lowered by) before the largest is taken.

    decision_curve_ : DecisionCurve or None
        With two classes: what other thresholds would have done to the rows left out.

    best_score_ : float or None
        What the threshold was chosen by, on the rows left out; None if it is fixed.

    fold_thresholds_ : ndarray of shape (n_folds,) or (n_folds, n_classes)
        The threshold that each fold would choose by itself; NaN if it cannot.

    threshold_std_ : float or ndarray of shape (n_classes,)
        Standard deviation of `fold_thresholds_`: how uncertain the threshold is.

    estimators_ : list of classifiers
        What predicts: the clone of each fold, or the only one.

    n_features_in_ : int
        Number of features, if the estimator has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if the estimator has them.

    See Also
    --------
    find_threshold : The same for scores that you have.
    sklearn.model_selection.TunedThresholdClassifierCV : Looks at a hundred thresholds,
        of two classes.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sknn_suite.decision import ThresholdTuner
    >>> X, y = make_classification(1000, weights=[0.95], random_state=0)
    >>> tuner = ThresholdTuner(LogisticRegression(), scoring="f1").fit(X, y)
    >>> round(tuner.decision_threshold_, 2), round(tuner.best_score_, 2)
    (0.45, 0.82)
    """

    estimator: Any = param(
        None,
        HasMethods(["fit", "predict_proba"]),
        HasMethods(["fit", "decision_function"]),
        None,
        kw_only=False,
    )
    scoring: Any = param("balanced_accuracy", object)
    cv: Any = param(5, "cv_object", StrOptions({"prefit"}))
    refit: bool = param(False, "boolean")
    n_jobs: int | None = param(None, Integral, None)

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **params):
        """Fit the folds, and choose the threshold.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,)
            Their labels.
        **params : dict
            Arguments of the estimator's `fit`, such as `sample_weight`, and with
            metadata routing those of the splitter, such as `groups`. The weights that
            the estimator gets count for the threshold too. Without metadata routing,
            `groups` go to the splitter.

        Returns
        -------
        self : object
            The fitted tuner.

        Raises
        ------
        ValueError
            If y or a parameter cannot be used.
        """
        X, y = indexable(X, y)
        y = check_labels(y)
        classes = np.unique(y)
        fit_params, split_params = self._route(params)
        weight = check_rows(y, y, fit_params.get("sample_weight"))
        kind = "binary" if len(classes) == 2 else "multiclass"
        wanted = DecisionRule.settle(self.scoring, kind, len(classes))
        folds = self._folds(X, y, fit_params, split_params)
        self.classes_ = classes
        self.estimators_ = [fold.estimator for fold in folds]
        if self.refit and self.cv != "prefit":
            self.estimators_ = [clone(self._inner()).fit(X, y, **fit_params)]
        self._show_features_of(self.estimators_[0])
        self._decide(wanted, kind, y, weight, folds)
        return self

    def _folds(self, X, y, fit_params, split_params) -> list[Fold]:
        estimator = self._inner()
        if isinstance(self.cv, str):
            check_is_fitted(estimator)
            if not np.array_equal(estimator.classes_, np.unique(y)):
                raise DataError(
                    f"The fitted estimator knows the classes "
                    f"{list_some(estimator.classes_)}, and y has "
                    f"{list_some(np.unique(y))}. Expected the same. Pass rows of "
                    "every class."
                )
            return [Fold(estimator, np.arange(len(y)), scores_of(estimator, X))]
        if isinstance(self.cv, Integral):
            _check_folds(y, int(self.cv))
        cv = check_cv(self.cv, y, classifier=True)
        splits = list(cv.split(X, y, **split_params))
        return fit_folds(estimator, X, y, splits, fit_params, self.n_jobs)

    def _decide(
        self,
        wanted: DecisionRule | Criterion | None,
        kind: str,
        y: np.ndarray,
        weight: np.ndarray | None,
        folds: list[Fold],
    ) -> None:
        of_proba = gives_probabilities(folds[0].estimator)
        if not isinstance(wanted, Criterion):
            rule = wanted or DecisionRule.most_probable(
                kind, len(self.classes_), of_proba
            )
            alone = [rule.threshold] * len(folds)
        else:
            how = (self.classes_, of_proba)
            left_out = np.concatenate([fold.rows for fold in folds])
            scores = np.concatenate([fold.scores for fold in folds])
            rule = _choose(wanted, kind, y, weight, left_out, scores, *how)
            part = wanted.as_share(
                len(left_out) if weight is None else float(weight[left_out].sum())
            )
            alone = [
                _choose_or_nan(part, kind, y, weight, fold.rows, fold.scores, *how)
                for fold in folds
            ]
        self._rule = rule
        self.decision_threshold_ = rule.threshold
        self.decision_curve_ = rule.curve
        self.best_score_ = rule.value
        self.fold_thresholds_ = np.array(alone)
        with np.errstate(invalid="ignore"):  # of infinite thresholds
            spread = self.fold_thresholds_.std(axis=0)
        self.threshold_std_ = float(spread) if kind == "binary" else spread

    # -- predict ---------------------------------------------------------------------

    def predict(self, X):
        """Decide by the threshold.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            Elements of `classes_`.
        """
        check_is_fitted(self)
        scores = np.mean([scores_of(e, X) for e in self.estimators_], axis=0)
        codes = self._rule.decide(scores)
        return self.classes_[codes]

    @available_if(inner_has("predict_proba"))
    def predict_proba(self, X):
        """Predict probabilities, which the threshold does not change.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            The mean of what the estimators predict.
        """
        check_is_fitted(self)
        return np.mean([e.predict_proba(X) for e in self.estimators_], axis=0)

    @available_if(inner_has("decision_function"))
    def decision_function(self, X):
        """Compute decision values, which the threshold does not change.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The mean of the estimators' decision values.
        """
        check_is_fitted(self)
        return np.mean([e.decision_function(X) for e in self.estimators_], axis=0)

    # -- scikit-learn ----------------------------------------------------------------

    def _route(self, params: dict[str, Any]) -> tuple[dict, dict]:
        """Tell the estimator's arguments of fit from those of the splitter."""
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **params)
            split = routed.splitter.split if "splitter" in routed else {}
            return dict(routed.estimator.fit), dict(split)
        fit_params = {n: v for n, v in params.items() if n != "groups"}
        return fit_params, {n: v for n, v in params.items() if n == "groups"}

    def get_metadata_routing(self):
        """Say where `fit` passes its arguments on to.

        Returns
        -------
        MetadataRouter
            To the estimator's `fit`, and the splitter's `split`.
        """
        router = super().get_metadata_routing()
        if isinstance(self.cv, str):
            return router
        return router.add(
            splitter=check_cv(self.cv),
            method_mapping=MethodMapping().add(caller="fit", callee="split"),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return "_rule" in vars(self)


def _check_folds(y: np.ndarray, n_folds: int) -> None:
    classes, counts = np.unique(y, return_counts=True)
    rare = counts.argmin()
    if counts[rare] < n_folds:
        most = int(counts[rare])
        way = f"Set cv={most}" if most > 1 else "Add rows of that class"
        raise DataError(
            f"cv={n_folds}, but the class {classes[rare].item()!r} has {most} row(s). "
            f"Expected a row of each class in every fold. {way}, or pass a splitter."
        )


def _choose(criterion, kind, y, weight, rows, scores, classes, of_probabilities):
    given = None if weight is None else weight[rows]
    return DecisionRule.choose(
        criterion,
        kind,
        y[rows],
        scores,
        classes,
        given,
        of_probabilities=of_probabilities,
    )


def _choose_or_nan(criterion, kind, y, weight, rows, scores, classes, of_proba):
    """Choose by one fold; NaN if it lacks a class, or cannot meet the criterion."""
    try:
        return _choose(
            criterion, kind, y, weight, rows, scores, classes, of_proba
        ).threshold
    except DataError:
        return np.nan if kind == "binary" else np.full(len(classes), np.nan)
