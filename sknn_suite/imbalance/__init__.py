"""Training on rare classes: whatever changes which rows an estimator sees."""

from sknn_suite.imbalance._any_shape import AnyShape
from sknn_suite.imbalance._balanced_ensemble import BalancedEnsembleClassifier
from sknn_suite.imbalance._gan import GANOverSampler
from sknn_suite.imbalance._latent_smote import LatentSMOTE
from sknn_suite.imbalance._vae import VAEOverSampler

__all__ = [
    "AnyShape",
    "BalancedEnsembleClassifier",
    "GANOverSampler",
    "LatentSMOTE",
    "VAEOverSampler",
]
