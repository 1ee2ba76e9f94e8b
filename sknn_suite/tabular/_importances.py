"""What columns contribute to predictions."""

import time
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sknn_suite.data import TensorBundle
from sknn_suite.tabular._judge import Judge


class Limits(NamedTuple):
    """How much work importances are worth.

    Parameters
    ----------
    n_rows : int
        Rows that they are measured on, at most.
    n_passes : int
        Passes of these rows, at most: more columns are shuffled in groups.
    """

    n_rows: int
    n_passes: int


# Who has pressed Ctrl-C waits for the end: importances take a tenth of the time then.
USUAL, HURRIED = Limits(1000, 200), Limits(200, 100)

# Of `max_time`, what importances may take, and the rows below which they say nothing.
SHARE_OF_TIME, FEWEST_ROWS = 0.05, 100


def affordable(limits: Limits, n_columns: int, seconds: float, spent: float) -> Limits:
    """Lower limits to what there is time for: rows first, then passes.

    Parameters
    ----------
    limits : Limits
        Rows and passes, at most.
    n_columns : int
        Columns that are to be shuffled.
    seconds : float
        Time limit.
    spent : float
        What a pass of all these rows has taken.

    Examples
    --------
    >>> from sknn_suite.tabular._importances import Limits, affordable
    >>> affordable(Limits(1000, 200), 30, seconds=10, spent=0.1)
    Limits(n_rows=1000, n_passes=30)
    >>> affordable(Limits(1000, 200), 300, seconds=5, spent=0.1)
    Limits(n_rows=250, n_passes=200)
    >>> affordable(Limits(1000, 200), 300, seconds=1, spent=0.1)
    Limits(n_rows=100, n_passes=100)
    """
    n_passes = min(n_columns, limits.n_passes)
    n_cells = seconds / max(spent, 1e-6) * limits.n_rows  # rows of all passes
    n_rows = int(np.clip(n_cells / n_passes, FEWEST_ROWS, limits.n_rows))
    n_rows = min(n_rows, limits.n_rows)
    return Limits(n_rows, int(np.clip(n_cells / n_rows, 1, n_passes)))


def importances(
    module: Any,
    share: np.ndarray,
    judge: Judge,
    origins: dict[str, list[int]],
    n_columns: int,
    random_state: np.random.RandomState,
    limits: Limits = USUAL,
    seconds: float | None = None,
) -> np.ndarray:
    """How much the loss rises when a column is shuffled, for each column.

    Each member counts on the rows that it has not learnt from.

    Parameters
    ----------
    module : nn.Module
        All members, in evaluation mode; it returns the scores of each.
    share : ndarray of shape (n_members,)
        Their weights.
    judge : Judge
        Has the validation rows, encoded.
    origins : dict of str to list of int
        Column of X behind each column of each input.
    n_columns : int
        Columns of X.
    random_state : RandomState
        Source of the order; it is advanced.
    limits : Limits
        Rows and passes, at most.
    seconds : float or None, default=None
        Time limit; with little time there are fewer rows and passes.

    Returns
    -------
    ndarray of shape (n_columns,)
        Zero for columns that are left out, NaN if a busy machine did not reach them in
        twice the time. With many columns, neighbours are shuffled together, and share
        the rise.
    """
    began = time.perf_counter()
    chosen = random_state.permutation(len(judge.valid))[: limits.n_rows]
    if seconds is not None:
        first = judge.valid.take(torch.as_tensor(chosen[:FEWEST_ROWS]))
        with torch.inference_mode():
            module(**first.inputs)
        spent = (time.perf_counter() - began) * len(chosen) / len(first)
        most = limits._replace(n_rows=len(chosen))
        limits = affordable(most, n_columns, seconds, spent)
    batch = judge.valid.take(torch.as_tensor(chosen[: limits.n_rows]))
    order = torch.as_tensor(random_state.permutation(len(batch)))
    here, found = Judge(judge.loss, batch), np.zeros(n_columns)
    with torch.inference_mode():
        before = here.of_mean(module(**batch.inputs), share)
        n_groups = min(n_columns, limits.n_passes)
        for group in np.array_split(np.arange(n_columns), n_groups):
            if seconds is not None and time.perf_counter() - began > 2 * seconds:
                found[group[0] :] = np.nan
                break
            mixed, read = _shuffle(batch, origins, set(group.tolist()), order)
            if read:
                rise = here.of_mean(module(**mixed), share) - before
                found[list(read)] = rise / len(read)
    return found


def _shuffle(
    batch: TensorBundle, origins: dict[str, list[int]], columns: set[int], order: Tensor
) -> tuple[dict[str, Tensor], set[int]]:
    """Shuffle what comes from some columns; return inputs, and those that are read."""
    inputs, read = dict(batch.inputs), set()
    for name, of_inputs in origins.items():
        own = [i for i, origin in enumerate(of_inputs) if origin in columns]
        if own:
            read |= {of_inputs[i] for i in own}
            inputs[name] = inputs[name].clone()
            inputs[name][:, own] = batch.inputs[name][order][:, own]
    return inputs, read
