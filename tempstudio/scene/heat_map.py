"""Dies too small for lanes: the whole mesh as one small image, a cell a die and a cell a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.machine import Machine
from tempstudio.core.topology import Topology
from tempstudio.scene.cards import DieState
from tempstudio.scene.cividis import TABLE
from tempstudio.scene.display_list import Image, Layer, lines
from tempstudio.scene.lanes import link_cells
from tempstudio.scene.layout import Layout
from tempstudio.scene.tokens import Tokens, mix, panel_of, rgb

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer[Any]]

LEAST_CROSS_PX = 5.0  # dead dies from here on are crossed out; smaller ones are just holes


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Which cells the image has: `rows`, `cols` are the ranges of dies inside the canvas.

    `cell` [cells, 2] are the places of links, `pair` [cells, 2] the two directed links of each.
    """

    rows: slice
    cols: slice
    cell: IntArray
    pair: IntArray
    x_edges: FloatArray
    y_edges: FloatArray
    dead: IntArray


def lay_heat_map(layout: Layout, machine: Machine, topology: Topology) -> HeatMap:
    """The image of the dies inside the canvas."""
    x, y, width, height = layout.canvas
    rows = _inside(layout.row_y, layout.die_px, y, y + height)
    cols = _inside(layout.col_x, layout.die_px, x, x + width)
    cell, pair = link_cells(layout, topology.source, topology.target)
    kept = (
        (cell[:, 0] >= 2 * rows.start)
        & (cell[:, 0] <= 2 * rows.stop - 2)
        & (cell[:, 1] >= 2 * cols.start)
        & (cell[:, 1] <= 2 * cols.stop - 2)
    )
    corner = np.array([2 * rows.start, 2 * cols.start], dtype=np.int32)
    return HeatMap(
        rows,
        cols,
        cell[kept] - corner,
        pair[kept],
        _edges(layout.col_x[cols], layout.die_px),
        _edges(layout.row_y[rows], layout.die_px),
        np.array(sorted(machine.dead_ids), dtype=np.int32),
    )


def _inside(edges: FloatArray, size: float, low: float, high: float) -> slice:
    found = np.flatnonzero((edges + size > low) & (edges < high))
    return slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, 1)


def _edges(start: FloatArray, size: float) -> FloatArray:
    return np.column_stack([start, start + size]).ravel()


def heat_layers(
    heat_map: HeatMap, layout: Layout, tokens: Tokens, state: DieState, levels: IntArray
) -> tuple[Layer, ...]:
    """Dies by memory, links by the busier direction, faults as holes; dead dies crossed out."""
    rows, cols = heat_map.rows, heat_map.cols
    shape = 2 * (rows.stop - rows.start) - 1, 2 * (cols.stop - cols.start) - 1
    pixels = np.full(shape, _argb(panel_of(tokens)), dtype=np.uint32)
    table = TABLE.astype(np.uint32)
    fills = 0xFF << 24 | table[:, 0] << 16 | table[:, 1] << 8 | table[:, 2]
    fills = np.append(fills, [_argb(tokens.control), _argb(tokens.error)]).astype(np.uint32)
    shade = np.rint(np.clip(state.colour_share, 0.0, 1.0) * 255).astype(np.int32)
    shade = np.where(state.share < 0, 256, np.where(state.share > 1.0, 257, shade))
    colour = fills[shade]
    colour[heat_map.dead] = _argb(tokens.canvas)
    mesh = np.empty((len(layout.row_y), len(layout.col_x)), dtype=np.uint32)
    mesh[layout.place[:, 0], layout.place[:, 1]] = colour
    pixels[::2, ::2] = mesh[rows, cols]
    if len(heat_map.pair):
        load = np.array([_argb(each) for each in cell_colours(tokens)], dtype=np.uint32)
        busier = levels[heat_map.pair].max(axis=1)
        pixels[heat_map.cell[:, 0], heat_map.cell[:, 1]] = load[busier]
    found: list[Layer] = [Image("mesh", pixels, heat_map.x_edges, heat_map.y_edges)]
    if len(heat_map.dead) and layout.die_px >= LEAST_CROSS_PX:
        found.append(lines("dead crosses", _crosses(layout, heat_map.dead), tokens.control,
                           1.0, crisp=False))  # fmt: skip
    over = np.flatnonzero((state.share > 1.0) & layout.visible)
    if len(over) and layout.die_px >= LEAST_CROSS_PX:
        found.append(lines("over strokes", _crosses(layout, over)[: len(over)],
                           "#000000", 1.0, crisp=False))  # fmt: skip
    return tuple(found)


def cell_colours(tokens: Tokens) -> tuple[str, ...]:
    """The colour of a link's cell by load level; idle ones only a shade, or a grille would show."""
    return (mix(tokens.hairline, panel_of(tokens), 0.5), *tokens.lanes)


def _crosses(layout: Layout, dies: IntArray) -> FloatArray:
    """Rising diagonals of the dies, then the falling ones [2 x dies, 4]."""
    x, y = layout.die_xywh[dies, 0], layout.die_xywh[dies, 1]
    size = layout.die_px
    rising = np.column_stack([x, y + size, x + size, y])
    falling = np.column_stack([x, y, x + size, y + size])
    return np.vstack([rising, falling])


def _argb(colour: str) -> int:
    red, green, blue = rgb(colour)
    return 0xFF << 24 | red << 16 | green << 8 | blue
