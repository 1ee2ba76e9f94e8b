"""Samplers of imbalanced-learn and of the suite: their parameters.

A sampler acts only during fit. What it has learnt from the rows is not written, so that
a loaded pipeline predicts as it did, and resamples again when it is fitted again.
"""

from typing import Any

from imblearn import combine, over_sampling, under_sampling
from imblearn.pipeline import Pipeline as ResamplingPipeline

from sknn_suite.decision._recalibrator import ClassCounter
from sknn_suite.imbalance import (
    AnyShape,
    GANOverSampler,
    LatentSMOTE,
    VAEOverSampler,
)
from sknn_suite.persistence._composites import verify_pipeline
from sknn_suite.persistence._kinds import Kind

_OURS = (AnyShape, ClassCounter, GANOverSampler, LatentSMOTE, VAEOverSampler)
_THEIRS: tuple[Any, ...] = tuple(
    getattr(module, name)
    for module in (over_sampling, under_sampling, combine)
    for name in module.__all__
)

SAMPLERS: tuple[Kind, ...] = (
    Kind(ResamplingPipeline, "imblearn.pipeline.Pipeline", verify=verify_pipeline),
    *(Kind(cls, f"sknn_suite.{cls.__name__}", unfitted=True) for cls in _OURS),
    *(Kind(cls, f"imblearn.{cls.__name__}", unfitted=True) for cls in _THEIRS),
)
