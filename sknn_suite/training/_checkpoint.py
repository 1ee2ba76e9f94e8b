"""Checkpoints: one file, written atomically, that holds all a run needs to go on.

The file is an uncompressed ``.npz``: arrays by number, and a JSON text that says where
they belong. Reading it executes no code.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback

from sknn_suite.data import LazyRows, TensorBundle
from sknn_suite.exceptions import DataError
from sknn_suite.training._net import TensorNet
from sknn_suite.training._net_state import load_training_state, training_state
from sknn_suite.training._state import to_portable

FORMAT = 1


class Checkpoint(Callback):
    """Write the net's training state after each `every` epochs.

    Parameters
    ----------
    path : path-like
        The file; its folder must exist.
    every : int
        Epochs between two writings.
    fingerprint : str
        Identifies data and parameters, see `fingerprint`.
    origin : dict
        State of the random generator when the run began.
    """

    written_: tuple[int, str | None] | None = None

    def __init__(
        self, path: str | os.PathLike, every: int, fingerprint: str, origin: dict | None
    ) -> None:
        self.path = Path(path)
        self.origin = origin
        if not self.path.parent.is_dir():
            raise ValueError(
                f"checkpoint='{path}' lies in a folder that does not exist. "
                "Expected a file name in an existing folder. Create the folder first."
            )
        self.every = every
        self.fingerprint = fingerprint

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        if net.out_of_time_:
            return  # the epoch is not whole; the one before stands in the file
        if net.epoch_ % self.every == 0 or net.stop_reason_ is not None:
            self._write(net)

    def on_train_end(self, net: TensorNet, **kwargs: Any) -> None:
        complete = not (net.out_of_time_ or net.interrupted_)
        if complete and self.written_ != (net.epoch_, net.stop_reason_):
            self._write(net)

    def _write(self, net: TensorNet) -> None:
        state = {
            "fingerprint": self.fingerprint,
            "origin": self.origin,
            "training": training_state(net),
        }
        write_state(self.path, state)
        self.written_ = (net.epoch_, net.stop_reason_)

    def resume(self, net: TensorNet) -> bool:
        """Load the file into an initialised net, if there is one.

        Raises
        ------
        DataError
            If the file belongs to other data or parameters, or is none of ours.
        """
        if not self.path.exists():
            return False
        state = read_state(self.path)
        if state["fingerprint"] != self.fingerprint:
            raise DataError(
                f"Checkpoint '{self.path}' belongs to other data or other parameters. "
                "Expected one written by the same call of fit. "
                "Delete the file to start anew, or choose another path."
            )
        load_training_state(net, state["training"])
        return True


def fingerprint(parts: Any, *bundles: TensorBundle | None) -> str:
    """Digest of plain values and of the rows of bundles."""
    digest = hashlib.blake2b(_describe(parts).encode(), digest_size=16)
    for bundle in bundles:
        if bundle is None:
            digest.update(b"none")
            continue
        for name in sorted(bundle.inputs):
            x = bundle.inputs[name]
            _update(digest, *(x.content() if isinstance(x, LazyRows) else (x,)))
        _update(digest, bundle.target, bundle.weight, bundle.rows)
    return digest.hexdigest()


def _describe(value: Any) -> str:
    """Text of a parameter that is the same in every process."""
    if isinstance(value, dict):
        return str([[_describe(k), _describe(v)] for k, v in value.items()])
    if isinstance(value, list | tuple | set):
        return str([_describe(v) for v in value])
    if isinstance(value, np.ndarray):
        return f"{value.shape}{value.dtype}{value.tobytes().hex()}"
    if value is None or isinstance(value, str | int | float | np.generic):
        return repr(value)
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


def _update(digest: Any, *tensors: torch.Tensor | None) -> None:
    for tensor in tensors:
        if tensor is None:
            digest.update(b"none")
        else:
            array = np.ascontiguousarray(tensor.cpu().numpy())
            digest.update(f"{array.shape}{array.dtype}".encode())
            digest.update(array.reshape(-1).view(np.uint8))


def write_state(path: Path, state: Any) -> None:
    """Write nested plain values and arrays to `path`, whole or not at all."""
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps({"format": FORMAT, "state": _to_json(to_portable(state), arrays)})
    beside = path.with_name(f"{path.name}.part")
    with beside.open("wb") as file:
        np.savez(file, allow_pickle=False, **{"json": np.array(text), **arrays})
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)  # atomic: a reader sees the old file or the new one


def read_state(path: Path) -> Any:
    """Read what `write_state` wrote."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        content = json.loads(str(arrays["json"]))
        version = int(content["format"])
        state = _from_json(content["state"], arrays)
        missing = {"fingerprint", "origin", "training"} - set(state)
        if missing:
            raise ValueError(f"{', '.join(sorted(missing))} missing")
    except Exception as error:  # zip and JSON have many ways to be damaged
        raise DataError(
            f"'{path}' cannot be read as a checkpoint: {error}. "
            "Expected a file written by checkpoint=path. "
            "Delete it to start anew, or choose another path."
        ) from error
    if version > FORMAT:
        raise DataError(
            f"'{path}' was written in format {version}. "
            f"This sknn_suite reads formats up to {FORMAT}. Upgrade sknn_suite."
        )
    return state


def _to_json(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Move arrays out of nested containers; keep keys that are not text."""
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {"dict": [[key, _to_json(v, arrays)] for key, v in value.items()]}
    if isinstance(value, list | tuple):
        return [_to_json(v, arrays) for v in value]
    return value


def _from_json(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_from_json(v, arrays) for v in value]
    if isinstance(value, dict):
        if "array" in value:
            return arrays[value["array"]]
        return {key: _from_json(v, arrays) for key, v in value["dict"]}
    return value
