"""Whether left and right can be swapped, judged by the training images."""

from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

from sknn_suite.data import ImageFiles

# Images that are looked at, and the side to which they are shrunk.
N_IMAGES, SIDE = 2000, 16

# Share of the neighbours' accuracy beyond chance that mirror images must keep.
KEPT = 0.5


def mirror_images_help(X: Any, y: Any, random_state: np.random.RandomState) -> bool:
    """Whether mirror images belong to the class of their originals.

    They do not, as for digits and letters, if the nearest neighbour of an image
    predicts its class and that of its mirror image does not. Where pixels predict
    nothing, as in photographs, the answer is yes. For too few images it is no.
    """
    if y is None or np.ndim(y) != 1 or len(y) < 100:
        return False
    chosen = random_state.permutation(len(y))[:N_IMAGES]
    pixels = X.read(chosen) if isinstance(X, ImageFiles) else X[chosen]
    small = _shrink(pixels)
    labels = np.asarray(y)[chosen]
    counts = np.unique(labels, return_counts=True)[1]
    chance = float(np.sum((counts / len(labels)) ** 2))
    neighbors = NearestNeighbors(n_neighbors=2).fit(small.reshape(len(small), -1))
    own, mirrored = (
        _right(neighbors, images.reshape(len(small), -1), labels)
        for images in (small, small[:, :, ::-1])
    )
    error = np.sqrt(chance * (1 - chance) / len(labels))
    telling = own > chance + 3 * error
    return not telling or mirrored - chance >= KEPT * (own - chance)


def _right(neighbors: Any, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of images whose nearest other image has their class."""
    found = neighbors.kneighbors(images, return_distance=False)
    itself = np.arange(len(images))
    nearest = np.where(found[:, 0] == itself, found[:, 1], found[:, 0])
    return float((labels[nearest] == labels).mean())


def _shrink(pixels: np.ndarray) -> np.ndarray:
    """Average over blocks, so that no side is longer than twice `SIDE`."""
    _, h, w, _ = pixels.shape
    dy, dx = max(h // SIDE, 1), max(w // SIDE, 1)
    cut = pixels[:, : h // dy * dy, : w // dx * dx]
    n, h, w, c = cut.shape
    blocks = cut.reshape(n, h // dy, dy, w // dx, dx, c)
    return blocks.mean((2, 4, 5), dtype=np.float32)  # (n, rows, columns), grey
