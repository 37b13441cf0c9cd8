"""Lanes: the two directions of every link, coloured and widened by load, and broken links."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.machine import Cluster, Machine
from tempstudio.scene.display_list import Lines, lines, sorted_buckets
from tempstudio.scene.layout import Layout
from tempstudio.scene.tokens import Tokens, mix

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer[Any]]

WIDTHS = (1.0, 2.0, 3.0, 4.0, 5.0)  # idle, then up to 25, 50, 75, 100 % of the bandwidth
DIM = 0.35


def load_levels(utilization: FloatArray) -> IntArray:
    """0 for an idle link, 1 to 4 for a load up to 25, 50, 75, 100 %.

    >>> load_levels(np.array([0.0, 0.01, 0.25, 0.26, 1.0])).tolist()
    [0, 1, 1, 2, 4]
    """
    return np.clip(np.ceil(utilization * 4 - 1e-9), 0, 4).astype(np.int32)


def level_colours(tokens: Tokens) -> tuple[str, ...]:
    """The colour of each load level; idle is the hairline."""
    return (tokens.hairline, *tokens.lanes)


def lane_layer(
    ends: FloatArray,
    levels: IntArray,
    tokens: Tokens,
    dimmed: NDArray[np.bool_] | None = None,
) -> Lines:
    """Every lane as a line of its level's colour and width; `dimmed` ones recede to 35 %.

    `ends` [links, 4], `levels` [links] from `load_levels`.
    """
    colours: tuple[str, ...] = level_colours(tokens)
    widths: tuple[float, ...] = WIDTHS
    bucket = levels
    if dimmed is not None and dimmed.any():
        colours = (*(mix(colour, tokens.canvas, DIM) for colour in colours), *colours)
        bucket = levels + np.where(dimmed, 0, len(WIDTHS)).astype(np.int32)
        widths = WIDTHS * 2
    snapped = _crisp(ends, np.array(widths)[bucket])
    xyxy, start, _ = sorted_buckets(snapped, bucket, len(widths))
    return Lines("lanes", xyxy, start, colours, widths)


def _crisp(ends: FloatArray, widths: FloatArray) -> FloatArray:
    """Lanes moved by less than a pixel so that lines of whole width fill whole pixels."""
    made = ends.copy()
    half = (widths % 2) / 2
    level = made[:, 1] == made[:, 3]
    row = np.floor(made[:, 1]) + half
    made[:, 1] = np.where(level, row, made[:, 1])
    made[:, 3] = np.where(level, row, made[:, 3])
    column = np.floor(made[:, 0]) + half
    made[:, 0] = np.where(level, made[:, 0], column)
    made[:, 2] = np.where(level, made[:, 2], column)
    return made


def dead_link_layers(layout: Layout, machine: Machine, tokens: Tokens) -> tuple[Lines, ...]:
    """Broken links: a stub at either die, and a cross between them."""
    if isinstance(machine, Cluster) or not machine.dead_links:
        return ()
    dead = machine.dead_ids
    pairs = np.array(
        [
            (first, second)
            for first, second in (
                (machine.die_id(a), machine.die_id(b)) for a, b in machine.dead_links
            )
            if first not in dead and second not in dead
        ],
        dtype=np.int32,
    ).reshape(-1, 2)
    if not len(pairs):
        return ()
    centre = layout.die_xywh[:, :2] + layout.die_px / 2
    a, b = centre[pairs[:, 0]], centre[pairs[:, 1]]
    way = (b - a) / np.maximum(np.hypot(*(b - a).T), 1e-9)[:, None]
    start, end = a + way * layout.die_px / 2, b - way * layout.die_px / 2
    middle, stub = (start + end) / 2, (end - start) * 0.24
    aside = np.column_stack([-way[:, 1], way[:, 0]]) * layout.lane_px
    stubs = [
        np.hstack([edge + side, edge + side + step])
        for edge, step in ((start, stub), (end, -stub))
        for side in (aside, -aside)
    ]
    arm = max(2.0, min(layout.gap_px * 0.26, 7.0))
    crosses = [
        np.hstack([middle + np.array(corner) * arm, middle - np.array(corner) * arm])
        for corner in ((1.0, 1.0), (1.0, -1.0))
    ]
    return (
        lines("dead link stubs", _crisp(np.vstack(stubs), np.full(4 * len(pairs), 2.0)),
              tokens.control, 2.0),
        lines("dead link crosses", np.vstack(crosses), tokens.error, 2.0, crisp=False),
    )  # fmt: skip


def link_cells(layout: Layout, source: IntArray, target: IntArray) -> tuple[IntArray, IntArray]:
    """(row and column [cells, 2], links [cells, 2]) of the cells between dies in the small image.

    The image has (2R-1) x (2C-1) cells, dies at the even ones.  Both directions of a link share a
    cell; links to switches have none.
    """
    dies = len(layout.place)
    inside = np.flatnonzero((source < dies) & (target < dies))
    cell = layout.place[source[inside]] + layout.place[target[inside]]
    width = 2 * len(layout.col_x) - 1
    order = np.argsort(cell[:, 0] * width + cell[:, 1], kind="stable")
    pairs = inside[order].reshape(-1, 2).astype(np.int32)
    return cell[order][::2].astype(np.int32), pairs
