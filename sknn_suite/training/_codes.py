"""Predictions in codes, for skorch's scoring callbacks."""

from typing import Any

import numpy as np
import torch
from sklearn.utils import ClassifierTags, RegressorTags
from torch import Tensor

from sknn_suite.losses import Loss


class CodePredictions:
    """Codes of classes, or numbers, from raw scores; the estimator knows the labels.

    Parameters
    ----------
    loss : Loss
        The loss, which has the link.
    """

    def __init__(self, loss: Loss) -> None:
        self.link = loss.link
        self.is_logistic = loss.out_activation == "logistic"
        self.is_classifier = loss.out_activation in ("softmax", "logistic")

    def probabilities(self, raw: Tensor) -> Tensor:
        """One column per class, or the numbers that are predicted."""
        proba = self.link(raw)
        if self.is_logistic and proba.shape[1] == 1:
            return torch.cat([1 - proba, proba], dim=1)
        return proba

    def decide(self, values: np.ndarray) -> np.ndarray:
        """Predictions from what `probabilities` gives."""
        if self.is_classifier:
            return values.argmax(axis=1)
        return values[:, 0] if values.shape[1] == 1 else values

    def tell(self, tags: Any) -> Any:
        """Set the tags that scorers read."""
        if self.is_classifier:
            tags.estimator_type = "classifier"
            tags.classifier_tags = ClassifierTags()
        else:
            tags.estimator_type = "regressor"
            tags.regressor_tags = RegressorTags()
        return tags
