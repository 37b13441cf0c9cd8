"""Wafers of every detail with a timeline made by hand, to draw in tests."""

from __future__ import annotations

import numpy as np
import pytest
from timelines_by_hand import make_timeline

from tempstudio.core.machine import Cluster, Wafer
from tempstudio.core.timeline import Timeline
from tempstudio.scene.display_list import DisplayList
from tempstudio.scene.wafer import (
    Ground,
    View,
    lay_ground,
    roles_of,
)

FAULTY = Wafer(
    dead_dies=[(1, 2), (4, 6)],
    dead_links=[((0, 0), (0, 1)), ((3, 3), (4, 3))],
    core_yield=[(0, 5, 0.9), (5, 1, 0.5)],
)
SMALL = (772, 543)
MACHINES = {
    "cards": (Wafer(), SMALL),
    "faults": (FAULTY, SMALL),
    "squares": (Wafer(rows=12, cols=16, dead_dies=[(3, 3)]), SMALL),
    "image": (Wafer(rows=40, cols=40, dead_dies=[(3, 3)]), SMALL),
    "chain": (Wafer(wafers=2), (1600, 1000)),
    "cluster": (Cluster(nodes=4), SMALL),
}
EACH = pytest.mark.parametrize("name", MACHINES)
_made: dict[str, tuple[Ground, Timeline]] = {}


def scene(name: str) -> tuple[Ground, Timeline]:
    if name not in _made:
        machine, size = MACHINES[name]
        timeline = make_timeline(machine, stages=machine.wafers)
        _made[name] = lay_ground(machine, *size, View(), roles_of(timeline)), timeline
    return _made[name]


def layer(picture: DisplayList, name: str, kind: type) -> object:
    found = picture.layer(name)
    assert isinstance(found, kind), name
    return found


def times(timeline: Timeline, count: int, seed: int = 1) -> list[float]:
    return np.random.default_rng(seed).uniform(0, timeline.duration_s, count).tolist()


def far_time(timeline: Timeline) -> float:
    """A time at which flows of several hops are under way."""
    table = timeline.templates
    item = int(np.flatnonzero(table.flow_set == 2)[0])
    return float(table.start_s[item]) + 1e-5
