"""Random changes of copies of images, outside of training."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from sknn_suite.data import as_tensor
from sknn_suite.doors import torch_generator
from sknn_suite.images._augment import (
    POLICIES,
    BoundAugmentation,
    settle_augment,
)

# Images that are changed at a time, to limit extra memory.
CHUNK_IMAGES = 512


class PixelScale:
    """Scaling of pixels by mean and deviation of each channel, and back.

    It takes the place of a network in an augmentation, which changes pixels that have
    been scaled.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width, n_channels)
        The images from which both are learnt.

    Attributes
    ----------
    low, high : float
        The range of the pixels.
    """

    def __init__(self, images: np.ndarray) -> None:
        some = images[np.linspace(0, len(images) - 1, CHUNK_IMAGES).astype(int)]
        pixels = some.reshape(-1, images.shape[3]).astype(np.float64)
        self.center = as_tensor(pixels.mean(axis=0), torch.float32)
        scale = pixels.std(axis=0)
        self.scale = as_tensor(np.where(scale > 0, scale, 1.0), torch.float32)
        self.low, self.high = float(images.min()), float(images.max())

    def prepare(self, x: Tensor) -> Tensor:
        """Scale pixels, (n, h, w, c) to (n, c, h, w)."""
        return ((x.float() - self.center) / self.scale).permute(0, 3, 1, 2)

    def restore(self, x: Tensor) -> Tensor:
        """Bring scaled pixels back to their range, (n, c, h, w) to (n, h, w, c)."""
        pixels = x.permute(0, 2, 3, 1) * self.scale + self.center
        return pixels.clamp(self.low, self.high)


def strengths_for_copies(augment: Any) -> dict[str, float]:
    """Turn the parameter `augment` into strengths by name.

    Raises
    ------
    ValueError
        If it names what mixes two images, whose labels may differ.
    """
    if augment is None:
        return {}
    is_policy = isinstance(augment, str) and augment in POLICIES
    strengths = settle_augment([augment] if is_policy else augment)
    mixes = sorted({"mixup", "cutmix"} & strengths.keys())
    if mixes:
        raise ValueError(
            f"augment holds {mixes[0]!r}, which mixes two images and their labels. "
            "Expected changes of one image. Leave it out, or pass it to CNNClassifier."
        )
    return strengths


def change_copies(
    images: np.ndarray,
    strengths: dict[str, float],
    random_state: np.random.RandomState,
) -> np.ndarray:
    """Change each image at random; shape, dtype and range of pixels stay.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width[, n_channels])
        The images.
    strengths : dict of str to float
        What is done, see `strengths_for_copies`.
    random_state : RandomState
        Source of all randomness.

    Returns
    -------
    ndarray
        New images.
    """
    if not len(images) or not strengths:
        return images
    pixels = images.reshape(*images.shape[:3], -1)
    scale: Any = PixelScale(pixels)
    change = BoundAugmentation(scale, strengths, random_state)
    generator = torch_generator(random_state, torch.device("cpu"))
    changed = np.empty(pixels.shape, dtype=images.dtype)
    for start in range(0, len(pixels), CHUNK_IMAGES):
        chunk = pixels[start : start + CHUNK_IMAGES].astype(np.float32)
        scaled = change.scaled(as_tensor(chunk), generator)
        made = scale.restore(scaled).numpy()
        if images.dtype.kind in "iu":
            made = np.rint(made)
        changed[start : start + CHUNK_IMAGES] = made
    return changed.reshape(images.shape)
