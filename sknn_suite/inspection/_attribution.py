"""Which pixels a prediction depends on, and which image activates a unit."""

from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.doors import import_optional
from sknn_suite.exceptions import DataError
from sknn_suite.images import CNNClassifier
from sknn_suite.inspection._module import (
    bundle_of,
    check_fitted,
    check_rows,
    count_rows,
    has_several_labels,
    own_module,
    take_rows,
)

# Rows whose attributions are computed together.
N_TOGETHER = 64


def attribute_pixels(
    estimator: CNNClassifier,
    X: Any,
    *,
    method: str = "grad_cam",
    target: Any = None,
    layer: str | None = None,
) -> np.ndarray:
    """Compute which pixels of images a prediction depends on.

    Parameters
    ----------
    estimator : CNNClassifier
        A fitted image classifier.
    X : array-like or list of path-like
        Images, as for `predict`.
    method : {"grad_cam", "saliency"}, default="grad_cam"
        "grad_cam" weights the maps of the last convolution by their gradients, and
        shows regions. "saliency" is the size of the gradient at each pixel.
    target : label or array-like of labels, default=None
        The class to explain. None means the predicted class of each image.
    layer : str, default=None
        Name of another convolution for "grad_cam", as in ``network.named_modules()``.

    Returns
    -------
    ndarray of shape (n_samples, height, width)
        How much each pixel supports the class, >= 0.

    Raises
    ------
    ValueError
        If `target` is not a class of the fit, or X, `method` or `layer` cannot be used.

    References
    ----------
    Selvaraju et al., "Grad-CAM", ICCV 2017. Simonyan et al., "Deep Inside
    Convolutional Networks", ICLR workshop 2014. Computed by Captum.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_suite import CNNClassifier
    >>> from sknn_suite.inspection import attribute_pixels
    >>> images, labels = load_digits().images[:100] / 16, load_digits().target[:100]
    >>> model = CNNClassifier(max_iter=2, random_state=0).fit(images, labels)
    >>> attribute_pixels(model, images[:4]).shape  # doctest: +SKIP
    (4, 8, 8)
    """
    _check_images(estimator, "attribute_pixels")
    attributions = import_optional(
        "captum.attr", needed_by="attribute_pixels", extra="explain"
    )
    if method not in ("grad_cam", "saliency"):
        raise ValueError(
            f"method={method!r} is unknown. Expected 'grad_cam' or 'saliency'. "
            "Choose one of these."
        )
    module: Any = own_module(estimator)
    codes, signs = _targets(estimator, X, target)
    signs_of_batch: list[Any] = [1.0]

    def scores(prepared: Tensor) -> Tensor:
        return module(prepared=prepared) * signs_of_batch[0]

    maps = []
    for start in range(0, len(codes), N_TOGETHER):
        part = slice(start, start + N_TOGETHER)
        x = _prepare(estimator, module, take_rows(X, part)).requires_grad_(True)
        wanted = torch.from_numpy(codes[part])
        signs_of_batch[0] = torch.from_numpy(signs[part]).to(x.dtype)[:, None]
        if method == "saliency":
            found = attributions.Saliency(scores).attribute(x, target=wanted)
            heat = found.amax(dim=1)
        else:
            convolution = find_convolution(module.network, layer)
            cam = attributions.LayerGradCam(scores, convolution)
            found = cam.attribute(x, target=wanted, relu_attributions=True)
            if found.ndim != 4:
                raise ValueError(
                    f"layer={layer!r} does not output maps, which 'grad_cam' needs. "
                    "Expected a layer before the image is flattened. Choose a "
                    "convolution."
                )
            heat = nn.functional.interpolate(
                found, x.shape[2:], mode="bilinear", align_corners=False
            )[:, 0]
        maps.append(heat.detach().float().numpy())
    return np.concatenate(maps)


def maximize_activation(
    estimator: CNNClassifier,
    *,
    layer: str | None = None,
    unit: int = 0,
    n_steps: int = 100,
    random_state: int = 0,
) -> np.ndarray:
    """Make an image that activates a unit most.

    This is gradient ascent from noise. The image is blurred slightly from time to time,
    so that it shows more than noise.

    Parameters
    ----------
    estimator : CNNClassifier
        A fitted classifier of images.
    layer : str, default=None
        Name of a layer, as in ``network.named_modules()``. None means the last layer,
        whose units are the class scores.
    unit : int, default=0
        Index of the unit, or of the channel of a convolution.
    n_steps : int, default=100
        Number of steps of the ascent.
    random_state : int, default=0
        Seed of the noise.

    Returns
    -------
    ndarray of shape (height, width, n_channels)
        The image, in [0, 1].

    References
    ----------
    Erhan et al., "Visualizing Higher-Layer Features of a Deep Network", 2009.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_suite import CNNClassifier
    >>> from sknn_suite.inspection import maximize_activation
    >>> images, labels = load_digits().images[:100] / 16, load_digits().target[:100]
    >>> model = CNNClassifier(max_iter=2, random_state=0).fit(images, labels)
    >>> maximize_activation(model, unit=3, n_steps=5).shape
    (8, 8, 1)
    """
    _check_images(estimator, "maximize_activation")
    for name, value, least in (("n_steps", n_steps, 1), ("unit", unit, 0)):
        if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
            raise ValueError(
                f"{name}={value!r} is not valid. Expected an integer of at least "
                f"{least}. Change it."
            )
    module: Any = own_module(estimator)
    part = module.network if module.head_name is None else module.head
    if layer is not None:
        part = _find(module.network, layer)
    answers: list[Tensor] = []
    hook = part.register_forward_hook(lambda _, __, out: answers.append(out))
    h, w, c = estimator.image_shape_
    noise = np.random.RandomState(random_state).normal(0, 0.1, (1, c, h, w))
    dtype = module.center.dtype
    x = torch.from_numpy(noise).to(dtype)
    kernel = torch.tensor([1.0, 2.0, 1.0], dtype=dtype)
    kernel = (kernel[:, None] * kernel / 16).expand(c, 1, 3, 3)
    for step in range(n_steps):
        x = x.detach().requires_grad_(True)
        answers.clear()
        module(prepared=x)
        answer = answers[-1][0]
        if not 0 <= unit < len(answer):
            hook.remove()
            raise ValueError(
                f"unit={unit} is not one of the layer's {len(answer)} units. Expected "
                f"a number in [0, {len(answer)}). Choose another one."
            )
        (slope,) = torch.autograd.grad(answer[unit].mean(), x)
        with torch.no_grad():
            x = 0.98 * x + 0.1 * slope / (slope.std() + 1e-8)
            if step % 4 == 3 and min(h, w) > 2:
                edges = nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
                x = nn.functional.conv2d(edges, kernel, groups=c)
    hook.remove()
    pixels = x[0].detach().permute(1, 2, 0) / module.factor + module.center
    low, high = pixels.amin(), pixels.amax()
    return ((pixels - low) / (high - low).clamp_min(1e-12)).float().numpy()


def find_convolution(network: nn.Module, name: str | None) -> nn.Module:
    """Find a layer by name, by default the last convolution."""
    if name is not None:
        return _find(network, name)
    found = [part for part in network.modules() if isinstance(part, nn.Conv2d)]
    if not found:
        raise ValueError(
            "The network has no convolution. Expected one, because method='grad_cam' "
            "needs its maps. Use method='saliency'."
        )
    return found[-1]


def _find(network: nn.Module, name: str) -> nn.Module:
    parts = dict(network.named_modules())
    if name not in parts:
        some = ", ".join([n for n in parts if n][:8])
        raise ValueError(
            f"layer={name!r} is not part of the network. Expected one of {some}, ... "
            "Choose one of these."
        )
    return parts[name]


def _check_images(estimator: Any, caller: str) -> None:
    """Raise an error if this is not a fitted estimator for images."""
    if not isinstance(estimator, CNNClassifier):
        raise TypeError(
            f"{caller} cannot explain a {type(estimator).__name__}. Expected a "
            "classifier of images. Pass a fitted CNNClassifier."
        )
    check_fitted(estimator)


def _prepare(estimator: CNNClassifier, module: Any, X: Any) -> Tensor:
    bundle = bundle_of(estimator, check_rows(estimator, X), module.center.dtype)
    with torch.no_grad():
        return module.prepare(bundle.inputs["x"]).contiguous()


def _targets(
    estimator: CNNClassifier, X: Any, target: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Find the column of the scores, and its sign; two classes share a column."""
    classes, n_rows = estimator.classes_, count_rows(X)
    several = has_several_labels(estimator)
    if target is None and several:
        raise DataError(
            "target is None, but rows may have several labels. Expected the label to "
            f"explain, one of {_few(classes)}. Pass it as target."
        )
    labels = np.asarray(estimator.predict(X) if target is None else target)
    if labels.shape not in ((), (n_rows,)):
        raise DataError(
            f"target has the shape {labels.shape} for {n_rows} images. Expected one "
            "label, or one for each image. Change its length."
        )
    unknown = labels[~np.isin(labels, classes)]
    if unknown.size:
        raise DataError(
            f"target={unknown.ravel().tolist()[0]!r} is not a class that fit has seen. "
            f"Expected one of {_few(classes)}. Choose one of these."
        )
    codes = np.searchsorted(classes, labels)
    codes = np.broadcast_to(codes, (n_rows,)).astype(np.int64)
    if len(classes) == 2 and not several:
        return np.zeros_like(codes), np.where(codes == 1, 1.0, -1.0)
    return codes, np.ones(n_rows)


def _few(classes: np.ndarray) -> str:
    shown = ", ".join(map(repr, classes[:8].tolist()))
    return shown if len(classes) <= 8 else f"{shown}, ..."
