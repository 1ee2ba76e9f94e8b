"""CrossFitStacking: several members, each fitted once per fold, and a final step."""

import os
from collections.abc import Iterable
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import TransformerMixin, clone
from sklearn.model_selection import check_cv
from sklearn.utils import get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted

from sknn_suite.checks import list_some
from sknn_suite.doors import (
    EstimatorList,
    HasMethods,
    StrOptions,
    fit_context,
)
from sknn_suite.ensemble._base import (
    OutOfFoldEstimator,
    check_weight,
    folder_of,
    show_features_of,
)
from sknn_suite.ensemble._blend import combine
from sknn_suite.ensemble._columns import columns_for, settle_columns
from sknn_suite.ensemble._cross_fit import CrossFit
from sknn_suite.ensemble._final import (
    AUTO,
    WEIGHTED,
    Layer,
    decide,
    flat,
    flat_names,
    mean_scores,
    table_of,
    weigh,
)
from sknn_suite.ensemble._findings import StackFindings
from sknn_suite.ensemble._fold_fits import (
    FoldFit,
    Member,
    Way,
    fit_folds,
    tell_failures,
)
from sknn_suite.ensemble._logits import LogitWeights
from sknn_suite.ensemble._members import check_members
from sknn_suite.ensemble._nested import NestedFolds, judge_nested
from sknn_suite.ensemble._out_of_fold import row_labels
from sknn_suite.ensemble._routing import route
from sknn_suite.ensemble._rows_seen import SeenRows, keys_of_rows
from sknn_suite.ensemble._splits import make_splits
from sknn_suite.exceptions import DataError
from sknn_suite.parameters import param, parameters


@parameters(group="training")
class CrossFitStacking(
    TransformerMixin, EstimatorList, StackFindings, OutOfFoldEstimator
):
    """Several members, each fitted once per fold, and a final step.

    Parameters
    ----------
    estimators : list of (str, estimator), default=()
        The members, each with a name. One that is "drop" is left out.

    final_estimator : {"auto", "greedy", "mean", "simplex", "logits"} or estimator, \
            default="auto"
        How predictions of the members become one. "greedy" weighs them by greedy
        selection, see `greedy_weights`; a member that does not help gets no weight.
        "simplex" are the weights >= 0 with the smallest log-loss or squared error, for
        many rows and few members. "logits", for labels, weighs the logarithms of
        probabilities, and shifts those of each class: weights >= 0 that need not sum to
        one mend members that are too sure, or not sure enough, such as forests. An
        estimator is trained on the out-of-fold predictions, itself out of fold, and is
        used only if it beats greedy weights by two standard errors on folds that it has
        not seen; else there is a warning. "auto" is "greedy", and for labels "logits"
        if they are better by one standard error.

    cv : int, splitter, iterable or None, default=5
        Folds, the same for all members, as in `CrossFitClassifier`.

    passthrough : bool, default=False
        Whether a `final_estimator` that is trained also gets the columns of X.

    columns : dict or None, default=None
        Columns of X that a member takes, by its name: a list of names or numbers gives
        a table, a single one its values, as models of texts and image paths take them;
        a function, such as `make_column_selector`, is called with X. Other members take
        all columns.

    scoring : str, callable or None, default=None
        What greedy weights are chosen by, and `score_table_` shows: the name of a
        scorer, or a scorer. None is "neg_log_loss" for labels,
        "neg_root_mean_squared_error" for numbers.

    nested : bool, default=False
        Whether the stack is judged without the last trace of the rows that it is judged
        by. The members that predicted the other folds have seen each fold, and weights
        or a level learn from these predictions: so scores of the stack flatter it,
        where members know next to nothing (labels without meaning come to an AUC of
        .52 with weights for 100 rows). True fits each member once more for each two
        folds, without both: with k folds k (k - 1) / 2 fits more. Members, and their
        plain mean, need no such judgement.

    on_error : {"raise", "drop"}, default="raise"
        What happens if a member fails in a fold: the fit fails, or goes on without the
        member, with a warning that names it.

    n_jobs : int or None, default=None
        Number of fits at a time, as in joblib. Networks of this suite train together
        without it, those of all members.

    checkpoint : path-like or None, default=None
        Folder in which each fold that has been fitted is kept, as in
        `CrossFitClassifier`.
    """

    estimators: Any = param((), list, tuple, kw_only=False)
    final_estimator: Any = param(
        AUTO, StrOptions({AUTO, *WEIGHTED}), HasMethods(["fit", "predict"])
    )
    cv: Any = param(5, "cv_object")
    passthrough: bool = param(False, "boolean")
    columns: dict | None = param(None, dict, None, group="rows")
    scoring: Any = param(None, str, callable, None, group="scores")
    nested: bool = param(False, "boolean", group="scores")
    on_error: str = param("raise", StrOptions({"raise", "drop"}), group="rare")
    n_jobs: int | None = param(None, Integral, None, group="hardware")
    checkpoint: Any = param(None, str, os.PathLike, None, group="rare")

    # -- fit -------------------------------------------------------------------------

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, **params):
        """Fit each member once per fold, then the final step.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,)
            What is predicted.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for the members (of a pipeline, the last step), the
            final step, scores and thresholds.
        **params : dict
            `groups`, for the splitter. With metadata routing also arguments of the
            members' `fit`; each goes where it is requested.

        Returns
        -------
        self : object
            The fitted stack.

        Raises
        ------
        ValueError
            If y, the members, the folds or a parameter cannot be used, or a fit fails.
        """
        X, y = indexable(X, y)
        target, y = self._read_target(y)
        wanted = self._settle_decision(target)
        scoring = target.make_scoring(self.scoring)
        weight = check_weight(sample_weight, y, target)
        named = self._named_members()
        for name, estimator in named.items():
            target.refuse(estimator, repr(name))
        if self._learns():
            target.refuse(self.final_estimator, "final_estimator")
        elif self.final_estimator == "logits" and not target.is_label:
            raise ValueError(
                "final_estimator='logits' weighs probabilities, but numbers are "
                "predicted. Expected 'simplex', which has weights of the smallest "
                "squared error, or another one. Choose one."
            )
        elif self.passthrough:
            raise ValueError(
                f"passthrough=True, but final_estimator={self.final_estimator!r} is "
                "not trained on columns. Expected an estimator. Pass one, or set "
                "passthrough=False."
            )
        columns = settle_columns(self.columns, list(named), X)
        fitted = named | self._final_part()
        routed, given = route(self, fitted, weight, params)
        members = [
            Member(name, estimator, columns_for(X, columns, name), routed[name])
            for name, estimator in named.items()
        ]
        splits = make_splits(self.cv, X, y, given, of_labels=target.is_label)
        way = Way(self.n_jobs, folder_of(self.checkpoint), self.on_error == "drop")
        nest = NestedFolds.of(splits) if self.nested else None
        every = splits if nest is None else nest.every
        fits, failures = fit_folds(members, target, y, every, way)
        tell_failures(failures, bool(fits))
        self._target, self._row_labels = target, row_labels(X)
        self._y, self._weight, self._splits, self._nest = y, weight, splits, nest
        self._scoring, self._wanted = scoring, wanted
        self._final_params = routed.get("final_estimator", {})
        self.columns_ = columns
        self.members_, self._without = {}, {}
        for name, found in fits.items():
            self._take_member(name, named[name], found)
        self._finish(X, keys_of_rows(X))
        self._show_features(X)
        return self

    def _take_member(self, name: str, estimator: Any, fits: list[FoldFit]) -> None:
        """Take a member's fits: one for each fold, then those without two folds."""
        member = self._member(estimator)
        n_folds = len(self._splits.pairs)
        member._take(self._target, self._splits, fits[:n_folds], self._row_labels)
        self.members_ = self.members_ | {name: member}
        if self._nest is not None:
            rest = fits[n_folds:]
            without = self._nest.without(member._oof, rest)
            seconds = sum(fit.seconds for fit in rest)
            self._without = self._without | {name: (without, seconds)}

    def _finish(self, X: Any, keys: np.ndarray) -> None:
        """Make the final step; X is what `passthrough` passes, or None."""
        layer = self._layer()
        for member in self.members_.values():
            member.fold_scores_ = layer.values(member._oof)
            member.scoring_ = self._scoring.name
            member._decide(self._wanted, self._target, self._y, self._weight)
        passed = X if self.passthrough else None
        way = Way(self.n_jobs, folder_of(self.checkpoint))
        learned = (self.final_estimator, self._final_params, passed, way)
        step = decide(*learned, layer)
        if self._nest is not None:
            without = np.stack([self._without[name][0] for name in layer.names])
            step = judge_nested(partial(decide, *learned), step, layer, without, passed)
        self._final_models = [fit.estimator for fit in step.fits]
        self._extra_seconds = float(
            sum(fit.seconds for fit in step.fits)
            + sum(seconds for _, seconds in self._without.values())
        )
        self._oof = step.oof
        self.mean_fold_scores_ = layer.values(weigh("mean", layer).oof)
        self._seen = SeenRows(keys, flat(layer.scores, self._target), self._weight)
        self.final_step_ = step.name
        self.fold_scores_, self.scoring_ = step.values, self._scoring.name
        self.weights_, self._shifts = None, None
        if step.weights is not None:
            found = step.weights.weights.tolist()
            self.weights_ = dict(zip(layer.names, found))
        if isinstance(step.weights, LogitWeights):
            self._shifts = step.weights.shifts
        self._decide(self._wanted, self._target, self._y, self._weight)

    def _layer(self) -> Layer:
        scores = np.stack([member._oof.scores for member in self.members_.values()])
        rest = (self._target, self._y, self._weight, self._splits, self._scoring)
        return Layer(list(self.members_), scores, *rest)

    def _member(self, estimator: Any) -> CrossFit:
        """Make what holds the fold models of a member."""
        raise NotImplementedError

    def _learns(self) -> bool:
        return not isinstance(self.final_estimator, str)

    def _final_part(self) -> dict[str, Any]:
        return {"final_estimator": self.final_estimator} if self._learns() else {}

    def _named_members(self) -> dict[str, Any]:
        """Check names; return the members that are not dropped."""
        return check_members(self.estimators, {*self._get_param_names()})

    # -- change ----------------------------------------------------------------------

    def add(self, name, estimator, X, *, columns=None):
        """Add a member, without another fit of those that are there.

        Parameters
        ----------
        name : str
            Its name.
        estimator : estimator
            It is fitted once per fold, with the weights that `fit` got.
        X : array-like of shape (n_samples, n_features)
            The rows that `fit` got, in the same order. They are recognised by digests.
        columns : str, int, list, slice, callable or None, default=None
            Columns that it takes, as in the parameter `columns`; None are all.

        Returns
        -------
        self : object
            The stack, with a new final step; `estimators` has the new member too.

        Raises
        ------
        ValueError
            If the name is taken, X has other rows, or a fit fails.
        """
        check_is_fitted(self)
        self._oof.check_there("add")
        if name in dict(self.estimators):
            raise DataError(
                f"The stack has a member {name!r} already. Expected a new name. "
                "Choose one, or drop the old member first."
            )
        keys = keys_of_rows(X)
        self._seen.refuse_others(keys)
        changed = clone(self)
        changed.estimators = [*self.estimators, (name, estimator)]
        check_members(changed.estimators, self._get_param_names())
        self._target.refuse(estimator, repr(name))
        choice = None if columns is None else {name: columns}
        settled = settle_columns(choice, [name], X)
        routed, _ = route(changed, {name: estimator}, self._weight, {})
        member = Member(name, estimator, columns_for(X, settled, name), routed[name])
        way = Way(self.n_jobs, folder_of(self.checkpoint))
        every = self._splits if self._nest is None else self._nest.every
        fits, _ = fit_folds([member], self._target, self._y, every, way)
        self.estimators = changed.estimators
        if columns is not None:
            self.columns = (self.columns or {}) | {name: columns}
        self.columns_ = self.columns_ | settled
        self._take_member(name, estimator, fits[name])
        self._finish(X, keys)
        return self

    def drop(self, name, X=None):
        """Leave a member out, without another fit of the others.

        Parameters
        ----------
        name : str
            Its name.
        X : array-like of shape (n_samples, n_features), default=None
            The rows that `fit` got; needed with `passthrough` only.

        Returns
        -------
        self : object
            The stack, with a new final step; `estimators` has the member no more.

        Raises
        ------
        ValueError
            If there is no such member, or no other one.
        """
        check_is_fitted(self)
        self._oof.check_there("drop")
        if name not in self.members_:
            raise DataError(
                f"The stack has no member {name!r}. Expected one of "
                f"{list_some(self.members_)}. Change the name."
            )
        if len(self.members_) == 1:
            raise DataError(
                f"{name!r} is the only member. Expected another one that stays. Add "
                "one first."
            )
        if self.passthrough:
            if X is None:
                raise DataError(
                    "passthrough=True, so the final step needs the rows of fit. "
                    "Expected X. Pass it."
                )
            self._seen.refuse_others(keys_of_rows(X))
        self.estimators = [pair for pair in self.estimators if pair[0] != name]
        if self.columns is not None:
            self.columns = {n: c for n, c in self.columns.items() if n != name}
        self.columns_ = {n: c for n, c in self.columns_.items() if n != name}
        self.members_ = {n: m for n, m in self.members_.items() if n != name}
        self._without = {n: w for n, w in self._without.items() if n != name}
        self._finish(X, self._seen.keys)
        return self

    # -- predict ---------------------------------------------------------------------

    def _member_scores(self, X: Any, names: Iterable[str]) -> np.ndarray:
        """Predictions of members, (n_members, n_samples, n_columns)."""
        parts = [
            self.members_[name]._scores(columns_for(X, self.columns_, name))
            for name in names
        ]
        return np.stack(parts)

    def _scores(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        if self.weights_ is not None:
            share = {name: w for name, w in self.weights_.items() if w > 0}
            share = share or self.weights_  # of "logits", where no member helps
            parts, weights = self._member_scores(X, share), np.array([*share.values()])
            if self._shifts is not None:
                return LogitWeights(weights, self._shifts).combine(parts)
            return combine(parts, "mean", weights)
        names = list(self.members_)
        predictions = flat(self._member_scores(X, names), self._target)
        columns = flat_names(names, self._target)
        table = table_of(predictions, columns, X if self.passthrough else None)
        return mean_scores(self._final_models, table, self._target)

    def transform(self, X):
        """Predictions of the members, side by side.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows. A row that `fit` got is recognised, and has its out-of-fold
            prediction: what learns from the result does not see predictions by models
            that know the answer.

        Returns
        -------
        ndarray of shape (n_samples, n_members) or (n_samples, n_members * n_classes)
            Of two classes, the probability of the second.
        """
        check_is_fitted(self)
        scores = flat(self._member_scores(X, self.members_), self._target)
        return self._seen.replace(X, scores)

    def fit_transform(self, X, y, sample_weight=None, **params):
        """Fit, and return the out-of-fold predictions of the members.

        Parameters
        ----------
        X, y, sample_weight, **params : object
            See `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_members) or (n_samples, n_members * n_classes)
            NaN in rows that no fold predicts.
        """
        self.fit(X, y, sample_weight, **params)
        return flat(self._layer().scores, self._target)

    def get_feature_names_out(self, input_features=None):
        """Name the columns of `transform`.

        Parameters
        ----------
        input_features : object, default=None
            Ignored; scikit-learn passes it.

        Returns
        -------
        ndarray of str
            Names of the members, with labels if there are more than two.
        """
        check_is_fitted(self)
        return np.asarray(flat_names(list(self.members_), self._target), dtype=object)

    # -- scikit-learn ----------------------------------------------------------------

    def get_metadata_routing(self):
        """Say where `fit` passes its arguments on to.

        Returns
        -------
        MetadataRouter
            To `fit` of the members and the final estimator, and the splitter's `split`.
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        to_fit = MethodMapping().add(caller="fit", callee="fit")
        for name, estimator in (dict(self.estimators) | self._final_part()).items():
            if not isinstance(estimator, str):
                router.add(**{name: estimator}, method_mapping=to_fit)
        return router.add(
            splitter=check_cv(self.cv),
            method_mapping=MethodMapping().add(caller="fit", callee="split"),
        )

    def get_params(self, deep=True):
        """Get parameters; those of members as ``name__parameter``.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return those of members too.

        Returns
        -------
        dict of str to object
            The parameters.
        """
        return self._get_params("estimators", deep=deep)

    def set_params(self, **params):
        """Set parameters, or members by their name; "drop" leaves one out.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : object
            The stack.
        """
        self._set_params("estimators", **params)
        return self

    def _show_features(self, X: Any) -> None:
        if not self.columns_:
            show_features_of(self, next(iter(self.members_.values())))
        elif hasattr(X, "shape") and len(X.shape) == 2:
            self.n_features_in_ = X.shape[1]
            names = list(getattr(X, "columns", ()))
            if names and all(isinstance(name, str) for name in names):
                self.feature_names_in_ = np.asarray(names, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        members = [e for _, e in self.estimators if not isinstance(e, str)]
        if members and self.columns is None:
            inner = [get_tags(member).input_tags for member in members]
            tags.input_tags.sparse = all(t.sparse for t in inner)
            tags.input_tags.allow_nan = all(t.allow_nan for t in inner)
            tags.input_tags.string = all(t.string for t in inner)
            tags.input_tags.two_d_array = all(t.two_d_array for t in inner)
        return tags
