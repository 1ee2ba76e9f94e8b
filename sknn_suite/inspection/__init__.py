"""Looking into training: the learning-rate range test, and a doctor for networks."""

from sknn_suite.inspection._diagnosis import Diagnosis, LayerReport, diagnose
from sknn_suite.inspection._learning_rate import find_learning_rate

__all__ = ["Diagnosis", "LayerReport", "diagnose", "find_learning_rate"]
