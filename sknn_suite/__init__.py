"""Neural networks as true scikit-learn estimators."""

from sknn_suite._version import __version__
from sknn_suite.anomaly import AutoencoderDetector, VAEDetector
from sknn_suite.images import CNNClassifier
from sknn_suite.inspection import diagnose, find_learning_rate
from sknn_suite.sequence import RNNClassifier, TextRNNClassifier
from sknn_suite.tabular import MLPClassifier, MLPRegressor

__all__ = [
    "AutoencoderDetector",
    "CNNClassifier",
    "MLPClassifier",
    "MLPRegressor",
    "RNNClassifier",
    "TextRNNClassifier",
    "VAEDetector",
    "__version__",
    "diagnose",
    "find_learning_rate",
]
