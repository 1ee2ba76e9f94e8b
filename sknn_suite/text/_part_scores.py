"""What the networks alone, and the n-gram model alone, make of validation rows."""

from typing import Any

import torch
from torch import Tensor

from sknn_suite.data import TensorBundle, make_batches
from sknn_suite.modules import SHARE_OF_NETWORKS


@torch.no_grad()
def score_ngrams(wide: Any, valid: TensorBundle, n_rows: int) -> Tensor:
    """Raw scores of the wide branch, `n_rows` rows at a time."""
    inputs = {name: valid.inputs[name] for name in ("words", "runs")}
    batches = make_batches(TensorBundle(inputs, rows=valid.rows), n_rows)
    return torch.cat([wide(**batch.inputs) for batch in batches])


def without_ngrams(raw: Tensor, of_ngrams: Tensor) -> Tensor:
    """Raw scores of the networks alone, from those that are averaged with n-grams."""
    return (raw - (1 - SHARE_OF_NETWORKS) * of_ngrams) / SHARE_OF_NETWORKS
