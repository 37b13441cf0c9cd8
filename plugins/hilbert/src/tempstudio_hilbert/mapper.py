"""`hilbert`: groups are consecutive runs of a Hilbert curve through the working dies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

import tempstudio as ts
from tempstudio_hilbert.curve import hilbert

CORNERS = {
    "top-left": (False, False),
    "top-right": (False, True),
    "bottom-left": (True, False),
    "bottom-right": (True, True),
}


@dataclass(frozen=True)
class HilbertOptions:
    """Where the curve begins."""

    corner: str = ts.option(
        "any",
        choices=("any", *CORNERS),
        help="where the curve begins; any: the first corner from which all groups can stream",
    )


class HilbertMapper:
    """A run of the curve is a path and stays compact, whatever its length."""

    name = "hilbert"
    summary = "Consecutive runs of a Hilbert curve, XY routes"
    version = "1.0"
    Options = HilbertOptions

    def map(
        self,
        partition: ts.Partition,
        machine: ts.Machine,
        options: HilbertOptions,
        rng: np.random.Generator,
        progress: ts.Progress,
    ) -> ts.Mapping:
        """Ranks along the curve; where a fault breaks a run, the die before it is left idle."""
        corners = list(CORNERS) if options.corner == "any" else [options.corner]
        for number, corner in enumerate(corners):
            progress.step(number / len(corners), f"a curve from the {corner} corner")
            dies = _placed(partition.degrees, machine, *CORNERS[corner])
            if dies is not None:
                placement, groups = ts.make_groups(partition, dies, machine)
                return ts.Mapping(placement, groups)
        size, stream = partition.degrees.size, partition.degrees.stream
        raise ts.NoPlanError(
            f"hilbert: no curve through the working dies has room for {size // stream} groups of "
            f"{stream}: faults break its runs"
        )


def _placed(
    degrees: ts.Degrees, machine: ts.Machine, from_below: bool, from_right: bool
) -> list[int] | None:
    """The die of every rank, or None where the groups find no room."""
    curves = _curves(machine, from_below, from_right)
    if degrees.pp % len(curves):
        curves = [[die for curve in curves for die in curve]]
    groups = degrees.size // degrees.stream // len(curves)
    parts = [_cut(curve, groups, degrees.stream, machine) for curve in curves]
    found = [die for part in parts if part is not None for die in part]
    return found if len(found) == degrees.size else None


def _curves(machine: ts.Machine, from_below: bool, from_right: bool) -> list[list[int]]:
    """A curve for each wafer, without what is dead or cut off; devices of a cluster in order."""
    topology = ts.topology_of(machine)
    connected = set(topology.components[0]) if topology.components else set()
    if isinstance(machine, ts.Cluster):
        return [[die for die in machine.alive_ids if die in connected]]
    rows, cols = machine.rows, machine.cols
    order = [
        (rows - 1 - row if from_below else row) * cols + (cols - 1 - col if from_right else col)
        for row, col in hilbert(rows, cols)
    ]
    starts = range(0, machine.die_count, rows * cols)
    return [[start + die for die in order if start + die in connected] for start in starts]


def _cut(curve: Sequence[int], groups: int, size: int, machine: ts.Machine) -> list[int] | None:
    """The first `groups` runs of `size` dies that can stream, one after the other."""
    found: list[int] = []
    start = 0
    while len(found) < groups * size:
        run = list(curve[start : start + size])
        if len(run) < size:
            return None
        if _streams(run, machine):
            found += run
            start += size
        else:
            start += 1
    return found


def _streams(run: Sequence[int], machine: ts.Machine) -> bool:
    """Whether chunks can pass through these dies from neighbour to neighbour."""
    links = ts.topology_of(machine).link_ids
    if isinstance(machine, ts.Cluster) or all(pair in links for pair in pairwise(run)):
        return True
    places = [machine.coordinate(die) for die in run]
    inside = set(places)
    dead = [link for link in machine.dead_links if inside.issuperset(link)]
    try:
        ts.schedule_group(places, dead)
    except ts.NoPlanError:
        return False
    return True
