"""Networks of the user's own as nodes, by torch.onnx, and a check that they agree."""

import io
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from sknn_suite.doors import import_optional
from sknn_suite.export._graph import OPSET, import_onnx
from sknn_suite.export._value import Value

# Rows at a time with which results are compared, and the largest difference, as a share
# of the largest score.
SIZES, TOLERANCE = (1, 2, 7), 1e-5


def write_own(network: nn.Module, shape: Sequence[int], x: Value) -> Value:
    """Write a network of the user's own.

    Parameters
    ----------
    network : nn.Module
        In evaluation mode.
    shape : sequence of int
        Channels, height and width of its images.
    x : Value
        Scaled images, (n, channels, height, width).

    Raises
    ------
    ValueError
        If torch cannot write it, or writes what computes something else.
    """
    model = _export(network, torch.zeros(2, *shape))
    _check(model, network, shape)
    return x.graph.embed(model, [x], np.float32)


def _export(network: nn.Module, example: torch.Tensor) -> Any:
    onnx = import_onnx()
    file = io.BytesIO()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # the check below is stricter
            torch.onnx.export(
                network,
                (example,),
                file,  # type: ignore[arg-type]
                input_names=["x"],
                output_names=["scores"],
                dynamic_axes={"x": {0: "n"}, "scores": {0: "n"}},
                opset_version=OPSET,
                # The other way freezes axes, and needs one package more.
                dynamo=False,
            )
    except Exception as error:
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise ValueError(
            f"torch.onnx cannot write {type(network).__name__}: {reason}. Expected a "
            "module of layers that it knows. Replace the layer, or use to_torch."
        ) from error
    return onnx.load_model_from_string(file.getvalue())


def _check(model: Any, network: nn.Module, shape: Sequence[int]) -> None:
    """Compare both on random images, of several numbers."""
    runtime = import_optional("onnxruntime", needed_by="to_onnx", extra="onnx")
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    source = np.random.RandomState(0)
    for n in SIZES:
        images = source.normal(size=(n, *shape)).astype(np.float32)
        with torch.no_grad():
            expected = network(torch.from_numpy(images)).numpy()
        try:
            (found,) = session.run(None, {"x": images})
            same = found.shape == expected.shape
            size = max(float(np.abs(expected).max()), 1.0)
            error = np.abs(found - expected).max() / size if same else np.inf
        except Exception:  # a frozen axis ends in an error of the runtime
            error = np.inf
        if not error <= TOLERANCE:
            raise ValueError(
                f"The graph of {type(network).__name__} that torch.onnx has written "
                f"differs from the module by {error:.2g} on {n} random images. "
                f"Expected at most {TOLERANCE:g}. Avoid steps that depend on "
                "values or on the number of rows, or use to_torch."
            )
