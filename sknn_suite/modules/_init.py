"""Initial weights, drawn from the fit's NumPy generator.

NumPy draws them on the host, in float64, whatever the device and precision: the same
`random_state` starts from the same weights everywhere, and, with glorot, from those of
scikit-learn's MLP.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.data import as_tensor

# scikit-learn's activations keep scikit-learn's initialisation. Of the others, some are
# zero or small for negative input. They lose half the variance in each layer, and "he"
# compensates for it. The rest are roughly linear around zero.
_GLOROT = {"identity", "logistic", "tanh", "relu", "sigmoid", "hardsigmoid"}
_GLOROT |= {"hard_sigmoid", "hardtanh", "hard_tanh", "softsign", "tanhshrink"}
_GLOROT |= {"rational_tanh", "hardshrink", "softshrink", "cube", "log_sigmoid"}
_GLOROT |= {"softplus"}

# Arguments of named_parameters and named_buffers, to list all that a part itself has.
OWN: dict[str, Any] = {"recurse": False, "remove_duplicate": False}


def materialize(module: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
    """Give a module that was built on the meta device its memory, uninitialised.

    The same as ``module.to(dtype).to_empty(device=device)``, whose first call in a
    process takes half a second to import parts of torch. A parameter with several names
    stays one.
    """
    made: dict[int, nn.Parameter] = {}
    for part in module.modules():
        for name, old in list(part.named_parameters(**OWN)):
            if id(old) not in made:
                new = torch.empty(old.shape, dtype=dtype, device=device)
                made[id(old)] = nn.Parameter(new, old.requires_grad)
            setattr(part, name, made[id(old)])
        for name, buffer in list(part.named_buffers(**OWN)):
            kind = dtype if buffer.is_floating_point() else buffer.dtype
            setattr(part, name, torch.empty(buffer.shape, dtype=kind, device=device))


def give_memory(module: nn.Module) -> None:
    """Bring a module to the CPU in float32; tensors with values keep them."""
    made: dict[int, Any] = {}
    for part in module.modules():
        own = [*part.named_parameters(**OWN), *part.named_buffers(**OWN)]
        for name, old in own:
            if id(old) not in made:
                dtype = torch.float32 if old.is_floating_point() else old.dtype
                new: Any = torch.empty(old.shape, dtype=dtype)
                if not old.is_meta:
                    new = old.detach().to(new)
                if isinstance(old, nn.Parameter):
                    new = nn.Parameter(new, old.requires_grad)
                made[id(old)] = new
            setattr(part, name, made[id(old)])


def is_at(module: nn.Module, device: torch.device, dtype: torch.dtype) -> bool:
    """Whether a module's parameters are on `device`, in type `dtype`."""
    parameter = next(module.parameters())
    return parameter.device == device and parameter.dtype == dtype


@torch.no_grad()
def init_linear(
    linear: nn.Linear | nn.Conv2d,
    method: str,
    activation: str,
    random_state: np.random.RandomState,
) -> None:
    """Fill weights and bias of a linear layer or a convolution in place.

    Parameters
    ----------
    linear : nn.Linear or nn.Conv2d
        The layer; a convolution is a linear map of the patch that its kernel covers.
    method : {"auto", "glorot", "he", "orthogonal"}
        glorot draws weights *and* biases uniformly with the bound sqrt(6 / (fan_in +
        fan_out)), or sqrt(2 / ...) for logistic, as scikit-learn does (Glorot & Bengio,
        AISTATS 2010); he draws N(0, 2 / fan_in) (He et al., ICCV 2015), or N(0, 1 /
        fan_in) for selu (Klambauer et al., NeurIPS 2017); orthogonal a random rotation
        (Saxe et al., ICLR 2014). The last two start biases at zero.
    activation : str
        The hidden activation of the net, by which "auto" chooses.
    random_state : RandomState
        Source of the numbers.
    """
    fan_out, fan_in = len(linear.weight), linear.weight[0].numel()
    method = settle_init(method, activation)
    if method == "glorot":
        factor = 2.0 if activation in {"logistic", "sigmoid"} else 6.0
        bound = math.sqrt(factor / (fan_in + fan_out))
        # (fan_in, fan_out), then the bias: the order in which scikit-learn draws.
        weight = random_state.uniform(-bound, bound, (fan_in, fan_out)).T
        bias = random_state.uniform(-bound, bound, fan_out)
    else:
        gain = 1.0 if activation == "selu" else 2.0
        if method == "he":
            weight = random_state.normal(0, math.sqrt(gain / fan_in), (fan_out, fan_in))
        else:
            weight = math.sqrt(gain) * random_rotation(fan_out, fan_in, random_state)
        bias = np.zeros(fan_out)
    _copy(weight.reshape(linear.weight.shape), linear.weight)
    if linear.bias is not None:
        _copy(bias, linear.bias)


def settle_init(method: str, activation: str) -> str:
    """Choose the distribution of initial weights that "auto" stands for."""
    if method != "auto":
        return method
    return "glorot" if activation in _GLOROT else "he"


def random_rotation(
    rows: int, columns: int, random_state: np.random.RandomState
) -> np.ndarray:
    """Draw a (rows, columns) matrix with orthonormal rows or columns."""
    matrix = random_state.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(matrix)
    q = q * np.sign(np.diag(r))  # makes the distribution uniform (Mezzadri, 2007)
    return q if rows >= columns else q.T


def _copy(values: np.ndarray, parameter: Tensor) -> None:
    parameter.copy_(as_tensor(values))
