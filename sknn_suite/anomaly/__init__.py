"""Outlier detectors that reconstruct rows, and give codes as transformers."""

from sknn_suite.anomaly._autoencoder import AutoencoderDetector
from sknn_suite.anomaly._scan import FittedScores
from sknn_suite.anomaly._scores import SCORES
from sknn_suite.anomaly._tails import Tails
from sknn_suite.anomaly._vae import VAEDetector

__all__ = ["SCORES", "AutoencoderDetector", "FittedScores", "Tails", "VAEDetector"]
