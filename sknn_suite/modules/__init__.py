"""torch modules: no scikit-learn, raw scores out, randomness owned."""

from sknn_suite.modules._activations import ACTIVATIONS, IN_PLACE, make_activation
from sknn_suite.modules._autoencoder import Autoencoder
from sknn_suite.modules._corruption import Corruption
from sknn_suite.modules._dropout import Dropout, OwnedRandomness
from sknn_suite.modules._ensemble_linear import EnsembleLinear
from sknn_suite.modules._init import init_linear, is_at, materialize
from sknn_suite.modules._mlp import MLP
from sknn_suite.modules._mlp_scores import MLPScores
from sknn_suite.modules._norm import BatchNorm
from sknn_suite.modules._onednn import onednn_linear, suits_onednn
from sknn_suite.modules._size import (
    largest_weight,
    n_parameters,
    narrowest_side,
    values_per_row,
)
from sknn_suite.modules._vae import VAE

__all__ = [
    "ACTIVATIONS",
    "IN_PLACE",
    "MLP",
    "VAE",
    "Autoencoder",
    "BatchNorm",
    "Corruption",
    "Dropout",
    "EnsembleLinear",
    "MLPScores",
    "OwnedRandomness",
    "init_linear",
    "is_at",
    "largest_weight",
    "make_activation",
    "materialize",
    "n_parameters",
    "narrowest_side",
    "onednn_linear",
    "suits_onednn",
    "values_per_row",
]
