"""Chunks on the wafer: exactly the transfers in flight, on their routes, at constant speed."""

from __future__ import annotations

import numpy as np
from scenes import EACH, MACHINES, far_time, scene, times

from tempstudio.core.timeline import Timeline
from tempstudio.scene.tokens import LIGHT
from tempstudio.scene.wafer import (
    Ground,
    View,
    build,
    lay_ground,
)


@EACH
def test_chunks_are_exactly_the_transfers_in_flight(name: str) -> None:
    """At 100 random times; and their bytes, link by link, are the loads that the gauges show."""
    ground, timeline = scene(name)
    moved = 0
    for time_s in times(timeline, 100):
        frame = timeline.at(time_s)
        picture = build(ground, timeline, frame)
        chunks = picture.chunks
        assert chunks is not None
        assert chunks.flow.tolist() == list(range(len(frame.transfers)))
        assert len(chunks.xy) == len(chunks.look) == len(frame.transfers)
        letters = [look.fill for look in chunks.looks]
        roles = [LIGHT.roles[role] for role in frame.transfers.role]
        assert [letters[look] for look in chunks.look.tolist()] == roles
        loads = np.zeros(len(timeline.link_source))
        flows = frame.transfers
        for flow in chunks.flow.tolist():
            links = flows.hop_link[flows.hop_start[flow] : flows.hop_start[flow + 1]]
            np.add.at(loads, links, flows.bytes[flow])
        assert np.allclose(loads, frame.link_bytes)
        moved += len(chunks.xy)
    assert moved > 100


@EACH
def test_every_chunk_is_on_its_route(name: str) -> None:
    """Within reach of a lane it uses, or between two of them."""
    ground, timeline = scene(name)
    layout = ground.layout
    for time_s in times(timeline, 12, seed=2):
        frame = timeline.at(time_s)
        chunks = build(ground, timeline, frame).chunks
        assert chunks is not None
        flows = frame.transfers
        for flow, (x, y) in zip(chunks.flow.tolist(), chunks.xy.tolist(), strict=True):
            lanes = ground.lanes[flows.hop_link[flows.hop_start[flow] : flows.hop_start[flow + 1]]]
            corners = lanes.reshape(-1, 2)
            low, high = corners.min(axis=0), corners.max(axis=0)
            reach = layout.die_px
            assert low[0] - reach <= x <= high[0] + reach
            assert low[1] - reach <= y <= high[1] + reach


def route_positions(ground: Ground, timeline: Timeline, shares: np.ndarray) -> np.ndarray:
    """Positions [shares, flows, 2] of a frame's chunks as its flows go from start to end."""
    from tempstudio.scene.chunks import positions

    frame = timeline.at(far_time(timeline))
    flows = frame.transfers
    return np.array(
        [
            positions(ground.layout, ground.lanes, flows, np.full(len(flows), share))[0]
            for share in shares
        ]
    )


@EACH
def test_chunks_go_from_die_to_die_at_constant_speed(name: str) -> None:
    ground, timeline = scene(name)
    frame = timeline.at(far_time(timeline))
    at = route_positions(ground, timeline, np.linspace(0, 1, 201))
    half = ground.layout.die_px / 2
    centre = ground.layout.die_xywh[:, :2] + half
    reach = np.hypot(half, ground.layout.lane_px) + 1
    assert (np.hypot(*(at[0] - centre[frame.transfers.source]).T) <= reach).all()
    assert (np.hypot(*(at[-1] - centre[frame.transfers.target]).T) <= reach).all()
    hops = np.diff(frame.transfers.hop_start)
    assert hops.max() > 1
    straight = hops == 1
    steps = np.hypot(*np.moveaxis(np.diff(at, axis=0), -1, 0))
    assert np.allclose(steps[:, straight], steps[:1, straight])
    # Round a corner a step cuts it, so it is shorter, never longer.
    longest = steps.max(axis=0)
    assert (steps <= longest + 1e-9).all()
    assert (np.median(steps, axis=0) > 0.99 * longest).all()


@EACH
def test_reduced_motion_keeps_every_chunk_and_stills_it(name: str) -> None:
    machine, size = MACHINES[name]
    _, timeline = scene(name)
    ground = lay_ground(machine, *size, View(reduced_motion=True))
    start = far_time(timeline)
    first = build(ground, timeline, timeline.at(start)).chunks
    later = build(ground, timeline, timeline.at(start + 1e-5)).chunks
    assert first is not None and later is not None
    assert all(look.arrow for look in first.looks)
    assert len(first.xy) == len(later.xy)
    assert np.array_equal(first.xy, later.xy) and np.array_equal(first.angle, later.angle)
