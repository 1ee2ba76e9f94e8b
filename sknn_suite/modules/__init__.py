"""torch modules: they return raw scores, and draw from a generator of the fit."""

from sknn_suite.modules._activations import ACTIVATIONS, IN_PLACE, make_activation
from sknn_suite.modules._airbench import AirbenchNet
from sknn_suite.modules._autoencoder import Autoencoder, TiedDecoder
from sknn_suite.modules._conditional_vae import ConditionalVAE
from sknn_suite.modules._conv_spec import CONV_SPECS, ConvNet
from sknn_suite.modules._corruption import Corruption
from sknn_suite.modules._dropout import Dropout, OwnedRandomness, SpatialDropout
from sknn_suite.modules._ensemble_linear import EnsembleLinear
from sknn_suite.modules._image_builder import (
    ARCHITECTURES,
    BACKBONES,
    FlatMLP,
    Probe,
    build_image_network,
    copy_values,
    draw_user_network,
    draw_weights,
    small_shape,
)
from sknn_suite.modules._image_network import ImageNetwork, find_head
from sknn_suite.modules._image_pooling import GlobalAveragePool, mean_of_pixels
from sknn_suite.modules._inception import GoogLeNet
from sknn_suite.modules._init import (
    give_memory,
    init_linear,
    is_at,
    materialize,
    settle_init,
)
from sknn_suite.modules._layer_pair import LayerPair
from sknn_suite.modules._mean_of_models import mean_of_models
from sknn_suite.modules._mlp import MLP
from sknn_suite.modules._mlp_scores import MLPScores
from sknn_suite.modules._monotone import NOT_READ, MonotoneWeights
from sknn_suite.modules._network import NETWORKS, Network, give_body
from sknn_suite.modules._norm import AnyBatchNorm, BatchNorm, BatchNorm2d
from sknn_suite.modules._number_embedding import NumberEmbedding
from sknn_suite.modules._one_pixel import CropKernels
from sknn_suite.modules._onednn import (
    onednn_linear,
    onednn_multiplies,
    suits_onednn,
)
from sknn_suite.modules._pooling import POOLINGS, Attention, Pooling
from sknn_suite.modules._recurrent import (
    CELLS,
    RecurrentLayer,
    reverse_order,
)
from sknn_suite.modules._recurrent_net import RecurrentNet
from sknn_suite.modules._resnet import BasicBlock, Bottleneck, ResNet
from sknn_suite.modules._resnet_small import ResNetSmall
from sknn_suite.modules._sequence_net import SHARE_OF_NETWORKS, SequenceNet
from sknn_suite.modules._size import (
    largest_weight,
    n_parameters,
    narrowest_side,
    values_per_row,
)
from sknn_suite.modules._stacked_scores import StackedScores
from sknn_suite.modules._tabular_pack import TabularPack
from sknn_suite.modules._token_embedding import TokenEmbedding
from sknn_suite.modules._vae import VAE
from sknn_suite.modules._vgg import VGG, VGG_LAYERS, AlexNet
from sknn_suite.modules._wide import WideBranch, gram_values

__all__ = [
    "ACTIVATIONS",
    "ARCHITECTURES",
    "BACKBONES",
    "CELLS",
    "CONV_SPECS",
    "IN_PLACE",
    "MLP",
    "NETWORKS",
    "NOT_READ",
    "POOLINGS",
    "SHARE_OF_NETWORKS",
    "VAE",
    "VGG",
    "VGG_LAYERS",
    "AirbenchNet",
    "AlexNet",
    "AnyBatchNorm",
    "Attention",
    "Autoencoder",
    "BasicBlock",
    "BatchNorm",
    "BatchNorm2d",
    "Bottleneck",
    "ConditionalVAE",
    "ConvNet",
    "Corruption",
    "CropKernels",
    "Dropout",
    "EnsembleLinear",
    "FlatMLP",
    "GlobalAveragePool",
    "GoogLeNet",
    "ImageNetwork",
    "LayerPair",
    "MLPScores",
    "MonotoneWeights",
    "Network",
    "NumberEmbedding",
    "OwnedRandomness",
    "Pooling",
    "Probe",
    "RecurrentLayer",
    "RecurrentNet",
    "ResNet",
    "ResNetSmall",
    "SequenceNet",
    "SpatialDropout",
    "StackedScores",
    "TabularPack",
    "TiedDecoder",
    "TokenEmbedding",
    "WideBranch",
    "build_image_network",
    "copy_values",
    "draw_user_network",
    "draw_weights",
    "find_head",
    "give_body",
    "give_memory",
    "gram_values",
    "init_linear",
    "is_at",
    "largest_weight",
    "make_activation",
    "materialize",
    "mean_of_models",
    "mean_of_pixels",
    "n_parameters",
    "narrowest_side",
    "onednn_linear",
    "onednn_multiplies",
    "reverse_order",
    "settle_init",
    "small_shape",
    "suits_onednn",
    "values_per_row",
]
