"""Nested folds: what a final step would have learned without the fold it is judged by.

A member that predicts one fold was trained on the others. So what chooses weights for a
fold, the predictions of the other folds, comes from members that know its labels. On
labels without meaning this is enough to score better than chance. A further fit for
each two folds, without both, ends it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from sknn_suite.doors import rows_of
from sknn_suite.ensemble._final import (
    FinalStep,
    Layer,
    combine_by,
    flat,
    flat_names,
    table_of,
)
from sknn_suite.ensemble._fold_fits import FoldFit
from sknn_suite.ensemble._out_of_fold import OutOfFold
from sknn_suite.ensemble._splits import Splits
from sknn_suite.exceptions import DataError


@dataclass(frozen=True)
class NestedFolds:
    """Two folds at a time, left out together.

    Parameters
    ----------
    outer : Splits
        The folds.
    keys : list of (int, int)
        Numbers of the two folds.
    inner : Splits
        What is trained on without them; both are predicted, one after the other.
    """

    outer: Splits
    keys: list[tuple[int, int]]
    inner: Splits

    @property
    def every(self) -> Splits:
        """The folds, then those without two of them."""
        return Splits([*self.outer.pairs, *self.inner.pairs], self.outer.n_rows)

    @classmethod
    def of(cls, outer: Splits) -> "NestedFolds":
        """Pair folds that train on each other's rows.

        Raises
        ------
        ValueError
            If a row is predicted twice, or two folds leave nothing to train on.
        """
        if outer.counts.max() > 1:
            raise DataError(
                f"nested=True, but cv predicts each row {outer.counts.max()} times. "
                "Expected folds that share no row. Take folds without repeats, or "
                "nested=False."
            )
        keys, pairs = [], []
        for i, j in combinations(range(len(outer.pairs)), 2):
            (train, test), (other_train, other_test) = outer.pairs[i], outer.pairs[j]
            knows = np.isin(other_test, train).any()
            is_known = np.isin(test, other_train).any()
            if not (knows and is_known):  # as in time series: one is honest already
                continue
            rows = np.intersect1d(train, other_train)
            if not len(rows):
                raise DataError(
                    f"nested=True, but the folds {i} and {j} leave no row to train on. "
                    "Expected three folds at least. Set cv=3 or more."
                )
            keys.append((i, j))
            pairs.append((rows, np.concatenate([test, other_test])))
        return cls(outer, keys, Splits(pairs, outer.n_rows))

    def without(self, oof: OutOfFold, fits: list[FoldFit]) -> np.ndarray:
        """Collect a member's predictions by models that have not seen a fold.

        Parameters
        ----------
        oof : OutOfFold
            Its predictions of each fold.
        fits : list of FoldFit
            Its fits without two folds, as in `keys`.

        Returns
        -------
        ndarray of shape (n_folds, n_samples, n_columns)
            For each fold predictions of the rows of the others; NaN where there are
            none.
        """
        n_folds, n_columns = len(self.outer.pairs), oof.folds[0].shape[1]
        found = np.full((n_folds, self.outer.n_rows, n_columns), np.nan)
        for j, (_, judged) in enumerate(self.outer.pairs):
            for i, (train, test) in enumerate(self.outer.pairs):
                if i != j and not np.isin(judged, train).any():
                    found[j, test] = oof.folds[i]
        for (i, j), fit in zip(self.keys, fits):
            test, other = self.outer.pairs[i][1], self.outer.pairs[j][1]
            found[j, test] = fit.scores[: len(test)]
            found[i, other] = fit.scores[len(test) :]
        return found


def judge_nested(
    decide: Callable[..., FinalStep],
    step: FinalStep,
    layer: Layer,
    without: np.ndarray,
    X: Any,
) -> FinalStep:
    """Judge a step by those that are chosen and trained without each fold.

    Parameters
    ----------
    decide : callable
        Chooses the final step for a layer.
    step : FinalStep
        The step for all rows.
    layer : Layer
        Predictions of the members.
    without : ndarray of shape (n_members, n_folds, n_samples, n_columns)
        Their predictions by models that have not seen a fold, see `NestedFolds`.
    X : array-like or None
        Columns that a trained step gets beside the predictions.

    Returns
    -------
    FinalStep
        The step, with predictions of the training rows, and scores, by the others.
    """
    predictions = flat(layer.scores, layer.target)
    table = table_of(predictions, flat_names(layer.names, layer.target), X)
    folds = []
    for number, (train, test) in enumerate(layer.splits.pairs):
        part = layer.scores[:, test]
        scores = without[:, number]
        known = np.zeros(layer.splits.n_rows, dtype=bool)
        known[train] = True
        known &= ~np.isnan(scores[:, :, 0]).any(axis=0)
        pairs = [
            (rows[known[rows]], left_out[known[left_out]])
            for i, (rows, left_out) in enumerate(layer.splits.pairs)
            if i != number and known[left_out].any()
        ]
        if not layer.target.has_all(layer.y[known]):
            folds.append(np.full(part.shape[1:], np.nan))
            continue
        rest = replace(layer, scores=scores, splits=Splits(pairs, layer.splits.n_rows))
        chosen = decide(rest, tells=False)
        if chosen.weights is None:
            rows = rows_of(table, test)
            folds.append(chosen.predict(rows, layer.target))
        else:
            folds.append(combine_by(chosen.weights, part))
    oof = OutOfFold(layer.splits, folds)
    return replace(step, oof=oof, values=layer.values(oof))
