"""AutoClassifier and AutoRegressor: several kinds of models, within a time limit."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from sknn_suite.checks import check_columns
from sknn_suite.data import ColumnTable
from sknn_suite.decision import DecisionRule
from sknn_suite.device import resolve_device
from sknn_suite.doors import (
    Interval,
    StrOptions,
    fit_context,
    import_optional,
    own_random_state,
    warn_user,
)
from sknn_suite.encoding import READ, ColumnKinds, find_kinds
from sknn_suite.ensemble._auto_folds import split_rows
from sknn_suite.ensemble._base import (
    OutOfFoldClassifier,
    OutOfFoldEstimator,
    OutOfFoldRegressor,
    check_weight,
)
from sknn_suite.ensemble._clock import Clock
from sknn_suite.ensemble._contest import Contest
from sknn_suite.ensemble._out_of_fold import OutOfFold, mean_and_spread
from sknn_suite.ensemble._reads import find_columns, rows_by_kind
from sknn_suite.ensemble._recipe import candidates_for
from sknn_suite.ensemble._target import Labels, Target
from sknn_suite.ensemble._verdict import Verdict
from sknn_suite.exceptions import DataError, InterruptedWarning, SuiteWarning
from sknn_suite.parameters import param, parameters

# A fold whose training part is smaller than this share of the largest is only judged.
LEAST_PART = 0.85

# Of the whole time, what is kept for the decision, and what the importance of columns
# may take.
RESERVE, SHUFFLES = 0.02, 0.04


@parameters(group="training")
class Auto(OutOfFoldEstimator):
    """Several kinds of models on one table, weighed out of fold.

    Parameters
    ----------
    time_limit : float or None, default=300
        Seconds that `fit` may take, in (0, inf). Members come in an order that gives a
        usable model early, and what does not fit is left out. None fits all members to
        their ends.

    scoring : str, callable or None, default=None
        The score that you care about: the name of a scorer, or a scorer. It chooses
        the weights of the members. Scores of decisions, such as "f1", choose the
        threshold, and the log loss the weights. None is "neg_log_loss" for labels,
        "neg_root_mean_squared_error" for numbers.

    text_features : array-like of str or int, default=None
        Columns that hold texts to be read word by word, by name or number. Others are
        told from dtypes and values, see `column_kinds_`.

    image_features : array-like of str or int, default=None
        The column that holds paths of image files, by name or number. For labels only.

    cv : "auto", "time", int, splitter or iterable, default="auto"
        Folds, as in `CrossFitClassifier`. "auto" are 5, or 3 from 20,000 rows on, with
        texts or images from 1,000 on; from 100,000 on a fifth of the rows is left out
        once; a class of one row is always learnt from. "time" takes rows in the order
        of time: six parts, of which each but the first is predicted by those before.

    n_jobs : int or None, default=None
        Number of folds that are fitted at a time, in threads. Within a time limit, each
        of several folds takes one core.

    device : str, default="auto"
        Where networks run: "auto", "cpu", "cuda", "cuda:1", "mps".

    random_state : int, RandomState instance or None, default=None
        Seed of all models and folds. With a time limit the number of trees and epochs
        depends on the machine, so that results repeat only without one.

    progress : callable or None, default=None
        It is called with a dict when a fold begins ("event": "fold"), when a member is
        complete ("member"), and when one is left out ("skipped", "failed").

    Attributes
    ----------
    members_ : dict of str to list of estimator
        A model for each fold of the members that have weight.

    weights_ : dict of str to float
        Weights of all members that were fitted; they sum to one.

    failures_ : dict of str to str
        Members that were left out, and why.

    column_kinds_ : mapping of str to str
        Kind of each column: "number", "boolean", "category", "date", "text" or
        "image"; or why it is left out: "constant", "duplicate", "identifier".

    oof_predictions_ : DataFrame
        Predictions of the training rows by models that have not seen them, as in
        `CrossFitClassifier`. Needs pandas, as the next does.

    score_table_ : DataFrame
        A row for each member and for the "stack", their weighted mean: mean and spread
        of the folds' scores, weight, seconds, and each fold.

    scoring_ : str
        Name of the score.

    feature_importances_ : ndarray of shape (`n_features_in_`,)
        How much the score that chooses weights falls when a column is shuffled, for
        the table's member of the largest weight, on rows that it has not seen. NaN for
        columns that are not read and for images, if there is no such member, or if
        there was no time.

    interrupted_ : bool
        Whether Ctrl-C ended the fit early.

    notes_ : dict
        Empty. What you put here (texts, numbers, lists, dicts) is kept in model files.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X has names that are all strings.
    """

    time_limit: float | None = param(
        300, Interval(Real, 0, None, closed="neither"), None, group="training"
    )
    scoring: Any = param(None, str, callable, None, group="scores")
    text_features: Any = param(None, "array-like", None, group="rows")
    image_features: Any = param(None, "array-like", None, group="rows")
    cv: Any = param("auto", StrOptions({"auto", "time"}), "cv_object")
    n_jobs: int | None = param(
        None, Interval(Integral, 1, None, closed="left"), None, group="hardware"
    )
    device: str = param("auto", str, group="hardware")
    random_state: Any = param(None, "random_state", group="rare")
    progress: Any = param(None, callable, None, group="rare")

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, groups=None):
        """Fit members until all are there, or time is up.

        Ctrl-C ends the fit with the members that are complete.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            The rows, with columns of any kind.
        y : array-like of shape (n_samples,)
            What is predicted.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, >= 0.
        groups : array-like of shape (n_samples,), default=None
            Rows of a group are never both trained on and predicted.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the rows, the folds or a parameter cannot be used.
        """
        clock = Clock(self._seconds * (1 - RESERVE - SHUFFLES))
        resolve_device(self.device)  # refused, even if no network is fitted
        table = check_columns(self, X, reset=True, min_rows=2)
        shown, y = self._read_target(y)
        check_consistent_length(table, y)
        weight = check_weight(sample_weight, y, shown)
        target, codes = inner_target(shown, y)
        verdict = Verdict.settle(self.scoring, self._wanted_threshold(), target)
        texts = find_columns(self.text_features, table, "text_features")
        images = find_columns(self.image_features, table, "image_features")
        _refuse_images(images, target)
        kinds = _kinds_of(table, texts, images)
        columns = [n for n in kinds.of(*READ) if n not in texts] + texts
        reads = rows_by_kind(table, columns, texts, images)
        source = own_random_state(self.random_state)
        seed = int(source.randint(2**31 - 1))
        splits = split_rows(
            self.cv,
            codes,
            groups,
            is_label=isinstance(target, Labels),
            is_slow=bool(texts or images),
            seed=seed,
        )
        for number, (train, _) in enumerate(splits.pairs):
            target.refuse_rows(codes[train], number)
        contest = Contest(
            reads,
            codes,
            weight,
            target,
            splits,
            verdict,
            clock,
            self.n_jobs,
            self.progress or _ignore,
        )
        contest.run(
            candidates_for(
                set(reads),
                is_label=isinstance(target, Labels),
                given={name: kinds[name] for name in columns},
                seed=seed,
                device=self.device,
            )
        )
        self.column_kinds_ = kinds
        self._columns, self._texts, self._images = columns, texts, images
        self._target, self._row_labels = shown, getattr(X, "index", None)
        self._take(contest, codes, weight)
        self.notes_: dict[str, Any] = {}
        for text in contest.remarks:
            warn_user(text, SuiteWarning)
        if contest.is_interrupted:
            names = ", ".join(self.weights_)
            warn_user(
                f"Ctrl-C ended the fit. The model is complete with these members: "
                f"{names}. Fit again for more.",
                InterruptedWarning,
            )
        broken = {name: text for name, text in self.failures_.items() if ": " in text}
        if broken:
            told = "; ".join(f"{name} ({text})" for name, text in broken.items())
            warn_user(
                f"Members failed and are left out: {told}. The others are used.",
                SuiteWarning,
            )
        return self

    def _wanted_threshold(self) -> Any:
        return getattr(self, "decision_threshold", None)

    def _take(self, contest: Contest, y: np.ndarray, weight: np.ndarray | None) -> None:
        """Keep what was found."""
        assert contest.weights is not None
        splits = contest.splits
        self.scoring_ = contest.verdict.name
        self.failures_ = contest.failures
        self.interrupted_ = contest.is_interrupted
        names = [entry.candidate.name for entry in contest.entries]
        self.weights_ = dict(zip(names, contest.weights.weights.tolist()))
        sizes = np.array([len(train) for train, _ in splits.pairs])
        kept = np.flatnonzero(sizes >= LEAST_PART * sizes.max())
        self.members_, self._reads = {}, {}
        self._table: dict[str, dict[str, Any]] = {}
        for entry in contest.entries:
            name = entry.candidate.name
            self._table[name] = {
                "folds": contest.fold_scores(entry.parts),
                "weight": self.weights_[name],
                "seconds": float(entry.seconds),
            }
            if self.weights_[name] > 0:
                self.members_[name] = [entry.models[i] for i in kept]
                self._reads[name] = entry.candidate.reads
        stacked = contest.stacked
        self._table["stack"] = {
            "folds": contest.fold_scores(stacked),
            "weight": 1.0,
            "seconds": float(contest.clock.spent),
        }
        self._oof = OutOfFold(splits, stacked)
        # In files, these stand for what needs the numbers of rows.
        self._true, self._fold, self._stacked = y, splits.fold, self._oof.scores
        scores, rows = self._oof.scores, splits.predicted
        own = None if weight is None else weight[rows]
        rule = contest.verdict.rule(contest.target, y[rows], scores[rows], own)
        self._keep_rule(rule)
        seconds = 0.0 if contest.is_interrupted else self._seconds * SHUFFLES
        try:
            found = contest.importances(seconds)
        except KeyboardInterrupt:  # all members are complete
            found = {}
        names = list(self.column_kinds_)
        self.feature_importances_ = np.array([found.get(n, np.nan) for n in names])

    @property
    def _seconds(self) -> float:
        """Seconds that `fit` may take; inf is no limit."""
        return np.inf if self.time_limit is None else float(self.time_limit)

    def _keep_rule(self, rule: DecisionRule | None) -> None:
        """Keep how `predict` decides."""

    @property
    def score_table_(self) -> Any:
        """Scores of the members and of the stack."""
        check_is_fitted(self)
        pandas: Any = import_optional(
            "pandas", needed_by="score_table_", extra="frames"
        )
        rows = {}
        for name, found in self._table.items():
            mean, spread = mean_and_spread(np.array(found["folds"]))
            rows[name] = {
                self.scoring_: mean,
                "spread": spread,
                "weight": found["weight"],
                "seconds": found["seconds"],
            } | {f"fold {i}": value for i, value in enumerate(found["folds"])}
        return pandas.DataFrame.from_dict(rows, orient="index")

    def _scores(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        table = check_columns(self, X, reset=False)
        reads = rows_by_kind(table, self._columns, self._texts, self._images)
        target, _ = inner_target(self._target, None)
        total: Any = 0.0
        for name, models in self.members_.items():
            rows = reads[self._reads[name]]
            share = self.weights_[name] / len(models)
            total = total + share * sum(target.scores(m, rows) for m in models)
        if isinstance(target, Labels):
            total = total / total.sum(axis=1, keepdims=True)
        return total

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.non_deterministic = self.time_limit is not None
        return tags


@parameters(group="training")
class AutoClassifier(OutOfFoldClassifier, Auto):
    """Classifier for data frames as they are: several models within a time limit.

    A linear model, boosted trees, networks and a forest, for texts and images their
    own, are fitted out of fold; their weighted mean predicts. Start with `time_limit`,
    `scoring` and `decision_threshold`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    See Also
    --------
    AutoRegressor : The same for numbers.
    CrossFitStackingClassifier : The same with members of your own.
    TabularClassifier : The networks alone.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_suite.ensemble import AutoClassifier
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = AutoClassifier(time_limit=2, random_state=0).fit(X, y)
    >>> bool(model.score_table_.loc["stack", "neg_log_loss"] > -0.5)
    True
    >>> model.predict(X[:2]).tolist()
    [0, 0]
    """

    def _keep_rule(self, rule: DecisionRule | None) -> None:
        self._rule = rule
        self.classes_ = self._target.classes  # type: ignore[union-attr]
        self.decision_threshold_ = None if rule is None else rule.threshold
        self.decision_curve_ = None if rule is None else rule.curve
        self.best_score_ = None if rule is None else rule.value


@parameters(group="training")
class AutoRegressor(OutOfFoldRegressor, Auto):
    """Regressor for data frames as they are: several models within a time limit.

    See `AutoClassifier`; predictions are numbers.

    See Also
    --------
    AutoClassifier : The same for labels.
    CrossFitStackingRegressor : The same with members of your own.
    TabularRegressor : The networks alone.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknn_suite.ensemble import AutoRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = AutoRegressor(time_limit=2, random_state=0).fit(X, y)
    >>> bool(model.score_table_.loc["stack", model.scoring_] > -70)
    True
    """


def _ignore(event: dict[str, Any]) -> None:
    """Tell nobody."""


def inner_target(shown: Target, y: np.ndarray | None) -> tuple[Target, np.ndarray]:
    """Replace labels by their codes, so that all scorers know which class is positive.

    Parameters
    ----------
    shown : Labels or Numbers
        What the user knows.
    y : ndarray of shape (n_samples,) or None
        Labels or numbers.
    """
    empty = np.zeros(0)
    if not isinstance(shown, Labels):
        return shown, empty if y is None else y.astype(np.float64)
    inner = Labels(np.arange(len(shown.classes)))
    return inner, empty if y is None else np.searchsorted(shown.classes, y)


def _kinds_of(table: ColumnTable, texts: list[str], images: list[str]) -> ColumnKinds:
    columns = tuple(c for c in table.columns if c.name not in images)
    found: Any = {}
    if columns:
        found = find_kinds(columns, dict.fromkeys(texts, "text"))
    return ColumnKinds({c.name: found.get(c.name, "image") for c in table.columns})


def _refuse_images(images: list[str], target: Target) -> None:
    if len(images) > 1:
        raise DataError(
            f"image_features names {len(images)} columns. Expected one. Choose it."
        )
    if images and not isinstance(target, Labels):
        raise DataError(
            "image_features is set, but numbers are predicted. Expected labels for "
            "images. Leave the column out, or make classes of the numbers."
        )
