"""Samplers of imbalanced-learn's kind for rows of any shape."""

from sknn_suite.imbalance._any_shape import AnyShape
from sknn_suite.imbalance._gan import GANOverSampler
from sknn_suite.imbalance._latent_smote import LatentSMOTE
from sknn_suite.imbalance._vae import VAEOverSampler

__all__ = ["AnyShape", "GANOverSampler", "LatentSMOTE", "VAEOverSampler"]
