"""The final step of a stack: from predictions of its members to one."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import hstack, issparse

from sknn_suite.doors import import_optional, warn_user
from sknn_suite.ensemble._blend import combine
from sknn_suite.ensemble._fold_fits import FoldFit, Member, Way, fit_folds
from sknn_suite.ensemble._greedy import GreedyWeights, choose_greedily
from sknn_suite.ensemble._logits import LogitWeights
from sknn_suite.ensemble._out_of_fold import OutOfFold, mean_and_spread
from sknn_suite.ensemble._scoring import Scoring
from sknn_suite.ensemble._simplex import weights_for_labels, weights_for_numbers
from sknn_suite.ensemble._splits import Splits
from sknn_suite.ensemble._target import Target
from sknn_suite.exceptions import DataError, SuiteWarning

WEIGHTED = ("greedy", "mean", "simplex", "logits")
AUTO = "auto"

# Standard errors by which a step must be better than greedy weights. These are one for
# each member, sum to one, and learn little from luck. Factors of logarithms can learn
# more. An estimator needs most: members that predicted the rows it learns from have
# seen the fold left out, and so on labels without meaning it gains a little.
CLEAR = 1.0
CLEAR_IF_TRAINED = 2.0


@dataclass(frozen=True)
class Layer:
    """Out-of-fold predictions of all members, which a final step learns from.

    Parameters
    ----------
    names : list of str
        The members.
    scores : ndarray of shape (n_members, n_samples, n_columns)
        Their predictions; NaN in rows that were not predicted.
    target : Labels or Numbers
        What is predicted.
    y : ndarray of shape (n_samples,)
        What is true.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    splits : Splits
        The folds.
    scoring : Scoring
        What weights are chosen by.
    """

    names: list[str]
    scores: np.ndarray
    target: Target
    y: np.ndarray
    weight: np.ndarray | None
    splits: Splits
    scoring: Scoring

    def without(self, name: str) -> "Layer":
        """Leave a member out."""
        kept = [i for i, other in enumerate(self.names) if other != name]
        names = [self.names[i] for i in kept]
        rest = (self.target, self.y, self.weight, self.splits, self.scoring)
        return Layer(names, self.scores[kept], *rest)

    def values(self, oof: OutOfFold) -> np.ndarray:
        """Score predictions fold by fold."""
        return oof.values(self.target, self.y, self.weight, self.scoring)

    def weight_of(self, rows: np.ndarray) -> np.ndarray | None:
        """Weights of some rows."""
        return None if self.weight is None else self.weight[rows]


@dataclass(frozen=True)
class FinalStep:
    """How predictions of members become one.

    Parameters
    ----------
    name : str
        "greedy", "mean", "simplex", "logits", or the name of an estimator's class.
    oof : OutOfFold
        Its predictions of folds that members and it were not trained on.
    values : ndarray of shape (n_folds,)
        Their scores.
    weights : GreedyWeights, LogitWeights or None
        Weights of the members, chosen on all rows.
    fits : list of FoldFit
        Without weights: the estimator of each fold.
    """

    name: str
    oof: OutOfFold
    values: np.ndarray
    weights: GreedyWeights | LogitWeights | None = None
    fits: tuple[FoldFit, ...] = ()

    def predict(self, table: Any, target: Target) -> np.ndarray:
        """Predict new rows by the estimators.

        Parameters
        ----------
        table : array-like
            What they take, see `table_of`.
        target : Labels or Numbers
            What is predicted.
        """
        return mean_scores([fit.estimator for fit in self.fits], table, target)


def mean_scores(models: list[Any], table: Any, target: Target) -> np.ndarray:
    """Mean of the scores that models give to rows."""
    return np.mean([target.scores(model, table) for model in models], axis=0)


def decide(
    final: Any,
    params: dict[str, Any],
    X: Any,
    way: Way,
    layer: Layer,
    *,
    tells: bool = True,
) -> FinalStep:
    """Make the final step; one that can learn more only if it is clearly better.

    Parameters
    ----------
    final : {"auto", "greedy", "mean", "simplex", "logits"} or estimator
        What is wanted.
    params : dict
        Arguments of its `fit`.
    X : array-like or None
        Columns that it gets beside the predictions.
    way : Way
        How fits are made.
    layer : Layer
        Predictions of the members.
    tells : bool
        Whether there is a warning if weights are used instead, and an error if there is
        nothing to train on.
    """
    if isinstance(final, str):
        if final != AUTO:
            return weigh(final, layer)
        ways = ["greedy"] + ["logits"] * layer.target.is_label
        return simplest_of_the_best([weigh(how, layer) for how in ways], layer)
    steps = [weigh("greedy", layer)]
    if tells or usable_folds(layer):
        predictions = flat(layer.scores, layer.target)
        table = table_of(predictions, flat_names(layer.names, layer.target), X)
        steps.append(learn(final, layer, table, params, way))
    chosen = simplest_of_the_best(steps, layer)
    if tells and chosen.name == "greedy":
        _tell_unused(steps[-1], steps[0], layer.scoring.name)
    return chosen


def weigh(how: str, layer: Layer) -> FinalStep:
    """Weigh members; rows of each fold by weights that the other folds have chosen.

    Parameters
    ----------
    how : {"greedy", "mean", "simplex", "logits"}
        How weights are found.
    layer : Layer
        Predictions of the members.
    """
    folds = []
    for train, test in layer.splits.among_predicted().pairs:
        part = layer.scores[:, test]
        if how == "mean":
            folds.append(part.mean(axis=0))
        elif layer.target.has_all(layer.y[train]):
            folds.append(combine_by(_weights_by(how, layer, train), part))
        else:  # the first fold of a time series has nothing to choose by
            folds.append(np.full(part.shape[1:], np.nan))
    oof = OutOfFold(layer.splits, folds)
    weights = _weights_by(how, layer, layer.splits.predicted)
    return FinalStep(how, oof, layer.values(oof), weights)


def combine_by(weights: GreedyWeights | LogitWeights, parts: np.ndarray) -> np.ndarray:
    """Make one prediction of those of all members, (n_members, n_rows, n_columns)."""
    if isinstance(weights, LogitWeights):
        return weights.combine(parts)
    return combine(parts, "mean", weights.weights)


def _weights_by(
    how: str, layer: Layer, rows: np.ndarray
) -> GreedyWeights | LogitWeights:
    y, weight = layer.y[rows], layer.weight_of(rows)
    if how == "logits":
        codes = np.searchsorted(layer.target.classes, y)  # type: ignore[union-attr]
        return LogitWeights.find(layer.scores[:, rows], codes, weight)
    scores = layer.target.compact(layer.scores[:, rows])
    judge = layer.scoring.judge(y, weight)
    if how == "greedy":
        return choose_greedily(layer.names, scores, judge)
    if how == "mean":
        weights = np.full(len(scores), 1 / len(scores))
    elif layer.target.is_label:
        codes = np.searchsorted(layer.target.classes, y)  # type: ignore[union-attr]
        weights = weights_for_labels(scores, codes, weight)
    else:
        weights = weights_for_numbers(scores, y, weight)
    value = judge(combine(scores, "mean", weights))
    return GreedyWeights(weights, layer.names, value, [], np.array([]))


def learn(
    estimator: Any, layer: Layer, table: Any, params: dict[str, Any], way: Way
) -> FinalStep:
    """Train an estimator on predictions of the members, itself out of fold.

    Parameters
    ----------
    estimator : estimator
        What is trained.
    layer : Layer
        Predictions of the members.
    table : array-like
        What it takes, see `table_of`.
    params : dict
        Arguments of its `fit`.
    way : Way
        How fits are made.

    Raises
    ------
    ValueError
        If no fold has rows to train it on.
    """
    pairs = layer.splits.among_predicted().pairs
    usable = usable_folds(layer)
    if not usable:
        raise DataError(
            f"No fold has predicted rows of every class to train {estimator!r} on. "
            "Expected some. Use more folds, or final_estimator='mean'."
        )
    some = Splits([pairs[i] for i in usable], layer.splits.n_rows)
    member = Member("final_estimator", estimator, table, params)
    fits, _ = fit_folds([member], layer.target, layer.y, some, way)
    found = dict(zip(usable, fits["final_estimator"]))
    folds = [
        found[i].scores
        if i in found
        else np.full((len(test), layer.scores.shape[2]), np.nan)
        for i, (_, test) in enumerate(pairs)
    ]
    oof = OutOfFold(layer.splits, folds)
    name = type(estimator).__name__
    return FinalStep(name, oof, layer.values(oof), None, tuple(found.values()))


def usable_folds(layer: Layer) -> list[int]:
    """Numbers of the folds that have predicted rows of every class to learn from."""
    pairs = layer.splits.among_predicted().pairs
    return [
        i for i, (train, _) in enumerate(pairs) if layer.target.has_all(layer.y[train])
    ]


def simplest_of_the_best(steps: list[FinalStep], layer: Layer) -> FinalStep:
    """Take the first step, or a later one that is clearly better.

    The best of several scores is too good. So each fold is predicted, in the result, by
    the step which the other folds prefer.

    Parameters
    ----------
    steps : list of FinalStep
        The simplest first.
    layer : Layer
        Predictions of the members.
    """
    n_folds = len(layer.splits.pairs)
    by_fold = [_prefer(steps, layer, left_out=i) for i in range(n_folds)]
    oof = OutOfFold(layer.splits, [s.oof.folds[i] for i, s in enumerate(by_fold)])
    values = np.array([step.values[i] for i, step in enumerate(by_fold)])
    return replace(_prefer(steps, layer), oof=oof, values=values)


def _prefer(
    steps: list[FinalStep], layer: Layer, left_out: int | None = None
) -> FinalStep:
    best = steps[0]
    for step in steps[1:]:
        gain, error = _gain(step, best, layer, left_out)
        margin = CLEAR if step.weights is not None else CLEAR_IF_TRAINED
        if gain > margin * error:
            best = step
    return best


def _gain(
    new: FinalStep, old: FinalStep, layer: Layer, left_out: int | None
) -> tuple[float, float]:
    """How much better a step is, and the standard error; both are compared in pairs.

    By rows if the score is a mean of rows, else by folds, which are few.
    """
    folds = [i for i in range(len(layer.splits.pairs)) if i != left_out]
    gains, weights = [], []
    for i in folds:
        rows = layer.splits.pairs[i][1]
        scores = [layer.target.compact(step.oof.folds[i]) for step in (new, old)]
        ours, theirs = (layer.scoring.of_rows(layer.y[rows], s) for s in scores)
        if ours is None or theirs is None:
            mean, spread = mean_and_spread(new.values[folds] - old.values[folds])
            known = (~np.isnan(new.values[folds] - old.values[folds])).sum()
            return mean, spread / np.sqrt(known) if known else np.nan
        gains.append(ours - theirs)
        weight = layer.weight_of(rows)
        weights.append(np.ones(len(rows)) if weight is None else weight)
    gain, weight = np.concatenate(gains), np.concatenate(weights)
    known = ~np.isnan(gain) & (weight > 0)
    if known.sum() < 2:
        return np.nan, np.nan
    gain, share = gain[known], weight[known] / weight[known].sum()
    mean = float(share @ gain)
    return mean, float(np.sqrt(share**2 @ (gain - mean) ** 2))


def _tell_unused(learned: FinalStep, greedy: FinalStep, scoring: str) -> None:
    both = ~np.isnan(learned.values - greedy.values)
    ours, theirs = (mean_and_spread(step.values[both])[0] for step in (learned, greedy))
    warn_user(
        f"{learned.name} has {scoring} {ours:.4g} on the folds left out, greedy "
        f"weights have {theirs:.4g}. Expected a gain of two standard errors, else "
        "the stack uses greedy weights. Set final_estimator='greedy' to spare the "
        "fits.",
        SuiteWarning,
    )


def flat(scores: np.ndarray, target: Target) -> np.ndarray:
    """Put predictions of members side by side: (n_samples, n_members * n_columns)."""
    compact = target.compact(scores)
    if compact.ndim == 2:
        return compact.T
    return np.concatenate(list(compact), axis=1)


def flat_names(names: list[str], target: Target) -> list[str]:
    """Name the columns of `flat`."""
    if len(target.columns) <= 2:
        return list(names)
    labels = target.classes.tolist()  # type: ignore[union-attr]
    return [f"{name}_{label}" for name in names for label in labels]


def table_of(predictions: np.ndarray, names: list[str], X: Any) -> Any:
    """Put predictions of members beside the columns of X; None leaves X out."""
    if X is None:
        return predictions
    if hasattr(X, "iloc"):
        pandas: Any = import_optional("pandas", needed_by="passthrough", extra="frames")
        frame = pandas.DataFrame(predictions, columns=names, index=X.index)
        return pandas.concat([frame, X], axis=1)
    if issparse(X):
        return hstack([predictions, X], format="csr")
    X = np.asarray(X)
    if X.ndim != 2:
        raise DataError(
            f"passthrough=True, but X has {X.ndim} dimension(s). Expected a table, "
            "whose columns go beside the predictions. Set passthrough=False."
        )
    return np.hstack([predictions, X])
