"""Inspection of networks: layers, learning-rate test, diagnosis, pixel attribution."""

from sknn_suite.inspection._attribution import attribute_pixels, maximize_activation
from sknn_suite.inspection._diagnosis import Diagnosis, LayerReport, diagnose
from sknn_suite.inspection._learning_rate import find_learning_rate
from sknn_suite.inspection._summary import LayerSummary, NetworkSummary, summary

__all__ = [
    "Diagnosis",
    "LayerReport",
    "LayerSummary",
    "NetworkSummary",
    "attribute_pixels",
    "diagnose",
    "find_learning_rate",
    "maximize_activation",
    "summary",
]
