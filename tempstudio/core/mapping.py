"""What a mapper returns: where ranks lie, how groups stream, which links flows take."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import Any

from tempstudio.core.flows import Flows
from tempstudio.core.streaming import Schedule


@dataclass(frozen=True)
class StreamGroup:
    """Dies that stream among each other along `axis`: member i of the schedule is `dies[i]`.

    `ranks[i]` is the logical rank on that die; `schedule` counts dies as in `dies`.
    """

    axis: str
    dies: tuple[int, ...]
    ranks: tuple[int, ...]
    schedule: Schedule = field(compare=False)


Route = tuple[tuple[float, tuple[int, ...]], ...]  # (fraction, link numbers) per path
Routes = MappingOf[tuple[int, int], Route]  # by source die and target die


@dataclass(frozen=True)
class Mapping:
    """Placement, stream groups and routes.

    `placement[rank]` is a die number.  `routes` holds, by a collective's `key`, the paths between a
    source die and a target die; flows that are not listed go along the row, then the column (XY),
    or a shortest live path where a fault is in the way.  `trees` holds, by the key of an all-gather
    or all-reduce, the multicast trees of `make_trees` over which every die sends its share to all
    others of its group, where that is not passed on through members; a row's bytes are its part of
    the share.  `convergence` tells of a mapper's search: the least cost by its own measure after so
    many moves.
    """

    placement: tuple[int, ...]
    groups: tuple[StreamGroup, ...] = ()
    routes: MappingOf[str, Routes] = field(default_factory=dict, compare=False)
    notes: tuple[str, ...] = ()
    convergence: tuple[tuple[float, float], ...] = ()
    trees: MappingOf[str, Flows] = field(default_factory=dict, compare=False)

    def groups_of(self, axis: str) -> tuple[StreamGroup, ...]:
        """The stream groups that span one axis."""
        return tuple(group for group in self.groups if group.axis == axis)


def mapping_to_json(mapping: Mapping) -> dict[str, Any]:
    """Placement and routes as plain data (schedules follow from the groups' dies)."""
    return {
        "placement": list(mapping.placement),
        "groups": [
            {"axis": group.axis, "dies": list(group.dies), "ranks": list(group.ranks)}
            for group in mapping.groups
        ],
        "routes": {
            key: [
                [source, target, [[fraction, list(path)] for fraction, path in paths]]
                for (source, target), paths in sorted(routes.items())
            ]
            for key, routes in sorted(mapping.routes.items())
        },
        "trees": {
            key: [
                [int(trees.source[row]), float(trees.bytes[row]), list(trees.route(row))]
                for row in range(len(trees))
            ]
            for key, trees in sorted(mapping.trees.items())
        },
        "notes": list(mapping.notes),
        "convergence": [list(point) for point in mapping.convergence],
    }
