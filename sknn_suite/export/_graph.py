"""Graph: an ONNX graph that is written node by node."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sknn_suite.doors import import_optional
from sknn_suite.export._value import Value

# The oldest versions that have all that is written, so that old runtimes can read it.
OPSET, IR_VERSION = 18, 8

# Operators on strings and trees, of the same age.
ML_DOMAIN, ML_OPSET = "ai.onnx.ml", 3

# protobuf holds less than 2 GiB.
MOST_BYTES = (1 << 31) - (1 << 20)


def import_onnx(needed_by: str = "to_onnx") -> Any:
    """Import the package onnx, or say how to install it."""
    return import_optional("onnx", needed_by=needed_by, extra="onnx")


class Graph:
    """Nodes, constants, inputs and outputs; every value in it is a `Value`.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.export._graph import Graph
    >>> graph = Graph()  # doctest: +SKIP
    >>> x = graph.input("X", np.float32, ("n_rows", 2))  # doctest: +SKIP
    >>> graph.output("doubled", 2.0 * x, ("n_rows", 2))  # doctest: +SKIP
    >>> model = graph.model()  # doctest: +SKIP
    """

    def __init__(self) -> None:
        self.onnx = import_onnx()
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self._known: dict[tuple, Value] = {}
        self._n_names = 0

    def name(self, word: str) -> str:
        """Make a new name."""
        self._n_names += 1
        return f"{word.lower()}_{self._n_names}"

    def input(self, name: str, dtype: Any, shape: Sequence[Any]) -> Value:
        """Declare an input; sides of the shape are numbers, or names of free ones."""
        self.inputs.append(self._describe(name, np.dtype(dtype), shape))
        return Value(self, name, np.dtype(dtype))

    def output(self, name: str, value: Value, shape: Sequence[Any]) -> None:
        """Declare an output."""
        self.add("Identity", [value.name], [name], {})
        self.outputs.append(self._describe(name, value.dtype, shape))

    def constant(self, array: Any) -> Value:
        """Put an array into the graph; equal ones once."""
        array = np.asarray(array)
        if array.dtype.kind == "O":
            array = array.astype(str)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            name = self.name("constant")
            self.constants[name] = self._tensor(array, name)
            self._known[key] = Value(self, name, array.dtype)
        return self._known[key]

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        attributes: Mapping[str, Any],
    ) -> None:
        """Append a node."""
        make = self.onnx.helper.make_node
        self.nodes.append(make(operator, inputs, outputs, outputs[0], **attributes))

    def model(self, metadata: Mapping[str, str] | None = None) -> Any:
        """Make the model; raises ValueError if it is too large for one file."""
        n_bytes = sum(tensor.ByteSize() for tensor in self.constants.values())
        if n_bytes > MOST_BYTES:
            raise ValueError(
                f"The weights take {n_bytes / 2**30:.1f} GiB, and an ONNX file holds "
                "2. Expected a smaller network, since weights in other files are "
                "refused: a graph could name any file of the machine that opens it. "
                "Train fewer or narrower layers."
            )
        helper = self.onnx.helper
        graph = helper.make_graph(
            self.nodes,
            "sknn_suite",
            self.inputs,
            self.outputs,
            list(self.constants.values()),
        )
        versions = {"": OPSET}
        if any(node.domain == ML_DOMAIN for node in self.nodes):
            versions[ML_DOMAIN] = ML_OPSET
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(*pair) for pair in versions.items()],
            ir_version=IR_VERSION,
            producer_name="sknn_suite",
        )
        if metadata:
            helper.set_model_props(model, dict(metadata))
        return model

    def embed(self, model: Any, inputs: Sequence[Value], dtype: Any) -> Value:
        """Write the graph of another model into this one; return its first output."""
        inner = model.graph
        prefix = self.name("inner")
        names = {i.name: v.name for i, v in zip(inner.input, inputs)} | {"": ""}

        def rename(name: str) -> str:
            return names.setdefault(name, f"{prefix}.{name}")

        for tensor in inner.initializer:
            renamed = rename(tensor.name)
            self.constants[renamed] = self.onnx.TensorProto()
            self.constants[renamed].CopyFrom(tensor)
            self.constants[renamed].name = renamed
        for node in inner.node:
            copied = self.onnx.NodeProto()
            copied.CopyFrom(node)
            copied.input[:] = [rename(name) for name in node.input]
            copied.output[:] = [rename(name) for name in node.output]
            copied.name = copied.output[0]
            self.nodes.append(copied)
        return Value(self, rename(inner.output[0].name), np.dtype(dtype))

    def _describe(self, name: str, dtype: np.dtype, shape: Sequence[Any]) -> Any:
        kind = self.type_of(dtype)
        return self.onnx.helper.make_tensor_value_info(name, kind, list(shape))

    def type_of(self, dtype: np.dtype) -> int:
        """Return the number that ONNX has for a type."""
        if dtype.kind == "U":
            return self.onnx.TensorProto.STRING
        return self.onnx.helper.np_dtype_to_tensor_dtype(dtype)

    def _tensor(self, array: np.ndarray, name: str) -> Any:
        if array.dtype.kind == "U":
            texts = [str(text).encode() for text in array.ravel()]
            kind = self.onnx.TensorProto.STRING
            return self.onnx.helper.make_tensor(name, kind, array.shape, texts)
        return self.onnx.numpy_helper.from_array(np.asarray(array, order="C"), name)


def refuse_external_data(model: Any) -> None:
    """Refuse a model with weights in other files, which a graph names by any path."""
    onnx = import_onnx()
    outside = onnx.TensorProto.EXTERNAL
    if any(t.data_location == outside for t in model.graph.initializer):
        raise ValueError(
            "The graph keeps weights in other files. Expected all weights inside, "
            "because a graph could name any file of the machine that opens it. Make "
            "the network smaller."
        )
