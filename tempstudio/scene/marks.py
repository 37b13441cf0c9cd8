"""What a person points at: hover, selection, focus, rubber band, and everything else receding."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.machine import Machine
from tempstudio.core.timeline import Frame, Timeline
from tempstudio.core.topology import Topology
from tempstudio.scene.display_list import Layer, lines, rects
from tempstudio.scene.layout import IMAGE, Layout
from tempstudio.scene.tokens import Tokens

FloatArray = NDArray[np.float64]
Link = tuple[int, int]

VEIL = "A6"  # 65 % canvas over what recedes to 35 %


@dataclass(frozen=True)
class Marks:
    """Pointed-at things by die number, links as (source, target).

    `home` are the dies that hold the selected copy of an operator; `stale` says why the picture
    shows the layout without chunks ("" for a live one); `spoken_stage` the pipeline stage the
    caption speaks of (-1: the busiest); `message` replaces the caption.
    """

    dies: tuple[int, ...] = ()
    links: tuple[Link, ...] = ()
    operator: str = ""
    tensor: str = ""
    home: tuple[int, ...] = ()
    hovered_die: int | None = None
    hovered_link: Link | None = None
    focus: int | None = None
    band: tuple[float, float, float, float] | None = None
    stale: str = ""
    message: str = ""
    spoken_stage: int = -1
    dim_others: bool = True

    @cached_property
    def focused_dies(self) -> frozenset[int]:
        """The dies that stay bright while others dim; empty when all do."""
        if not self.dim_others:
            return frozenset()
        chosen = frozenset(self.dies) | {die for link in self.links for die in link}
        return chosen or frozenset(self.home)


def dimmed_links(marks: Marks, topology: Topology) -> NDArray[np.bool_] | None:
    """Which links recede: all but the selected ones, or those at a selected die [links]."""
    if not marks.focused_dies:
        return None
    if marks.links:
        bright = np.zeros(topology.links, dtype=bool)
        numbers = topology.link_ids
        bright[[numbers[link] for link in marks.links if link in numbers]] = True
        return ~bright
    chosen = np.zeros(topology.vertices, dtype=bool)
    chosen[list(marks.focused_dies)] = True
    return ~(chosen[topology.source] | chosen[topology.target])


def dimmed_transfers(
    marks: Marks, topology: Topology, timeline: Timeline, frame: Frame
) -> NDArray[np.bool_] | None:
    """Which transfers recede: those that touch nothing selected [transfers]."""
    transfers = frame.transfers
    faded = np.zeros(len(transfers), dtype=bool)
    if marks.focused_dies:
        links = dimmed_links(marks, topology)
        assert links is not None
        bright = np.concatenate([[0], np.cumsum(~links[transfers.hop_link])])
        faded |= bright[transfers.hop_start[1:]] == bright[transfers.hop_start[:-1]]
    if marks.operator or marks.tensor:
        other = np.array(
            [
                (bool(marks.operator) and phase.operator != marks.operator)
                or (bool(marks.tensor) and phase.tensor != marks.tensor)
                for phase in timeline.phases
            ],
            dtype=bool,
        )
        faded |= other[transfers.phase]
    return faded if faded.any() else None


def veil_layers(
    layout: Layout, machine: Machine, tokens: Tokens, marks: Marks
) -> tuple[Layer, ...]:
    """A veil over the dies that recede."""
    if not marks.focused_dies:
        return ()
    faded = layout.visible.copy()
    faded[[die for die in marks.focused_dies if die < len(faded)]] = False
    if not faded.any():
        return ()
    return (rects("veil", layout.die_xywh[faded], tokens.canvas + VEIL),)


def mark_layers(
    layout: Layout, tokens: Tokens, lanes: FloatArray, topology: Topology, marks: Marks
) -> tuple[Layer, ...]:
    """Hover, selection and focus of dies and links, and the rubber band."""
    found: list[Layer] = []
    radius = 0.0 if layout.detail == IMAGE else 4.0
    chosen = [die for die in marks.dies if die < len(layout.place)]
    if chosen:
        at = layout.die_xywh[chosen]
        found.append(_ring("selected gap", at, 0.5, tokens.canvas, 1.0, radius))
        found.append(_ring("selected", at, 2.0, tokens.accent, 2.0, radius + 2))
    hovered = marks.hovered_die
    if hovered is not None and hovered < len(layout.place) and hovered not in chosen:
        at = layout.die_xywh[[hovered]]
        found.append(_ring("hovered", at, -0.5, tokens.accent, 1.0, radius))
    if marks.focus is not None and marks.focus < len(layout.place):
        at = layout.die_xywh[[marks.focus]]
        found.append(_ring("focus", at, 6.0 if marks.focus in chosen else 3.0, tokens.accent, 2.0,
                           radius + 3))  # fmt: skip
    found += _link_rings("selected links", marks.links, layout, tokens, lanes, topology, 2.0)
    if marks.hovered_link is not None and marks.hovered_link not in marks.links:
        found += _link_rings(
            "hovered link", (marks.hovered_link,), layout, tokens, lanes, topology, 1.0
        )
    if marks.band is not None:
        x, y, width, height = marks.band
        found.append(
            rects("band", [[x, y, width, height]], tokens.accent + "22", tokens.accent, 1.0)
        )
    return tuple(found)


def _ring(name: str, at: FloatArray, out: float, colour: str, width: float, radius: float) -> Layer:
    """Outlines `out` px outside rectangles (to the line's middle)."""
    grown = at + np.array([-out, -out, 2 * out, 2 * out])
    # A border is drawn inside its rectangle.
    grown += np.array([-width / 2, -width / 2, width, width])
    return rects(name, grown, "", colour, width, radius)


def _link_rings(
    name: str,
    links: tuple[Link, ...],
    layout: Layout,
    tokens: Tokens,
    lanes: FloatArray,
    topology: Topology,
    width: float,
) -> tuple[Layer, ...]:
    """Lanes of links set between two accent lines; broken ones too."""
    if not links:
        return ()
    top = topology.vertices
    ends = np.array([link for link in links if max(link) < top], dtype=np.int32).reshape(-1, 2)
    at = layout.lane_ends(ends[:, 0], ends[:, 1])
    way = at[:, 2:] - at[:, :2]
    unit = way / np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)[:, None]
    aside = np.column_stack([-unit[:, 1], unit[:, 0]]) * min(4.5, max(layout.lane_px, 2.0))
    both = np.vstack([at + np.tile(aside, 2), at - np.tile(aside, 2)])
    return (lines(name, both, tokens.accent, width, crisp=False),)
