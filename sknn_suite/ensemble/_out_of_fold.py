"""OutOfFold: scores of rows by models that have not seen them, and what they show."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn_suite.doors import import_optional
from sknn_suite.ensemble._scoring import Scoring
from sknn_suite.ensemble._splits import Splits
from sknn_suite.ensemble._target import Target


@dataclass(frozen=True)
class OutOfFold:
    """Scores of the rows that each fold left out.

    Parameters
    ----------
    splits : Splits
        The folds.
    folds : list of ndarray of shape (n_rows, n_columns)
        Scores of the rows that each fold predicts, in its order; a fold that predicts
        nothing has NaN.
    """

    splits: Splits
    folds: list[np.ndarray]

    @classmethod
    def left_out(cls, folds: list[np.ndarray]) -> "OutOfFold":
        """Keep no row: of each fold its sorted scores at most, by which ranks go."""
        return cls(Splits([], 0), [np.sort(fold, axis=0) for fold in folds])

    def check_there(self, needed_by: str) -> None:
        """Refuse to go on without the predictions of the training rows.

        Raises
        ------
        AttributeError
            If they were left out of a model file.
        """
        if not self.splits.pairs:
            raise AttributeError(
                f"{needed_by} needs the predictions of the training rows, which files "
                "of models leave out. Expected the estimator on which fit was called. "
                "Keep its oof_predictions_ in a file beside the model, or fit again."
            )

    @property
    def scores(self) -> np.ndarray:
        """Scores of all rows; the mean if a row is predicted more often, else NaN."""
        n_columns = self.folds[0].shape[1]
        counts = self.counts
        total = np.zeros((self.splits.n_rows, n_columns))
        for (_, test), part in zip(self.splits.pairs, self.folds):
            known = ~np.isnan(part[:, 0])
            total[test[known]] += part[known]
        total[counts == 0] = np.nan
        often = counts > 1
        total[often] /= counts[often, None]
        return total

    @property
    def counts(self) -> np.ndarray:
        """How often each row is predicted."""
        counts = np.zeros(self.splits.n_rows, dtype=int)
        for (_, test), part in zip(self.splits.pairs, self.folds):
            counts[test[~np.isnan(part[:, 0])]] += 1
        return counts

    def values(
        self, target: Target, y: np.ndarray, weight: np.ndarray | None, scoring: Scoring
    ) -> np.ndarray:
        """Score each fold by itself; NaN if it predicts nothing, or lacks a class."""
        found = []
        for (_, test), part in zip(self.splits.pairs, self.folds):
            known = ~np.isnan(part[:, 0])
            rows = test[known]
            if not len(rows):
                found.append(np.nan)
                continue
            judge = scoring.judge(y[rows], None if weight is None else weight[rows])
            found.append(judge(target.compact(part[known])))
        return np.array(found)

    def frame(self, target: Target, labels: Any) -> Any:
        """Make the data frame for users; `labels` are those of the rows, or None."""
        pandas: Any = import_optional(
            "pandas", needed_by="oof_predictions_", extra="frames"
        )
        self.check_there("oof_predictions_")
        scores = self.scores
        fold = self.splits.fold
        is_predicted = self.counts > 0
        fold[~is_predicted] = -1
        frame = pandas.DataFrame(scores, columns=list(target.columns), index=labels)
        frame.insert(0, "fold", fold)
        frame["is_predicted"] = is_predicted
        if labels is None:
            frame.index.name = "row"
        return frame


def mean_and_spread(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of folds that have a value."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.nan, np.nan
    return float(known.mean()), float(known.std(ddof=1)) if len(known) > 1 else np.nan


def row_labels(X: Any) -> Any:
    """Index of a pandas object; None if rows have no labels."""
    return X.index if hasattr(X, "iloc") else None
