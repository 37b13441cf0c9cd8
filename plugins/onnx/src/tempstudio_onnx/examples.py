"""Small ONNX graphs as exporters write them, built node by node; the weights are all zeros."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64


class Builder:
    """Nodes and weights of one graph; every method gives the name of a value."""

    def __init__(self, hidden: int, seq_len: int | str = "length") -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.hidden, self.seq_len = hidden, seq_len

    def node(self, op: str, *inputs: str, outputs: int = 1, domain: str = "", **more: Any) -> Any:
        """A node; its output, or all of them."""
        number = len(self.nodes)
        names = [f"{op.lower()}_{number}_{i}" for i in range(outputs)]
        self.nodes.append(
            helper.make_node(op, inputs, names, name=f"/{op}_{number}", domain=domain, **more)
        )
        return names[0] if outputs == 1 else names

    def weight(self, *shape: int) -> str:
        """A float weight."""
        return self._constant(np.zeros(shape, np.float32))

    def scalar(self, value: float) -> str:
        """A float that is no weight."""
        return self._constant(np.float32(value))

    def ints(self, *values: int) -> str:
        """A list of whole numbers."""
        return self._constant(np.array(values, np.int64))

    def _constant(self, array: Any) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def linear(self, x: str, inner: int, outer: int, bias: bool = False) -> str:
        """MatMul, and an Add for the bias."""
        y = self.node("MatMul", x, self.weight(inner, outer))
        return self.node("Add", y, self.weight(outer)) if bias else y

    def gemm(self, x: str, inner: int, outer: int) -> str:
        """As GPT-2's Conv1D is exported: flattened, Gemm, and back."""
        flat = self.node("Reshape", x, self.ints(-1, inner))
        y = self.node("Gemm", flat, self.weight(inner, outer), self.weight(outer))
        return self.node("Reshape", y, self.ints(1, -1, outer))

    def layer_norm(self, x: str, spelt_out: bool) -> str:
        """LayerNormalization, as one node or in means and roots."""
        gain, bias = self.weight(self.hidden), self.weight(self.hidden)
        if not spelt_out:
            return self.node("LayerNormalization", x, gain, bias)
        centred = self.node("Sub", x, self.node("ReduceMean", x, self.ints(-1)))
        square = self.node("Pow", centred, self.scalar(2))
        mean = self.node("ReduceMean", square, self.ints(-1))
        root = self.node("Sqrt", self.node("Add", mean, self.scalar(1e-5)))
        normal = self.node("Div", centred, root)
        return self.node("Add", self.node("Mul", normal, gain), bias)

    def rms_norm(self, x: str) -> str:
        """RMS norm as Llama is exported: by way of 32 bit and a reciprocal root."""
        wide = self.node("Cast", x, to=FLOAT)
        mean = self.node("ReduceMean", self.node("Pow", wide, self.scalar(2)), self.ints(-1))
        root = self.node("Sqrt", self.node("Add", mean, self.scalar(1e-5)))
        scaled = self.node("Mul", wide, self.node("Div", self.scalar(1), root))
        narrow = self.node("Cast", scaled, to=FLOAT)
        return self.node("Mul", self.weight(self.hidden), narrow)

    def heads(self, x: str, heads: int, size: int) -> str:
        """Features to [batch, heads, length, size]."""
        split = self.node("Reshape", x, self.ints(1, -1, heads, size))
        return self.node("Transpose", split, perm=[0, 2, 1, 3])

    def attention(self, q: str, k: str, v: str, size: int, mask: str = "") -> str:
        """Scores, mask, softmax, weighted values, and features again."""
        scores = self.node("MatMul", q, self.node("Transpose", k, perm=[0, 1, 3, 2]))
        scores = self.node("Div", scores, self.scalar(size**0.5))
        scores = self.node("Add", scores, mask) if mask else scores
        mixed = self.node("MatMul", self.node("Softmax", scores, axis=-1), v)
        mixed = self.node("Transpose", mixed, perm=[0, 2, 1, 3])
        return self.node("Reshape", mixed, self.ints(1, -1, self.hidden))

    def rotary(self, x: str, cos: str, sin: str, size: int) -> str:
        """x cos + rotated x sin."""
        half = size // 2
        low = self.node("Slice", x, self.ints(0), self.ints(half), self.ints(3))
        high = self.node("Slice", x, self.ints(half), self.ints(size), self.ints(3))
        turned = self.node("Concat", self.node("Neg", high), low, axis=-1)
        return self.node("Add", self.node("Mul", x, cos), self.node("Mul", turned, sin))

    def save(self, path: Path, logits: str, vocabulary: int, **metadata: str) -> Path:
        """The model in a file."""
        tokens = helper.make_tensor_value_info("input_ids", INT, [1, self.seq_len])
        positions = helper.make_tensor_value_info("position_ids", INT, [1, self.seq_len])
        output = helper.make_tensor_value_info(logits, FLOAT, [1, self.seq_len, vocabulary])
        graph = helper.make_graph(self.nodes, "g", [tokens, positions], [output], self.weights)
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="by hand")
        model.ir_version = 9
        helper.set_model_props(model, metadata)
        onnx.save(model, str(path))
        return path


def gpt2(
    path: Path, hidden: int, layers: int, heads: int, vocabulary: int, length: int,
    spelt_out: bool = False,
) -> Path:  # fmt: skip
    """GPT-2: learned positions, fused queries, keys and values, erf's GELU, a tied head."""
    b = Builder(hidden)
    size = hidden // heads
    table = b.weight(vocabulary, hidden)
    tokens = b.node("Gather", table, "input_ids")
    x = b.node("Add", tokens, b.node("Gather", b.weight(length, hidden), "position_ids"))
    mask = b.weight(1, 1, length, length)
    ends = b.node("Slice", mask, b.ints(0), b.node("Shape", "input_ids", start=1, end=2), b.ints(2))
    for _ in range(layers):
        qkv = b.gemm(b.layer_norm(x, spelt_out), hidden, 3 * hidden)
        parts = b.node("Split", qkv, b.ints(hidden, hidden, hidden), outputs=3, axis=-1)
        q, k, v = (b.heads(part, heads, size) for part in parts)
        x = b.node("Add", b.gemm(b.attention(q, k, v, size, ends), hidden, hidden), x)
        up = b.gemm(b.layer_norm(x, spelt_out), hidden, 4 * hidden)
        bell = b.node("Add", b.node("Erf", b.node("Div", up, b.scalar(2**0.5))), b.scalar(1))
        active = b.node("Mul", b.node("Mul", up, bell), b.scalar(0.5))
        x = b.node("Add", x, b.gemm(active, 4 * hidden, hidden))
    head = b.node("Transpose", table, perm=[1, 0])
    return b.save(path, b.node("MatMul", b.layer_norm(x, spelt_out), head), vocabulary)


def llama(
    path: Path, hidden: int, inner: int, layers: int, heads: int, kv_heads: int, vocabulary: int,
    length: int,
) -> Path:  # fmt: skip
    """Llama: rotary positions, grouped queries, spelt-out RMS norms, a gate, its own head."""
    b = Builder(hidden)
    size = hidden // heads
    x = b.node("Gather", b.weight(vocabulary, hidden), "input_ids")
    cos, sin = (
        b.node("Unsqueeze", b.node("Gather", b.weight(length, size), "position_ids"), b.ints(1))
        for _ in range(2)
    )
    for _ in range(layers):
        normal = b.rms_norm(x)
        q = b.heads(b.linear(normal, hidden, hidden), heads, size)
        k, v = (
            b.heads(b.linear(normal, hidden, kv_heads * size), kv_heads, size) for _ in range(2)
        )
        q, k = (b.rotary(part, cos, sin, size) for part in (q, k))
        k, v = (_repeated(b, part, kv_heads, heads, size) for part in (k, v))
        x = b.node("Add", x, b.linear(b.attention(q, k, v, size), hidden, hidden))
        normal = b.rms_norm(x)
        gate, up = (b.linear(normal, hidden, inner) for _ in range(2))
        active = b.node("Mul", gate, b.node("Sigmoid", gate))
        x = b.node("Add", x, b.linear(b.node("Mul", active, up), inner, hidden))
    return b.save(path, b.linear(b.rms_norm(x), hidden, vocabulary), vocabulary)


def _repeated(b: Builder, x: str, kv_heads: int, heads: int, size: int) -> str:
    """Each head of keys or values for the queries that share it."""
    times = heads // kv_heads
    wide = b.node("Unsqueeze", x, b.ints(2))
    wide = b.node("Expand", wide, b.ints(1, kv_heads, times, 1, size))
    return b.node("Reshape", wide, b.ints(1, heads, -1, size))


def fused(
    path: Path, hidden: int, heads: int, kv_heads: int, vocabulary: int, **metadata: str
) -> Path:
    """One layer with attention as one node, as optimised graphs have it."""
    b = Builder(hidden)
    size = hidden // heads
    x = b.node("Gather", b.weight(vocabulary, hidden), "input_ids")
    normal = b.node("SimplifiedLayerNormalization", x, b.weight(hidden), domain="com.microsoft")
    q = b.linear(normal, hidden, hidden)
    k, v = (b.linear(normal, hidden, kv_heads * size) for _ in range(2))
    mixed = b.node(
        "GroupQueryAttention", q, k, v, domain="com.microsoft", num_heads=heads,
        kv_num_heads=kv_heads,
    )  # fmt: skip
    x = b.node("Add", x, b.linear(mixed, hidden, hidden))
    up = b.node("Gelu", b.linear(x, hidden, 2 * hidden, bias=True), domain="com.microsoft")
    x = b.node("Add", x, b.linear(up, 2 * hidden, hidden, bias=True))
    return b.save(path, b.linear(x, hidden, vocabulary), vocabulary, **metadata)
