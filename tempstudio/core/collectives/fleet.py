"""Groups that run one collective at the same time, told by shape: each shape is worked out once.

A partition cuts a mesh into hundreds of groups along an axis, nearly all of them translates of a
few.  The steps of a shape's first group, moved to where the others lie by array arithmetic, are the
steps of all; groups that keep to links of their own do not even see one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import zip_longest

import numpy as np

from tempstudio.core.collectives.group import Group, group_of
from tempstudio.core.collectives.outline import Outline
from tempstudio.core.collectives.sized import Choice, UnitStep, is_uniform, shape_of
from tempstudio.core.collectives.sized import unit_steps as steps_of_group
from tempstudio.core.flow_copies import join_flows, scale_flows, spread_flows
from tempstudio.core.flows import Flows
from tempstudio.core.network import phase_time
from tempstudio.core.topology import IntArray, Topology


@dataclass(frozen=True, eq=False)
class Formation:
    """Groups of one shape: the first of them, and where each lies from it [groups, 2]."""

    group: Group
    shift: IntArray


@dataclass(frozen=True, eq=False)
class Fleet:
    """All the groups, by formation; `known` keeps the steps that were laid out."""

    topology: Topology
    formations: tuple[Formation, ...]
    known: dict[object, tuple[UnitStep, ...]] = field(default_factory=dict, repr=False)
    kept: dict[int, object] = field(default_factory=dict, repr=False)  # by `id` of a step in known

    @cached_property
    def confined(self) -> bool:
        """Whether every group keeps to links of its own."""
        return all(formation.group.confined for formation in self.formations)

    @property
    def members(self) -> int:
        """Dies of each group."""
        return self.formations[0].group.size

    @property
    def groups(self) -> int:
        """Number of groups."""
        return sum(len(formation.shift) for formation in self.formations)

    def together(self, outlines: tuple[Outline, ...], first: int, end: int) -> tuple[UnitStep, ...]:
        """The steps of all formations, each by its outline, while these stages are at work, for
        vectors of one byte; equal steps are one object."""
        key = (outlines, first, end)
        if key not in self.known:
            rows = [
                [unit.flows for unit in steps_of_group(formation.group, outline, first, end)]
                for formation, outline in zip(self.formations, outlines, strict=True)
            ]
            self.known[key] = self._joined(rows, [1.0] * len(rows))
        return self.known[key]

    def side_by_side(self, choices: tuple[Choice, ...]) -> tuple[UnitStep, ...]:
        """All steps in order if each formation goes its own way, whatever its stages or chunks."""
        if choices not in self.known:
            rows = [
                [
                    unit.flows
                    for span in choice.outline.spans(choice.chunks)
                    for unit in steps_of_group(formation.group, choice.outline, *span)
                ]
                for formation, choice in zip(self.formations, choices, strict=True)
            ]
            self.known[choices] = self._joined(rows, [1.0 / choice.chunks for choice in choices])
        return self.known[choices]

    def _joined(
        self, rows: Sequence[Sequence[Flows]], share: Sequence[float]
    ) -> tuple[UnitStep, ...]:
        """Step t of all formations as one, `share` of each one's bytes."""
        made: dict[tuple[int, ...], UnitStep] = {}
        found = []
        for row in zip_longest(*rows):
            key = tuple(map(id, row))
            if key not in made:
                parts = [
                    (scale_flows(flows, part), formation.shift)
                    for flows, formation, part in zip(row, self.formations, share, strict=True)
                    if flows is not None
                ]
                made[key] = UnitStep(self._everywhere(parts), self.topology)
            found.append(made[key])
        return tuple(found)

    def _everywhere(self, parts: Sequence[tuple[Flows, IntArray]]) -> Flows:
        spread = [
            spread_flows(flows, shift, self.topology, apart=self.confined) for flows, shift in parts
        ]
        joined = join_flows(spread)
        if self.confined and len(spread) > 1:
            drains = [phase_time(flows, self.topology).drain_s for flows in spread]
            joined.know_drain(np.concatenate(drains), self.topology)
        return joined


def fleet_of(groups: IntArray, topology: Topology) -> Fleet:
    """The fleet of groups of equal size, dies in rank order [groups, members]."""
    table = np.ascontiguousarray(groups, dtype=np.int32)
    return _fleet(table.tobytes(), table.shape[1], topology)


@lru_cache(maxsize=256)
def _fleet(dies: bytes, members: int, topology: Topology) -> Fleet:
    groups = np.frombuffer(dies, dtype=np.int32).reshape(-1, members)
    place = np.array(topology.places, dtype=np.int32)[groups]  # [groups, members, 2]
    machine = topology.machine
    if is_uniform(topology) and not machine.dead_dies and not machine.dead_links:
        offset = (place - place[:, :1]).reshape(len(groups), -1)
        _, first, kind = np.unique(offset, axis=0, return_index=True, return_inverse=True)
        kind = kind.ravel()
    else:
        shapes: dict[object, int] = {}
        kinds = [
            shapes.setdefault(shape_of(group_of(tuple(row), topology)), len(shapes))
            for row in groups.tolist()
        ]
        kind = np.array(kinds)
        first = np.unique(kind, return_index=True)[1]
    formations = []
    for number, leader in enumerate(first.tolist()):
        group = group_of(tuple(groups[leader].tolist()), topology)
        shift = place[kind == number, 0] - place[leader, 0]
        formations.append(Formation(group, shift.astype(np.int32)))
    return Fleet(topology, tuple(formations))
