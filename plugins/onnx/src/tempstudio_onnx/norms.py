"""Norms: as one node, or spelt out in means, squares and roots."""

from __future__ import annotations

from dataclasses import dataclass

from tempstudio_onnx.graph import Graph, Node

NORM_OPS = {
    "LayerNormalization": "layer",
    "RMSNormalization": "rms",
    "SimplifiedLayerNormalization": "rms",
}
_INSIDE = frozenset({"Cast", "Identity"})


@dataclass(frozen=True)
class Norm:
    """`source` goes in; `inside` are its nodes, `last` the one that puts the result out."""

    source: str
    weights: tuple[str, ...]
    function: str
    inside: frozenset[int]
    last: int


def find_norm(graph: Graph, node: Node) -> Norm | None:
    """The norm that this node is, or is the root of; None where it is none."""
    if node.op in NORM_OPS:
        weights = tuple(value for value in node.inputs[1:] if value)
        inside = frozenset({node.number})
        return Norm(node.inputs[0], weights, NORM_OPS[node.op], inside, node.number)
    return _spelt_out(graph, node) if node.op == "Sqrt" else None


def _spelt_out(graph: Graph, root: Node) -> Norm | None:
    """x or x - mean, over sqrt(mean of its square + epsilon), times a gain, plus a bias."""
    inside = {root.number}
    mean = _before(graph, root.inputs[0], "Add", inside)
    mean = _before(graph, _flowing(graph, mean), "ReduceMean", inside) if mean else None
    square = _producer(graph, mean.inputs[0], inside) if mean else None
    if square is None or square.op not in ("Pow", "Mul"):
        return None
    inside.add(square.number)
    source, function = square.inputs[0], "rms"
    centred = _producer(graph, source, set())
    if centred is not None and centred.op == "Sub":
        inside |= {centred.number}
        centre = _producer(graph, centred.inputs[1], inside)
        if centre is None or centre.op != "ReduceMean":
            return None
        inside.add(centre.number)
        source, function = centred.inputs[0], "layer"
    return _finished(graph, root, source, function, inside)


def _finished(
    graph: Graph, root: Node, source: str, function: str, inside: set[int]
) -> Norm | None:
    """Follow the root to the quotient, then to gain and bias."""
    here = _next(graph, root, ("Div", "Reciprocal"), inside)
    if here is None:
        return None
    if here.op == "Reciprocal" or here.inputs[0] in graph.constants:
        here = _next(graph, here, ("Mul",), inside)
    if here is None:
        return None
    weights: list[str] = []
    for op in ("Mul", "Add"):
        user = _next(graph, here, (op,), inside, weighted=True)
        if user is None:
            break
        weights += [value for value in user.inputs if graph.is_weight(value)]
        here = user
    place = graph.source(source, _INSIDE)
    return Norm(place, tuple(weights), function, frozenset(inside), here.number)


def _next(
    graph: Graph, node: Node, ops: tuple[str, ...], inside: set[int], weighted: bool = False
) -> Node | None:
    """The only user of a node if it is one of these operators (and has a weight)."""
    passed = set()
    user = graph.sole_user(node.outputs[0])
    while user is not None and user.op in _INSIDE:
        passed.add(user.number)
        user = graph.sole_user(user.outputs[0])
    if user is None or user.op not in ops:
        return None
    if weighted and not any(graph.is_weight(value) for value in user.inputs):
        return None
    inside |= {*passed, user.number}
    return user


def _producer(graph: Graph, value: str, inside: set[int]) -> Node | None:
    node = graph.producer.get(value)
    while node is not None and node.op in _INSIDE:
        inside.add(node.number)
        node = graph.producer.get(node.inputs[0])
    return node


def _before(graph: Graph, value: str, op: str, inside: set[int]) -> Node | None:
    node = _producer(graph, value, inside)
    if node is None or node.op != op:
        return None
    inside.add(node.number)
    return node


def _flowing(graph: Graph, node: Node) -> str:
    """The input of a node that is no constant."""
    return next((value for value in node.inputs if value not in graph.constants), "")
