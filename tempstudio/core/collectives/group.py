"""The dies of a collective, which of them are neighbours, and the orders that rings follow.

A group whose dies hang together stays on the links between them.  A group of scattered dies that
form a grid (every second column, say) has that grid's neighbours instead, joined by straight routes
that do not share a link.  Any other group has no neighbours and takes the machine's usual routes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.collectives.tours import hops_of, round_trips
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.machine import Cluster
from tempstudio.core.routes import make_routes
from tempstudio.core.streaming.frontier import Adjacency, Found
from tempstudio.core.streaming.hamiltonian import (
    find_cycle,
    find_path,
    rectangle_cycle,
    rectangle_path,
)
from tempstudio.core.topology import Topology

# Beyond this many dies an irregular group is not searched for a Hamiltonian cycle or path.
MOST_SEARCHED = 64

Edge = tuple[int, int]
Route = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Group:
    """Members (die numbers) of a collective on a topology; all else is told in member indices.

    Of an `ordered` group rings and chains follow the members' order, wherever its dies lie.
    """

    topology: Topology
    members: tuple[int, ...]
    ordered: bool = False

    @property
    def size(self) -> int:
        """Number of dies."""
        return len(self.members)

    @cached_property
    def inside(self) -> dict[Edge, Route]:
        """Links between members, as routes of one link."""
        index = {die: i for i, die in enumerate(self.members)}
        return {
            (i, index[other]): (self.topology.link_ids[die, other],)
            for i, die in enumerate(self.members)
            for other in self.topology.neighbours[die]
            if other in index
        }

    @cached_property
    def confined(self) -> bool:
        """Whether the members hang together, so that no route needs to leave the group."""
        return len(breadth_first(neighbour_lists(self.inside, self.size))) == self.size

    @cached_property
    def edges(self) -> dict[Edge, Route]:
        """Routes between neighbours; no two share a link.  Empty without a notion of neighbours."""
        if self.confined:
            return self.inside
        return {} if self.lattice is None else grid_routes(self, self.lattice) or {}

    @cached_property
    def adjacency(self) -> tuple[tuple[int, ...], ...]:
        """Neighbours of each member, by index."""
        return neighbour_lists(self.edges, self.size)

    @cached_property
    def lattice(self) -> NDArray[np.int32] | None:
        """Member indices as a full grid [rows, cols], its straight routes alive; else None."""
        if isinstance(self.topology.machine, Cluster):
            return None
        places = [self.topology.places[die] for die in self.members]
        rows, cols = sorted({r for r, _ in places}), sorted({c for _, c in places})
        if len(rows) * len(cols) != self.size:
            return None
        grid = np.zeros((len(rows), len(cols)), dtype=np.int32)
        for i, (r, c) in enumerate(places):
            grid[rows.index(r), cols.index(c)] = i
        routes = grid_routes(self, grid)
        if routes is None or (self.confined and not self.inside.keys() >= routes.keys()):
            return None
        return grid

    @cached_property
    def spacing(self) -> tuple[int, int]:
        """Most rows and columns between neighbours of the lattice: what an edge of it crosses.

        Groups that lie between its dies cross each other's edges as often.
        """
        places = np.array([self.topology.places[die] for die in self.members])
        gaps = [np.diff(np.unique(places[:, axis])).max(initial=1) for axis in (0, 1)]
        return int(gaps[0]), int(gaps[1])

    @property
    def _upright(self) -> bool:
        """Whether orders should run along columns, where edges are shorter."""
        return self.lattice is not None and self.spacing[0] < self.spacing[1]

    @cached_property
    def cycle(self) -> tuple[int, ...] | None:
        """A Hamiltonian cycle over neighbours, from 3 dies on; the given order if it is one."""
        given = tuple(range(self.size))
        unbroken = self.size >= 3 and all(step in self.edges for step in pairwise((*given, 0)))
        if self.ordered or (unbroken and not self._upright):
            return given if unbroken else None
        if self.lattice is not None:
            return _on_grid(self.lattice, rectangle_cycle, self._upright)
        if not self.edges or self.size > MOST_SEARCHED:
            return None
        return self._searched(find_cycle)

    @cached_property
    def path(self) -> tuple[int, ...] | None:
        """A Hamiltonian path over neighbours; the given order if it is one."""
        given = tuple(range(self.size))
        unbroken = all(step in self.edges for step in pairwise(given))
        if self.ordered or (unbroken and not self._upright):
            return given if unbroken else None
        if self.lattice is not None:
            return _on_grid(self.lattice, rectangle_path, self._upright)
        if self.cycle is not None:
            return self.cycle
        if not self.edges or self.size > MOST_SEARCHED:
            return None
        return self._searched(find_path)

    def _searched(self, find: Callable[[Adjacency], Found]) -> tuple[int, ...] | None:
        """What a search finds, whatever the order of the members: equal dies are searched once."""
        order = sorted(range(self.size), key=self.members.__getitem__)
        rank = {member: place for place, member in enumerate(order)}
        adjacency = tuple(tuple(sorted(rank[k] for k in self.adjacency[i])) for i in order)
        found = find(adjacency).order
        return None if found is None else tuple(order[place] for place in found)

    @cached_property
    def tour(self) -> tuple[tuple[int, ...], dict[Edge, Route]]:
        """The order of a logical ring where there is no cycle, and the routes between its members.

        Over neighbours: a spanning tree folded so that its members follow one another at most 3
        hops apart (on a path 2: the folded ring 0-2-4-..-5-3-1) and the ring uses each directed
        edge once (M. Sekanina, On an ordering of the set of vertices of a connected graph, 1960).
        Without neighbours: in the given order, or through the rows there and back, or in bands, or
        node by node, over usual routes.
        """
        if self.ordered:
            return tuple(range(self.size)), {}
        if not self.edges:
            if isinstance(self.topology.machine, Cluster):
                return self._snake(), {}
            return min(self._scattered, key=lambda order: sum(self._scattered[order])), {}
        if self.path is not None:
            parents = dict(zip(self.path[1:], self.path[:-1], strict=True))
            parents[self.path[0]] = -1
        else:
            parents = breadth_first(self.adjacency)
        order = fold_tree(parents)
        tree = {
            step: self.edges[step]
            for child, parent in parents.items()
            if parent >= 0
            for step in ((child, parent), (parent, child))
        }
        steps = pairwise((*order, order[0]))
        both = {step for a, b in steps if a != b for step in ((a, b), (b, a))}
        return order, {(a, b): shortest_over(tree, a, b) for a, b in sorted(both)}

    @property
    def light_tour(self) -> tuple[int, ...]:
        """An order of scattered dies whose hops cross few links, the longest at most twice as
        many as it must."""
        longest = 2 * min(longest for longest, _ in self._scattered.values())
        short = {order: hops for order, hops in self._scattered.items() if hops[0] <= longest}
        return min(short, key=lambda order: short[order][::-1])

    @cached_property
    def _scattered(self) -> dict[tuple[int, ...], tuple[int, float]]:
        """Orders for a logical ring among scattered dies: its longest and its mean hop."""
        places = np.array([self.topology.places[die] for die in self.members], dtype=np.int32)
        orders = (tuple(range(self.size)), self._snake(), *round_trips(places))
        return {order: hops_of(places, order) for order in orders}

    def _snake(self) -> tuple[int, ...]:
        places = [self.topology.places[die] for die in self.members]
        if isinstance(self.topology.machine, Cluster):
            return tuple(sorted(range(self.size), key=lambda i: places[i]))
        rank = {row: k for k, row in enumerate(sorted({r for r, _ in places}))}
        return tuple(
            sorted(
                range(self.size),
                key=lambda i: (places[i][0], places[i][1] * (-1) ** rank[places[i][0]]),
            )
        )

    def usual_routes(self, pairs: Sequence[Edge]) -> dict[Edge, Route]:
        """The machine's usual route of each pair of members, kept inside a confined group."""
        ends = np.array(self.members, dtype=np.int32)[np.array(pairs, dtype=np.int32)]
        hop_link, start = make_routes(self.topology, ends[:, 0], ends[:, 1], None)
        links = hop_link.tolist()
        routes = {
            pair: tuple(links[a:b])
            for pair, (a, b) in zip(pairs, pairwise(start.tolist()), strict=True)
        }
        if self.confined:
            own = {link for route in self.inside.values() for link in route}
            for pair, route in routes.items():
                if not own.issuperset(route):
                    routes[pair] = shortest_over(self.inside, *pair)
        return routes


@lru_cache(maxsize=4096)
def group_of(members: tuple[int, ...], topology: Topology, ordered: bool = False) -> Group:
    """The group of some dies, in their order; `InputError` for wrong ones, `NoPlanError` if cut."""
    machine = topology.machine
    if not members:
        raise InputError("group: no dies")
    for die in members:
        if not 0 <= die < machine.die_count:
            raise InputError(f"group: found die {die}, allowed: 0 to {machine.die_count - 1}")
    if len(set(members)) < len(members):
        twice = next(die for die in members if members.count(die) > 1)
        raise InputError(f"group: die {list(machine.coordinate(twice))} is listed twice")
    dead = [die for die in members if die in machine.dead_ids]
    if dead:
        raise NoPlanError(f"group: die {list(machine.coordinate(dead[0]))} is dead")
    part = _parts(topology)
    apart = [die for die in members if part[die] != part[members[0]]]
    if apart:
        a, b = machine.coordinate(members[0]), machine.coordinate(apart[0])
        raise NoPlanError(f"group: no live path from die {list(a)} to die {list(b)}")
    return Group(topology, members, ordered)


@lru_cache(maxsize=32)
def _parts(topology: Topology) -> dict[int, int]:
    """Which connected part of the machine each working die belongs to."""
    return {die: k for k, part in enumerate(topology.components) for die in part}


def grid_routes(group: Group, grid: NDArray[np.int32]) -> dict[Edge, Route] | None:
    """Straight routes between neighbours on a grid of members, or None if one is not alive."""
    first = np.concatenate([grid[:, :-1].ravel(), grid[:-1].ravel()])
    second = np.concatenate([grid[:, 1:].ravel(), grid[1:].ravel()])
    source, target = np.concatenate([first, second]), np.concatenate([second, first])
    dies = np.array(group.members, dtype=np.int32)
    links, start = make_routes(group.topology, dies[source], dies[target], None)
    place = np.array(group.topology.places, dtype=np.int32).reshape(-1, 2)
    straight = np.abs(place[dies[source]] - place[dies[target]]).sum(axis=1)
    if (np.diff(start) != straight).any():
        return None
    flat, spans = links.tolist(), pairwise(start.tolist())
    edges = zip(source.tolist(), target.tolist(), strict=True)
    return {edge: tuple(flat[a:b]) for edge, (a, b) in zip(edges, spans, strict=True)}


def neighbour_lists(edges: Mapping[Edge, Route], size: int) -> tuple[tuple[int, ...], ...]:
    """Whom each of `size` members reaches over one edge."""
    others: list[list[int]] = [[] for _ in range(size)]
    for i, j in edges:
        others[i].append(j)
    return tuple(tuple(sorted(found)) for found in others)


def breadth_first(adjacency: Sequence[Sequence[int]], root: int = 0) -> dict[int, int]:
    """Parents of a breadth-first tree, in the order of discovery; the root's is -1."""
    parents, queue = {root: -1}, deque([root])
    while queue:
        here = queue.popleft()
        for other in adjacency[here]:
            if other not in parents:
                parents[other] = here
                queue.append(other)
    return parents


def shortest_over(edges: Mapping[Edge, Route], start: int, end: int) -> Route:
    """The links of a shortest way over edges (in edges crossed)."""
    size = 1 + max(max(edge) for edge in edges)
    parents = breadth_first(neighbour_lists(edges, size), start)
    way: list[Edge] = []
    while end != start:
        way.append((parents[end], end))
        end = parents[end]
    return tuple(link for edge in reversed(way) for link in edges[edge])


def fold_tree(parents: Mapping[int, int]) -> tuple[int, ...]:
    """A cyclic order of a tree's nodes with at most 3 edges between followers (Sekanina).

    >>> fold_tree({0: -1, 1: 0, 2: 1, 3: 2, 4: 3, 5: 4})
    (0, 2, 4, 5, 3, 1)
    """
    children: dict[int, list[int]] = {node: [] for node in parents}
    for node, parent in parents.items():
        if parent >= 0:
            children[parent].append(node)
    root = next(node for node, parent in parents.items() if parent < 0)
    order: list[int] = []
    stack = [(root, True, False)]  # node, on an even level, its children done
    while stack:
        node, even, done = stack.pop()
        if done or even:
            order.append(node)
        if done:
            continue
        if not even:
            stack.append((node, even, True))
        stack += [(child, not even, False) for child in reversed(children[node])]
    return tuple(order)


def _on_grid(
    grid: NDArray[np.int32],
    order: Callable[[int, int], tuple[tuple[int, int], ...] | None],
    upright: bool,
) -> tuple[int, ...] | None:
    """Members in the order of a rectangle's places, its long runs along columns if `upright`."""
    turned = grid.T if upright else grid
    places = order(*turned.shape)
    return None if places is None else tuple(int(turned[place]) for place in places)
