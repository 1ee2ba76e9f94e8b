"""BalancedEnsembleClassifier: many fits, each on as many rows of every class."""

from contextlib import nullcontext
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state, indexable
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from sknn_suite.decision import ClassifierWrapper, fit_counted, prior_correction
from sknn_suite.doors import (
    HasMethods,
    Interval,
    StrOptions,
    check_sample_weight,
    fit_context,
    params_of_rows,
    rows_of,
)
from sknn_suite.imbalance._subsets import Counted, check_one_label, draw_subsets
from sknn_suite.parameters import param, parameters
from sknn_suite.search import has_network, own_block, trains_together
from sknn_suite.tabular import MLPClassifier

# Rows of each other class per row of the rarest, for members that balance by
# themselves. On tables that a network separates well, sixteen times as many rows rank
# far better than as many, and all rows no better still.
ROWS_PER_RAREST = 16

# A default member takes so many epochs of so many steps, as far as its batches stay
# within the bounds; of fewer steps it takes more epochs.
FEWEST_EPOCHS, STEPS_PER_EPOCH = 5, 60
SMALLEST_BATCH, LARGEST_BATCH = 32, 200


def default_member(n_rows: int) -> Pipeline:
    """Make the estimator that None stands for, for subsets of a size.

    A network needs columns of unit scale, and a pipeline shows each member's in plain
    sight. Its batches are balanced, so that its subset need not be. It takes about as
    many steps on many rows as on few: more would overfit where classes overlap, and 32
    members average out what each leaves to chance. That is also why there is no
    penalty, and why float32 is exact enough.
    """
    batch_size = n_rows // STEPS_PER_EPOCH
    batch_size = min(max(batch_size, SMALLEST_BATCH), LARGEST_BATCH, max(n_rows, 1))
    steps_per_epoch = max(-(-n_rows // batch_size), 1)
    n_steps = FEWEST_EPOCHS * STEPS_PER_EPOCH
    network = MLPClassifier(
        hidden_layer_sizes=(64,),
        batch_sampling="balanced",
        learning_rate_init=0.015,
        learning_rate="cosine",
        batch_size=batch_size,
        max_iter=max(-(-n_steps // steps_per_epoch), FEWEST_EPOCHS),
        n_iter_no_change=np.inf,
        alpha=0.0,
        precision="float32",
    )
    scaler = StandardScaler()
    if get_config()["enable_metadata_routing"]:
        network.set_fit_request(sample_weight=True)
        scaler.set_fit_request(sample_weight=False)
    return make_pipeline(scaler, network)


def balances_itself(estimator: Any) -> bool:
    """Whether a classifier, or the last step of a pipeline, weighs classes equally."""
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    params = last.get_params(deep=False)
    return (
        params.get("batch_sampling", "shuffle") != "shuffle"
        or params.get("loss") == "logit_adjusted"
        or params.get("class_weight") is not None
    )


@parameters(group="training")
class BalancedEnsembleClassifier(ClassifierWrapper):
    """Many classifiers, each balanced, on all rows of the rarest class and some others.

    The subset of a member has all rows of the rarest class, and of each other class as
    many, or `ratio` times as many, drawn without replacement. The subsets take turns at
    the rows of a large class: none comes again before all have come. Probabilities are
    the mean of the members', corrected to the true shares of the classes by Bayes'
    rule.

    With ratio=1 it is EasyEnsemble [1]_ for any classifier. Networks of this suite
    train together, as in `train_together`: from some thousand rows on, 32 of them take
    about as long as one network on all rows, and half a second on few rows. Try it
    where one row in 20 or fewer is positive.

    Parameters
    ----------
    estimator : classifier or None, default=None
        A classifier with `predict_proba`, or a pipeline that ends with one. None is a
        StandardScaler and an `MLPClassifier` with 64 hidden units and balanced batches,
        which takes about 300 steps.

    n_estimators : int, default=32
        Number of members. Raise it when two fits with another `random_state` differ
        too much.

    ratio : float or "auto", default="auto"
        Rows of each other class in a subset, per row of the rarest class, in [1, inf).
        "auto" is 16 for a classifier that balances by itself, by `batch_sampling`,
        `class_weight` or ``loss="logit_adjusted"``, such as the default one; such
        members learn more of the large classes. It is 1 for all others, so that their
        subsets are balanced.

    n_jobs : int or None, default=None
        Members that are fitted at a time, as in joblib. It is for estimators of other
        packages: networks of this suite train together without it.

    random_state : int, RandomState instance or None, default=None
        Seed of the subsets, and of the members' own `random_state`. Set an int to get
        the same fit again.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    estimators_ : list of classifiers
        The fitted members.

    estimators_samples_ : list of ndarray of int
        Numbers of the rows of each member's subset.

    trained_shares_ : ndarray of shape (n_classes,)
        Shares of the classes in the subsets, by weight, on average.

    true_shares_ : ndarray of shape (n_classes,)
        Shares of the classes in the rows that `fit` got, by weight.

    n_features_in_ : int
        Number of features, if the members have it.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if the members have them.

    See Also
    --------
    sknn_suite.decision.ThresholdTuner : Decides by these probabilities.
    imblearn.ensemble.EasyEnsembleClassifier : The same with boosted trees, whose
        probabilities are those of the balanced subsets.

    References
    ----------
    .. [1] Liu, Wu & Zhou, "Exploratory Undersampling for Class-Imbalance Learning",
       IEEE Transactions on Systems, Man and Cybernetics B 39, 2009.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sknn_suite.imbalance import BalancedEnsembleClassifier
    >>> X, y = make_classification(1000, weights=[0.95], random_state=0)
    >>> model = BalancedEnsembleClassifier(n_estimators=8, random_state=0).fit(X, y)
    >>> [round(float(share), 2) for share in (y.mean(), model.true_shares_[1])]
    [0.05, 0.05]
    >>> round(float(model.predict_proba(X)[:, 1].mean()), 2)
    0.05
    """

    estimator: Any = param(
        None, HasMethods(["fit", "predict_proba"]), None, kw_only=False
    )
    n_estimators: int = param(32, Interval(Integral, 1, None, closed="left"))
    ratio: float | str = param(
        "auto", Interval(Real, 1, None, closed="left"), StrOptions({"auto"})
    )
    n_jobs: int | None = param(None, Integral, None)
    random_state: int | np.random.RandomState | None = param(None, "random_state")

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **params):
        """Draw the subsets, and fit a member on each.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,)
            Their labels.
        **params : dict
            Arguments of the members' `fit`, such as `sample_weight`; those with a value
            per row are split as the rows are. In a pipeline, `sample_weight` is for its
            last step.

        Returns
        -------
        self : object
            The fitted ensemble.

        Raises
        ------
        ValueError
            If y or a parameter cannot be used.
        """
        y = check_one_label(y)
        X, _ = indexable(X, y)
        weight, name = None, next(filter(is_weight, params), None)
        if name is not None and params[name] is not None:
            weight = check_sample_weight(params[name], y, ensure_non_negative=True)
            params[name] = weight
        counted = Counted.of(y, weight)
        source = check_random_state(self.random_state)
        subsets = draw_subsets(counted.rows, self.n_estimators, self._ratio(), source)
        inner = self.estimator
        if inner is None:
            inner = default_member(len(subsets[0]))
        if get_config()["enable_metadata_routing"]:
            params = dict(process_routing(self, "fit", **params).estimator.fit)
        elif "sample_weight" in params and isinstance(inner, Pipeline):
            params[f"{inner.steps[-1][0]}__sample_weight"] = params.pop("sample_weight")
        members = [seeded(clone(inner), source) for _ in subsets]
        with _together(inner):
            fitted = Parallel(n_jobs=self.n_jobs)(
                delayed(_fit_member)(member, X, y, rows, counted.classes, params)
                for member, rows in zip(members, subsets)
            )
        self._member_shares = [shares for _, shares in fitted]
        self.trained_shares_ = np.mean(self._member_shares, axis=0)
        self.true_shares_ = counted.shares
        self.classes_ = counted.classes
        self.estimators_ = [estimator for estimator, _ in fitted]
        self.estimators_samples_ = subsets
        self._show_features_of(self.estimators_[0])
        return self

    def predict_proba(self, X):
        """Predict probabilities for the true shares: the members' mean, corrected.

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
        probas = Parallel(n_jobs=self.n_jobs)(
            delayed(_predict_balanced)(member, X, shares)
            for member, shares in zip(self.estimators_, self._member_shares)
        )
        # The mean is taken before the correction: corrected ones are odds, and one
        # member that is too sure of itself would outweigh all others.
        mean = np.mean(probas, axis=0)
        return prior_correction(mean, np.ones(mean.shape[1]), self.true_shares_)

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

    def _ratio(self) -> float:
        if not isinstance(self.ratio, str):
            return float(self.ratio)
        return ROWS_PER_RAREST if balances_itself(self._inner()) else 1.0

    def _inner(self) -> Any:
        return default_member(0) if self.estimator is None else self.estimator


def is_weight(name: str) -> bool:
    """Whether an argument of fit has weights of rows, also for a step of a pipeline."""
    return name == "sample_weight" or name.endswith("__sample_weight")


def seeded(estimator: Any, random_state: np.random.RandomState) -> Any:
    """Set each `random_state` within an estimator to a number of its own."""
    names = sorted(
        name
        for name in estimator.get_params(deep=True)
        if name == "random_state" or name.endswith("__random_state")
    )
    largest = np.iinfo(np.int32).max
    return estimator.set_params(**{n: random_state.randint(largest) for n in names})


def _fit_member(
    member: Any,
    X: Any,
    y: np.ndarray,
    rows: np.ndarray,
    classes: np.ndarray,
    params: dict[str, Any],
) -> tuple[Any, np.ndarray]:
    """Fit a member on its subset, and count what it was trained on."""
    given = params_of_rows(X, params, rows)
    return fit_counted(member, rows_of(X, rows), y[rows], classes, given)


def _predict_balanced(member: Any, X: Any, trained_shares: np.ndarray) -> np.ndarray:
    """Probabilities of a member for classes of equal size."""
    proba = member.predict_proba(X)
    return prior_correction(proba, trained_shares, np.ones(len(trained_shares)))


def _together(estimator: Any) -> Any:
    """Train networks of this suite together, unless a block around does so already."""
    if trains_together() or not has_network(estimator):
        return nullcontext()
    return own_block([estimator])
