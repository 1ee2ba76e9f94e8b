"""Neural networks as true scikit-learn estimators."""

import importlib
from typing import TYPE_CHECKING, Any

from sknn_suite._version import __version__

if TYPE_CHECKING:
    from sknn_suite.anomaly import AutoencoderDetector, VAEDetector
    from sknn_suite.images import CNNClassifier
    from sknn_suite.inspection import diagnose, find_learning_rate, summary
    from sknn_suite.sequence import RNNClassifier
    from sknn_suite.tabular import (
        MLPClassifier,
        MLPRegressor,
        TabularClassifier,
        TabularRegressor,
    )
    from sknn_suite.text import TextRNNClassifier

__all__ = [
    "AutoencoderDetector",
    "CNNClassifier",
    "MLPClassifier",
    "MLPRegressor",
    "RNNClassifier",
    "TabularClassifier",
    "TabularRegressor",
    "TextRNNClassifier",
    "VAEDetector",
    "__version__",
    "diagnose",
    "find_learning_rate",
    "summary",
]

# Where each name is. It is imported when it is first asked for: who wants one estimator
# does not wait for the others.
_HOMES = {
    "AutoencoderDetector": "anomaly",
    "CNNClassifier": "images",
    "MLPClassifier": "tabular",
    "MLPRegressor": "tabular",
    "RNNClassifier": "sequence",
    "TabularClassifier": "tabular",
    "TabularRegressor": "tabular",
    "TextRNNClassifier": "text",
    "VAEDetector": "anomaly",
    "diagnose": "inspection",
    "find_learning_rate": "inspection",
    "summary": "inspection",
}

# Packages that are there without an import of their own, as in scikit-learn.
_PACKAGES = {*_HOMES.values(), "datasets", "exceptions", "plotting"}


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PACKAGES})
