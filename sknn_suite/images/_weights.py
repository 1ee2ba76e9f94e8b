"""Weights from files: .pth, read without executing code, and .safetensors."""

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sknn_suite.doors import import_optional
from sknn_suite.exceptions import DataError


def read_weights(path: str | os.PathLike) -> dict[str, Tensor]:
    """Read tensors by name.

    Raises
    ------
    DataError
        If the file is missing, damaged, or holds something else.
    """
    file = Path(path)
    try:
        if file.suffix == ".safetensors":
            tools = import_optional(
                "safetensors.torch", needed_by="weights", extra="image"
            )
            content: Any = tools.load_file(file)
        else:
            # Only tensors and plain containers: no code of the file is executed.
            content = torch.load(file, "cpu", weights_only=True)  # noqa: TID251
    except ImportError:
        raise
    except Exception as error:  # unpicklers fail in many ways
        raise DataError(
            f"weights='{file}' cannot be read: {str(error).splitlines()[0]}. "
            "Expected a .safetensors file, or a .pth file with tensors only. Save it "
            "with torch.save(module.state_dict(), path)."
        ) from error
    for key in ("state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict):
        content = {}
    tensors = {
        str(name).removeprefix("module."): value
        for name, value in content.items()
        if isinstance(value, Tensor)
    }
    if not tensors:
        raise DataError(
            f"weights='{file}' holds no tensors by name. Expected a state_dict. Save "
            "it with torch.save(module.state_dict(), path)."
        )
    return tensors


@torch.no_grad()
def load_body(network: nn.Module, path: Any, head: str | None) -> list[str]:
    """Copy a file's weights into a network, but for a head of another size.

    Returns
    -------
    list of str
        The names that were copied.
    """
    tensors = read_weights(path)
    copied, wrong = [], []
    for name, own in network.state_dict().items():
        inside = head is not None and name.startswith(head + ".")
        value = tensors.get(name)
        if value is not None and value.shape == own.shape:
            own.copy_(value)
            copied.append(name)
        elif not inside and not name.endswith("num_batches_tracked"):
            there = "is missing" if value is None else f"is {tuple(value.shape)}"
            wrong.append(f"'{name}' {there}, not {tuple(own.shape)}")
    if wrong:
        more = f", and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise DataError(
            f"weights='{path}' do not fit the backbone: {'; '.join(wrong[:5])}{more}. "
            "Expected every weight but those of the last layer. Choose the backbone "
            "that the file was made for."
        )
    return copied
