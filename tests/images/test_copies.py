"""Copies of images that are changed at random."""

import numpy as np
import pytest

from sknn_suite.images import change_copies, strengths_for_copies


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(9, 8, 6), (9, 8, 6, 1), (9, 8, 8, 3)])
def test_shape_type_and_range_stay(dtype, shape):
    images = np.random.RandomState(0).randint(3, 200, shape).astype(dtype)
    strengths = strengths_for_copies("side_on")
    changed = change_copies(images, strengths, np.random.RandomState(0))
    assert changed.shape == shape
    assert changed.dtype == dtype
    assert changed.min() >= images.min()
    assert changed.max() <= images.max()
    assert (changed != images).reshape(9, -1).any(axis=1).all()
    again = change_copies(images, strengths, np.random.RandomState(0))
    np.testing.assert_array_equal(changed, again)


def test_a_mirror_image_is_exact():
    images = np.random.RandomState(0).randint(0, 256, (5, 4, 4, 3), dtype=np.uint8)
    strengths = strengths_for_copies([("flip", 1.0)])
    changed = change_copies(images, strengths, np.random.RandomState(0))
    np.testing.assert_array_equal(changed, images[:, :, ::-1])


def test_nothing_is_changed_without_strengths():
    images = np.zeros((2, 3, 3))
    assert strengths_for_copies(None) == {}
    assert change_copies(images, {}, np.random.RandomState(0)) is images
