"""ClassifierWrapper: what estimators around another classifier share."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.metaestimators import available_if


def inner_has(method: str) -> Any:
    """Say whether the classifier inside has a method, for `available_if`."""

    def check(wrapper: "ClassifierWrapper") -> bool:
        getattr(wrapper._inner(), method)  # raises AttributeError
        return True

    return check


class ClassifierWrapper(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A classifier around another one, its parameter `estimator`."""

    def _inner(self: Any) -> Any:
        """Return the estimator, or what None stands for."""
        return LogisticRegression() if self.estimator is None else self.estimator

    def _show_features_of(self, fitted: Any) -> None:
        """Take what a fitted estimator knows of the features."""
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(fitted, name):
                setattr(self, name, getattr(fitted, name))

    @available_if(inner_has("predict_proba"))
    def predict_log_proba(self, X):
        """Predict the logarithm of `predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns as in `classes_`.
        """
        proba = self.predict_proba(X)
        with np.errstate(divide="ignore"):  # log(0) is -inf, as in scikit-learn
            return np.log(proba)

    def get_metadata_routing(self):
        """Say where `fit` passes its arguments on to.

        Returns
        -------
        MetadataRouter
            To the estimator's `fit`.
        """
        return MetadataRouter(owner=self).add(
            estimator=self._inner(),
            method_mapping=MethodMapping().add(caller="fit", callee="fit"),
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._inner())
        tags.input_tags = inner.input_tags
        if inner.classifier_tags is not None:
            tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
        return tags
