"""A model as a graph to draw: operators, blocks folded into one, and the tensors between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tempstudio.core.workload import Block, Operator, Workload
from tempstudio.scene.curves import curve, distance
from tempstudio.scene.format import count, plural
from tempstudio.scene.layered import Layering, lay_in_layers

NODE_PX = (236.0, 66.0)
BLOCK_PX = (236.0, 66.0)
SOURCE_PX = (92.0, 28.0)
FRAME_PX = 18.0  # from a block's operators to its frame
FRAME_HEAD_PX = 26.0
COPIES_PX = 96.0  # of a frame's head, where a click shows all copies or one
LEAD_PX = (FRAME_PX + FRAME_HEAD_PX, FRAME_PX)  # more room above a frame, and below it

Copy = tuple[int, int]  # block number, which of its copies, from 0


@dataclass(frozen=True)
class Node:
    """An operator, a folded block (`operator` None) or the tokens that go in (`block` -1)."""

    block: int
    operator: Operator | None
    kind: str
    title: str
    about: str
    size: tuple[float, float]
    inside: tuple[str, ...] = ()  # a folded block's operators
    copy: int = 0  # of a block whose copies are all drawn

    @property
    def name(self) -> str:
        """The operator's name, '' for a block."""
        return self.operator.name if self.operator is not None else ""


@dataclass(frozen=True)
class Tensor:
    """What flows from one node into another; `features` of every token."""

    source: int
    target: int
    features: int


@dataclass(frozen=True, eq=False)
class ModelGraph:
    """Nodes, tensors and where they lie, in px at scale 1.

    `unfolded` blocks have a frame, those that are `spread` one around each of their copies.
    """

    workload: Workload
    unfolded: frozenset[int]
    nodes: tuple[Node, ...]
    tensors: tuple[Tensor, ...]
    spread: frozenset[int] = frozenset()

    @cached_property
    def layering(self) -> Layering:
        """Places of nodes and routes of tensors."""
        sizes = [node.size for node in self.nodes]
        edges = [(tensor.source, tensor.target) for tensor in self.tensors]
        return lay_in_layers(sizes, edges, lead=[self._lead(node) for node in self.nodes])

    def _lead(self, node: Node) -> float:
        """Room for the head of a frame that begins here, and for the foot of one before."""
        first = node.operator is None or node.operator is self._first_of(node.block)
        if not first or node.block < 0:
            return 0.0
        begins = LEAD_PX[0] if node.block in self.unfolded else 0.0
        after_frame = node.copy > 0 or node.block - 1 in self.unfolded
        return begins + (LEAD_PX[1] if after_frame else 0.0)

    def _first_of(self, block: int) -> Operator:
        return self.workload.blocks[block].operators[0]

    @cached_property
    def boxes(self) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """(x, y, width, height) of every node [nodes, 4]."""
        size = np.array([node.size for node in self.nodes], dtype=np.float64).reshape(-1, 2)
        at = self.layering
        return np.column_stack([at.x - size[:, 0] / 2, at.y, size])

    @cached_property
    def frames(self) -> Mapping[Copy, tuple[float, float, float, float]]:
        """The frame around each unfolded block, or each of its copies."""
        found = {}
        members: dict[Copy, list[int]] = {}
        passages: dict[Copy, list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]] = {}
        for number, node in enumerate(self.nodes):
            if node.block in self.unfolded:
                members.setdefault((node.block, node.copy), []).append(number)
        for tensor, route in zip(self.tensors, self.layering.routes, strict=True):
            into = self.nodes[tensor.target]
            passages.setdefault((into.block, into.copy), []).append(route[1:-1, 0])
        for copy, mine in members.items():
            boxes = self.boxes[mine]
            low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
            across = np.concatenate(passages[copy])
            if len(across):
                low[0], high[0] = min(low[0], across.min()), max(high[0], across.max())
            left, top = (low - FRAME_PX).tolist()
            wide, tall = (high - low + 2 * FRAME_PX).tolist()
            found[copy] = (left, top - FRAME_HEAD_PX + 8, wide, tall + FRAME_HEAD_PX - 8)
        return found

    @cached_property
    def reaches(self) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """(left, top, right, bottom) of every tensor's line [tensors, 4]."""
        ends = [np.concatenate([r.min(axis=0), r.max(axis=0)]) for r in self.layering.routes]
        return np.array(ends, dtype=np.float64).reshape(-1, 4)

    @cached_property
    def content(self) -> tuple[float, float, float, float]:
        """What encloses everything drawn."""
        boxes = np.vstack([self.boxes, *([f] for f in self.frames.values())])
        low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
        return float(low[0]), float(low[1]), *(high - low).tolist()

    @cached_property
    def by_operator(self) -> Mapping[str, int]:
        """The first node of each operator name on show."""
        found: dict[str, int] = {}
        for number, node in enumerate(self.nodes):
            if node.operator is not None:
                found.setdefault(node.name, number)
        return found

    def node_of(self, operator: str, copy: int | None) -> int:
        """The node of an operator in a copy of its block; the first where that is not drawn."""
        first = self.by_operator[operator]
        mine = self.nodes[first]
        if copy and mine.block in self.spread and mine.block >= 0:
            return first + copy * len(self.workload.blocks[mine.block].operators)
        return first

    def node_at(self, x: float, y: float) -> int | None:
        """The node under a point."""
        at = self.boxes
        inside = (at[:, 0] <= x) & (x < at[:, 0] + at[:, 2]) & (at[:, 1] <= y) & (
            y < at[:, 1] + at[:, 3]
        )  # fmt: skip
        hit = np.flatnonzero(inside)
        return int(hit[0]) if len(hit) else None

    def frame_at(self, x: float, y: float) -> tuple[int, bool] | None:
        """The block whose frame's head is under a point, and whether it is where copies are told
        to come or to go.
        """
        for (block, _), (left, top, wide, _) in self.frames.items():
            if left <= x < left + wide and top <= y < top + FRAME_HEAD_PX:
                return block, x >= left + wide - COPIES_PX
        return None

    def frame_titles(self, block: int, copy: int) -> tuple[str, str]:
        """What stands in a frame's head: left what it is, right what a click there does."""
        of = self.workload.blocks[block]
        if block in self.spread:
            return f"−  {of.name} {copy + 1} of {of.repeat}", "show one"
        return f"−  {of.name} × {of.repeat}", f"show all {of.repeat}"

    def tensor_at(self, x: float, y: float, within: float) -> int | None:
        """The tensor whose line passes within some px of a point."""
        best, found = within, None
        point = np.array([x, y])
        low, high = self.reaches[:, :2] - within, self.reaches[:, 2:] + within
        for number in np.flatnonzero(((point >= low) & (point <= high)).all(axis=1)).tolist():
            near = distance(point, curve(self.layering.routes[number], 8))
            if near < best:
                best, found = near, number
        return found


def graph_of(
    workload: Workload,
    unfolded: frozenset[int] = frozenset(),
    spread: frozenset[int] = frozenset(),
) -> ModelGraph:
    """The graph of a model; blocks of several copies are one node unless `unfolded` names them,
    then one copy is drawn, or all of them where `spread` names the block too.
    """
    nodes = [Node(-1, None, "source", "tokens", "", SOURCE_PX)]
    tensors: list[Tensor] = []
    before, features = 0, 0  # the node that the residual stream comes from, and its width
    opened = set()
    for number, block in enumerate(workload.blocks):
        if is_folded(block, number, unfolded):
            nodes.append(_block_node(number, block))
            tensors.append(Tensor(before, len(nodes) - 1, features))
            before, features = len(nodes) - 1, _width(block.operators[-1], workload)
            continue
        if block.repeat > 1:
            opened.add(number)
        for copy in range(block.repeat if number in spread else 1):
            inside = {"input": before}
            widths = {"input": features}
            for operator in block.operators:
                nodes.append(_operator_node(number, operator, copy))
                mine = len(nodes) - 1
                for name in dict.fromkeys(operator.inputs):
                    tensors.append(Tensor(inside[name], mine, widths[name]))
                inside[operator.name], widths[operator.name] = mine, _width(operator, workload)
            last = block.operators[-1].name
            before, features = inside[last], widths[last]
    seen = frozenset(opened)
    return ModelGraph(workload, seen, tuple(nodes), tuple(tensors), spread & seen)


def is_folded(block: Block, number: int, unfolded: frozenset[int]) -> bool:
    """Whether a block is drawn as one node."""
    return block.repeat > 1 and number not in unfolded


def _width(operator: Operator, workload: Workload) -> int:
    """Features of a token after an operator."""
    if operator.kind == "loss":
        return 1
    return operator.out_features or operator.heads * operator.value_dim or workload.hidden


def _operator_node(block: int, operator: Operator, copy: int) -> Node:
    parts = [operator.function or operator.kind]
    if operator.kind == "attention":
        parts.append(f"{operator.heads} heads of {operator.head_dim}")
    elif len(operator.shape) > 1:
        parts.append(" × ".join(f"{size:,}" for size in operator.shape))
    about = " · ".join(parts)
    return Node(block, operator, operator.kind, operator.name, about, NODE_PX, copy=copy)


def _block_node(number: int, block: Block) -> Node:
    about = f"{plural(len(block.operators), 'operator')} · {count(block.parameters)}"
    return Node(number, None, "block", f"{block.name} × {block.repeat}", about, BLOCK_PX,
                tuple(operator.name for operator in block.operators))  # fmt: skip
