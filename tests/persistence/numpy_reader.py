"""Reads model files of format 1 with NumPy alone, as the documentation describes them.

Written from docs/file_format.rst, without sknn_suite; it trusts the file.
"""

import io
import json
import zipfile

import numpy as np

TYPES = {"F16": "f2", "F32": "f4", "F64": "f8", "BOOL": "?", "U8": "u1", "U16": "u2"}
TYPES |= {"U32": "u4", "U64": "u8", "I8": "i1", "I16": "i2", "I32": "i4", "I64": "i8"}


def read(path):
    """Read a model as dicts, lists and arrays; an object becomes a dict."""
    with zipfile.ZipFile(path) as file:
        manifest = json.loads(file.read("manifest.json"))
        assert manifest["format"] == 1
        data = file.read("weights.safetensors")
        tree = json.loads(file.read("model.json"))
        names = [p["name"] for p in manifest["parts"] if p["name"].endswith(".npy")]
        arrays = [np.load(io.BytesIO(file.read(name))) for name in names]
    n = int.from_bytes(data[:8], "little")
    weights = {}
    for name, entry in json.loads(data[8 : 8 + n]).items():
        a, b = entry["data_offsets"]
        flat = np.frombuffer(data[8 + n + a : 8 + n + b], TYPES[entry["dtype"]])
        weights[name] = flat.reshape(entry["shape"])
    return value(tree, arrays, weights)


def value(node, arrays, weights):
    """Turn a node of the description into the value."""
    if isinstance(node, list):
        return [value(one, arrays, weights) for one in node]
    if not isinstance(node, dict):
        return node
    what = node.pop("is")
    if what in ("array", "tensor"):
        found = arrays[node["number"]] if what == "array" else weights[node["name"]]
        return found.T if node["turned"] else found
    if what == "object":
        state = {k: value(v, arrays, weights) for k, v in node["state"].items()}
        return {"class": node["class"], **state}
    if what == "index":
        return {word: i for i, word in enumerate(node["words"], node["first"])}
    if what == "number":
        return float(node["text"])
    inner = {k: value(v, arrays, weights) for k, v in node.items()}
    if what == "dict":
        return dict(inner["items"])
    if what == "records":
        return [dict(zip(inner["keys"], row)) for row in zip(*inner["columns"])]
    # tuple, slice, floats, objects, scalar; dtype, type, global; skops, random_state
    for key in ("items", "array", "value", "name"):
        if key in inner:
            return inner[key]
    return inner
