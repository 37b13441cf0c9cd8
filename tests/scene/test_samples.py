"""Display-list pictures of the real samples: chunks, loads and gauges are the simulator's."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import tempstudio as ts
from tempstudio.resources import sample_folder
from tempstudio.scene.display_list import Lines, Rects, Texts
from tempstudio.scene.tokens import LIGHT
from tempstudio.scene.wafer import build, lay_ground, roles_of

# What the samples' solver finds: given here, so that nothing is searched for.
DEGREES = {
    "gpt3-175b-6x8": ts.Degrees(dp=3, stream=16, zero=3),
    "llama2-7b-6x8": ts.Degrees(dp=3, stream=16, zero=1),
    "llama3-70b-4x8-faults": ts.Degrees(dp=10, stream=3, zero=3),
}
SIZE = (772, 543)


@cache
def sample(name: str) -> ts.Run:
    loaded = ts.load(sample_folder() / f"{name}.tempstudio")
    project = getattr(loaded, "project", loaded)
    return ts.run(replace(project, degrees=DEGREES[name]))


@pytest.mark.parametrize("name", DEGREES)
def test_chunks_are_the_transfers_in_flight_and_their_bytes_the_loads(name: str) -> None:
    run = sample(name)
    timeline, machine = run.timeline, run.project.machine
    ground = lay_ground(machine, *SIZE, roles=roles_of(timeline))
    rng = np.random.default_rng(7)
    moving = 0
    for time_s in rng.uniform(0, timeline.duration_s, 100).tolist():
        frame = timeline.at(time_s)
        picture = build(ground, timeline, frame)
        chunks = picture.chunks
        assert chunks is not None
        assert chunks.flow.tolist() == list(range(len(frame.transfers)))
        loads = np.zeros(len(timeline.link_source))
        flows = frame.transfers
        for flow in chunks.flow.tolist():
            links = flows.hop_link[flows.hop_start[flow] : flows.hop_start[flow + 1]]
            np.add.at(loads, links, flows.bytes[flow])
        assert np.allclose(loads, frame.link_bytes)
        lanes = picture.layer("lanes")
        assert isinstance(lanes, Lines)
        loaded = int(np.diff(lanes.start)[1:].sum())
        assert loaded == np.count_nonzero(frame.link_utilization > 1e-9)
        moving += bool(len(chunks.xy))
    assert moving >= 5


@pytest.mark.parametrize("name", DEGREES)
def test_the_picture_of_a_sample(name: str) -> None:
    """What a person sees of it: all dies in their state, its faults, its roles, a caption."""
    run = sample(name)
    timeline, machine = run.timeline, run.project.machine
    ground = lay_ground(machine, *SIZE, roles=roles_of(timeline))
    picture = build(ground, timeline, timeline.at(timeline.duration_s / 2))
    dies = picture.layer("dies")
    assert isinstance(dies, Rects) and len(dies.xywh) == machine.alive_count
    assert bool(picture.layer("dead dies")) == bool(machine.dead_dies)
    assert bool(picture.layer("dead link crosses")) == bool(machine.dead_links)
    words = picture.layer("card texts")
    assert isinstance(words, Texts)
    idle = int((timeline.stage_of_die < 0).sum()) - len(machine.dead_dies)
    assert list(words.text).count("idle") == idle
    names = {layer.name for layer in picture.furniture}
    assert {f"legend role {role}" for role in roles_of(timeline)} <= names
    caption = picture.layer("caption")
    assert isinstance(caption, Texts)
    assert any("layer" in text for text in caption.text)
    assert picture.background == LIGHT.canvas
