"""Images of a few shapes: bright squares whose place is their class."""

from typing import NamedTuple

import numpy as np
import pytest


class Images(NamedTuple):
    """X and y."""

    X: np.ndarray
    y: np.ndarray


def draw(n_samples, size=12, n_channels=1, seed=0):
    """Noise with a bright square: at the left, in the middle, or at the bottom."""
    random = np.random.RandomState(seed)
    y = np.arange(n_samples) % 3
    X = random.randint(0, 90, (n_samples, size, size, n_channels)).astype(np.uint8)
    third = size // 3
    for image, place in zip(X, y):
        row, column = [(third, 0), (third, third), (2 * third, third)][place]
        image[row : row + third, column : column + third] = 220
    return Images(X, y)


@pytest.fixture
def grey():
    """120 grey images of 12 x 12 pixels, uint8, three classes."""
    return Images(draw(120).X[..., 0], draw(120).y)


@pytest.fixture
def colour():
    """90 colour images of 16 x 16 pixels, uint8, three classes."""
    return draw(90, 16, 3)


@pytest.fixture
def unseen():
    """60 more of them, for tests."""
    return draw(60, 16, 3, seed=1)


@pytest.fixture
def folder(tmp_path):
    """Sixty PNG and JPEG files of several sizes and modes in three sub-folders."""
    pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    X, y = draw(60, 24, 3)
    for i, (pixels, label) in enumerate(zip(X, y)):
        place = tmp_path / "photos" / "abc"[label]
        place.mkdir(parents=True, exist_ok=True)
        image = pillow.fromarray(pixels).resize((20 + i % 7, 30 - i % 5))
        mode, suffix = [("RGB", "jpg"), ("L", "png"), ("P", "gif"), ("RGBA", "png")][
            i % 4
        ]
        image.convert(mode).save(place / f"{i:02d}.{suffix}")
    return tmp_path / "photos"
