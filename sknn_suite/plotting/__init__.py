"""Displays hold numbers and plot them; only `plot` imports matplotlib."""

from sknn_suite.plotting._anomaly_score import AnomalyScoreDisplay
from sknn_suite.plotting._filters import FilterDisplay
from sknn_suite.plotting._generated_rows import GeneratedRowsDisplay
from sknn_suite.plotting._latent_space import LatentSpaceDisplay
from sknn_suite.plotting._learning_rate import LearningRateDisplay
from sknn_suite.plotting._loss_curve import LossCurveDisplay
from sknn_suite.plotting._prediction_gallery import PredictionGallery
from sknn_suite.plotting._reconstruction import ReconstructionDisplay
from sknn_suite.plotting._stack import StackDisplay
from sknn_suite.plotting._threshold_curve import ThresholdCurveDisplay
from sknn_suite.plotting._token_attention import TokenAttentionDisplay

__all__ = [
    "AnomalyScoreDisplay",
    "FilterDisplay",
    "GeneratedRowsDisplay",
    "LatentSpaceDisplay",
    "LearningRateDisplay",
    "LossCurveDisplay",
    "PredictionGallery",
    "ReconstructionDisplay",
    "StackDisplay",
    "ThresholdCurveDisplay",
    "TokenAttentionDisplay",
]
