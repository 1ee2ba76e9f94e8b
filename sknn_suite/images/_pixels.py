"""PixelsHalf: what an estimator for images shows as pixels."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknn_suite.data import ImageFiles
from sknn_suite.doors import to_numpy
from sknn_suite.estimator import Classifier


class PixelsHalf(Classifier):
    """A classifier of images that shows what it reads, and its filters."""

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
