"""What skorch's scoring callbacks ask of a net: predictions in codes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.utils import ClassifierTags, RegressorTags
from torch import Tensor

from sknn_suite.data import TensorBundle


class CodePrediction:
    """Mixin of nets that predicts codes of classes, or numbers.

    Whoever mixes it in has ``criterion_``, ``n_outputs_`` and skorch's
    ``predict_proba``.
    """

    @property
    def classes_(self: Any) -> np.ndarray:
        """Codes of the classes; the estimator knows their labels."""
        return np.arange(max(2, self.n_outputs_))

    def _get_predict_nonlinearity(self: Any) -> Callable[[Tensor], Tensor]:
        def link(raw: Tensor) -> Tensor:
            proba = self.criterion_.link(raw)
            if self.criterion_.out_activation == "logistic" and proba.shape[1] == 1:
                return torch.cat([1 - proba, proba], dim=1)
            return proba

        return link

    def predict(self: Any, X: TensorBundle) -> np.ndarray:
        values = self.predict_proba(X)
        if self.criterion_.out_activation in ("softmax", "logistic"):
            return values.argmax(axis=1)
        return values[:, 0] if values.shape[1] == 1 else values

    def __sklearn_tags__(self: Any) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        if self.criterion_.out_activation in ("softmax", "logistic"):
            tags.estimator_type = "classifier"
            tags.classifier_tags = ClassifierTags()
        else:
            tags.estimator_type = "regressor"
            tags.regressor_tags = RegressorTags()
        return tags
