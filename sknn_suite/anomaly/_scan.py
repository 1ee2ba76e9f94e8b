"""What the nets of a detector see of rows, chunk by chunk."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from sknn_suite.anomaly._scores import RowScore, Seen
from sknn_suite.device import map_rows
from sknn_suite.estimator import FittedNet
from sknn_suite.losses import Distribution


@dataclass
class FittedScores:
    """Which scores are usual, learnt from the training rows.

    Parameters
    ----------
    score : RowScore
        The score, which has learnt.
    distribution : Distribution
        Rows around their reconstruction.
    blocks : tuple of int
        Sizes of one-hot blocks, of a categorical distribution.
    auto_offset : float
        Threshold of contamination="auto".
    smallest : tuple
        Lower half of the scores, their weights, and the weight of all.
    """

    score: RowScore
    distribution: Distribution
    blocks: tuple[int, ...]
    auto_offset: float = 0.0
    smallest: tuple[np.ndarray, np.ndarray, float] | None = None


def scan(
    net: FittedNet,
    distribution: Distribution,
    X: Any,
    function: Callable[[Seen], Tensor],
    device: str = "auto",
) -> np.ndarray:
    """Call a function of `Seen` on rows, in chunks, and join its results."""
    bound = net.bind(X.shape[0], device)
    n_outputs = count_outputs(net)

    def of_chunk(rows: slice) -> Tensor:
        x = net.encoder.transform(X[rows], bound.dtype).inputs["x"]
        x = x.to(bound.device)
        raw = bound.module(x)
        outputs, codes = raw[..., :n_outputs], raw[..., n_outputs:]
        x_hat = distribution.as_input(distribution.mean(outputs))
        seen = Seen(x, x_hat, outputs, codes, bound.module, distribution)
        return function(seen).cpu()

    # Scores compare a row with many others, which is more work than the nets have.
    work = 10 * bound.largest
    return map_rows(lambda: of_chunk, X.shape[0], bound.device, work=work).numpy()


def count_outputs(net: FittedNet) -> int:
    """Raw outputs of the decoder: one per feature, two if it learns a scale."""
    config = net.network.config
    return config["n_inputs"] * (1 if config["scale"] == "fixed" else 2)
