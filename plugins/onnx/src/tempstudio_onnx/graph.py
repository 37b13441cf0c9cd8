"""An ONNX graph as it is walked here: who makes a value, who uses it, what is constant, shapes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import tempstudio as ts

MOST_BYTES = 200_000_000
MOST_NODES = 200_000
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Node:
    """One node: its place in the graph, operator, inputs ("" where left out) and outputs."""

    number: int
    name: str
    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    def __str__(self) -> str:
        return f"node {self.name!r:.80} ({self.op})"


class Graph:
    """The main graph of a model."""

    def __init__(self, model: Any) -> None:
        import onnx

        self.model = model
        self.nodes = [_node(number, node) for number, node in enumerate(model.graph.node)]
        self.producer = {value: node for node in self.nodes for value in node.outputs}
        self.users: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for value in dict.fromkeys(node.inputs):
                self.users[value].append(node)
        self.weights = {tensor.name: tensor for tensor in model.graph.initializer}
        self.inputs = [i.name for i in model.graph.input if i.name not in self.weights]
        self.outputs = [output.name for output in model.graph.output]
        self._floats = (
            onnx.TensorProto.FLOAT,
            onnx.TensorProto.FLOAT16,
            onnx.TensorProto.BFLOAT16,
            onnx.TensorProto.DOUBLE,
        )
        self.constants = {"", *self.weights}
        for node in self.nodes:  # ONNX has them in an order in which inputs come first
            if all(value in self.constants for value in node.inputs):
                self.constants.update(node.outputs)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """What ONNX can infer of the values' shapes; None for a size that is not fixed."""
        import onnx

        try:
            inferred = onnx.shape_inference.infer_shapes(self.model, data_prop=True).graph
        except Exception:  # noqa: BLE001 - it may fail on operators of other domains
            inferred = self.model.graph
        shapes = {name: tuple(tensor.dims) for name, tensor in self.weights.items()}
        for value in (*inferred.input, *inferred.value_info, *inferred.output):
            if value.type.tensor_type.HasField("shape"):
                dims = value.type.tensor_type.shape.dim
                shapes[value.name] = tuple(
                    d.dim_value if d.HasField("dim_value") else None for d in dims
                )
        return shapes

    def shape(self, value: str) -> Shape:
        """The shape of a value, () where it is not known."""
        return self.shapes.get(value, ())

    def is_weight(self, value: str) -> bool:
        """Whether this is a float initializer of more than one element."""
        tensor = self.weights.get(value)
        many = tensor is not None and int(np.prod(tensor.dims, dtype=object)) > 1
        return tensor is not None and many and tensor.data_type in self._floats

    def source(self, value: str, through: frozenset[str]) -> str:
        """Walk back from a value through nodes of these operators, along their first input."""
        while True:
            node = self.producer.get(value)
            if node is None or node.op not in through or not node.inputs:
                return value
            value = node.inputs[0]

    def sole_user(self, value: str) -> Node | None:
        """The only node that uses a value, None where there are others or it is an output."""
        users = self.users[value]
        return users[0] if len(users) == 1 and value not in self.outputs else None


def load_graph(path: Path) -> Graph:
    """The graph in a file, its weights' values left where they are; `InputError` in one line."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        size = path.stat().st_size if path.is_file() else -1
        if size < 0:
            raise ts.InputError(f"{path}: no such file")
        if size > MOST_BYTES:
            raise ts.InputError(
                f"{path}: {size / 1e6:.0f} MB, allowed: {MOST_BYTES / 1e6:.0f} MB; save it with "
                "its weights as external data"
            )
        model = onnx.load(str(path), format="protobuf", load_external_data=False)
    except (OSError, ValueError, DecodeError) as error:
        if isinstance(error, ts.InputError):
            raise
        reason = " ".join(str(error).split())[:120]
        raise ts.InputError(f"{path}: no ONNX model: {reason}") from None
    if not model.graph.node or not model.opset_import:
        raise ts.InputError(f"{path}: no ONNX model: it has no nodes")
    if len(model.graph.node) > MOST_NODES:
        raise ts.InputError(f"{path}: more than {MOST_NODES} nodes")
    return Graph(model)


def _node(number: int, node: Any) -> Node:
    import onnx

    try:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    except ValueError as error:
        raise ts.InputError(f"node {number}: {' '.join(str(error).split())}") from None
    name = node.name or f"{node.op_type} {number}"
    inputs, outputs = tuple(node.input), tuple(node.output)
    return Node(number, name, node.op_type, node.domain, inputs, outputs, attributes)
