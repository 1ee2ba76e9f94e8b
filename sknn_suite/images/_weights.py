"""Weights from files: .pth, read without executing code, and .safetensors."""

import os
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn

from sknn_suite.data import open_regular, reason_of
from sknn_suite.doors import import_optional
from sknn_suite.exceptions import DataError

# First bytes of the formats that torch.save writes: a zip archive, and older pickles.
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"

# What torch says of an object that is not allowed.
_OBJECT = re.compile(r"GLOBAL ([A-Za-z_][\w.]{0,80})")


def read_weights(path: str | os.PathLike) -> dict[str, Tensor]:
    """Read tensors by name.

    Raises
    ------
    DataError
        If the file is missing, damaged, or holds something else.
    """
    try:
        with open_regular(path) as file:
            if Path(path).suffix == ".safetensors":
                content = _read_safetensors(path)
            else:
                content = _read_pth(file)
    except ImportError:
        raise
    except Exception as error:  # unpicklers fail in many ways
        raise DataError(
            f"weights='{path}' cannot be read: {_in_words(error)}. "
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
            f"weights='{path}' holds no tensors by name. Expected a state_dict. Save "
            "it with torch.save(module.state_dict(), path)."
        )
    return tensors


def _read_safetensors(path: str | os.PathLike) -> Any:
    tools = import_optional("safetensors.torch", needed_by="weights", extra="image")
    return tools.load_file(path)


def _read_pth(file: BinaryIO) -> Any:
    """Read a file of torch.save, if it unpacks to no more than its own size."""
    start = file.read(4)
    if not start:
        raise ValueError("it is empty")
    if not start.startswith((_ZIP, _PICKLE)):
        raise ValueError("it is not a file of torch.save")
    if start.startswith(_ZIP):
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("its parts are compressed, which torch.save never does")
        if sum(member.file_size for member in members) > file.seek(0, os.SEEK_END):
            raise ValueError("its parts are larger than the file")
    file.seek(0)
    # Only tensors and plain containers: no code of the file is executed.
    return torch.load(file, "cpu", weights_only=True)  # noqa: TID251


def _in_words(error: BaseException) -> str:
    """Reason without torch's advice to trust the file, and in one line."""
    if isinstance(error, pickle.UnpicklingError):
        found = _OBJECT.search(str(error))
        if found is None:
            return "it holds other things than tensors, or is damaged"
        return f"it holds other things than tensors, such as {found[1]}"
    if isinstance(error, OSError | ValueError | MemoryError):
        first = reason_of(error).splitlines()[0]
        return "".join(c for c in first if c.isprintable())[:200]
    return "it is damaged"


@torch.no_grad()
def load_body(network: nn.Module, path: Any, head: str | None) -> list[str]:
    """Copy a file's weights into a network, except a head of another size.

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
            own.copy_(_numbers(value, name, path))
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


def _numbers(value: Tensor, name: str, path: Any) -> Tensor:
    """Refuse a tensor that holds no finite real numbers."""
    is_dense = value.layout == torch.strided and value.device.type == "cpu"
    if not is_dense or value.is_quantized or value.is_complex():
        found = f"is {str(value.dtype).removeprefix('torch.')} on {value.device}"
        found += "" if value.layout == torch.strided else ", and sparse"
    elif not value.float().isfinite().all():
        found = "holds NaN or infinity"
    else:
        return value
    raise DataError(
        f"'{name}' of weights='{path}' {found}. Expected finite real numbers, one for "
        "each weight. Save the module's state_dict after it was trained in float32."
    )
