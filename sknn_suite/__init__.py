"""Neural networks as true scikit-learn estimators."""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from sknn_suite._version import __version__

if TYPE_CHECKING:
    from sknn_suite.anomaly import AutoencoderDetector, VAEDetector
    from sknn_suite.images import CNNClassifier
    from sknn_suite.inspection import diagnose, find_learning_rate, summary
    from sknn_suite.search import train_together
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
    "train_together",
]

# The package of each name. It is imported when the name is first used, so that one
# estimator does not wait for the imports of the others.
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
    "train_together": "search",
}

# Public names that are imported from another package.
_ELSEWHERE = {
    "datasets": (
        "load_docstrings load_image_folder load_image_table "
        "make_bursty_sequences make_bursty_timestamps"
    ),
    "decision": (
        "Capacity ClassifierWrapper CostMatrix Criterion DecisionCurve DecisionRule "
        "FBeta PrecisionAtRecall Recalibrator RecallAtPrecision ThresholdChoice "
        "ThresholdTuner find_threshold fit_counted prior_correction remaining_shift"
    ),
    "ensemble": (
        "AutoClassifier AutoRegressor "
        "CrossFitClassifier CrossFitRegressor CrossFitStackingClassifier "
        "CrossFitStackingRegressor GreedyWeights blend greedy_weights"
    ),
    "exceptions": (
        "CheckpointError CorruptModelError DataError DeviceError "
        "DivergedError InterruptedWarning MissingDependencyError SuiteError "
        "SuiteWarning UnreadableImageError UntrustedModelError"
    ),
    "export": "register_converters to_onnx to_torch",
    "imbalance": (
        "AnyShape BalancedEnsembleClassifier GANOverSampler LatentSMOTE VAEOverSampler"
    ),
    "inspection": (
        "Diagnosis LayerReport LayerSummary NetworkSummary attribute_pixels "
        "maximize_activation"
    ),
    "persistence": "ModelContents inspect load model_card save",
    "plotting": (
        "AnomalyScoreDisplay FilterDisplay GeneratedRowsDisplay "
        "LatentSpaceDisplay LearningRateDisplay LossCurveDisplay "
        "PredictionGallery ReconstructionDisplay StackDisplay ThresholdCurveDisplay "
        "TokenAttentionDisplay"
    ),
    "text": "Tokenizer",
}

# Packages that need no separate import, as in scikit-learn.
_PACKAGES = {
    *_HOMES.values(),
    "datasets",
    "decision",
    "ensemble",
    "exceptions",
    "export",
    "imbalance",
    "persistence",
    "plotting",
}


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        text = f"module {__name__!r} has no attribute {name!r}"
        home = next((p for p, names in _ELSEWHERE.items() if name in names.split()), "")
        if home:
            text += f". Write from {__name__}.{home} import {name}."
            if sys._getframe(1).f_code.co_name == "_handle_fromlist":
                # `from sknn_suite import ...` would replace the text of another error.
                raise ImportError(text, name=__name__)
        raise AttributeError(text, name=name)
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    _register_backend()
    return value


def _register_backend() -> None:
    """Let ``joblib.parallel_config("sknn_suite")`` find the backend of searches."""
    joblib = importlib.import_module("joblib")  # scikit-learn has imported it
    joblib.register_parallel_backend(__name__, _make_backend)


def _make_backend(**params: Any) -> Any:
    return importlib.import_module(f"{__name__}.search").make_backend(**params)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PACKAGES})
