"""A difference map: what one run has more or less of than another, on every die and link."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.machine import Machine
from tempstudio.core.peak import peak_of_dies
from tempstudio.core.timeline import Timeline
from tempstudio.core.topology import topology_of
from tempstudio.scene.display_list import (
    END,
    MIDDLE,
    START,
    DisplayList,
    Image,
    Layer,
    Lines,
    Rects,
    TextLook,
    rects,
    sorted_buckets,
    texts,
)
from tempstudio.scene.diverging import LEVELS, SIDE, diverging_fills, diverging_levels
from tempstudio.scene.fitting import canvas_of, lay_out
from tempstudio.scene.format import NONE, byte_count, percent
from tempstudio.scene.furniture import axis_layers, outline_layers
from tempstudio.scene.layout import CARD, IMAGE, Layout
from tempstudio.scene.tokens import Tokens, ink_on, rgb
from tempstudio.scene.typeface import LEAST_PX, baseline, text_width

FloatArray = NDArray[np.float64]

FOOT_PX = 38.0  # two scales
ROW_PX = 16.0
SIDE_PX = 12.0
MOST_RAMP_PX = 220.0
HEAD_PX = 8.0
RAMP_PX = 9.0
LANE_PX = (2.0, 5.0)


@dataclass(frozen=True, eq=False)
class Difference:
    """The second run less the first.

    `memory_bytes` [dies] is of peaks, `load` [links] of the mean share of a link's bandwidth in
    use over the step; nan where one of them has no such die or link.
    """

    machine: Machine
    memory_bytes: FloatArray
    load: FloatArray

    @property
    def most_bytes(self) -> float:
        """The largest difference of a die."""
        return _most(self.memory_bytes)

    @property
    def most_load(self) -> float:
        """The largest difference of a link."""
        return _most(self.load)


def _most(values: FloatArray) -> float:
    known = np.abs(values[np.isfinite(values)])
    return float(known.max()) if len(known) else 0.0


def shape_of(machine: Machine) -> tuple[object, ...]:
    """What two machines share where their dies can be laid upon one another."""
    return machine.kind, machine.rows, machine.cols, machine.wafers


def difference(
    first: tuple[Machine, Timeline], second: tuple[Machine, Timeline]
) -> Difference | None:
    """The difference of two runs; None where their meshes have different shapes.

    An idle die holds nothing; a dead one is no die.
    """
    if shape_of(first[0]) != shape_of(second[0]):
        return None
    machine = second[0]
    memory = _held(*second) - _held(*first)
    topology = topology_of(machine)
    before = dict(
        zip(
            zip(first[1].link_source.tolist(), first[1].link_target.tolist(), strict=True),
            _load(first[1]).tolist(),
            strict=True,
        )
    )
    pairs = zip(topology.source.tolist(), topology.target.tolist(), strict=True)
    load = _load(second[1]) - np.array([before.get(pair, np.nan) for pair in pairs])
    return Difference(machine, memory, load)


def _held(machine: Machine, timeline: Timeline) -> FloatArray:
    held = np.nan_to_num(peak_of_dies(timeline))
    held[list(machine.dead_ids)] = np.nan
    return held


def _load(timeline: Timeline) -> FloatArray:
    room = timeline.link_bytes_per_s * max(timeline.duration_s, 1e-30)
    return np.asarray(timeline.step_link_bytes / room, dtype=np.float64)


def difference_picture(
    found: Difference, width: float, height: float, tokens: Tokens, dpr: float = 1.0
) -> DisplayList:
    """Dies filled by memory, lanes coloured and widened by load; the scales below."""
    machine = found.machine
    canvas = canvas_of(machine, width, height, HEAD_PX, FOOT_PX)
    layout = lay_out(machine, canvas, dpr=dpr)
    fills = diverging_fills(tokens)
    layers: list[Layer] = [
        _lanes(found, layout, tokens, fills),
        _dies(found, layout, tokens, fills),
    ]
    if layout.detail == CARD:
        layers.append(_figures(found, layout, fills))
    return DisplayList(
        width, height, tokens.canvas, (0.0, 0.0, width, height - FOOT_PX),
        furniture=(*axis_layers(layout, machine, tokens), *_scales(found, width, height, tokens)),
        ground=outline_layers(layout, machine, tokens),
        dies=tuple(layers),
        description="Second run less the first",
    )  # fmt: skip


def _dies(found: Difference, layout: Layout, tokens: Tokens, fills: tuple[str, ...]) -> Rects:
    gone = np.isnan(found.memory_bytes)
    level = np.where(gone, LEVELS, diverging_levels(found.memory_bytes, found.most_bytes))
    xywh, start, _ = sorted_buckets(layout.die_xywh, level.astype(np.int32), LEVELS + 1)
    border = "" if layout.detail == IMAGE else tokens.control
    radius = 3.0 if layout.detail == CARD else 0.0
    return Rects("differences", xywh, start, (*fills, tokens.canvas), (border,) * (LEVELS + 1),
                 1.0, radius)  # fmt: skip


def _lanes(found: Difference, layout: Layout, tokens: Tokens, fills: tuple[str, ...]) -> Lines:
    topology = topology_of(found.machine)
    ends = layout.lane_ends(topology.source, topology.target)
    level = diverging_levels(found.load, found.most_load)
    away = np.abs(np.arange(LEVELS) - SIDE) / SIDE
    thick = 1.0 if layout.detail == IMAGE else LANE_PX[1]
    widths = tuple(1.0 if a == 0 else round(min(LANE_PX[0] + 3 * a, thick)) for a in away.tolist())
    colours = tuple(tokens.hairline if n == SIDE else fills[n] for n in range(LEVELS))
    xyxy, start, _ = sorted_buckets(ends, level, LEVELS)
    return Lines("load differences", xyxy, start, colours, tuple(float(w) for w in widths))


def _figures(found: Difference, layout: Layout, fills: tuple[str, ...]) -> Layer:
    level = diverging_levels(found.memory_bytes, found.most_bytes)
    half = layout.die_px / 2
    items = [
        (
            signed(float(value), byte_count),
            x + half,
            baseline(y + half, LEAST_PX),
            TextLook(ink_on(fills[n]), LEAST_PX, False, MIDDLE),
        )
        for value, n, (x, y) in zip(
            found.memory_bytes.tolist(),
            level.tolist(),
            layout.die_xywh[:, :2].tolist(),
            strict=True,
        )
        if np.isfinite(value) and n != SIDE
    ]
    fitting = [item for item in items if text_width(item[0], LEAST_PX) <= layout.die_px - 4]
    return texts("difference texts", fitting, card=True)


def signed(value: float, text: object) -> str:
    """A difference with its sign.

    >>> signed(2e9, byte_count), signed(-2e9, byte_count), signed(0.0, byte_count)
    ('+2.00\u2009GB', '−2.00\u2009GB', '0\u2009B')
    """
    if not np.isfinite(value):
        return NONE
    shown = text(abs(value)) if callable(text) else str(abs(value))
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{shown}"


def _scales(found: Difference, width: float, height: float, tokens: Tokens) -> tuple[Layer, ...]:
    """Two ramps with what their ends are, one under the other below the map."""
    rows = (
        ("Peak memory", found.most_bytes, byte_count),
        ("Link load", found.most_load, percent),
    )
    muted = TextLook(tokens.muted, LEAST_PX, False, START)
    before = TextLook(tokens.muted, LEAST_PX, False, END)
    fills = diverging_fills(tokens)
    pixels = np.array([[_packed(fill) for fill in fills]], dtype=np.uint32)
    ends = max(text_width(signed(m, text), LEAST_PX) for _, m, text in rows) + 6
    left = SIDE_PX + text_width(rows[0][0], LEAST_PX) + 8 + ends
    wide = min(width - left - ends - SIDE_PX, MOST_RAMP_PX)
    layers: list[Layer] = []
    items: list[tuple[str, float, float, TextLook]] = []
    for number, (title, most, text) in enumerate(rows):
        y = height - FOOT_PX + 4 + number * ROW_PX
        middle = baseline(y + RAMP_PX / 2, LEAST_PX)
        if not most > 0 or wide < 2 * RAMP_PX:
            said = f"{title}: up to {text(most)}" if most > 0 else f"{title}: no difference"
            items.append((said, SIDE_PX, middle, muted))
            continue
        layers.append(
            Image(f"{title} ramp", pixels, np.linspace(left, left + wide, LEVELS + 1),
                  np.array([y, y + RAMP_PX]))
        )  # fmt: skip
        layers.append(rects(f"{title} edge", [[left, y, wide, RAMP_PX]], "", tokens.control))
        items.append((title, SIDE_PX, middle, muted))
        items.append((signed(-most, text), left - 6, middle, before))
        items.append((signed(most, text), left + wide + 6, middle, muted))
    return (*layers, texts("scale texts", items))


def _packed(colour: str) -> int:
    red, green, blue = rgb(colour)
    return 0xFF000000 | red << 16 | green << 8 | blue
