"""Stream groups for a placement: which dies stream together, in which order, by which schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import NoPlanError
from tempstudio.core.machine import Cluster, Machine
from tempstudio.core.mapping import StreamGroup
from tempstudio.core.parallel import Degrees, axis_groups
from tempstudio.core.partition import Partition
from tempstudio.core.streaming import Schedule, relay, ring, schedule_group
from tempstudio.core.topology import topology_of


def stream_axes(partition: Partition) -> dict[str, int]:
    """Axes that some phase streams along, with the members of a group."""
    return {
        phase.stream.axis: len(phase.stream.chunk_bytes)
        for program in partition.stages
        for segment in (*program.forward, *program.backward)
        for phase in segment.phases
        if phase.stream is not None and len(phase.stream.chunk_bytes) > 1
    }


def make_groups(
    partition: Partition, placement: Sequence[int], machine: Machine
) -> tuple[tuple[int, ...], tuple[StreamGroup, ...]]:
    """(placement with ranks in streaming order inside each stream group, all stream groups).

    The members of a stream group are interchangeable, so they are put in the order of a cycle or
    path through their dies, unless they come in a cycle's; groups of more than one size from the
    largest down, as the smaller ones are then runs of the larger.  Raises `NoPlanError` where a
    group's dies have neither.
    """
    places = np.array(placement, dtype=np.int64)
    axes = stream_axes(partition)
    sizes = _group_sizes(partition, axes)
    nested = all(large % small == 0 for large, small in pairwise(sizes.values()))
    if nested:
        for axis in sizes:
            for ranks in _all_groups(partition.degrees, axis):
                places[ranks] = _schedule(places[ranks].tolist(), machine)[1]
    streams = {axis: _stream_groups(partition, axis, places, machine) for axis in sizes}
    plain = sorted(sizes, key=lambda axis: axis != "stream")
    groups = [group for axis in plain for group in streams[axis]]
    for axis in sorted(name for name in axes if name.partition(":")[0] == "sequence"):
        parent = axis.replace("sequence", "stream")
        groups += _sequence_groups(axis, streams[parent], axes[axis], machine)
    if "sp" in axes:
        groups += _routed_rings(partition, places)
    return tuple(places.tolist()), tuple(groups)


def _group_sizes(partition: Partition, axes: dict[str, int]) -> dict[str, int]:
    """Members of a group by stream axis, the largest first: what streams or shares a sequence."""
    degrees = partition.degrees
    sizes = {"stream": degrees.stream} if degrees.stream > 1 else {}
    for axis in axes:
        name, colon, size = axis.partition(":")
        if colon and name in ("stream", "sequence") and int(size) > 1:
            sizes[f"stream:{size}"] = int(size)
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def _all_groups(degrees: Degrees, axis: str) -> list[NDArray[np.int32]]:
    return [ranks for stage in range(degrees.pp) for ranks in axis_groups(degrees, (axis,), stage)]


def _stream_groups(
    partition: Partition, axis: str, places: NDArray[np.int64], machine: Machine
) -> list[StreamGroup]:
    found = []
    for ranks in _all_groups(partition.degrees, axis):
        rank_on = dict(zip(places[ranks].tolist(), ranks.tolist(), strict=True))
        schedule, dies = _schedule(list(rank_on), machine)
        found.append(StreamGroup(axis, tuple(dies), tuple(rank_on[d] for d in dies), schedule))
    return found


def _schedule(dies: list[int], machine: Machine) -> tuple[Schedule, list[int]]:
    if isinstance(machine, Cluster):  # behind a switch all devices are neighbours
        return _ring(len(dies)), dies
    coordinates = [machine.coordinate(die) for die in dies]
    if _is_cycle(dies, machine):
        return replace(ring(len(dies)), dies=tuple(coordinates)), dies
    inside = set(coordinates)
    dead = [pair for pair in machine.dead_links if pair[0] in inside and pair[1] in inside]
    try:
        schedule = schedule_group(coordinates, dead)
    except NoPlanError as error:
        shown = ", ".join(str(list(place)) for place in coordinates[:4])
        more = f" and {len(dies) - 4} more" if len(dies) > 4 else ""
        raise NoPlanError(f"dies {shown}{more}: {error}") from None
    return schedule, [machine.die_id(place) for place in schedule.dies]


def can_stream(dies: list[int], machine: Machine) -> bool:
    """Whether a cycle or a path of live links goes through all these dies."""
    try:
        _schedule(dies, machine)
    except NoPlanError:
        return False
    return True


def _is_cycle(dies: list[int], machine: Machine) -> bool:
    """Whether each die is the next one's neighbour already, and the last the first one's."""
    links = topology_of(machine).link_ids
    return len(dies) > 3 and all(pair in links for pair in pairwise([*dies, dies[0]]))


def _sequence_groups(
    axis: str, groups: Sequence[StreamGroup], members: int, machine: Machine
) -> list[StreamGroup]:
    """Runs of a stream group's order that share a sequence: each is a path of neighbours."""
    found = []
    for group in groups:
        for start in range(0, len(group.dies), members):
            dies = list(group.dies[start : start + members])
            ranks = dict(zip(dies, group.ranks[start : start + members], strict=True))
            schedule, order = _schedule(dies, machine)
            found.append(StreamGroup(axis, tuple(order), tuple(ranks[d] for d in order), schedule))
    return found


def _routed_rings(partition: Partition, places: np.ndarray) -> list[StreamGroup]:
    """Rings along sp whose members need not be neighbours: their transfers are routed."""
    found = []
    degrees = partition.degrees
    for stage in range(degrees.pp):
        for ranks in axis_groups(degrees, ("sp",), stage):
            dies = tuple(places[ranks].tolist())
            found.append(StreamGroup("sp", dies, tuple(ranks.tolist()), _ring(len(dies))))
    return found


def _ring(members: int) -> Schedule:
    return ring(members) if members > 2 else relay(members)


def check_connected(partition: Partition, machine: Machine) -> None:
    """Raise `NoPlanError` where faults leave no connected part that is large enough."""
    parts = topology_of(machine).components
    if parts and len(parts[0]) >= partition.degrees.size:
        return
    sizes = ", ".join(str(len(part)) for part in parts)
    raise NoPlanError(
        f"the mesh is cut into parts of {sizes} dies: no part holds the "
        f"{partition.degrees.size} dies of the plan"
    )
