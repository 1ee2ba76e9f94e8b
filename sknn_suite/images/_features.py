"""FeaturesHalf: what the last layer of a fitted network takes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sknn_suite._arrays import to_home, to_numpy
from sknn_suite._prediction import PREDICT_ROWS, is_float32
from sknn_suite.training import BundleBatches


class FeaturesHalf(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """The transformer half of an estimator for images."""

    _check_rows: Callable
    _bind_module: Callable
    _rows_at_once: Callable
    _encoder: Any
    _config: dict

    @property
    def _n_features_out(self) -> int:
        return self._config["n_features"]

    def transform(self, X):
        """Compute what the last layer takes: features for any other estimator.

        Parameters
        ----------
        X : array-like or list of path-like
            Images, as for `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            The features.
        """
        check_is_fitted(self)
        X, home = to_numpy(X)
        X = self._check_rows(X)
        bound = self._bind_module(len(X))
        if bound.module.head_name is None:
            raise ValueError(
                "transform needs a network with a linear layer, whose input are the "
                "features. Expected an nn.Linear in it. Pass the network as backbone, "
                "which gets one."
            )
        bundle = self._encoder.transform(X, bound.dtype)
        with torch.inference_mode():
            parts = [
                bound.module.features(batch.to(bound.device).inputs["x"]).cpu()
                for batch in BundleBatches(bundle, self._rows_at_once(PREDICT_ROWS))
            ]
        kind = np.float32 if is_float32(X) or X.dtype == np.uint8 else np.float64
        return to_home(torch.cat(parts).numpy().astype(kind, copy=False), home)
