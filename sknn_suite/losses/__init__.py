"""Losses: raw scores and target to a loss per row, plus the link."""

from sknn_suite.losses._autoencoder import AutoencoderLoss, ElboLoss, kl_divergence
from sknn_suite.losses._base import LINKS, Loss
from sknn_suite.losses._by_model import LossByModel
from sknn_suite.losses._classes_by_model import ClassesByModel
from sknn_suite.losses._classification import (
    FocalSigmoidLoss,
    FocalSoftmaxLoss,
    LogitAdjustedSigmoidLoss,
    LogitAdjustedSoftmaxLoss,
    SigmoidLoss,
    SoftmaxLoss,
)
from sknn_suite.losses._mixed_table import MixedDistribution
from sknn_suite.losses._reconstruction import (
    DISTRIBUTIONS,
    Bernoulli,
    Categorical,
    Distribution,
    Gaussian,
    Huber,
    Laplace,
    Poisson,
    ScaleDistribution,
    StudentT,
    make_distribution,
)
from sknn_suite.losses._regression import (
    AbsoluteLoss,
    HuberLoss,
    PoissonLoss,
    QuantileLoss,
    SeveralQuantilesLoss,
    SquaredLoss,
)
from sknn_suite.losses._weights import combine_weights, settle_class_weight
from sknn_suite.losses._written_out import (
    share_out,
    sigmoid_loss,
    softmax_loss,
    squared_loss,
    total,
)

__all__ = [
    "DISTRIBUTIONS",
    "LINKS",
    "AbsoluteLoss",
    "AutoencoderLoss",
    "Bernoulli",
    "Categorical",
    "ClassesByModel",
    "Distribution",
    "ElboLoss",
    "FocalSigmoidLoss",
    "FocalSoftmaxLoss",
    "Gaussian",
    "Huber",
    "HuberLoss",
    "Laplace",
    "LogitAdjustedSigmoidLoss",
    "LogitAdjustedSoftmaxLoss",
    "Loss",
    "LossByModel",
    "MixedDistribution",
    "Poisson",
    "PoissonLoss",
    "QuantileLoss",
    "ScaleDistribution",
    "SeveralQuantilesLoss",
    "SigmoidLoss",
    "SoftmaxLoss",
    "SquaredLoss",
    "StudentT",
    "combine_weights",
    "kl_divergence",
    "make_distribution",
    "settle_class_weight",
    "share_out",
    "sigmoid_loss",
    "softmax_loss",
    "squared_loss",
    "total",
]
