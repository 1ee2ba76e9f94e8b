"""Outlier detectors that reconstruct rows, and give codes as transformers."""

from sknn_suite.anomaly._autoencoder import AutoencoderDetector
from sknn_suite.anomaly._vae import VAEDetector

__all__ = ["AutoencoderDetector", "VAEDetector"]
