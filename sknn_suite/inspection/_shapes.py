"""The output shapes of the parts of a network, by artificial rows."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from sknn_suite.inspection._module import largest_output, made_up_inputs
from sknn_suite.modules import SequenceNet, give_memory, n_parameters

# Key for the shape of the rows; no module can have this name.
INPUT = "<input>"

# Weights and outputs up to this size get memory, although only their shapes matter,
# because the first use of torch's meta device costs seconds of imports.
SMALL = 1 << 22

# Inputs whose shape is shown, in this order, if a network has several.
_FIRST = ("x", "values", "tokens", "numbers")


class Seen(NamedTuple):
    """Record of a module: when it was computed, and its output shape."""

    number: int
    shape: tuple[int | str, ...]


def look(estimator: Any, module: nn.Module) -> tuple[dict[str, Seen], tuple]:
    """Run artificial rows twice; compare to find which axes are rows or steps."""
    runs = [(2, 3), (3, 3)]
    has_steps = isinstance(module, SequenceNet)  # and its forward pass asks for values
    if has_steps:
        runs.append((2, 4))
    largest = 3 * largest_output(estimator)
    is_small = n_parameters(module) <= SMALL and largest <= SMALL
    if has_steps or is_small or not all(p.is_meta for p in module.parameters()):
        give_memory(module)  # as for the user's own networks
    found = [_run(estimator, module, *sizes) for sizes in runs]
    first, more_rows, *more_steps = found
    seen = {
        name: Seen(number, _name_axes(shape, more_rows, more_steps, name))
        for number, (name, shape) in enumerate(first.items())
    }
    return seen, seen.pop(INPUT).shape


def _run(
    estimator: Any, module: nn.Module, n_rows: int, n_steps: int
) -> dict[str, tuple[int, ...]]:
    """Output shape of each module, in the order in which they finish."""
    parameter = next(module.parameters())
    inputs = made_up_inputs(estimator, n_rows, n_steps, parameter.dtype)
    if parameter.device.type == "meta":
        inputs = {name: x.to(parameter.device) for name, x in inputs.items()}
    shapes: dict[str, tuple[int, ...]] = {}
    handles = []
    for name, part in module.named_modules():

        def note(part: nn.Module, given: Any, out: Any, name: str = name) -> None:
            shape = _shape_of(out)
            if shape is not None:
                shapes.setdefault(name, shape)

        handles.append(part.register_forward_hook(note))
    named = [inputs[n] for n in _FIRST if n in inputs]
    first = (named or list(inputs.values()))[0]
    shapes[INPUT] = tuple(getattr(first, "codes", first).shape)
    try:
        with torch.no_grad():
            module(**inputs)
    finally:
        for handle in handles:
            handle.remove()
    return shapes


def _shape_of(out: Any) -> tuple[int, ...] | None:
    """Shape of a tensor, or of the first one of several."""
    if isinstance(out, Tensor):
        return tuple(out.shape)
    if isinstance(out, dict):
        out = list(out.values())
    return _shape_of(out[0]) if isinstance(out, list | tuple) and out else None


def _name_axes(
    shape: tuple[int, ...], more_rows: dict, more_steps: list[dict], name: str
) -> tuple[int | str, ...]:
    """Put "n" and "t" where the shape depends on the rows and their steps."""
    named: list[int | str] = list(shape)
    for letter, others in (("n", [more_rows]), ("t", more_steps)):
        for other in others:
            for i, (a, b) in enumerate(zip(shape, other.get(name, shape))):
                if a != b:
                    named[i] = letter
    return tuple(named)
