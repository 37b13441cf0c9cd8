"""The wafer picture as a display list: what is drawn is what the timeline says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scenes import EACH, FAULTY, MACHINES, SMALL, far_time, layer, scene, times
from timelines_by_hand import PHASES, make_timeline

from tempstudio.core.machine import Machine, Wafer
from tempstudio.core.topology import topology_of
from tempstudio.scene.cividis import FILLS, levels_of
from tempstudio.scene.display_list import Image, Lines, Rects, Sprites, Texts
from tempstudio.scene.heat_map import cell_colours
from tempstudio.scene.lanes import WIDTHS, level_colours
from tempstudio.scene.marks import Marks
from tempstudio.scene.tokens import DARK, LIGHT, THEMES, mix, panel_of, rgb
from tempstudio.scene.wafer import (
    View,
    build,
    lay_ground,
    wafer_picture,
)


def test_die_fills_are_the_memory_in_use() -> None:
    ground, timeline = scene("faults")
    for time_s in times(timeline, 10, seed=3):
        frame = timeline.at(time_s)
        dies = layer(build(ground, timeline, frame), "dies", Rects)
        assert isinstance(dies, Rects)
        share = frame.memory.sum(axis=0) / timeline.capacity_bytes
        level = levels_of(share)
        drawn = {}
        for bucket, fill in enumerate(dies.fill):
            for box in dies.xywh[dies.start[bucket] : dies.start[bucket + 1]].tolist():
                drawn[ground.layout.die_at(box[0] + 1, box[1] + 1)] = fill
        assert drawn == {die: FILLS[level[die]] for die in FAULTY.alive_ids}


def test_gauges_are_as_long_as_the_memory_in_use() -> None:
    ground, timeline = scene("cards")
    frame = timeline.at(timeline.duration_s * 0.4)
    picture = build(ground, timeline, frame)
    gauges, tracks = picture.layer("gauges"), picture.layer("gauge tracks")
    assert isinstance(gauges, Rects) and isinstance(tracks, Rects)
    assert np.array_equal(gauges.xywh[:, :2], tracks.xywh[:, :2])
    for (x, y, width, _), full in zip(gauges.xywh.tolist(), tracks.xywh[:, 2], strict=True):
        die = ground.layout.die_at(x, y)
        assert die is not None
        share = frame.memory[:, die].sum() / timeline.capacity_bytes
        assert abs(width - share * full) <= 0.5


@EACH
def test_lanes_say_their_load_by_colour_and_width(name: str) -> None:
    ground, timeline = scene(name)
    if ground.heat_map is not None:
        return
    for time_s in times(timeline, 10, seed=4):
        frame = timeline.at(time_s)
        lanes = layer(build(ground, timeline, frame), "lanes", Lines)
        assert isinstance(lanes, Lines)
        assert lanes.colour == level_colours(LIGHT) and lanes.width_px == WIDTHS
        quarter = np.ceil(np.clip(frame.link_utilization, 0, 1) * 4 - 1e-9).astype(int)
        expected = np.bincount(quarter, minlength=5)
        assert np.diff(lanes.start).tolist() == expected.tolist()
        assert len(lanes.xyxy) == topology_of(ground.machine).links


@pytest.mark.parametrize("load", [0.01, 0.25, 0.26, 0.5, 0.75, 0.99, 1.0])
def test_width_rises_from_two_to_five_pixels(load: float) -> None:
    ground, timeline = scene("cards")
    frame = replace(timeline.at(0.0), link_utilization=np.full(len(timeline.link_source), load))
    lanes = build(ground, timeline, frame).layer("lanes")
    assert isinstance(lanes, Lines)
    bucket = int(np.argmax(np.diff(lanes.start)))
    assert lanes.width_px[bucket] == 1 + np.ceil(load * 4)


def test_dead_links_are_drawn_broken_and_dead_dies_hatched() -> None:
    ground, _ = scene("faults")
    picture = build(ground)
    crosses, stubs = picture.layer("dead link crosses"), picture.layer("dead link stubs")
    assert isinstance(crosses, Lines) and isinstance(stubs, Lines)
    assert len(crosses.xyxy) == 2 * len(FAULTY.dead_links)
    for (x0, y0, x1, y1), link in zip(
        crosses.xyxy[: len(FAULTY.dead_links)].tolist(), FAULTY.dead_links, strict=True
    ):
        under = ground.layout.link_at((x0 + x1) / 2, (y0 + y1) / 2)
        assert under is not None
        assert set(under) == {FAULTY.die_id(end) for end in link}
    dead = picture.layer("dead dies")
    assert isinstance(dead, Rects) and len(dead.xywh) == len(FAULTY.dead_dies)
    hatch = picture.layer("dead hatch")
    assert isinstance(hatch, Lines)
    for x0, y0, x1, y1 in hatch.xyxy.tolist():
        die = ground.layout.die_at((x0 + x1) / 2, (y0 + y1) / 2)
        assert die in FAULTY.dead_ids


def test_core_yield_cuts_a_deeper_notch_the_lower_it_is() -> None:
    picture = build(scene("faults")[0])
    notches = picture.layer("yield notches")
    assert notches is not None
    legs = {
        FAULTY.core_yield[i][-1]: float(np.ptp(corners[:, 0]))
        for i, corners in enumerate(notches.points)  # type: ignore[union-attr]
    }
    assert legs[0.5] > legs[0.9] > 3


@pytest.mark.parametrize("name", ["cards", "squares"])
def test_over_capacity_is_marked_by_shape_as_well(name: str) -> None:
    machine, size = MACHINES[name]
    timeline = make_timeline(machine, fill=2.0)
    picture = wafer_picture(machine, timeline, 1e-4, *size)
    over = timeline.at(1e-4).memory.sum(axis=0) > timeline.capacity_bytes
    octagons = picture.layer("over octagons")
    assert over.sum() == machine.alive_count
    assert octagons is not None
    assert octagons.points.shape == (machine.alive_count, 8, 2)  # type: ignore[union-attr]
    assert picture.layer("over hatch") is not None
    calm = wafer_picture(machine, make_timeline(machine, fill=0.5), 1e-4, *size)
    assert calm.layer("over octagons") is None and calm.layer("over hatch") is None


@EACH
@pytest.mark.parametrize("theme", THEMES)
def test_a_bare_or_stale_machine_shows_its_layout_without_chunks(name: str, theme: str) -> None:
    machine, size = MACHINES[name]
    _, timeline = scene(name)
    ground = lay_ground(machine, *size, View(theme=theme))
    frame = timeline.at(timeline.duration_s / 3)
    bare = build(ground)
    stale = build(ground, timeline, frame, Marks(stale="from before: dead die 1,2"))
    for picture in (bare, stale):
        assert picture.chunks is None
        dies, lanes = picture.layer("dies"), picture.layer("lanes")
        if isinstance(dies, Rects):
            assert len(dies.xywh) == machine.alive_count
            used = {dies.fill[i] for i in range(len(dies.fill)) if np.diff(dies.start)[i]}
            assert used == {THEMES[theme].surface}
        if isinstance(lanes, Lines):
            assert np.diff(lanes.start)[1:].sum() == 0
    words = stale.layer("ribbon text")
    assert isinstance(words, Texts) and words.text == ("from before: dead die 1,2",)


def test_nothing_of_another_machines_run_is_drawn() -> None:
    ground, timeline = scene("cards")
    for other in (Wafer(rows=8, cols=6), Wafer(dead_links=[((0, 0), (0, 1))])):
        strange = make_timeline(other)
        with pytest.raises(ValueError, match="another machine"):
            build(ground, strange, strange.at(0.0))
    build(ground, timeline, timeline.at(0.0))


def test_the_image_has_a_cell_a_die_and_a_cell_a_link() -> None:
    ground, timeline = scene("image")
    machine = ground.machine
    frame = timeline.at(far_time(timeline))
    image = build(ground, timeline, frame).layer("mesh")
    assert isinstance(image, Image)
    assert image.pixels.shape == (2 * machine.rows - 1, 2 * machine.cols - 1)
    topology = topology_of(machine)

    def colour(cell: tuple[int, int]) -> tuple[int, int, int]:
        value = int(image.pixels[cell])
        return value >> 16 & 255, value >> 8 & 255, value & 255

    for die in machine.dead_ids:
        row, col = topology.places[die]
        assert colour((2 * row, 2 * col)) == rgb(LIGHT.canvas)
    idle, busy = 0, 0
    for link in range(topology.links):
        (r0, c0), (r1, c1) = (topology.places[v] for v in
                              (topology.source[link], topology.target[link]))  # fmt: skip
        back = topology.link_ids[int(topology.target[link]), int(topology.source[link])]
        load = max(frame.link_utilization[link], frame.link_utilization[back])
        expected = cell_colours(LIGHT)[int(np.ceil(min(load, 1) * 4 - 1e-9))]
        assert colour((r0 + r1, c0 + c1)) == rgb(expected)
        idle, busy = idle + (load == 0), busy + (load > 0)
    assert idle and busy


def test_selection_dims_what_does_not_touch_it() -> None:
    ground, timeline = scene("cards")
    frame = timeline.at(1.5e-4)
    die = int(frame.transfers.source[0])
    picture = build(ground, timeline, frame, Marks(dies=(die,)))
    chunks, veil = picture.chunks, picture.layer("veil")
    assert chunks is not None and isinstance(veil, Rects)
    assert len(veil.xywh) == ground.machine.die_count - 1
    touching = (frame.transfers.source == die) | (frame.transfers.target == die)
    assert np.array_equal(chunks.opacity, np.where(touching, 1.0, 0.35))
    lanes = picture.layer("lanes")
    assert isinstance(lanes, Lines)
    bright = np.diff(lanes.start)[5:].sum()
    assert bright == (timeline.link_source == die).sum() + (timeline.link_target == die).sum()
    assert mix(LIGHT.hairline, LIGHT.canvas, 0.35) in lanes.colour
    kept = build(ground, timeline, frame, Marks(dies=(die,), dim_others=False))
    assert kept.layer("veil") is None
    assert kept.chunks is not None and (kept.chunks.opacity == 1).all()


def test_a_selected_operator_dims_the_chunks_of_others() -> None:
    ground, timeline = scene("cards")
    for time_s in times(timeline, 20, seed=5):
        frame = timeline.at(time_s)
        chunks = build(ground, timeline, frame, Marks(operator="qkv")).chunks
        assert chunks is not None
        own = [PHASES[phase].operator == "qkv" for phase in frame.transfers.phase.tolist()]
        assert chunks.opacity.tolist() == [1.0 if mine else 0.35 for mine in own]


def test_marks_are_distinct_shapes_around_the_right_die() -> None:
    ground, _ = scene("cards")
    picture = build(ground, marks=Marks(dies=(9,), hovered_die=3, focus=20, links=()))
    for name, die, colour, width in (
        ("hovered", 3, LIGHT.accent, 1.0),
        ("selected gap", 9, LIGHT.canvas, 1.0),
        ("selected", 9, LIGHT.accent, 2.0),
        ("focus", 20, LIGHT.accent, 2.0),
    ):
        ring = picture.layer(name)
        assert isinstance(ring, Rects)
        assert (ring.border[0], ring.border_px, ring.fill[0]) == (colour, width, "")
        x, y, wide, tall = ring.xywh[0].tolist()
        assert ground.layout.die_at(x + wide / 2, y + tall / 2) == die
    focus, selected = picture.layer("focus"), picture.layer("selected")
    assert isinstance(focus, Rects) and isinstance(selected, Rects)
    assert focus.xywh[0, 2] == ground.layout.die_px + 8  # offset 2, width 2, on both sides
    assert selected.xywh[0, 2] == ground.layout.die_px + 6  # 1 canvas, 2 accent


def test_unchanged_cards_come_back_as_the_same_layers() -> None:
    ground, timeline = scene("cards")
    first = build(ground, timeline, timeline.at(1.0e-5))
    again = build(ground, timeline, timeline.at(1.1e-5))
    other = build(ground, timeline, timeline.at(timeline.duration_s / 2))
    assert first.dies is again.dies and first.ground is again.ground
    assert first.furniture is again.furniture
    assert first.dies is not other.dies


def test_zoomed_in_only_what_is_in_sight_is_listed() -> None:
    machine = Wafer(rows=40, cols=40)
    ground = lay_ground(machine, *SMALL, View(zoom=10.0))
    dies = build(ground).layer("dies")
    assert isinstance(dies, Rects)
    assert 0 < len(dies.xywh) < 200
    x, y, width, height = ground.layout.canvas
    inside = [
        die
        for die, (left, top, wide, tall) in enumerate(ground.layout.die_xywh.tolist())
        if left + wide > x and left < x + width and top + tall > y and top < y + height
    ]
    shown = {ground.layout.die_at(box[0] + 1, box[1] + 1) for box in dies.xywh.tolist()}
    assert set(inside) <= shown


@pytest.mark.parametrize("machine", [Wafer(), Wafer(rows=12, cols=16), Wafer(rows=40, cols=40)])
def test_themes_share_geometry_and_differ_in_colour(machine: Machine) -> None:
    timeline = make_timeline(machine)
    light, dark = (
        wafer_picture(machine, timeline, 1.5e-4, *SMALL, view=View(theme=theme))
        for theme in ("light", "dark")
    )
    assert (light.background, dark.background) == (LIGHT.canvas, DARK.canvas)
    assert [one.name for one in light.layers()] == [one.name for one in dark.layers()]
    assert light.chunks is not None and dark.chunks is not None
    assert np.array_equal(light.chunks.xy, dark.chunks.xy)
    assert light.chunks.looks != dark.chunks.looks
    outline = light.layer("wafers")
    assert isinstance(outline, Rects) and outline.fill == (panel_of(LIGHT),)


def test_letters_stand_on_chunks_from_44_px_on_and_numbers_on_large_ones() -> None:
    def looks(machine: Machine, size: tuple[int, int]) -> set[str]:
        picture = wafer_picture(machine, make_timeline(machine), 1.5e-4, *size)
        chunks = picture.chunks
        assert isinstance(chunks, Sprites)
        assert chunks.halo_px == (1.0 if machine.rows < 80 else 0.0)
        return {look.letter for look in chunks.looks}

    assert looks(Wafer(rows=12, cols=16), SMALL) == {""}
    assert looks(Wafer(rows=80, cols=95), SMALL) == {""}
    assert looks(Wafer(), SMALL) == {"W"}
    numbered = looks(Wafer(), (1600, 1000))
    assert {text[0] for text in numbered} == {"W"} and len(numbered) > 4
