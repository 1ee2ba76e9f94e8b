"""Random changes of whole batches of images, on their device."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sknn_suite.data import TensorBundle
from sknn_suite.modules import ImageNetwork
from sknn_suite.training import Mixed

# Default strength of each change; see `CNNClassifier`'s `augment`.
STRENGTHS: dict[str, float] = {
    "flip": 0.5,
    "flip_vertical": 0.5,
    "rotate90": 1.0,
    "shift": 0.125,
    "rotation": 10.0,
    "zoom": 0.1,
    "crop": 0.35,
    "brightness": 0.2,
    "contrast": 0.2,
    "cutout": 0.25,
    "mixup": 0.2,
    "cutmix": 1.0,
}

POLICIES: dict[str, dict[str, float]] = {
    # A photograph taken upright: left may be right, up is never down.
    "side_on": {
        "flip": 0.5,
        "rotation": 10.0,
        "zoom": 0.1,
        "shift": 0.1,
        "brightness": 0.1,
        "contrast": 0.1,
    },
    # Seen from above: no direction is special.
    "top_down": {
        "flip": 0.5,
        "flip_vertical": 0.5,
        "rotate90": 1.0,
        "rotation": 10.0,
        "zoom": 0.1,
        "shift": 0.1,
        "brightness": 0.1,
        "contrast": 0.1,
    },
}

LIMITS = {
    "flip": 1.0,
    "flip_vertical": 1.0,
    "rotate90": 1.0,
    "shift": 1.0,
    "rotation": 180.0,
    "zoom": math.inf,
    "crop": 0.95,
    "brightness": math.inf,
    "contrast": 1.0,
    "cutout": 1.0,
    "mixup": math.inf,
    "cutmix": math.inf,
}


def settle_augment(augment: Any) -> dict[str, float]:
    """Turn a list of names and (name, strength) pairs into strengths by name."""
    strengths: dict[str, float] = {}
    for item in augment:
        is_pair = isinstance(item, list | tuple) and len(item) == 2
        name, strength = item if is_pair else (item, None)
        if not isinstance(name, str) or not isinstance(strength, Real | None):
            raise ValueError(
                f"augment holds {item!r}, which is unknown. Expected names, or (name, "
                f"strength) pairs, of {', '.join(STRENGTHS)}. Change augment."
            )
        if name in POLICIES and strength is None:
            strengths |= POLICIES[name]
            continue
        if name not in STRENGTHS:
            raise ValueError(
                f"augment holds {item!r}, which is unknown. Expected names, or (name, "
                f"strength) pairs, of {', '.join(STRENGTHS)}. Change augment."
            )
        value = STRENGTHS[name] if strength is None else float(strength)
        if not 0 <= value <= LIMITS[name]:
            raise ValueError(
                f"augment holds {item!r}, a strength out of range. Expected a number "
                f"in [0, {LIMITS[name]:g}] for '{name}'. Change it."
            )
        strengths[name] = value
    return {name: value for name, value in strengths.items() if value > 0}


@dataclass(frozen=True)
class Augmentation:
    """What is done to training images.

    Parameters
    ----------
    strengths : dict of str to float
        How strongly, by name.
    """

    strengths: dict[str, float]

    def bind(
        self, module: nn.Module, random_state: np.random.RandomState
    ) -> "BoundAugmentation":
        """Take the module, whose scaling is applied in between, and the source."""
        network: Any = module
        return BoundAugmentation(network, self.strengths, random_state)


@dataclass
class BoundAugmentation:
    """Change a training batch: whole pixels first, then scaled numbers.

    Parameters
    ----------
    module : ImageNetwork
        The module whose scaling is applied between the two.
    strengths : dict of str to float
        What is done, and how strongly.
    random_state : RandomState
        Source of the shares of mixup and cutmix; all else comes from the generator.
    """

    module: ImageNetwork
    strengths: dict[str, float]
    random_state: np.random.RandomState
    mixes: bool = field(init=False)

    def __post_init__(self) -> None:
        self.mixes = bool({"mixup", "cutmix"} & self.strengths.keys())

    def __call__(
        self, batch: TensorBundle, generator: torch.Generator | None
    ) -> tuple[TensorBundle, Mixed | None]:
        """Return the batch as the module's input ``prepared``, and its other half."""
        if "x" not in batch.inputs:
            return batch, None
        images = batch.inputs["x"]
        x = self.scaled(images, generator)
        draw = Draw(generator, images.device)
        mixed = None
        if self.mixes:
            x, mixed = self._mix(x, batch, draw)
        return TensorBundle({"prepared": x}, batch.target, batch.weight), mixed

    def scaled(self, images: Tensor, generator: torch.Generator | None) -> Tensor:
        """Change images one by one, (n, h, w, c), and scale them, (n, c, h, w)."""
        draw = Draw(generator, images.device)
        images = self._move_pixels(images, draw)
        x = self.module.prepare(images)
        for name, change in CHANGES:
            if name is None or name in self.strengths:
                x = change(x, self.strengths, draw)
        return x

    def _move_pixels(self, images: Tensor, draw: "Draw") -> Tensor:
        """Flip, turn and shift by whole pixels, (n, h, w, c)."""
        strengths = self.strengths
        n, h, w, _ = images.shape
        if "rotate90" in strengths and h == w:
            turns = torch.floor(draw.uniform(n) * 4)
            turns = turns * (draw.uniform(n) < strengths["rotate90"])
            # A quarter turn is a transposition and a flip.
            transposed = (turns % 2 == 1).view(-1, 1, 1, 1)
            images = torch.where(transposed, images.transpose(1, 2), images)
            flips = (turns >= 2, (turns == 1) | (turns == 2))
        else:
            flips = (torch.zeros(n, dtype=torch.bool, device=images.device),) * 2
        vertical, horizontal = flips
        moves = "rotate90" in strengths and h == w
        if "flip" in strengths:
            horizontal = horizontal ^ (draw.uniform(n) < strengths["flip"])
            moves = True
        if "flip_vertical" in strengths:
            vertical = vertical ^ (draw.uniform(n) < strengths["flip_vertical"])
            moves = True
        shift = strengths.get("shift", 0.0)
        if not (moves or shift):
            return images
        rows = self._lines(n, h, shift, vertical, draw)
        columns = self._lines(n, w, shift, horizontal, draw)
        # One index for all pixels, because torch looks up several one by one.
        rows = rows + torch.arange(0, n * h, h, device=images.device)[:, None]
        pixels = rows[:, :, None] * w + columns[:, None, :]  # (n, h, w)
        flat = images.reshape(n * h * w, -1)
        return flat.index_select(0, pixels.flatten()).view(images.shape)

    def _lines(
        self, n: int, size: int, shift: float, flipped: Tensor, draw: "Draw"
    ) -> Tensor:
        """Which line of the original each line shows, (n, size); edges reflect."""
        lines = torch.arange(size, device=flipped.device).expand(n, -1)
        most = min(round(shift * size), size - 1)
        if most:
            step = torch.floor(draw.uniform(n) * (2 * most + 1)).long() - most
            lines = lines + step[:, None]
            lines = size - 1 - (size - 1 - lines.abs()).abs()
        return torch.where(flipped[:, None], size - 1 - lines, lines)

    def _mix(
        self, x: Tensor, batch: TensorBundle, draw: "Draw"
    ) -> tuple[Tensor, Mixed]:
        names = [name for name in ("mixup", "cutmix") if name in self.strengths]
        name = names[int(self.random_state.randint(len(names)))]
        share = float(self.random_state.beta(*(self.strengths[name],) * 2))
        partner = draw.permutation(len(x))
        if name == "mixup":
            x = torch.lerp(x[partner], x, share)
        else:
            h, w = x.shape[2:]
            side = math.sqrt(1 - share)
            height, width = round(side * h), round(side * w)
            top = int(self.random_state.randint(h - height + 1))
            left = int(self.random_state.randint(w - width + 1))
            rows, columns = slice(top, top + height), slice(left, left + width)
            x = x.clone()
            x[:, :, rows, columns] = x[partner][:, :, rows, columns]
            share = 1 - height * width / (h * w)
        weight = None if batch.weight is None else batch.weight[partner]
        return x, Mixed(batch.target[partner], weight, share)


class Draw:
    """Random numbers of the net's own generator.

    Parameters
    ----------
    generator : torch.Generator or None
        The generator.
    device : torch.device
        Where the numbers are needed.
    """

    def __init__(self, generator: torch.Generator | None, device: torch.device) -> None:
        self.generator = generator
        self.device = device

    def uniform(self, *shape: int) -> Tensor:
        """Numbers in [0, 1)."""
        return torch.rand(shape, generator=self.generator, device=self.device)

    def symmetric(self, *shape: int) -> Tensor:
        """Numbers in [-1, 1)."""
        return self.uniform(*shape) * 2 - 1

    def permutation(self, n: int) -> Tensor:
        """Numbers below n in random order."""
        return torch.randperm(n, generator=self.generator, device=self.device)


def _warp(x: Tensor, strengths: dict[str, float], draw: Draw) -> Tensor:
    """Rotate, zoom and crop in one step; edges reflect."""
    if not {"rotation", "zoom", "crop"} & strengths.keys():
        return x
    n, _, h, w = x.shape
    angle = draw.symmetric(n) * math.radians(strengths.get("rotation", 0.0))
    scale = torch.ones(n, device=x.device)
    if "zoom" in strengths:
        scale = torch.exp(draw.symmetric(n) * math.log1p(strengths["zoom"]))
    room = torch.zeros(n, device=x.device)
    stretch = torch.ones(n, device=x.device)
    if "crop" in strengths:
        # A window of a random size and proportion, anywhere in the image.
        part = torch.sqrt(1 - draw.uniform(n) * strengths["crop"])
        stretch = torch.exp(draw.symmetric(n) * math.log(4 / 3) / 2)
        stretch = torch.minimum(stretch, 1 / part).maximum(part)
        scale, room = scale * part, 1 - part
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.empty(n, 2, 3, device=x.device)
    theta[:, 0, 0] = cos * scale * stretch
    theta[:, 0, 1] = -sin * scale / stretch * (h / w)
    theta[:, 1, 0] = sin * scale * stretch * (w / h)
    theta[:, 1, 1] = cos * scale / stretch
    theta[:, :, 2] = draw.symmetric(n, 2) * room[:, None]
    grid = F.affine_grid(theta.to(x.dtype), list(x.shape), align_corners=False)
    warped = F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    return warped.contiguous(memory_format=torch.channels_last)


def _brighten(x: Tensor, strengths: dict[str, float], draw: Draw) -> Tensor:
    return x + draw.symmetric(len(x), 1, 1, 1).to(x.dtype) * strengths["brightness"]


def _contrast(x: Tensor, strengths: dict[str, float], draw: Draw) -> Tensor:
    mean = x.mean((1, 2, 3), keepdim=True)
    factor = 1 + draw.symmetric(len(x), 1, 1, 1).to(x.dtype) * strengths["contrast"]
    return torch.lerp(mean, x, factor)


def _cut_out(x: Tensor, strengths: dict[str, float], draw: Draw) -> Tensor:
    """Set a square to the mean of the training images, which is zero after scaling."""
    n, _, h, w = x.shape
    side = strengths["cutout"] * min(h, w) / 2

    def near(size: int) -> Tensor:
        center = torch.floor(draw.uniform(n, 1) * size)
        return (torch.arange(size, device=x.device) - center).abs() <= side - 0.5

    inside = near(h)[:, None, :, None] & near(w)[:, None, None, :]
    return x.masked_fill(inside, 0.0)


# In this order. None is always done, because one warp makes several changes.
CHANGES: Sequence[tuple[str | None, Callable]] = (
    (None, _warp),
    ("brightness", _brighten),
    ("contrast", _contrast),
    ("cutout", _cut_out),
)


# -- views for predictions -----------------------------------------------------------


def make_views(
    strengths: dict[str, float], n_views: int, shape: tuple[int, int, int]
) -> list[Callable[[Tensor], Tensor]]:
    """List the first `n_views` views that the augmentation makes plausible.

    The image itself, its mirror image if training flips, quarter turns if training
    turns, then the same shifted by up to a sixteenth. They are fixed, so that the
    prediction of an image depends on it alone.
    """
    if n_views == 1:
        return []
    h, w, _ = shape
    flips: list[tuple[bool, bool, bool]] = [(False, False, False)]
    if "flip" in strengths:
        flips += [(t, v, True) for t, v, _ in flips]
    if "flip_vertical" in strengths:
        flips += [(t, True, f) for t, _, f in flips]
    if "rotate90" in strengths and h == w:
        flips += [(True, v, f) for _, v, f in flips]
    steps = [(0, 0)]
    if {"shift", "crop"} & strengths.keys():
        steps += [(-1, -1), (1, 1), (-1, 1), (1, -1), (0, 1), (0, -1), (1, 0)]
    dy, dx = (max(round(n / 28), 1) if n > 1 else 0 for n in (h, w))
    views = [
        View(*flip, step[0] * dy, step[1] * dx) for step in steps for flip in flips
    ]
    return list(views[:n_views])


@dataclass(frozen=True)
class View:
    """One view of images.

    Parameters
    ----------
    transposed, upside_down, mirrored : bool
        What is done to the image.
    down, right : int
        Pixels by which it is shifted; edges reflect.
    """

    transposed: bool
    upside_down: bool
    mirrored: bool
    down: int
    right: int

    def __call__(self, x: Tensor) -> Tensor:
        if self.transposed:
            x = x.transpose(2, 3)
        axes = [2] * self.upside_down + [3] * self.mirrored
        x = x.flip(axes) if axes else x
        return _slide(_slide(x, 2, self.down), 3, self.right)


def _slide(x: Tensor, axis: int, step: int) -> Tensor:
    size = x.shape[axis]
    if step == 0 or size <= abs(step):
        return x
    lines = (torch.arange(size, device=x.device) - step).abs()
    return x.index_select(axis, size - 1 - (size - 1 - lines).abs())
