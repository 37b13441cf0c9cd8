"""Dies: memory as fill and gauge, name, operator, and the marks of faults and overflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.machine import Machine
from tempstudio.scene.caption import ABBREVIATIONS
from tempstudio.scene.cividis import FILLS, INKS, LEVELS, levels_of
from tempstudio.scene.display_list import (
    END,
    MIDDLE,
    START,
    Layer,
    Lines,
    Polygons,
    Rects,
    TextLook,
    Texts,
    lines,
    polygons,
    rects,
    sorted_buckets,
    texts,
)
from tempstudio.scene.format import byte_count, percent
from tempstudio.scene.layout import CARD, Layout
from tempstudio.scene.tokens import Tokens, panel_of
from tempstudio.scene.typeface import LEAST_PX, baseline, elided, text_width

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer[Any]]

PERCENT_PX = 68.0  # dies from here on say their memory use in numbers, where there is room
BYTES_PX = 96.0  # and from here on in bytes
GAUGE_PX = 4.0
NO_DATA = LEVELS  # the fill of a die about whose memory nothing is known


@dataclass(frozen=True, eq=False)
class DieState:
    """What the dies show: memory shares and bytes [dies], and the operator each computes.

    `share` is -1 where nothing is known; `operator` "" where nothing runs; `top` the share at
    which the colours end.
    """

    share: FloatArray
    used_bytes: FloatArray
    operator: tuple[str, ...]
    top: float = 1.0

    @property
    def colour_share(self) -> FloatArray:
        """Where on the colour scale each die stands [dies], -1 where nothing is known."""
        return np.where(self.share < 0, -1.0, self.share / self.top)

    def key(self, layout: Layout) -> tuple[object, ...]:
        """Equal keys look equal: what a card shows, rounded to what a pixel shows."""
        gauge = np.rint(self.share * gauge_width(layout)).astype(np.int32)
        return gauge.tobytes(), self.operator, self._figures(layout)

    def _figures(self, layout: Layout) -> bytes:
        if layout.die_px < PERCENT_PX or layout.detail != CARD:
            return levels_of(self.colour_share).tobytes()
        return np.rint(self.share * 1000).astype(np.int32).tobytes()


def unknown_state(dies: int) -> DieState:
    """The state before anything was computed."""
    return DieState(np.full(dies, -1.0), np.zeros(dies), ("",) * dies)


def padding(layout: Layout) -> float:
    """Room between a card's edge and what stands on it."""
    return max(4.0, round(layout.die_px * 0.09))


def gauge_width(layout: Layout) -> float:
    """Length of a full memory gauge."""
    return layout.die_px - 2 * padding(layout)


def text_px(layout: Layout) -> float:
    """Size of the texts on a card."""
    return LEAST_PX if layout.die_px < 56 else 12.0 if layout.die_px < 96 else 13.0


def die_layers(
    layout: Layout, machine: Machine, tokens: Tokens, state: DieState
) -> tuple[Layer, ...]:
    """Everything that belongs to the dies themselves, back to front."""
    alive = layout.visible.copy()
    alive[list(machine.dead_ids)] = False
    shown = np.flatnonzero(alive)
    level = np.where(state.share < 0, NO_DATA, levels_of(state.colour_share)).astype(np.int32)
    fills, inks = (*FILLS, tokens.surface), (*INKS, tokens.text)
    xywh, start, _ = sorted_buckets(layout.die_xywh[shown], level[shown], LEVELS + 1)
    radius = corner(layout)
    found: list[Layer] = [
        Rects("dies", xywh, start, fills, (tokens.control,) * len(fills), 1.0, radius)
    ]
    over = shown[state.share[shown] > 1.0]
    if len(over):
        found.append(_hatch("over hatch", layout, over, INKS[-1] + "66", both=False))
    found += yield_layers(layout, machine, tokens, alive)
    if layout.detail == CARD:
        found += _gauges(layout, state, shown, level, inks)
        found.append(_card_texts(layout, machine, state, shown, level, inks, over))
    if len(over):
        found += _octagons(layout, machine, tokens, over)
    return tuple(found)


def corner(layout: Layout) -> float:
    """Corner radius of a die."""
    return 4.0 if layout.detail == CARD else 2.0


def dead_die_layers(layout: Layout, machine: Machine, tokens: Tokens) -> tuple[Layer, ...]:
    """Dead dies: the canvas shows through, cross-hatched."""
    dead = np.array(sorted(machine.dead_ids), dtype=np.int32)
    dead = dead[layout.visible[dead]] if len(dead) else dead
    if not len(dead):
        return ()
    return (
        rects("dead dies", layout.die_xywh[dead], tokens.canvas, tokens.control, 1.0,
              corner(layout)),
        _hatch("dead hatch", layout, dead, tokens.control, both=True),
    )  # fmt: skip


def _hatch(name: str, layout: Layout, dies: IntArray, colour: str, both: bool) -> Lines:
    """Diagonals across each die, one way or both."""
    size = layout.die_px
    spacing = max(5.0, min(size / 4, 12.0)) if size >= 10 else size
    offset = np.arange(-size + spacing / 2, size, spacing) if size >= 10 else np.zeros(1)
    inset = 1.0 if size >= 10 else 0.0
    low, high = np.maximum(offset, 0) + inset, np.minimum(offset + size, size) - inset
    # The falling diagonal y = x - offset, and its mirror image.
    falling = np.column_stack([low, low - offset, high, high - offset])
    falling = falling[(high > low)]
    strokes = [falling]
    if both:
        strokes.append(
            np.column_stack([size - falling[:, 0], falling[:, 1], size - falling[:, 2],
                             falling[:, 3]])
        )  # fmt: skip
    else:
        strokes = [
            np.column_stack([size - falling[:, 0], falling[:, 1], size - falling[:, 2],
                             falling[:, 3]])
        ]  # fmt: skip
    one = np.vstack(strokes)
    corners = layout.die_xywh[dies][:, [0, 1, 0, 1]]
    return lines(name, (corners[:, None, :] + one[None, :, :]).reshape(-1, 4), colour, 1.0,
                 crisp=False)  # fmt: skip


def yield_layers(
    layout: Layout, machine: Machine, tokens: Tokens, alive: NDArray[np.bool_]
) -> tuple[Layer, ...]:
    """A notch in the upper right corner of a die with core yield below one, deeper the lower."""
    marked = [
        (machine.die_id(tuple(int(x) for x in place)), factor)
        for *place, factor in machine.core_yield
    ]
    marked = [(die, factor) for die, factor in marked if alive[die]]
    if not marked:
        return ()
    at = layout.die_xywh[[die for die, _ in marked]]
    leg = np.array([notch_px(layout, factor) for _, factor in marked])
    right, top = at[:, 0] + at[:, 2], at[:, 1]
    points = np.stack(
        [
            np.column_stack([right - leg, top]),
            np.column_stack([right, top]),
            np.column_stack([right, top + leg]),
        ],
        axis=1,
    )
    edge = np.column_stack([right - leg, top, right, top + leg])
    # One pixel more than the die, or its rounded border would show around the notch.
    points += np.array([[0.0, -1.0], [1.0, -1.0], [1.0, 0.0]])
    return (
        polygons("yield notches", points, panel_of(tokens)),
        lines("yield edges", edge, tokens.control, 1.0, crisp=False),
    )


def notch_px(layout: Layout, factor: float) -> float:
    """Leg of the notch that says a core yield."""
    return min(max(4.0, layout.die_px * (0.16 + 0.44 * (1 - factor))), layout.die_px * 0.6)


def _gauges(
    layout: Layout, state: DieState, shown: IntArray, level: IntArray, inks: tuple[str, ...]
) -> tuple[Rects, ...]:
    known = shown[state.share[shown] >= 0]
    if not len(known):
        return ()
    pad, full = padding(layout), gauge_width(layout)
    at = layout.die_xywh[known]
    track = np.column_stack([
        at[:, 0] + pad, at[:, 1] + layout.die_px - pad - GAUGE_PX,
        np.full(len(known), full), np.full(len(known), GAUGE_PX),
    ])  # fmt: skip
    bar = track.copy()
    bar[:, 2] = np.rint(np.clip(state.share[known], 0.0, 1.0) * full)
    ink = np.array([inks[i] == "#FFFFFF" for i in level[known].tolist()], dtype=np.int32)
    tracks, start, order = sorted_buckets(track, ink, 2)
    return (
        Rects("gauge tracks", tracks, start, ("#00000038", "#FFFFFF48")),
        Rects("gauges", np.ascontiguousarray(bar[order]), start, ("#000000", "#FFFFFF")),
    )


def _card_texts(
    layout: Layout,
    machine: Machine,
    state: DieState,
    shown: IntArray,
    level: IntArray,
    inks: tuple[str, ...],
    over: IntArray,
) -> Texts:
    size, pad, px = layout.die_px, padding(layout), text_px(layout)
    yields = {machine.die_id(tuple(int(x) for x in place)): f for *place, f in machine.core_yield}
    flooded = set(over.tolist())
    looks = {
        ink: (
            TextLook(ink, px, True, START),
            TextLook(ink, px, False, START),
            TextLook(ink, px, False, END),
            TextLook(ink, px, False, MIDDLE),
        )
        for ink in sorted(set(inks))
    }
    items: list[tuple[str, float, float, TextLook]] = []
    top = pad + px * 0.73
    foot = size - pad - GAUGE_PX - 4.0
    for die, (x, y) in zip(shown.tolist(), layout.die_xywh[shown, :2].tolist(), strict=True):
        name_look, left, right, middle = looks[inks[int(level[die])]]
        row, col = machine.coordinate(die)[-2:]
        items.append((f"{row},{col}", x + pad, y + top, name_look))
        share = float(state.share[die])
        aside = max(pad, notch_px(layout, yields[die]) + 2) if die in yields else pad
        room = size - pad - aside - text_width(f"{row},{col}", px, True) - 6
        if share >= 0 and size >= PERCENT_PX and die not in flooded:
            use = percent(share)
            if text_width(use, px) <= room:
                items.append((use, x + size - aside, y + top, right))
        operator = fitting_name(state.operator[die], px, size - pad - 1)
        if size >= BYTES_PX:
            items.append((operator, x + size / 2, baseline(y + size * 0.47, px), middle))
            if share >= 0:
                items.append((byte_count(state.used_bytes[die]), x + pad, y + foot, left))
            if die in yields:
                cores = f"{percent(yields[die])} cores"
                items.append((cores, x + size / 2, baseline(y + size * 0.47 + 16, px), middle))
        else:
            items.append((operator, x + pad, y + foot, left))
    return texts("card texts", items, card=True)


def fitting_name(operator: str, px: float, room: float) -> str:
    """An operator's name, abbreviated or at last cut where it has no room."""
    if text_width(operator, px) > room:
        operator = ABBREVIATIONS.get(operator, operator)
    return elided(operator, px, room)


def _octagons(
    layout: Layout, machine: Machine, tokens: Tokens, dies: IntArray
) -> tuple[Polygons, ...]:
    """The stop sign of a die whose memory does not suffice."""
    radius = min(max(5.0, layout.die_px * 0.14), 13.0)
    inset = radius + max(3.0, padding(layout) - 2.0) if layout.detail == CARD else layout.die_px / 2
    turn = np.radians(22.5 + 45.0 * np.arange(8))
    shape = np.column_stack([np.cos(turn), np.sin(turn)]) * radius
    at = layout.die_xywh[dies]
    centre = np.column_stack([at[:, 0] + layout.die_px - inset, at[:, 1] + inset])
    notched = {machine.die_id(tuple(int(x) for x in p)): f for *p, f in machine.core_yield}
    centre[:, 0] -= [notch_px(layout, notched[d]) if d in notched else 0.0 for d in dies.tolist()]
    sign = Polygons(
        "over octagons",
        centre[:, None, :] + shape[None, :, :],
        np.array([0, len(dies)], dtype=np.int32),
        (tokens.error,),
        ("#000000",),
    )
    # The sign's bar is drawn, not written, so that it stays one call for any number of dies.
    stroke = np.column_stack([
        centre[:, 0] - radius * 0.14, centre[:, 1] - radius * 0.55,
        np.full(len(dies), radius * 0.28), np.full(len(dies), radius * 0.62),
    ])  # fmt: skip
    dot = np.column_stack([
        centre[:, 0] - radius * 0.14, centre[:, 1] + radius * 0.25,
        np.full(len(dies), radius * 0.28), np.full(len(dies), radius * 0.28),
    ])  # fmt: skip
    corners = [
        np.stack([box[:, :2], box[:, :2] + box[:, 2:] * [1, 0], box[:, :2] + box[:, 2:],
                  box[:, :2] + box[:, 2:] * [0, 1]], axis=1)
        for box in (stroke, dot)
    ]  # fmt: skip
    ink = "#FFFFFF" if tokens.name == "light" else "#000000"
    return sign, polygons("over marks", np.concatenate(corners), ink)
