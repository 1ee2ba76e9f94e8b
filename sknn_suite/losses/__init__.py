"""Losses: raw scores and target to a loss per row, plus the link."""

from sknn_suite.losses._base import LINKS, Loss
from sknn_suite.losses._classification import (
    FocalSigmoidLoss,
    FocalSoftmaxLoss,
    SigmoidLoss,
    SoftmaxLoss,
)
from sknn_suite.losses._regression import (
    AbsoluteLoss,
    HuberLoss,
    PoissonLoss,
    QuantileLoss,
    SquaredLoss,
)
from sknn_suite.losses._weights import combine_weights

__all__ = [
    "LINKS",
    "AbsoluteLoss",
    "FocalSigmoidLoss",
    "FocalSoftmaxLoss",
    "HuberLoss",
    "Loss",
    "PoissonLoss",
    "QuantileLoss",
    "SigmoidLoss",
    "SoftmaxLoss",
    "SquaredLoss",
    "combine_weights",
]
