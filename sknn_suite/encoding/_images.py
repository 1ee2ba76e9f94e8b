"""Images to tensors: pixels stay as they are, their scaling is learnt."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from sknn_suite.data import ImageFiles, TensorBundle, as_tensor
from sknn_suite.exceptions import DataError

# Pixels that are looked at together: memory beyond the images stays small.
BLOCK_PIXELS = 1 << 22

# Of sets that are larger than the cache so many files teach the scaling.
N_FILES_FOR_SCALING = 2048

# Larger numbers have squares, or sums of them, that no float can hold.
LARGEST = 1e150

# A channel whose deviation is below this share of its size is constant but for noise.
RELATIVE_CONSTANT = 1e-12


class ImageEncoder:
    """Images as the tensor ``x``; uint8 stays uint8, and memory is shared.

    Attributes
    ----------
    center_, scale_ : ndarray of shape (n_channels,)
        Mean and deviation of each channel over the training rows; a constant channel
        has the scale one.

    Shape
    -----
    X : (n_samples, height, width, channels), uint8 or float, or ImageFiles
    x : the same

    Examples
    --------
    >>> import numpy as np, torch
    >>> from sknn_suite.encoding import ImageEncoder
    >>> X = np.zeros((2, 8, 8, 1), np.uint8)
    >>> ImageEncoder().fit(X).transform(X, torch.float32).inputs["x"].dtype
    torch.uint8
    """

    center_: np.ndarray
    scale_: np.ndarray

    def fit(
        self,
        X: np.ndarray | ImageFiles,
        rows: Tensor | None = None,
        weight: np.ndarray | None = None,
    ) -> "ImageEncoder":
        """Learn from the training rows, all if None."""
        self._learn_scaling(X, images_to_learn_from(X, rows, weight), weight)
        return self

    def _learn_scaling(
        self, X: np.ndarray | ImageFiles, index: np.ndarray, weight: np.ndarray | None
    ) -> None:
        """Mean and deviation of each channel, block by block, in float64."""
        total = 0.0
        mean: np.ndarray | float = 0.0
        squares: np.ndarray | float = 0.0
        for part, pixels in blocks_of(X, index):
            if np.abs(pixels).max() > LARGEST:
                raise DataError(
                    f"X holds numbers as large as {np.abs(pixels).max():g}, whose "
                    f"squares are non-finite. Expected at most {LARGEST:g}. Scale "
                    "them first."
                )
            w = np.ones(len(part)) if weight is None else weight[part].astype(float)
            n_pixels = pixels.shape[1] * pixels.shape[2]
            share = w / (w.sum() * n_pixels)
            # Chan et al.'s way to join the moments of two parts, which cancels nothing
            part_mean = np.einsum("nhwc,n->c", pixels, share)
            part_squares = np.einsum("nhwc,n->c", (pixels - part_mean) ** 2, share)
            fraction = w.sum() / (total + w.sum())
            step = part_mean - mean
            squares = squares + (part_squares - squares) * fraction
            squares = squares + step**2 * fraction * (1 - fraction)
            mean = mean + step * fraction
            total += w.sum()
        deviation = np.sqrt(np.asarray(squares))
        self.center_ = np.asarray(mean)
        limit = RELATIVE_CONSTANT * np.maximum(np.abs(self.center_), 1e-300)
        self.scale_ = np.where(deviation > limit, deviation, 1.0)

    def transform(self, X: np.ndarray | ImageFiles, dtype: torch.dtype) -> TensorBundle:
        """Encode images; all but uint8 become `dtype`."""
        if isinstance(X, ImageFiles):
            return TensorBundle({"x": X})
        return TensorBundle({"x": as_tensor(X, None if X.dtype == np.uint8 else dtype)})


def images_to_learn_from(
    X: np.ndarray | ImageFiles, rows: Tensor | None, weight: np.ndarray | None
) -> np.ndarray:
    """Numbers of the training images that teach: those with weight, not all files."""
    index = np.arange(len(X)) if rows is None else rows.numpy()
    if weight is not None:
        index = index[weight[index] > 0]
    if isinstance(X, ImageFiles) and len(index) > X.n_cached:
        few = max(X.n_cached, N_FILES_FOR_SCALING)
        index = index[:: -(-len(index) // few)]
    return index


def blocks_of(
    X: np.ndarray | ImageFiles, index: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield row numbers and their pixels in float64."""
    n_rows = max(BLOCK_PIXELS // int(np.prod(X.shape[1:])), 1)
    for start in range(0, len(index), n_rows):
        part = index[start : start + n_rows]
        pixels = X.read(part) if isinstance(X, ImageFiles) else X[part]
        yield part, pixels.astype(np.float64)
