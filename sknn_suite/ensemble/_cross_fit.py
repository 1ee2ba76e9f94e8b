"""CrossFitClassifier and CrossFitRegressor: k fits, each row predicted out of fold."""

import os
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import check_cv
from sklearn.utils import get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted

from sknn_suite.doors import HasMethods, StrOptions, fit_context, import_optional
from sknn_suite.ensemble._base import (
    OutOfFoldClassifier,
    OutOfFoldEstimator,
    OutOfFoldRegressor,
    check_weight,
    folder_of,
    show_features_of,
)
from sknn_suite.ensemble._blend import RankScale, combine
from sknn_suite.ensemble._fold_fits import FoldFit, Member, Way, fit_folds
from sknn_suite.ensemble._fold_scores import scores_of_folds
from sknn_suite.ensemble._out_of_fold import OutOfFold, mean_and_spread, row_labels
from sknn_suite.ensemble._routing import route
from sknn_suite.ensemble._splits import Splits, make_splits
from sknn_suite.ensemble._target import Target
from sknn_suite.parameters import param, parameters


@parameters(group="training")
class CrossFit(OutOfFoldEstimator):
    """One fit per fold of any estimator.

    Parameters
    ----------
    cv : int, splitter, iterable or None, default=5
        Number of folds, at least 2, stratified for labels; with `groups`, no group is
        in two folds. Or a splitter of scikit-learn, or pairs of row numbers; None are
        five folds. Repeated splits predict each row several times, and the mean is
        kept; time series leave rows unpredicted.

    scoring : str, callable or None, default=None
        What `score_table_` shows: the name of a scorer, or a scorer. None is
        "neg_log_loss" for labels, "neg_root_mean_squared_error" for numbers.

    n_jobs : int or None, default=None
        Number of folds that are fitted at a time, as in joblib. Networks of this suite
        train together without it.

    checkpoint : path-like or None, default=None
        Folder in which each fold that has been fitted is kept, so that a fit that was
        killed goes on where it was. Change estimator, rows or folds, and they are
        fitted anew. The files are pickles: use a folder that only you can write to.
    """

    cv: Any = param(5, "cv_object")
    scoring: Any = param(None, str, callable, None, group="scores")
    n_jobs: int | None = param(None, Integral, None, group="hardware")
    checkpoint: Any = param(None, str, os.PathLike, None, group="rare")

    def _inner(self: Any) -> Any:
        """Return the estimator, or what None stands for."""
        raise NotImplementedError

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, **params):
        """Fit a clone per fold; it predicts the rows that it has not seen.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows: a table, texts, image paths, or what the estimator takes.
        y : array-like of shape (n_samples,)
            What is predicted.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for the estimator (of a pipeline, the last step),
            scores and thresholds.
        **params : dict
            `groups`, for the splitter, and other arguments of the estimator's `fit`.
            With metadata routing each goes where it is requested.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If y, the folds or a parameter cannot be used, or a fit fails.
        """
        X, y = indexable(X, y)
        target, y = self._read_target(y)
        wanted = self._settle_decision(target)
        scoring = target.make_scoring(self.scoring)
        weight = check_weight(sample_weight, y, target)
        estimator = self._inner()
        target.refuse(estimator, "estimator")
        routed, given = route(self, {"estimator": estimator}, weight, params)
        splits = make_splits(self.cv, X, y, given, of_labels=target.is_label)
        member = Member("estimator", estimator, X, routed["estimator"])
        way = Way(self.n_jobs, folder_of(self.checkpoint))
        fits, _ = fit_folds([member], target, y, splits, way)
        self._take(target, splits, fits["estimator"], row_labels(X))
        self.fold_scores_ = self._oof.values(target, y, weight, scoring)
        self.scoring_ = scoring.name
        self._decide(wanted, target, y, weight)
        return self

    def _take(
        self, target: Target, splits: Splits, fits: list[FoldFit], labels: Any
    ) -> None:
        """Take the fits of all folds."""
        self._target, self._row_labels = target, labels
        self._oof = OutOfFold(splits, [fit.scores for fit in fits])
        self.estimators_ = [fit.estimator for fit in fits]
        self.splits_ = splits.pairs
        self._seconds = np.array([fit.seconds for fit in fits])
        show_features_of(self, self.estimators_[0])

    @property
    def score_table_(self) -> Any:
        """Score and seconds of each fold, their mean and their spread."""
        check_is_fitted(self)
        pandas: Any = import_optional(
            "pandas", needed_by="score_table_", extra="frames"
        )
        columns = {
            self.scoring_: self.fold_scores_,
            "n_train": np.array([len(train) for train, _ in self.splits_], float),
            "n_test": np.array([len(test) for _, test in self.splits_], float),
            "seconds": self._seconds,
        }
        rows = {name: [*v, *mean_and_spread(v)] for name, v in columns.items()}
        names = [*map(str, range(len(self.fold_scores_))), "mean", "spread"]
        return pandas.DataFrame(rows, index=pandas.Index(names, name="fold"))

    def _scores(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        how = self.combine  # type: ignore[attr-defined]
        parts = scores_of_folds(self.estimators_, X, self._target)
        parts = self._target.compact(parts)
        if how == "ranks":
            left_out = [self._target.compact(fold) for fold in self._oof.folds]
            return self._target.whole(RankScale(left_out)(parts))
        return self._target.whole(combine(parts, how))

    def get_metadata_routing(self):
        """Say where `fit` passes its arguments on to.

        Returns
        -------
        MetadataRouter
            To the estimator's `fit`, and the splitter's `split`.
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                estimator=self._inner(),
                method_mapping=MethodMapping().add(caller="fit", callee="fit"),
            )
            .add(
                splitter=check_cv(self.cv),
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._inner())
        tags.input_tags = inner.input_tags
        if tags.classifier_tags is not None and inner.classifier_tags is not None:
            tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
        return tags


@parameters(group="training")
class CrossFitClassifier(OutOfFoldClassifier, CrossFit):
    """Any classifier, fitted once per fold, with predictions of every row out of fold.

    The rows are split into folds. A clone is fitted for each, without the rows of its
    fold, and predicts them: so every training row has a prediction by a model that has
    not seen it, which is what scores, thresholds and stacks need. The same k models
    predict new rows, by their mean. There is no further fit.

    Parameters
    ----------
    estimator : classifier or None, default=None
        The classifier, with `predict_proba`: of this suite, of scikit-learn, a
        pipeline. None is a LogisticRegression.

    combine : {"mean", "logits", "median", "ranks"}, default="mean"
        How the fold models predict new rows together: by the mean of their
        probabilities or of the logarithms, by the median, or by the mean of ranks among
        the rows that each fold left out. Try "ranks" if the models differ in how sure
        they are.

    Attributes
    ----------
    oof_predictions_ : DataFrame
        A row for each training row, with its label (the index of X): the number of its
        `fold` (of the first one, if several predict it; -1 for none), the probability
        of each class (`proba_` and the label; NaN if it was not predicted), and
        `is_predicted`. Needs pandas, as `score_table_` does.

    score_table_ : DataFrame
        The score of each fold, their mean and spread (standard deviation), with numbers
        of rows and seconds.

    fold_scores_ : ndarray of shape (n_folds,)
        The score of each fold; NaN if its rows cannot be scored.

    scoring_ : str
        The name of the score.

    estimators_ : list of classifiers
        The model of each fold.

    splits_ : list of (ndarray, ndarray)
        Numbers of the rows that each fold trained on, and of those that it predicted.

    n_features_in_ : int
        Number of features, if the estimator has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if the estimator has them.

    See Also
    --------
    CrossFitStackingClassifier : Several classifiers together.
    sknn_suite.decision.ThresholdTuner : Chooses a threshold; keeps no predictions.
    sklearn.model_selection.cross_val_predict : The same predictions; keeps no model.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_suite import MLPClassifier
    >>> from sknn_suite.ensemble import CrossFitClassifier
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> network = MLPClassifier((16,), learning_rate_init=0.01, random_state=0)
    >>> model = make_pipeline(StandardScaler(), network)
    >>> folds = CrossFitClassifier(model, scoring="roc_auc", cv=3).fit(X, y)
    >>> folds.oof_predictions_.columns.tolist()
    ['fold', 'proba_0', 'proba_1', 'is_predicted']
    >>> bool(folds.score_table_.loc["mean", "roc_auc"] > 0.98)
    True
    """

    estimator: Any = param(None, HasMethods(["fit", "predict"]), None, kw_only=False)
    combine: str = param("mean", StrOptions({"mean", "logits", "median", "ranks"}))

    def _inner(self) -> Any:
        return LogisticRegression() if self.estimator is None else self.estimator


@parameters(group="training")
class CrossFitRegressor(OutOfFoldRegressor, CrossFit):
    """Any regressor, fitted once per fold, with predictions of every row out of fold.

    The rows are split into folds. A clone is fitted for each, without the rows of its
    fold, and predicts them: so every training row has a prediction by a model that has
    not seen it. The same k models predict new rows, by their mean.

    Parameters
    ----------
    estimator : regressor or None, default=None
        The regressor: of this suite, of scikit-learn, a pipeline. None is a Ridge.

    combine : {"mean", "median"}, default="mean"
        How the fold models predict new rows together.

    Attributes
    ----------
    oof_predictions_ : DataFrame
        A row for each training row, with its label (the index of X): the number of its
        `fold` (of the first one, if several predict it; -1 for none), the `prediction`
        (NaN if it was not predicted), and `is_predicted`. Needs pandas, as
        `score_table_` does.

    score_table_ : DataFrame
        The score of each fold, their mean and spread (standard deviation), with numbers
        of rows and seconds.

    fold_scores_ : ndarray of shape (n_folds,)
        The score of each fold; NaN if its rows cannot be scored.

    scoring_ : str
        The name of the score.

    estimators_ : list of regressors
        The model of each fold.

    splits_ : list of (ndarray, ndarray)
        Numbers of the rows that each fold trained on, and of those that it predicted.

    n_features_in_ : int
        Number of features, if the estimator has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if the estimator has them.

    See Also
    --------
    CrossFitStackingRegressor : Several regressors together.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sknn_suite.ensemble import CrossFitRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = CrossFitRegressor(Ridge(alpha=0.1), scoring="r2").fit(X, y)
    >>> round(float(model.score_table_.loc["mean", "r2"]), 2)
    0.48
    """

    estimator: Any = param(None, HasMethods(["fit", "predict"]), None, kw_only=False)
    combine: str = param("mean", StrOptions({"mean", "median"}))

    def _inner(self) -> Any:
        return Ridge() if self.estimator is None else self.estimator
