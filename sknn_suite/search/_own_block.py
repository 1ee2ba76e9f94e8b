"""own_block: the block of an ensemble whose members train together by themselves."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from sknn_suite.estimator import NeuralEstimator
from sknn_suite.search._block import train_together


def has_network(estimator: Any) -> bool:
    """Whether an estimator is a network of the suite, or passes rows on to one."""
    if isinstance(estimator, NeuralEstimator):
        return True
    if not isinstance(estimator, BaseEstimator):
        return False
    parts = estimator.get_params(deep=True).values()
    return any(isinstance(part, NeuralEstimator) for part in parts)


def own_block(estimators: Iterable[Any]) -> AbstractContextManager[None]:
    """Make a block in which each of the estimators is fitted, on rows of its own.

    What has been trained is kept only if one of them may train a network again.
    """
    may_repeat = any(_may_repeat(estimator) for estimator in estimators)
    return train_together(store=None if may_repeat else False)


def _may_repeat(estimator: Any) -> bool:
    """Whether a fit may train a network again, or go on with it, as searches do."""
    if isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return not isinstance(estimator, NeuralEstimator)
