"""torch modules: no scikit-learn, raw scores out, randomness owned."""

from sknn_suite.modules._activations import ACTIVATIONS, make_activation
from sknn_suite.modules._autoencoder import Autoencoder
from sknn_suite.modules._corruption import Corruption
from sknn_suite.modules._dropout import Dropout, OwnedRandomness
from sknn_suite.modules._ensemble_linear import EnsembleLinear
from sknn_suite.modules._init import init_linear, is_at, materialize
from sknn_suite.modules._mlp import MLP
from sknn_suite.modules._norm import BatchNorm
from sknn_suite.modules._pooling import POOLINGS, Attention, Pooling
from sknn_suite.modules._recurrent import (
    CELLS,
    RecurrentLayer,
    reverse_order,
)
from sknn_suite.modules._sequence_net import SequenceNet, SpatialDropout
from sknn_suite.modules._size import largest_weight, n_parameters, narrowest_side
from sknn_suite.modules._token_embedding import TokenEmbedding
from sknn_suite.modules._vae import VAE
from sknn_suite.modules._wide import WideBranch

__all__ = [
    "ACTIVATIONS",
    "CELLS",
    "MLP",
    "POOLINGS",
    "VAE",
    "Attention",
    "Autoencoder",
    "BatchNorm",
    "Corruption",
    "Dropout",
    "EnsembleLinear",
    "OwnedRandomness",
    "Pooling",
    "RecurrentLayer",
    "SequenceNet",
    "SpatialDropout",
    "TokenEmbedding",
    "WideBranch",
    "init_linear",
    "is_at",
    "largest_weight",
    "make_activation",
    "materialize",
    "n_parameters",
    "narrowest_side",
    "reverse_order",
]
