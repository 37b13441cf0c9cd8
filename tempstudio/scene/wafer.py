"""The wafer picture: machine, timeline, frame, size, theme and selection to a display list.

What depends on machine, size and theme alone is laid out once (`lay_ground`); a frame then takes a
few array operations (`build`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.machine import Machine
from tempstudio.core.timeline import Frame, Timeline
from tempstudio.core.topology import Topology, topology_of
from tempstudio.scene.caption import short_name
from tempstudio.scene.cards import DieState, dead_die_layers, die_layers, unknown_state
from tempstudio.scene.chunks import chunk_layer
from tempstudio.scene.display_list import DisplayList, Layer
from tempstudio.scene.fitting import canvas_of, lay_out
from tempstudio.scene.furniture import (
    CAPTION_PX,
    axis_layers,
    caption_layers,
    outline_layers,
    ribbon_layers,
)
from tempstudio.scene.heat_map import HeatMap, heat_layers, lay_heat_map
from tempstudio.scene.lanes import dead_link_layers, lane_layer, load_levels
from tempstudio.scene.layout import CARD, IMAGE, Layout
from tempstudio.scene.legend import HEIGHT_PX, legend_layers
from tempstudio.scene.marks import Marks, dimmed_links, dimmed_transfers, mark_layers, veil_layers
from tempstudio.scene.tokens import THEMES, Tokens

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """How a picture is looked at: theme, zoom, `pan` in px, device pixels a logical one."""

    theme: str = "light"
    zoom: float = 1.0
    pan: tuple[float, float] = (0.0, 0.0)
    dpr: float = 1.0
    caption: bool = True
    legend: bool = True
    reduced_motion: bool = False
    memory_top: float = 1.0  # share of the memory at which the die colours end


@dataclass(frozen=True, eq=False)
class Ground:
    """All of a picture that no frame changes; `lanes` [links, 4] are the ends of every link."""

    machine: Machine
    width: float
    height: float
    view: View
    tokens: Tokens
    layout: Layout
    topology: Topology
    lanes: FloatArray
    seen: NDArray[np.intp]  # links inside the canvas
    heat_map: HeatMap | None
    crosses: tuple[Layer, ...]  # on broken links, over the heat map
    furniture: tuple[Layer, ...]
    ground: tuple[Layer, ...]
    kept: dict[object, tuple[Layer, ...]] = field(default_factory=dict)


def lay_ground(
    machine: Machine,
    width: float,
    height: float,
    view: View | None = None,
    roles: tuple[str, ...] = (),
) -> Ground:
    """Lay out a machine in a picture; `roles` are those the legend names (`roles_of`)."""
    view = view or View()
    tokens = THEMES[view.theme]
    layout = layout_of(machine, width, height, view)
    canvas = layout.canvas
    topology = topology_of(machine)
    lanes = layout.lane_ends(topology.source, topology.target)
    furniture = axis_layers(layout, machine, tokens)
    if view.legend:
        furniture += legend_layers(
            tokens, machine, roles, width, height - HEIGHT_PX, view.memory_top
        )
    ground = outline_layers(layout, machine, tokens)
    heat_map = None
    crosses: tuple[Layer, ...] = ()
    if layout.detail == IMAGE:
        heat_map = lay_heat_map(layout, machine, topology)
        crosses = dead_link_layers(layout, machine, tokens)[1:]
    else:
        ground += dead_die_layers(layout, machine, tokens)
        ground += dead_link_layers(layout, machine, tokens)
    seen = np.flatnonzero(_inside(lanes, canvas))
    return Ground(machine, width, height, view, tokens, layout, topology, lanes, seen, heat_map,
                  crosses, furniture, ground)  # fmt: skip


def layout_of(machine: Machine, width: float, height: float, view: View) -> Layout:
    """Where the dies lie in a picture."""
    above, below = CAPTION_PX if view.caption else 0.0, HEIGHT_PX if view.legend else 0.0
    canvas = canvas_of(machine, width, height, above, below)
    return lay_out(machine, canvas, view.zoom, view.pan, view.dpr)


def _inside(lanes: FloatArray, canvas: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    x, y, width, height = canvas
    inside: NDArray[np.bool_] = (
        (np.maximum(lanes[:, 0], lanes[:, 2]) >= x)
        & (np.minimum(lanes[:, 0], lanes[:, 2]) <= x + width)
        & (np.maximum(lanes[:, 1], lanes[:, 3]) >= y)
        & (np.minimum(lanes[:, 1], lanes[:, 3]) <= y + height)
    )
    return inside


def roles_of(timeline: Timeline | None) -> tuple[str, ...]:
    """The roles of everything that a timeline moves."""
    if timeline is None:
        return ()
    found = {phase.role for phase in timeline.phases if phase.kind != "compute"}
    return tuple(sorted(found - {""}))


def belongs(timeline: Timeline, machine: Machine) -> bool:
    """Whether a timeline runs on this machine's dies and links, so that it may be drawn on it."""
    topology = topology_of(machine)
    return (
        len(timeline.stage_of_die) == machine.die_count
        and np.array_equal(timeline.link_source, topology.source)
        and np.array_equal(timeline.link_target, topology.target)
    )


def build(
    ground: Ground,
    timeline: Timeline | None = None,
    frame: Frame | None = None,
    marks: Marks | None = None,
) -> DisplayList:
    """The picture of one instant; without a timeline, or while `marks.stale`, the bare layout.

    Raises `ValueError` where the timeline was made for another mesh.
    """
    marks = marks or Marks()
    if timeline is not None and not belongs(timeline, ground.machine):
        raise ValueError("the timeline belongs to another machine")
    live = timeline is not None and frame is not None and not marks.stale
    state = (
        die_state(timeline, frame, ground.view.memory_top)
        if live and timeline and frame
        else _bare(ground)
    )
    rest = np.zeros(ground.topology.links)
    levels = load_levels(frame.link_utilization if live and frame is not None else rest)
    moving: tuple[Layer, ...]
    if ground.heat_map is not None:
        dies: tuple[Layer, ...] = ()
        moving = heat_layers(ground.heat_map, ground.layout, ground.tokens, state, levels)
        moving += ground.crosses
    else:
        dies = _die_layers(ground, state, marks)
        faded = dimmed_links(marks, ground.topology)
        moving = (
            lane_layer(ground.lanes[ground.seen], levels[ground.seen], ground.tokens,
                       None if faded is None else faded[ground.seen]),
        )  # fmt: skip
    if live and timeline is not None and frame is not None:
        faded = dimmed_transfers(marks, ground.topology, timeline, frame)
        moving += (
            chunk_layer(ground.layout, ground.tokens, ground.lanes, frame.transfers,
                        timeline.phases, ground.topology, faded, ground.view.reduced_motion),
        )  # fmt: skip
    moving += mark_layers(ground.layout, ground.tokens, ground.lanes, ground.topology, marks)
    caption: tuple[Layer, ...] = ()
    if marks.stale:
        caption = ribbon_layers(ground.tokens, ground.width, marks.stale)
    elif ground.view.caption:
        caption = caption_layers(ground.tokens, ground.width, frame if live else None, marks)
    return DisplayList(
        width=ground.width,
        height=ground.height,
        background=ground.tokens.canvas,
        canvas=_clip(ground),
        furniture=ground.furniture,
        ground=ground.ground,
        dies=dies,
        moving=moving,
        caption=caption,
    )


def _clip(ground: Ground) -> tuple[float, float, float, float]:
    """The canvas with the margins around it that neither numbers nor texts use."""
    x, y, _, _ = ground.layout.canvas
    left = 0.0 if ground.layout.detail == CARD else x - 6
    below = HEIGHT_PX if ground.view.legend else 0.0
    return left, y - 6, ground.width - left, ground.height - below - y + 6


def _bare(ground: Ground) -> DieState:
    return unknown_state(ground.machine.die_count)


def die_state(timeline: Timeline, frame: Frame, top: float = 1.0) -> DieState:
    """What the dies show at one instant."""
    used = frame.memory.sum(axis=0)
    names = (*(short_name(phase.operator) for phase in timeline.phases), "")
    operator = [names[number] for number in frame.computing.tolist()]
    for die in np.flatnonzero(timeline.stage_of_die < 0).tolist():
        operator[die] = "idle"
    return DieState(used / timeline.capacity_bytes, used, tuple(operator), top)


def _die_layers(ground: Ground, state: DieState, marks: Marks) -> tuple[Layer, ...]:
    key = (state.key(ground.layout), marks.focused_dies)
    if key not in ground.kept:
        # One is enough: what matters is that an unchanged picture comes back as the same tuple.
        ground.kept.clear()
        layers = die_layers(ground.layout, ground.machine, ground.tokens, state)
        layers += veil_layers(ground.layout, ground.machine, ground.tokens, marks)
        ground.kept[key] = layers
    return ground.kept[key]


def wafer_picture(
    machine: Machine,
    timeline: Timeline | None,
    time_s: float,
    width: float,
    height: float,
    view: View | None = None,
    marks: Marks | None = None,
) -> DisplayList:
    """A picture from scratch: lay the ground, take the frame, build."""
    ground = lay_ground(machine, width, height, view, roles_of(timeline))
    frame = timeline.at(time_s) if timeline is not None else None
    return build(ground, timeline, frame, marks)
