"""Images to tensors, and how neighbouring pixels depend on each other."""

import numpy as np
from torch import Tensor

from sknn_suite.data import ImageFiles
from sknn_suite.encoding._images import (
    ImageEncoder,
    blocks_of,
    images_to_learn_from,
)

# Of so many images patches are looked at.
N_IMAGES = 5000


class PatchEncoder(ImageEncoder):
    """An `ImageEncoder` that learns the covariance of scaled 2x2 patches as well.

    Attributes
    ----------
    patches_ : ndarray of shape (4 * n_channels, 4 * n_channels)
        Covariance of patches.
    """

    patches_: np.ndarray

    def fit(
        self,
        X: np.ndarray | ImageFiles,
        rows: Tensor | None = None,
        weight: np.ndarray | None = None,
    ) -> "PatchEncoder":
        """Learn from the training rows, all if None."""
        super().fit(X, rows, weight)
        index = images_to_learn_from(X, rows, weight)
        index = index[:: -(-len(index) // N_IMAGES)]
        total, n_patches = 0.0, 0
        for _, pixels in blocks_of(X, index):
            scaled = (pixels - self.center_) / self.scale_
            corners = [
                scaled[:, dy : scaled.shape[1] - 1 + dy, dx : scaled.shape[2] - 1 + dx]
                for dy in (0, 1)
                for dx in (0, 1)
            ]
            # (patches, channels, 4), as the kernels of a convolution lie
            patches = np.stack(corners, axis=-1).reshape(-1, 4 * scaled.shape[3])
            total = total + patches.T @ patches
            n_patches += len(patches)
        self.patches_ = np.asarray(total) / max(n_patches, 1)
        return self
