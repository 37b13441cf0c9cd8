"""Attention: softmax between two products of activations, or one node that is all of it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import tempstudio as ts
from tempstudio_onnx.graph import Graph, Node

BETWEEN = frozenset({  # scaling, masking, capping: what may happen to scores
    "Add", "And", "Cast", "Clip", "Div", "Dropout", "Expand", "Identity", "Max", "Mul", "Reshape",
    "Softmax", "Sqrt", "Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze", "Where",
})  # fmt: skip
FUSED = {  # operator: its domain, attributes that say how many heads there are
    "Attention": ("", "q_num_heads", "kv_num_heads"),
    "GroupQueryAttention": ("com.microsoft", "num_heads", "kv_num_heads"),
    "MultiHeadAttention": ("com.microsoft", "num_heads", "num_heads"),
}


@dataclass(frozen=True)
class Attention:
    """`reads` are the values that queries, keys and values come from; 0 sizes are not known."""

    reads: tuple[str, str, str]
    inside: frozenset[int]
    tables: frozenset[str]
    last: int
    heads: int
    kv_heads: int = 0
    head_dim: int = 0
    value_dim: int = 0


def find_attention(graph: Graph, softmax: Node, boundary: Set[str]) -> Attention | None:
    """The attention round a softmax; None where there is none, `InputError` where it is strange.

    `boundary` holds the outputs of products and norms: queries, keys and values come from there.
    """
    scores = _scores(graph, softmax.inputs[0])
    weighted = _weighted(graph, softmax)
    if scores is None or weighted is None:
        return None
    probabilities = _path(graph, softmax, weighted)
    value = next(v for v in weighted.inputs if v not in probabilities)
    reads, inside, tables = [], {softmax.number, weighted.number, scores.number}, set()
    for operand in (*scores.inputs, value):
        found, numbers, own = _region(graph, operand, boundary)
        if len(found) != 1:
            raise ts.InputError(
                f"{softmax}: attention reads {len(found)} products at once, expected one each for "
                "queries, keys and values"
            )
        reads.append(found[0])
        inside |= numbers
        tables |= own
    between, own = _between(graph, softmax, scores)
    rest = {graph.producer[name].number for name in probabilities if name in graph.producer}
    heads, head_dim, value_dim = _sizes(graph, softmax, scores, value)
    return Attention(
        (reads[0], reads[1], reads[2]), frozenset(inside | between | rest),
        frozenset(tables | own), weighted.number, heads, 0, head_dim, value_dim,
    )  # fmt: skip


def fused_attention(graph: Graph, node: Node) -> Attention | None:
    """The attention that one node is, None where it is none or does more."""
    domain, heads, kv_heads = FUSED.get(node.op, (None, "", ""))
    if domain is None or node.domain not in (domain, domain or "ai.onnx"):
        return None
    found = int(node.attributes.get(heads, 0))
    if not found and len(graph.shape(node.inputs[0])) == 4:
        found = int(graph.shape(node.inputs[0])[1] or 0)
    kv = int(node.attributes.get(kv_heads, 0))
    if len(node.inputs) < 3 or not all(node.inputs[:3]):
        raise ts.InputError(f"{node}: expected queries, keys and values")
    reads = (node.inputs[0], node.inputs[1], node.inputs[2])
    return Attention(reads, frozenset({node.number}), frozenset(), node.number, found, kv)


def _scores(graph: Graph, value: str) -> Node | None:
    """The product of queries and keys behind a softmax's input."""
    waiting, seen = [value], set()
    while waiting:
        here = waiting.pop()
        node = graph.producer.get(here)
        if node is None or here in seen or here in graph.constants:
            continue
        seen.add(here)
        if node.op == "MatMul" and not any(graph.is_weight(v) for v in node.inputs):
            return node
        if node.op in BETWEEN:
            waiting += node.inputs
    return None


def _weighted(graph: Graph, softmax: Node) -> Node | None:
    """The product of probabilities and values."""
    waiting = list(graph.users[softmax.outputs[0]])
    while waiting:
        node = waiting.pop()
        if node.op == "MatMul":
            return None if any(graph.is_weight(v) for v in node.inputs) else node
        if node.op in BETWEEN:
            waiting += [user for value in node.outputs for user in graph.users[value]]
    return None


def _path(graph: Graph, softmax: Node, weighted: Node) -> set[str]:
    """Values on the way from the softmax to the product with the values."""
    on_way = set(softmax.outputs)
    for number in range(softmax.number + 1, weighted.number):
        node = graph.nodes[number]
        if node.op in BETWEEN and on_way & set(node.inputs):
            on_way |= set(node.outputs)
    return on_way


def _region(graph: Graph, operand: str, boundary: Set[str]) -> tuple[list[str], set[int], set[str]]:
    """(values of the boundary behind an operand, nodes before it, float tables they use).

    Shapes are looked at, not computed with; what is multiplied with is rotary, no weight.
    """
    found, numbers, tables = [], set(), set()
    waiting, seen = [operand], set()
    while waiting:
        here = waiting.pop()
        if here in seen or not here:
            continue
        seen.add(here)
        if here in boundary:
            found.append(here)
            continue
        if graph.is_weight(here):
            tables.add(here)
        node = graph.producer.get(here)
        if node is not None and node.op not in ("Shape", "Size"):
            numbers.add(node.number)
            waiting += node.inputs
    return found, numbers, tables


def _between(graph: Graph, softmax: Node, scores: Node) -> tuple[set[int], set[str]]:
    """Nodes that scale and mask the scores, and the masks that are constants."""
    numbers, tables = set(), set()
    waiting, seen = [softmax.inputs[0]], set(scores.outputs)
    while waiting:
        here = waiting.pop()
        if here in seen or not here:
            continue
        seen.add(here)
        if graph.is_weight(here):
            tables.add(here)
        node = graph.producer.get(here)
        if node is None or node.op in ("Shape", "Size"):
            continue
        if node.op == "Gather" and graph.is_weight(node.inputs[0]):
            raise ts.InputError(f"{node}: a learned bias of attention's scores is not understood")
        numbers.add(node.number)
        waiting += node.inputs
    return numbers, tables


def _sizes(graph: Graph, softmax: Node, scores: Node, value: str) -> tuple[int, int, int]:
    """(heads, features of a query's head, of a value's), each 0 where it cannot be told."""
    shape = graph.shape(softmax.inputs[0])
    heads = int(shape[-3] or 0) if len(shape) == 4 else 0
    dims = [graph.shape(name)[-1:] for name in (scores.inputs[0], value)]
    head_dim, value_dim = (int(dim[0] or 0) if dim else 0 for dim in dims)
    return heads, head_dim, value_dim
