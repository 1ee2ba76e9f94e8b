"""What columns contribute to predictions."""

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


def importances(
    module: Any,
    share: np.ndarray,
    judge: Judge,
    origins: dict[str, list[int]],
    n_columns: int,
    random_state: np.random.RandomState,
    limits: Limits = USUAL,
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

    Returns
    -------
    ndarray of shape (n_columns,)
        Zero for columns that are left out. With many columns, neighbours are shuffled
        together, and share the rise.
    """
    chosen = random_state.permutation(len(judge.valid))[: limits.n_rows]
    batch = judge.valid.take(torch.as_tensor(chosen))
    order = torch.as_tensor(random_state.permutation(len(batch)))
    here, found = Judge(judge.loss, batch), np.zeros(n_columns)
    with torch.inference_mode():
        before = here.of_mean(module(**batch.inputs), share)
        n_groups = min(n_columns, limits.n_passes)
        for group in np.array_split(np.arange(n_columns), n_groups):
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
