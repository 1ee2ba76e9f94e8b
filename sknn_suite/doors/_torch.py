"""All uses of names of torch that a new version of torch may remove are here.

These are names that begin with an underscore, internal operators, and functions under
torch's decorators. Each has a fallback that is slower or more careful and gives the
same numbers. So ``import sknn_suite`` never fails because of a missing name.
`tests/doors/test_torch.py` removes each name.
"""

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def _find(dotted: str) -> Any:
    """Look up a name in torch; None if it is missing."""
    try:
        return operator.attrgetter(dotted)(torch)
    except (AttributeError, RuntimeError):  # RuntimeError: an operator has no kernel
        return None


def undecorated(method: Callable) -> Callable:
    """Return the function under torch's decorators, or `method` without decorators."""
    return getattr(method, "__wrapped__", method)


_set_grad_enabled = _find("_C._set_grad_enabled")


def without_grad(function: Callable) -> Callable:
    """Decorate like ``torch.no_grad()``, at a quarter of its time for a call."""
    if _set_grad_enabled is None:
        return torch.no_grad()(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        before = torch.is_grad_enabled()
        _set_grad_enabled(False)
        try:
            return function(*args, **kwargs)
        finally:
            _set_grad_enabled(before)

    return call


# -- kernels; None if torch has none ---------------------------------------------------

_fused_adam = _find("_fused_adam_")
_fused_adamw = _find("_fused_adamw_")
_linear_pointwise = _find("ops.mkldnn._linear_pointwise")

# The overloads are explicit, because resolving one takes as long as the gradient of a
# small layer; and they are those of C++, because a call through Python takes a tenth.
_sigmoid_backward = _find("ops.aten.sigmoid_backward.grad_input._op")
_tanh_backward = _find("ops.aten.tanh_backward.grad_input._op")
_threshold_backward = _find("ops.aten.threshold_backward.grad_input._op")


def fused_adam(weight_decay: str = "in the gradient") -> Callable | None:
    """Return torch's kernel for a whole step of Adam; None if there is none.

    Parameters
    ----------
    weight_decay : {"in the gradient", "apart"}, default="in the gradient"
        Adam's, or AdamW's.
    """
    return _fused_adamw if weight_decay == "apart" else _fused_adam


def onednn_linear_operator() -> Callable | None:
    """Return oneDNN's ``x @ weight.T + bias``; None if there is none."""
    return _linear_pointwise


def derive_sigmoid(gradient: Tensor, out: Tensor) -> None:
    """Convert the gradient after a sigmoid to the gradient before it, in place."""
    if _sigmoid_backward is not None:
        _sigmoid_backward(gradient, out, grad_input=gradient)
    else:
        gradient.mul_(1 - out).mul_(out)


def derive_tanh(gradient: Tensor, out: Tensor) -> None:
    """Convert the gradient after a tanh to the gradient before it, in place."""
    if _tanh_backward is not None:
        _tanh_backward(gradient, out, grad_input=gradient)
    else:
        gradient.mul_(1 - out * out)


def derive_relu(gradient: Tensor, out: Tensor) -> None:
    """Convert the gradient after a relu to the gradient before it, in place."""
    if _threshold_backward is not None:
        _threshold_backward(gradient, out, 0, grad_input=gradient)
    else:
        gradient.masked_fill_(out <= 0, 0)


_compilation_unit = _find("jit.CompilationUnit")


def compile_script(*functions: Callable) -> Callable | None:
    """Compile functions to TorchScript, so that they run without the interpreter.

    Their source is compiled as text, which torch has not deprecated, as it has
    ``torch.jit.script``.

    Returns
    -------
    callable or None
        The last function, which may call those before it. None if torch no longer
        compiles, or the source is not there.
    """
    if _compilation_unit is None:
        return None
    try:
        source = "\n\n".join(inspect.getsource(function) for function in functions)
        return getattr(_compilation_unit(source), functions[-1].__name__)
    except (OSError, RuntimeError):
        return None


def script_derive(activation: str, gradient: Tensor, out: Tensor) -> None:
    """Convert the gradient after an activation, in place; for `compile_script`."""
    if activation == "relu":
        torch.ops.aten.threshold_backward(gradient, out, 0, grad_input=gradient)
    elif activation == "tanh":
        torch.ops.aten.tanh_backward(gradient, out, grad_input=gradient)
    elif activation == "logistic":
        torch.ops.aten.sigmoid_backward(gradient, out, grad_input=gradient)


def script_adam(
    tensors: list[list[Tensor]], constants: list[float], decays_apart: bool
) -> None:
    """Take a step of Adam or AdamW by torch's kernel; for `compile_script`.

    Parameters
    ----------
    tensors : list of list of Tensor
        Parameters, gradients, means, means of squares, and counts of steps.
    constants : list of float
        Rate, both betas, epsilon and decay.
    decays_apart : bool
        Whether it is AdamW.
    """
    params, grads, means, squares, counts = tensors
    rate, beta1, beta2, eps, decay = constants
    nothing: list[Tensor] = []
    # Both calls are written, since functions are no values in TorchScript.
    if decays_apart:
        torch._fused_adamw_(
            params,
            grads,
            means,
            squares,
            nothing,
            counts,
            lr=rate,
            beta1=beta1,
            beta2=beta2,
            weight_decay=decay,
            eps=eps,
            amsgrad=False,
            maximize=False,
        )
    else:
        torch._fused_adam_(
            params,
            grads,
            means,
            squares,
            nothing,
            counts,
            lr=rate,
            beta1=beta1,
            beta2=beta2,
            weight_decay=decay,
            eps=eps,
            amsgrad=False,
            maximize=False,
        )


# -- features of the processor, according to torch -------------------------------------

_says_bfloat16_units = [
    _find("cpu._is_avx512_bf16_supported"),
    _find("cpu._is_amx_tile_supported"),
]
_says_onednn_bfloat16 = _find("ops.mkldnn._is_mkldnn_bf16_supported")


def processor_has_bfloat16_units() -> bool:
    """Whether the processor multiplies bfloat16; False if torch does not say."""
    return any(ask is not None and ask() for ask in _says_bfloat16_units)


def onednn_takes_bfloat16() -> bool:
    """Whether oneDNN, with its limit, computes in bfloat16; True if it does not say."""
    return _says_onednn_bfloat16 is None or bool(_says_onednn_bfloat16())
