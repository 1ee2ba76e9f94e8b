"""FeaturesHalf: the inputs of a fitted network's last layer."""

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sknn_suite.data import BundleBatches, ImageFiles
from sknn_suite.device import CHUNK_ROWS
from sknn_suite.doors import to_home, to_numpy
from sknn_suite.estimator import Classifier, is_float32


class FeaturesHalf(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Classifier):
    """The transformer half of an estimator for images."""

    @property
    def _n_features_out(self) -> int:
        return self._net.network.config["n_features"]

    def transform(self, X):
        """Compute the input of the last layer: features for any other estimator.

        Parameters
        ----------
        X : array-like or list of path-like
            Images, as for `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            The features.
        """
        X, home = self._rows_to_predict(X, "transform")
        net = self._fitted_net()
        bound = net.bind(len(X), self.device)
        if bound.module.head_name is None:
            raise ValueError(
                "transform needs a network with a linear layer, whose inputs are the "
                "features. Expected an nn.Linear in it. Pass the network as backbone, "
                "which adds one."
            )
        bundle = net.bundle(X)
        with torch.inference_mode():
            parts = [
                bound.module.features(batch.to(bound.device).inputs["x"]).cpu()
                for batch in BundleBatches(bundle, net.rows_at_once or CHUNK_ROWS)
            ]
        kind = np.float32 if is_float32(X) or X.dtype == np.uint8 else np.float64
        return to_home(torch.cat(parts).numpy().astype(kind, copy=False), home)

    def read_images(self, X):
        """Read images as `predict` does, for plotting.

        Parameters
        ----------
        X : array-like or list of path-like
            Images, as for `fit`.

        Returns
        -------
        ndarray of shape (n_samples, height, width, n_channels)
            The pixels, in [0, 1]: bytes divided by 255, other numbers by their range.
        """
        check_is_fitted(self)
        X, _ = to_numpy(X)
        if len(X) == 0:
            return np.empty((0, *self.image_shape_))
        X = self._task(self).check_rows(X)
        pixels = X.read(np.arange(len(X))) if isinstance(X, ImageFiles) else X
        pixels = np.asarray(pixels, np.float64)
        if self._pixel_unit is not None and pixels.min() >= 0:
            return np.clip(pixels / self._pixel_unit, 0, 1)
        low, high = pixels.min(), pixels.max()
        return (pixels - low) / max(high - low, 1e-300)

    def first_filters(self):
        """Return the weights of the network's first convolution.

        Returns
        -------
        ndarray of shape (n_filters, height, width, n_channels)
            The filters.
        """
        check_is_fitted(self)
        for name, weights in self._fitted_net().weights.items():
            if weights.ndim == 4 and name.endswith("weight"):
                return np.moveaxis(weights, 1, 3)
        raise ValueError(
            "The network has no convolution, and so no filters. Expected one. Choose "
            "another architecture."
        )
