"""The model graph as a picture: cards, tensors with their shapes, what is chosen or computing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tempstudio.scene.copies import Work
from tempstudio.scene.curves import curve
from tempstudio.scene.display_list import (
    END,
    START,
    DisplayList,
    Layer,
    Lines,
    Polygons,
    TextLook,
    rects,
    sorted_buckets,
    texts,
)
from tempstudio.scene.graph_cards import (
    TEXT_FROM,
    card_layers,
    card_texts,
    computing_nodes,
    glyph_layers,
    time_layers,
)
from tempstudio.scene.graph_reading import Reading, shape_text
from tempstudio.scene.model_graph import FRAME_HEAD_PX, Copy, ModelGraph, Node
from tempstudio.scene.tokens import THEMES, Tokens, mix, panel_of
from tempstudio.scene.typeface import LEAST_PX, text_width

FloatArray = NDArray[np.float64]

ARROW_PX = (4.0, 7.0)
STAGE_PX = 4.0  # width of the bar that says a copy's stage
BEND_FROM = 0.25  # below this scale tensors are straight lines


@dataclass(frozen=True)
class Sight:
    """How the graph is looked at: size, theme, scale and where its origin lies."""

    width: float
    height: float
    theme: str = "light"
    scale: float = 1.0
    origin: tuple[float, float] = (0.0, 0.0)
    dpr: float = 1.0

    def inside(self, x: float, y: float) -> tuple[float, float]:
        """The graph's own place of a point of the picture."""
        return (x - self.origin[0]) / self.scale, (y - self.origin[1]) / self.scale


@dataclass(frozen=True)
class GraphMarks:
    """What is pointed at, chosen and going on: operators by name, nodes and tensors by number.

    `copy` None means any of them.
    """

    operator: str = ""
    copy: int | None = None  # of the chosen operator's block
    tensor: int | None = None
    stages: frozenset[int] = frozenset()  # of the chosen dies
    hovered: int | None = None
    hovered_tensor: int | None = None
    focus: int | None = None
    computing: frozenset[str] = frozenset()
    works: frozenset[Work] = frozenset()  # the same by copy, for blocks whose copies are all drawn
    crossing: frozenset[str] = frozenset()  # operators whose tensors cross the selected link


def fitted(graph: ModelGraph, sight: Sight, most: float = 1.15, margin: float = 16.0) -> Sight:
    """The whole graph in the middle of the picture."""
    left, top, wide, tall = graph.content
    scale = min((sight.width - 2 * margin) / wide, (sight.height - 2 * margin) / tall, most)
    scale = max(scale, 0.02)
    origin = (
        sight.width / 2 - (left + wide / 2) * scale,
        sight.height / 2 - (top + tall / 2) * scale,
    )
    return Sight(sight.width, sight.height, sight.theme, scale, origin, sight.dpr)


def graph_picture(
    graph: ModelGraph, sight: Sight, marks: GraphMarks, reading: Reading
) -> DisplayList:
    """The picture; what lies outside it is left out."""
    tokens = THEMES[sight.theme]
    origin, scale = np.array(sight.origin), sight.scale
    boxes = graph.boxes * scale
    boxes[:, :2] += origin
    shown = (
        (boxes[:, 0] < sight.width)
        & (boxes[:, 0] + boxes[:, 2] > 0)
        & (boxes[:, 1] < sight.height)
        & (boxes[:, 1] + boxes[:, 3] > 0)
    )
    seen = np.flatnonzero(shown)
    frames = _frame_boxes(graph, sight)
    found = _frame_layers(frames, tokens)
    found += _stage_layers(graph, frames, marks, reading, tokens)
    found += _tensor_layers(graph, sight, marks, reading, tokens)
    found += _frame_heads(graph, frames, sight, reading, tokens)
    computing = computing_nodes(graph, marks.computing, marks.works)
    found += card_layers(graph, boxes, seen, computing, tokens, scale)
    if scale >= TEXT_FROM:
        found += glyph_layers(graph, boxes, seen, tokens, scale)
        found += time_layers(graph, boxes, seen, reading, tokens, scale)
        found.append(card_texts(graph, boxes, seen, reading, tokens, scale))
    found += _ring_layers(graph, boxes, marks, tokens)
    return DisplayList(sight.width, sight.height, tokens.canvas,
                       (0.0, 0.0, sight.width, sight.height), moving=tuple(found))  # fmt: skip


def _frame_boxes(graph: ModelGraph, sight: Sight) -> dict[Copy, list[float]]:
    """Where the frames in sight lie in the picture: x, y, width, height."""
    found = {}
    for copy, (x, y, wide, tall) in graph.frames.items():
        box = [x * sight.scale + sight.origin[0], y * sight.scale + sight.origin[1],
               wide * sight.scale, tall * sight.scale]  # fmt: skip
        if box[1] < sight.height and box[1] + box[3] > 0:
            found[copy] = box
    return found


def _frame_layers(frames: dict[Copy, list[float]], tokens: Tokens) -> list[Layer]:
    """Unfolded blocks, or each of their copies, in a frame."""
    if not frames:
        return []
    boxes = list(frames.values())
    return [rects("frame", boxes, panel_of(tokens), tokens.hairline, 1.0, 8.0)]


def _stage_layers(
    graph: ModelGraph,
    frames: dict[Copy, list[float]],
    marks: GraphMarks,
    reading: Reading,
    tokens: Tokens,
) -> list[Layer]:
    """A bar along each copy in the tone of its stage; copies on the chosen dies are ringed."""
    placed = [
        (box, reading.stage_of(graph, copy))
        for copy, box in frames.items()
        if copy[0] in graph.spread
    ]
    found: list[Layer] = []
    for odd, colour in enumerate((tokens.control, mix(tokens.control, tokens.canvas, 0.35))):
        bars = [
            [x - STAGE_PX - 3, y, STAGE_PX, tall]
            for (x, y, _, tall), stage in placed
            if stage is not None and stage % 2 == odd
        ]
        if bars:
            found.append(rects("stages", bars, colour, "", 0.0, STAGE_PX / 2))
    chosen = [box for box, stage in placed if stage in marks.stages]
    if chosen:
        found.append(rects("chosen stages", chosen, "", tokens.accent, 2.0, 8.0))
    return found


def _frame_heads(
    graph: ModelGraph,
    frames: dict[Copy, list[float]],
    sight: Sight,
    reading: Reading,
    tokens: Tokens,
) -> list[Layer]:
    """A frame's name, on which a click folds it, and what shows all copies or one.

    On plates of their own: tensors pass behind them.
    """
    px = max(LEAST_PX, 12.0 * sight.scale)
    inset, base = 10 * sight.scale, FRAME_HEAD_PX * sight.scale * 0.72
    if not frames or FRAME_HEAD_PX * sight.scale < 9:
        return []
    items, plates = [], []
    for (block, copy), (x, y, wide, _) in frames.items():
        title, offer = graph.frame_titles(block, copy)
        stage = reading.stage_of(graph, (block, copy)) if block in graph.spread else None
        placed = f"{title} · stage {stage + 1}" if stage is not None else title
        if text_width(placed, px, True) <= wide - 2 * inset:
            title = placed
        items.append((title, x + inset, y + base, TextLook(tokens.muted, px, True, START)))
        room = min(text_width(title, px, True) + 8, wide - 2 * inset)
        plates.append([x + inset - 4, y + base - px, room, 1.4 * px])
        across = text_width(offer, px, False)
        if across <= wide - 3 * inset - text_width(title, px, True):
            right = x + wide - inset
            items.append((offer, right, y + base, TextLook(tokens.accent, px, False, END)))
            plates.append([right - across - 4, y + base - px, across + 8, 1.4 * px])
    found: list[Layer] = [rects("frame plates", plates, panel_of(tokens))] if plates else []
    return [*found, texts("frame title", items)]


def _tensor_layers(
    graph: ModelGraph, sight: Sight, marks: GraphMarks, reading: Reading, tokens: Tokens
) -> list[Layer]:
    steps = 10 if sight.scale >= BEND_FROM else 1
    origin = np.array(sight.origin)
    strokes: list[FloatArray] = []
    heads: list[FloatArray] = []
    look: list[int] = []
    low, high = (graph.reaches[:, half] * sight.scale + origin for half in (np.s_[:2], np.s_[2:]))
    shown = (high >= 0).all(axis=1) & (low <= [sight.width, sight.height]).all(axis=1)
    for number in np.flatnonzero(shown).tolist():
        line = curve(graph.layering.routes[number], steps) * sight.scale + origin
        strokes.append(np.hstack([line[:-1], line[1:]]))
        heads.append(_arrow(line[-1], sight.scale))
        look.append(_tensor_look(graph, number, marks))
    if not strokes:
        return []
    quiet = mix(tokens.control, tokens.canvas, 0.75)
    colours = (quiet, mix(tokens.accent, tokens.canvas, 0.8), tokens.accent)
    each = np.repeat(look, [len(stroke) for stroke in strokes])
    xyxy, start, _ = sorted_buckets(np.vstack(strokes), each, 3)
    found: list[Layer] = [Lines("tensors", xyxy, start, colours, (1.3, 2.0, 2.6), crisp=False)]
    if sight.scale >= BEND_FROM:
        points, start, _ = sorted_buckets(np.stack(heads), np.array(look), 3)
        found.append(Polygons("arrows", points, start, colours))
    if sight.scale >= 0.62:
        found.append(_shape_texts(graph, sight, reading, tokens))
    return found


def _tensor_look(graph: ModelGraph, number: int, marks: GraphMarks) -> int:
    """Quiet, at the chosen operator, or chosen itself."""
    tensor = graph.tensors[number]
    if number in (marks.tensor, marks.hovered_tensor):
        return 2
    ends = graph.nodes[tensor.source], graph.nodes[tensor.target]
    return int(marks.tensor is None and any(_is_chosen(graph, node, marks) for node in ends))


def _is_chosen(graph: ModelGraph, node: Node, marks: GraphMarks) -> bool:
    """Whether a node is the chosen operator, in the chosen copy where all are drawn."""
    copy = marks.copy in (None, node.copy) or node.block not in graph.spread
    return bool(node.name) and node.name == marks.operator and copy


def _arrow(tip: FloatArray, scale: float) -> FloatArray:
    half, long = ARROW_PX[0] * min(scale, 1.0), ARROW_PX[1] * min(scale, 1.0)
    corners: FloatArray = tip + np.array([[0.0, 0.0], [-half, -long], [half, -long]])
    return corners


def _shape_texts(graph: ModelGraph, sight: Sight, reading: Reading, tokens: Tokens) -> Layer:
    """Each tensor's shape below the operator that it comes from, on the side with no passages."""
    items = []
    look = TextLook(tokens.muted, LEAST_PX, False, END)
    first = {tensor.source: tensor for tensor in reversed(graph.tensors)}
    for source, tensor in first.items():
        x, y = graph.layering.x[source], graph.boxes[source, 1] + graph.boxes[source, 3]
        at = x * sight.scale + sight.origin[0] - 8, y * sight.scale + sight.origin[1] + 15
        if 0 < at[0] < sight.width + 200 and 0 < at[1] < sight.height + 20:
            items.append((shape_text(reading, tensor.features), *at, look))
    return texts("shapes", items)


def _ring_layers(
    graph: ModelGraph, boxes: FloatArray, marks: GraphMarks, tokens: Tokens
) -> list[Layer]:
    """Rings around what is pointed at, chosen, in focus, and what uses the chosen link."""
    found: list[Layer] = []
    users = [n for n, node in enumerate(graph.nodes) if node.name in marks.crossing]
    chosen = [n for n, node in enumerate(graph.nodes) if _is_chosen(graph, node, marks)]
    if users:
        found.append(_ring("crossing", boxes[users], 1.0, 2.0, tokens.lanes[2]))
    if marks.hovered is not None:
        found.append(_ring("hovered", boxes[[marks.hovered]], 0.0, 1.0, tokens.accent))
    if chosen:
        found.append(_ring("selected", boxes[chosen], 1.0, 2.0, tokens.accent))
    if marks.focus is not None:
        found.append(_ring("focus", boxes[[marks.focus]], 5.0, 2.0, tokens.accent))
    return found


def _ring(name: str, at: FloatArray, out: float, width: float, colour: str) -> Layer:
    grown = at + np.array([-out, -out, 2 * out, 2 * out])
    return rects(name, grown, "", colour, width, 6.0 + out)
