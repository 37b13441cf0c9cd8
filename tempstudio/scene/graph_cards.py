"""Cards of the model graph: operators and folded blocks, with kind, shape and time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tempstudio.scene.caption import ABBREVIATIONS
from tempstudio.scene.copies import Work
from tempstudio.scene.display_list import (
    MIDDLE,
    START,
    Layer,
    Polygons,
    Rects,
    TextLook,
    rects,
    sorted_buckets,
    texts,
)
from tempstudio.scene.graph_marks import SHAPES, hue_of
from tempstudio.scene.graph_reading import Reading, lines_of, run_of
from tempstudio.scene.model_graph import ModelGraph
from tempstudio.scene.tokens import Tokens, mix
from tempstudio.scene.typeface import LEAST_PX, elided, text_width

FloatArray = NDArray[np.float64]

LINE_PX = 13.5  # least distance of two lines of text on a card
TITLE_PX, SMALL_PX = 13.0, 11.0
GLYPH_PX = 5.0
TEXT_FROM = 0.3  # below this scale a card shows its kind alone


def card_layers(
    graph: ModelGraph,
    boxes: FloatArray,
    seen: NDArray[np.intp],
    computing: frozenset[int],
    tokens: Tokens,
    scale: float,
) -> list[Layer]:
    """Cards; those that compute now are tinted, too small ones show their kind as their fill."""
    found: list[Layer] = []
    kinds = sorted({graph.nodes[n].kind for n in seen.tolist()})
    fills: list[str] = []
    for kind in kinds:
        hue = hue_of(kind, tokens)
        plain = tokens.surface if scale >= TEXT_FROM else mix(hue, tokens.surface, 0.55)
        fills += [plain, mix(tokens.accent, tokens.surface, 0.22)]
    bucket = np.array([
        2 * kinds.index(graph.nodes[n].kind) + (n in computing)
        for n in seen.tolist()
    ], dtype=np.int32)  # fmt: skip
    if not len(seen):
        return found
    doubled = [n for n in seen.tolist() if graph.nodes[n].kind == "block"]
    if doubled:
        behind = boxes[doubled] + np.array([5.0, 5.0, 0.0, 0.0]) * scale
        found.append(rects("copies", behind, tokens.surface, tokens.control, 1.0, 6.0 * scale))
    xywh, start, _ = sorted_buckets(boxes[seen], bucket, len(fills))
    radius = 6.0 * min(scale, 1.0)
    found.append(
        Rects("cards", xywh, start, tuple(fills), (tokens.control,) * len(fills), 1.0, radius)
    )
    return found


def computing_nodes(
    graph: ModelGraph, operators: frozenset[str], works: frozenset[Work]
) -> frozenset[int]:
    """Nodes of these operators; of a block whose copies are all drawn only those at work."""
    return frozenset(
        n
        for n, node in enumerate(graph.nodes)
        if not operators.isdisjoint(node.inside or (node.name,))
        and (node.block not in graph.spread or (node.name, node.copy) in works)
    )


def glyph_layers(
    graph: ModelGraph, boxes: FloatArray, seen: NDArray[np.intp], tokens: Tokens, scale: float
) -> list[Layer]:
    mine = [n for n in seen.tolist() if graph.nodes[n].kind in SHAPES]
    if not mine:
        return []
    kinds = sorted({graph.nodes[n].kind for n in mine})
    size = max(GLYPH_PX * scale, 3.0)
    middle = boxes[mine, 3] / 2 if _rows_of(boxes[mine[0], 3], scale) < 2 else 17.0 * scale
    centre = boxes[mine, :2] + np.column_stack(
        [np.full(len(mine), max(14.0 * scale, 7.0)), np.broadcast_to(middle, len(mine))]
    )
    shapes = np.stack([SHAPES[graph.nodes[n].kind] for n in mine]) * size + centre[:, None, :]
    bucket = np.array([kinds.index(graph.nodes[n].kind) for n in mine], dtype=np.int32)
    points, start, _ = sorted_buckets(shapes, bucket, len(kinds))
    return [Polygons("kinds", points, start, tuple(hue_of(kind, tokens) for kind in kinds))]


def time_layers(
    graph: ModelGraph,
    boxes: FloatArray,
    seen: NDArray[np.intp],
    reading: Reading,
    tokens: Tokens,
    scale: float,
) -> list[Layer]:
    """A bar along a card's foot: its share of the longest operator's time, exposed part lit."""
    all_runs = [run_of(node, reading) for node in graph.nodes]
    longest = max((run.compute_s + run.exposed_s for run in all_runs if run), default=0.0)
    tracks: list[list[float]] = []
    computed: list[list[float]] = []
    exposed: list[list[float]] = []
    for n in seen.tolist() if longest > 0 else ():
        run = all_runs[n]
        if run is None:
            continue
        x, y, wide, tall = boxes[n].tolist()
        left, full, thick = x + 8 * scale, wide - 16 * scale, max(3.0 * scale, 1.5)
        foot = y + tall - 4 * scale - thick
        first, second = full * run.compute_s / longest, full * run.exposed_s / longest
        tracks.append([left, foot, full, thick])
        computed.append([left, foot, first, thick])
        exposed.append([left + first, foot, second, thick])
    if not tracks:
        return []
    return [
        rects("time tracks", tracks, mix(tokens.hairline, tokens.surface, 0.6)),
        rects("computed", computed, mix(tokens.muted, tokens.surface, 0.8)),
        rects("exposed", exposed, tokens.lanes[2]),
    ]


def _rows_of(tall: float, scale: float) -> int:
    """How many lines a card of this height has room for."""
    return max(1, int((tall - 12.0 * scale) / max(LINE_PX, 16.0 * scale)))


def card_texts(
    graph: ModelGraph,
    boxes: FloatArray,
    seen: NDArray[np.intp],
    reading: Reading,
    tokens: Tokens,
    scale: float,
) -> Layer:
    """As many lines as the card has room for: name; kind and shape; the run, else parameters."""
    title = TextLook(tokens.text, max(LEAST_PX, TITLE_PX * scale), True, START)
    small = TextLook(tokens.muted, max(LEAST_PX, SMALL_PX * scale), False, START)
    middle = TextLook(tokens.muted, max(LEAST_PX, SMALL_PX * scale), False, MIDDLE)
    items = []
    for n in seen.tolist():
        node = graph.nodes[n]
        x, y, wide, tall = boxes[n].tolist()
        if node.kind == "source":
            if tall >= LINE_PX:
                items.append((node.title, x + wide / 2, y + tall / 2 + 4, middle))
            continue
        told = lines_of(node, reading)
        pitch = max(LINE_PX, 16.0 * scale)
        room = min(len(told), _rows_of(tall, scale))
        for row, text in enumerate(told[:room]):
            look, left = (title, x + max(26 * scale, 13.0)) if row == 0 else (small, x + 10 * scale)
            width = x + wide - left - 6 * scale
            first = y + max(13.0, 21.0 * scale) if room > 1 else y + tall / 2 + 4
            at = first + pitch * row
            if row == 0 and text_width(text, look.size_px, look.bold) > width:
                text = text.rpartition(".")[2]
                if text_width(text, look.size_px, look.bold) > width:
                    text = ABBREVIATIONS.get(text, text)
            items.append((elided(text, look.size_px, width, look.bold), left, at, look))
    return texts("card texts", items, card=True)
