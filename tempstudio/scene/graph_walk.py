"""From node to node of a model graph by keyboard: along tensors, beside in a row."""

from __future__ import annotations

import numpy as np

from tempstudio.scene.model_graph import ModelGraph


def follow(graph: ModelGraph, here: int, down: int) -> int:
    """The nearest node that a tensor leads to (down), or comes from; `here` at the ends."""
    if down > 0:
        ends = [tensor.target for tensor in graph.tensors if tensor.source == here]
    else:
        ends = [tensor.source for tensor in graph.tensors if tensor.target == here]
    at = graph.layering
    return min(
        ends,
        key=lambda n: (abs(int(at.layer[n] - at.layer[here])), abs(float(at.x[n] - at.x[here]))),
        default=here,
    )


def beside(graph: ModelGraph, here: int, right: int) -> int:
    """The next node to the right or left in the same row, else in any row; `here` at the ends."""
    at = graph.layering
    way = (at.x - at.x[here]) * right
    same = np.flatnonzero((at.layer == at.layer[here]) & (way > 0.5))
    ahead = same if len(same) else np.flatnonzero(way > 0.5)
    if not len(ahead):
        return here
    return int(ahead[np.argmin(way[ahead] + np.abs(at.y[ahead] - at.y[here]))])


def first_node(graph: ModelGraph, last: bool = False) -> int:
    """The topmost node, or the lowest."""
    return int(np.argmax(graph.layering.y) if last else np.argmin(graph.layering.y))
