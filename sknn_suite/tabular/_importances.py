"""What columns contribute to predictions."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from sknn_suite.data import TensorBundle
from sknn_suite.tabular._judge import Judge

# Rows that importances are measured on, at most.
MOST_ROWS = 1000

# Passes for all importances, at most: more columns are shuffled in groups.
MOST_PASSES = 200


def importances(
    module: Any,
    share: np.ndarray,
    judge: Judge,
    origins: dict[str, list[int]],
    n_columns: int,
    random_state: np.random.RandomState,
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

    Returns
    -------
    ndarray of shape (n_columns,)
        Zero for columns that are left out. With many columns, neighbours are shuffled
        together, and share the rise.
    """
    chosen = random_state.permutation(len(judge.valid))[:MOST_ROWS]
    batch = judge.valid.take(torch.as_tensor(chosen))
    order = torch.as_tensor(random_state.permutation(len(batch)))
    here, found = Judge(judge.loss, batch), np.zeros(n_columns)
    with torch.inference_mode():
        before = here.of_mean(module(**batch.inputs), share)
        for group in np.array_split(np.arange(n_columns), min(n_columns, MOST_PASSES)):
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
