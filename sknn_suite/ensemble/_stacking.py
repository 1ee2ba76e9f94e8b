"""CrossFitStackingClassifier and -Regressor: several models, none judged in-sample."""

from typing import Any

from sknn_suite.doors import StrOptions
from sknn_suite.ensemble._base import OutOfFoldClassifier, OutOfFoldRegressor
from sknn_suite.ensemble._cross_fit import (
    CrossFit,
    CrossFitClassifier,
    CrossFitRegressor,
)
from sknn_suite.ensemble._stack import CrossFitStacking
from sknn_suite.parameters import param, parameters


@parameters(group="training")
class CrossFitStackingClassifier(OutOfFoldClassifier, CrossFitStacking):
    """Several classifiers together, each fitted once per fold, none judged in-sample.

    Every member is fitted once per fold, and predicts the rows of its fold: k fits per
    member, where scikit-learn's StackingClassifier makes k + 1 and throws the
    predictions away. They choose the weights of the members, the decision threshold
    and the scores. New rows are predicted by all fold models of the members that have
    weight. Members may take different columns of a data frame, such as a text, image
    paths and numbers.

    Parameters
    ----------
    combine : {"mean", "logits", "median", "ranks"}, default="mean"
        How the fold models of a member predict new rows together, as in
        `CrossFitClassifier`.

    Attributes
    ----------
    members_ : dict of str to CrossFitClassifier
        The members, each with its `estimators_`, `oof_predictions_`, `score_table_` and
        threshold.

    weights_ : dict of str to float or None
        Weights of the members; None if a `final_estimator` was trained and is used.
        They sum to one, unless `final_step_` is "logits".

    fold_scores_ : ndarray of shape (n_folds,)
        The stack's score in each fold; NaN if it cannot be scored there.

    mean_fold_scores_ : ndarray of shape (n_folds,)
        The score of the plain mean of all members in each fold.

    scoring_ : str
        The name of the score.

    final_step_ : str
        What is used: "mean", "greedy", "simplex", "logits", or the class of the
        estimator.

    oof_predictions_ : DataFrame
        Predictions of the stack for its training rows, by members and a final step that
        were not trained on them, as in `CrossFitClassifier`. Needs pandas, as the
        next do.

    score_table_ : DataFrame
        A row for each member, for the plain "mean" of all, and for the "stack": mean
        and spread of the folds' scores, weight, seconds, and each fold. The final step
        is judged on folds that it was not chosen by; members that predicted the other
        folds had seen them, unless ``nested=True``.

    error_correlation_ : DataFrame
        Correlation of the members' out-of-fold errors. Those that agree the least gain
        the most.

    gains_ : dict of str to float
        How much worse the score would be without each member.

    columns_ : dict
        Columns that each member takes.

    n_features_in_ : int
        Number of features, if X has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X has them.

    See Also
    --------
    CrossFitClassifier : One classifier.
    sknn_suite.plotting.StackDisplay : Draws what was learnt.
    sklearn.ensemble.StackingClassifier : Fits members on all rows as well.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sknn_suite.ensemble import CrossFitStackingClassifier
    >>> X, y = make_classification(300, n_informative=6, random_state=0)
    >>> forest = RandomForestClassifier(20, min_samples_leaf=3, random_state=0)
    >>> members = [("line", LogisticRegression()), ("forest", forest)]
    >>> stack = CrossFitStackingClassifier(members, cv=3).fit(X, y)
    >>> table = stack.score_table_
    >>> table.index.tolist()
    ['line', 'forest', 'mean', 'stack']
    >>> bool(table.loc["stack", "neg_log_loss"] > table.loc["line", "neg_log_loss"])
    True
    """

    combine: str = param("mean", StrOptions({"mean", "logits", "median", "ranks"}))

    def _member(self, estimator: Any) -> CrossFit:
        return CrossFitClassifier(
            estimator,
            cv=self.cv,
            combine=self.combine,
            decision_threshold=self.decision_threshold,
        )


@parameters(group="training")
class CrossFitStackingRegressor(OutOfFoldRegressor, CrossFitStacking):
    """Several regressors together, each fitted once per fold, none judged in-sample.

    See `CrossFitStackingClassifier`; predictions are numbers.

    Parameters
    ----------
    combine : {"mean", "median"}, default="mean"
        How the fold models of a member predict new rows together.

    Attributes
    ----------
    members_ : dict of str to CrossFitRegressor
        The members, each with its `estimators_`, `oof_predictions_` and `score_table_`.

    weights_ : dict of str to float or None
        Weights of the members; None if a `final_estimator` was trained and is used.

    fold_scores_ : ndarray of shape (n_folds,)
        The stack's score in each fold; NaN if it cannot be scored there.

    mean_fold_scores_ : ndarray of shape (n_folds,)
        The score of the plain mean of all members in each fold.

    scoring_ : str
        The name of the score.

    final_step_ : str
        What is used: "mean", "greedy", "simplex", or the class of the estimator.

    oof_predictions_ : DataFrame
        Predictions of the stack for its training rows, by members and a final step that
        were not trained on them, as in `CrossFitRegressor`. Needs pandas, as the
        next do.

    score_table_ : DataFrame
        A row for each member, for the plain "mean" of all, and for the "stack": mean
        and spread of the folds' scores, weight, seconds, and each fold. The final step
        is judged on folds that it was not chosen by; members that predicted the other
        folds had seen them, unless ``nested=True``.

    error_correlation_ : DataFrame
        Correlation of the members' out-of-fold errors. Those that agree the least gain
        the most.

    gains_ : dict of str to float
        How much worse the score would be without each member.

    columns_ : dict
        Columns that each member takes.

    n_features_in_ : int
        Number of features, if X has it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X has them.

    See Also
    --------
    CrossFitRegressor : One regressor.
    sknn_suite.plotting.StackDisplay : Draws what was learnt.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from sklearn.linear_model import RidgeCV
    >>> from sknn_suite.ensemble import CrossFitStackingRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(20, min_samples_leaf=5, random_state=0)
    >>> members = [("line", RidgeCV()), ("forest", forest)]
    >>> stack = CrossFitStackingRegressor(members, cv=3, scoring="r2").fit(X, y)
    >>> bool(stack.score_table_.loc["stack", "r2"] > 0.45)
    True
    """

    combine: str = param("mean", StrOptions({"mean", "median"}))

    def _member(self, estimator: Any) -> CrossFit:
        return CrossFitRegressor(estimator, cv=self.cv, combine=self.combine)
