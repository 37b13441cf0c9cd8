"""Chunks: where each transfer in flight is on its route, and how it looks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.partition import ROLES
from tempstudio.core.timeline import PhaseInfo, Transfers
from tempstudio.core.topology import Topology
from tempstudio.scene.branches import branched
from tempstudio.scene.display_list import SpriteLook, Sprites
from tempstudio.scene.layout import Layout
from tempstudio.scene.tokens import Tokens, ink_on
from tempstudio.scene.typeface import LEAST_PX, text_width

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer[Any]]

ROLE_KEYS = tuple(ROLES)
OTHER = len(ROLE_KEYS)  # a flow whose phase names no role
LETTER_PX = 44.0  # dies from here on have a letter on their chunks
LABEL_PX = 80.0  # and from here on the chunk's number too
MOST_LABEL = 99  # larger part numbers do not fit the sprite
DIM = 0.35
HALO_PX = 10.0  # dies from here on have a rim of canvas around their chunks
INSET = 0.0  # of a chunk: how far inside its die a route begins


def chunk_layer(
    layout: Layout,
    tokens: Tokens,
    lanes: FloatArray,
    transfers: Transfers,
    phases: tuple[PhaseInfo, ...],
    topology: Topology,
    dimmed: NDArray[np.bool_] | None = None,
    reduced_motion: bool = False,
) -> Sprites:
    """One sprite for each transfer in flight, in their order; of a tree, one on the way to each
    leaf.

    `lanes` [links, 4] are the ends of every link's lane; `dimmed` [transfers] those that recede.
    With reduced motion an arrowhead stands on the middle of the route instead.
    """
    transfers, flow = branched(transfers, topology)
    count = len(transfers)
    progress = np.full(count, 0.5) if reduced_motion else np.asarray(transfers.progress)
    xy, angle = positions(layout, lanes, transfers, progress)
    look, looks = _looks(layout, tokens, transfers, phases, reduced_motion)
    opacity = np.ones(count) if dimmed is None else np.where(dimmed[flow], DIM, 1.0)
    return Sprites(
        name="chunks",
        xy=xy,
        look=look,
        looks=looks,
        size_px=layout.chunk_px,
        halo_px=1.0 if layout.die_px >= HALO_PX else 0.0,
        opacity=opacity,
        angle=angle if reduced_motion else np.zeros(count),
        flow=flow,
    )


def positions(
    layout: Layout, lanes: FloatArray, transfers: Transfers, progress: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(centres [n, 2], directions in degrees [n]) of flows that have done a share of their route.

    XX
      dies.  The speed along it is constant.
    """
    hops = np.diff(transfers.hop_start)
    middle = layout.die_xywh[np.minimum(transfers.source, len(layout.place) - 1), :2]
    xy = middle + layout.die_px / 2
    angle = np.zeros(len(transfers))
    moving = np.flatnonzero(hops > 0)
    if not len(moving):
        return xy, angle
    points, first = _polylines(layout, lanes, transfers, hops)
    step = points[1:] - points[:-1]
    length = np.hypot(step[:, 0], step[:, 1])
    corners = 2 * hops[moving]
    length[(first + corners - 1)[:-1]] = 0.0  # from one route's end to the next one's start
    run = np.concatenate([[0.0], np.cumsum(length)])
    start, end = run[first], run[first + corners - 1]
    at = start + np.clip(progress[moving], 0.0, 1.0) * (end - start)
    segment = np.searchsorted(run, at, side="right") - 1
    segment = np.clip(segment, first, first + corners - 2)
    share = np.clip((at - run[segment]) / np.maximum(length[segment], 1e-9), 0.0, 1.0)
    xy[moving] = points[segment] + share[:, None] * step[segment]
    angle[moving] = np.degrees(np.arctan2(step[segment, 1], step[segment, 0]))
    return xy, angle


def _polylines(
    layout: Layout, lanes: FloatArray, transfers: Transfers, hops: IntArray
) -> tuple[FloatArray, IntArray]:
    """(all routes' corners one after another [2 x hops, 2], first corner of each moving route)."""
    points = lanes[transfers.hop_link].reshape(-1, 2).copy()
    moving = hops > 0
    first = 2 * transfers.hop_start[:-1][moving]
    last = 2 * transfers.hop_start[1:][moving] - 1
    inset = layout.chunk_px * INSET
    for end, inner in ((first, first + 1), (last, last - 1)):
        way = points[end] - points[inner]
        size = np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)
        points[end] = points[end] + way / size[:, None] * inset
    return points, first


def _looks(
    layout: Layout,
    tokens: Tokens,
    transfers: Transfers,
    phases: tuple[PhaseInfo, ...],
    arrow: bool,
) -> tuple[IntArray, tuple[SpriteLook, ...]]:
    roles = np.array(
        [ROLE_KEYS.index(phase.role) if phase.role in ROLES else OTHER for phase in phases],
        dtype=np.int32,
    )
    role = roles[transfers.phase] if len(transfers) else np.zeros(0, dtype=np.int32)
    part = np.zeros(len(role), dtype=np.int32)
    if layout.die_px >= LABEL_PX and not arrow:
        part = np.where(transfers.label <= MOST_LABEL, transfers.label + 1, 0).astype(np.int32)
    key = role * (MOST_LABEL + 2) + part
    kinds, look = np.unique(key, return_inverse=True)
    looks = []
    for kind in kinds.tolist():
        number, shown = divmod(kind, MOST_LABEL + 2)
        letter = ROLE_KEYS[number] if number < OTHER else ""
        fill = tokens.roles[letter] if letter else tokens.muted
        text = letter if layout.die_px >= LETTER_PX and not arrow else ""
        numbered = f"{letter}{shown - 1}"
        if shown and letter and text_width(numbered, LEAST_PX, True) <= layout.chunk_px - 4:
            text = numbered
        size = letter_px(text, layout.chunk_px)
        looks.append(SpriteLook(fill, tokens.canvas, ink_on(fill), text, size, arrow))
    return look.astype(np.int32), tuple(looks)


def letter_px(text: str, chunk_px: float) -> float:
    """The size at which a letter, or a letter and a number, fills a chunk without crowding it."""
    if len(text) <= 1:
        return float(min(max(LEAST_PX, round(chunk_px * 0.72)), 16))
    return float(min(max(LEAST_PX, int((chunk_px - 6) / text_width(text, 1.0, True))), 13))
