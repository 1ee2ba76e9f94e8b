"""Checks of images: arrays, flat rows or files."""

import os
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from sknn_suite.checks._table import (
    check_labels,
    refuse_missing_labels,
    settle_target,
)
from sknn_suite.checks._words import words_named
from sknn_suite.data import ImageFiles
from sknn_suite.doors import to_numpy
from sknn_suite.exceptions import DataError

# Default height, width and channels of files.
FILE_SHAPE = (64, 64, 3)

# Types of flat rows; uint8 stays uint8.
_NUMBERS = (np.float64, np.float32, np.uint8)


class CheckedImages(np.ndarray):
    """Images that are already checked; they are not checked again."""


def check_images(estimator: Any, X: Any, *, reset: bool) -> Any:
    """Check images; return (n, height, width, channels), or files as rows.

    With `reset` the estimator learns their shape and unit. Without it, they must have
    the shape and unit of fit.
    """
    if isinstance(X, CheckedImages | ImageFiles):
        return X
    paths = find_paths(X)
    if paths is not None:
        return _check_files(estimator, paths, reset=reset)
    if _n_axes(X) > 2:
        return _check_pixels(estimator, X, reset=reset)
    with words_named(X):
        X = validate_data(estimator, X, dtype=_NUMBERS, order="C", reset=reset)
    return _shape_rows(estimator, X, reset=reset)


def check_images_and_target(
    estimator: Any, X: Any, y: Any, *, reset: bool
) -> tuple[Any, np.ndarray]:
    """Check images and their labels."""
    paths = find_paths(X)
    if paths is None and _n_axes(X) <= 2:
        y, _ = to_numpy(y)
        refuse_missing_labels(y)
        how: dict[str, Any] = {"dtype": _NUMBERS, "order": "C", "multi_output": True}
        with words_named(X):
            X, y = validate_data(estimator, X, y, reset=reset, **how)
        return _shape_rows(estimator, X, reset=reset), settle_target(y, y_numeric=False)
    X = check_images(estimator, X, reset=reset)
    return X, check_labels(estimator, X, y)


def find_paths(X: Any) -> list | None:
    """Paths in X: a list, an array, a Series or one column; None if X has no paths."""
    if isinstance(X, str | os.PathLike):
        raise DataError(
            f"X is the single path '{os.fspath(X)}'. Expected a list of paths, one per "
            "image. Wrap it in a list, or list a folder with load_image_folder."
        )
    if isinstance(X, list | tuple):
        values = list(X)
    else:
        kind = getattr(getattr(X, "dtype", None), "kind", None)
        is_column = len(getattr(X, "columns", ())) == 1
        if kind in ("b", "i", "u", "f", "c") or not (
            is_column or hasattr(X, "__array__")
        ):
            return None
        array = np.asarray(X)
        if array.dtype.kind not in "OUT" or not (
            array.ndim == 1 or array.shape[1:] == (1,)
        ):
            return None
        values = list(array.ravel())
    if not values or not isinstance(values[0], str | os.PathLike):
        return None
    for row, value in enumerate(values):
        if not isinstance(value, str | os.PathLike):
            raise DataError(
                f"Row {row} of X is {value!r}, which is not a path. Expected a path in "
                "every row, as in the first. Remove the row, or give its path."
            )
    return values


def _n_axes(X: Any) -> int:
    if isinstance(X, list | tuple) and len(X) and np.ndim(X[0]) >= 2:
        shapes = {np.shape(image) for image in X}
        if len(shapes) > 1:
            few = ", ".join(map(str, sorted(shapes)[:5]))
            raise DataError(
                f"X has images of {len(shapes)} different shapes: {few}. "
                "Expected one height, width and number of channels. Resize the "
                "arrays, or pass the paths of files, which are resized when read."
            )
        return np.ndim(X[0]) + 1
    return getattr(X, "ndim", 2)


# -- files ---------------------------------------------------------------------------


def _check_files(estimator: Any, paths: list, *, reset: bool) -> ImageFiles:
    if reset:
        shape = FILE_SHAPE
        if estimator.image_shape is not None:
            shape = _shape_of(estimator)
            if shape[2] not in (1, 3):
                raise DataError(
                    f"image_shape={tuple(estimator.image_shape)} asks for files with "
                    f"{shape[2]} channels. Expected 1 (grey) or 3 (RGB). Change it."
                )
        _learn_shape(estimator, shape, unit=255.0)
    shape = estimator.image_shape_
    if shape[2] not in (1, 3) or shape[:2] == (1, 1):
        raise DataError(
            f"X has paths, but fit saw {_describe(shape)}, which cannot come from "
            "files. Expected the same kind of rows as in fit. Pass such rows."
        )
    cache_size = estimator.cache_size if reset else 0
    ranges = None if reset else estimator.pixel_ranges_
    files = ImageFiles.from_paths(paths, shape, estimator.resize, cache_size, ranges)
    if reset:
        estimator.pixel_ranges_ |= files.ranges
    unit = estimator._pixel_unit
    if unit != 255.0:
        raise DataError(
            "X has paths, but fit saw floating-point images. Expected images of the "
            "same kind as in fit. Fit on uint8 images or on files."
        )
    return files


# -- arrays --------------------------------------------------------------------------


def _check_pixels(estimator: Any, X: Any, *, reset: bool) -> np.ndarray:
    X = check_array(
        X,
        dtype=None if np.asarray(X[:1]).dtype.kind in "biuf" else np.float64,
        allow_nd=True,
        estimator=estimator,
        input_name="X",
        ensure_all_finite=True,
    )
    if X.ndim > 4:
        raise DataError(
            f"X has {X.ndim} axes. Expected (n, height, width) or (n, height, width, "
            "channels). Reshape it."
        )
    if min(X.shape) == 0:
        raise DataError(
            f"X has the shape {X.shape}, without a pixel. Expected at least one pixel "
            "and channel. Check how the images were read."
        )
    if X.ndim == 3:
        X = X[..., None]
    elif estimator.data_format == "channels_first":
        X = np.moveaxis(X, 1, 3)
    elif X.shape[3] > 4 and X.shape[1] <= 4:
        raise DataError(
            f"X has the shape {X.shape}, which looks like channels before height and "
            "width. Expected (n, height, width, channels). Set "
            "data_format='channels_first', or move the axis."
        )
    shape = X.shape[1:]
    if estimator.image_shape is not None and shape != _shape_of(estimator):
        raise DataError(
            f"X has {_describe(shape)}, but image_shape="
            f"{tuple(estimator.image_shape)}. Expected both to be the same. Remove "
            "image_shape, or resize the images."
        )
    X = _settle_numbers(X)
    if reset:
        unit = 255.0 if X.dtype == np.uint8 else 1.0
        if unit == 1.0:
            _refuse_bytes_as_floats(X)
        _learn_shape(estimator, shape, unit)
    elif shape != estimator.image_shape_:
        raise DataError(
            f"X has {_describe(shape)}, but {type(estimator).__name__} was fitted on "
            f"{_describe(estimator.image_shape_)}. Expected the same dimensions. "
            "Resize the images, or fit on files, which are resized when read."
        )
    else:
        X = _to_unit(estimator, X)
    return np.ascontiguousarray(X)


def _settle_numbers(X: np.ndarray) -> np.ndarray:
    """Convert numbers to uint8, float32 or float64."""
    if X.dtype.kind == "b":
        return X.astype(np.float32)
    if X.dtype.kind in "iu" and X.dtype != np.uint8:
        if X.min() < 0 or X.max() > 255:
            raise DataError(
                f"X has integers from {X.min()} to {X.max()}. Expected pixels "
                "in [0, 255]. Scale them to [0, 1] as float, or to [0, 255]."
            )
        return X.astype(np.uint8)
    if X.dtype.kind == "f" and X.dtype not in (np.float32, np.float64):
        return X.astype(np.float32 if X.dtype.itemsize < 4 else np.float64)
    return X


def _refuse_bytes_as_floats(X: np.ndarray) -> None:
    if X.min() >= 0 and X.max() > 1:
        raise DataError(
            f"X has floating-point pixels from {X.min():g} to {X.max():g}. Expected "
            "float images in [0, 1], or standardised ones, which have negative "
            "numbers. Divide by the largest possible value, or pass X as uint8."
        )


def _to_unit(estimator: Any, X: np.ndarray) -> np.ndarray:
    """Convert images to the unit of fit: 255 in uint8 equals 1.0 in float."""
    unit = estimator._pixel_unit
    if unit is None:  # fit saw numbers, without a unit
        return X
    if X.dtype == np.uint8:
        return X if unit == 255.0 else X.astype(np.float32) / 255
    if unit == 255.0:
        _refuse_bytes_as_floats(X)
    return X if unit == 1.0 else X * X.dtype.type(unit)


# -- flat rows -----------------------------------------------------------------------


def _shape_rows(estimator: Any, X: np.ndarray, *, reset: bool) -> np.ndarray:
    n_features = X.shape[1]
    if reset:
        shape = (1, 1, n_features)
        if estimator.image_shape is not None:
            shape = _shape_of(estimator)
            if np.prod(shape) != n_features:
                raise DataError(
                    f"image_shape={tuple(estimator.image_shape)} does not fit rows of "
                    f"{n_features} features. Expected a product of {n_features}. "
                    "Pass another image_shape."
                )
        _learn_shape(estimator, shape, 255.0 if X.dtype == np.uint8 else None)
    h, w, c = estimator.image_shape_
    if estimator.data_format == "channels_first" and c > 1:
        return np.ascontiguousarray(np.moveaxis(X.reshape(-1, c, h, w), 1, 3))
    return X.reshape(-1, h, w, c)


def _shape_of(estimator: Any) -> tuple[int, int, int]:
    """Height, width and channels, from the parameter image_shape."""
    sizes = tuple(estimator.image_shape)
    whole = all(isinstance(n, int | np.integer) and n > 0 for n in sizes)
    if len(sizes) not in (2, 3) or not whole:
        raise DataError(
            f"image_shape={sizes} is not an image shape. Expected (height, width) or "
            "(height, width, channels) with positive integers; with "
            "data_format='channels_first' the channels come first. Change it."
        )
    if len(sizes) == 2:
        sizes = (*sizes, 1)
    elif estimator.data_format == "channels_first":
        sizes = (*sizes[1:], sizes[0])
    return int(sizes[0]), int(sizes[1]), int(sizes[2])


def _learn_shape(estimator: Any, shape: tuple, unit: float | None) -> None:
    estimator.image_shape_ = tuple(int(n) for n in shape)
    estimator.n_features_in_ = int(np.prod(shape))
    estimator._pixel_unit = unit
    estimator.pixel_ranges_ = {"uint8": (0, 255)} if unit == 255.0 else {}


def _describe(shape: tuple) -> str:
    h, w, c = shape
    if (h, w) == (1, 1):
        return f"rows of {c} features"
    return f"images of {h} x {w} pixels and {c} channel{'s' if c > 1 else ''}"
