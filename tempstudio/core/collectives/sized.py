"""Schedules with a size: the flows of every step on the real links, and how long they take.

An outline is worked out once for every shape of group, on the first such group seen, for a vector
of one byte.  Groups of the same shape elsewhere take its flows with their links moved, and every
size takes them with their bytes scaled, so that hundreds of equal groups cost little.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import TypeVar

import numpy as np

from tempstudio.core.collectives.algorithms import MOST_PIPELINED, outlines
from tempstudio.core.collectives.group import Edge, Group, Route
from tempstudio.core.collectives.outline import Outline, Step
from tempstudio.core.errors import NoPlanError
from tempstudio.core.flow_copies import move_flows, scale_flows
from tempstudio.core.flows import Flows, make_flows
from tempstudio.core.machine import Cluster
from tempstudio.core.network import last_arrivals, link_bytes
from tempstudio.core.routes import make_routes, shift_map, switch_ports
from tempstudio.core.topology import FloatArray, IntArray, Topology

# Chunk counts that are tried: so near to one another that the best loses little, and few.
CHUNKS = tuple(sorted({k << shift for k in (4, 5, 6, 7) for shift in range(12)} | {1, 2, 3}))


Thing = TypeVar("Thing")


@dataclass(frozen=True, eq=False)
class UnitStep:
    """One step for a vector of one byte."""

    flows: Flows
    topology: Topology

    @cached_property
    def last(self) -> tuple[FloatArray, FloatArray]:
        """(drain, latency) of the flows that are last at some size."""
        return last_arrivals(self.flows, self.topology)

    @cached_property
    def busiest_s(self) -> float:
        """Seconds that the busiest link takes: the largest drain time, told without any sharing."""
        busy = link_bytes(self.flows, self.topology) / self.topology.bytes_per_s
        return float(busy.max(initial=0.0))

    def time_s(self, size: float) -> float:
        """How long the step takes for `size` bytes."""
        drain_s, latency_s = self.last
        return float((drain_s * size + latency_s).max(initial=0.0))


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """One algorithm at one size [bytes]: its outline, in how many chunks, and its time."""

    algorithm: str
    outline: Outline
    chunks: int
    size: float
    time_s: float


@lru_cache(maxsize=16384)
def choose(group: Group, op: str, algorithm: str, size: float) -> Choice | NoPlanError:
    """The best outline and number of chunks of an algorithm, or why it cannot serve the group."""
    made = outlines(group, op, algorithm)
    if isinstance(made, NoPlanError):
        return made
    found: list[tuple[float, int, Course, int]] = []
    for outline in made:
        course = Course(outline, partial(unit_steps, group, outline), group.size)
        chunks, estimate_s = course.cut(size)
        found.append((estimate_s, len(found), course, chunks))
    _, _, course, chunks = min(found, key=lambda entry: entry[:2])
    return Choice(algorithm, course.outline, chunks, size, course.time_s(size, chunks))


@dataclass(frozen=True)
class Course:
    """An outline in a place: `steps(first, end)` are those while these stages are at work, for one
    byte, among groups of `members` dies."""

    outline: Outline
    steps: Callable[[int, int], tuple[UnitStep, ...]]
    members: int

    def cut(self, size: float) -> tuple[int, float]:
        """(number of chunks about the best, the time that its fullest steps would take).

        With m stages, X the seconds of all of them at once with the whole vector and L a stage's
        latencies, K chunks take (K + m - 1)(X/K + L), least at K^2 = (m - 1) X/L.
        """
        stages = len(self.outline.stages)
        if not self._pipelined:
            return 1, self.time_s(size, 1)
        full = self.steps(0, stages)
        latency = sum(float(step.flows.latency_s.max(initial=0.0)) for step in full)
        busy = max(0.0, sum(step.time_s(size) for step in full) - latency)

        def estimate(chunks: int) -> float:
            return (chunks + stages - 1) * (busy / chunks + latency)

        ideal = math.sqrt((stages - 1) * busy / latency) if latency > 0 else math.inf
        above = next((k for k, count in enumerate(CHUNKS) if count >= ideal), len(CHUNKS) - 1)
        chunks = min(CHUNKS[max(0, above - 1) : above + 1], key=estimate)
        return chunks, estimate(chunks)

    @property
    def _pipelined(self) -> bool:
        return self.outline.pipelined and self.members <= MOST_PIPELINED

    def all_steps(self, chunks: int) -> tuple[UnitStep, ...]:
        """All steps in order if the vector is cut in chunks; they are for one byte each."""
        return tuple(step for span in self.outline.spans(chunks) for step in self.steps(*span))

    def time_s(self, size: float, chunks: int) -> float:
        """Seconds of all steps."""
        return seconds_of(self.all_steps(chunks), size / chunks)

    def least_s(self, size: float) -> float:
        """No number of chunks is faster: what the busiest links carry."""
        if self._pipelined:
            full = self.steps(0, len(self.outline.stages))
            return size * sum(step.busiest_s for step in full)
        return size * sum(step.busiest_s for step in self.all_steps(1))


def seconds_of(steps: Sequence[UnitStep], size: float) -> float:
    """Seconds of steps one after the other, for vectors of `size` bytes."""
    times = Counter(map(id, steps))
    distinct = {id(step): step for step in steps}
    return sum(count * distinct[key].time_s(size) for key, count in times.items())


@lru_cache(maxsize=4096)
def unit_steps(group: Group, outline: Outline, first: int, end: int) -> tuple[UnitStep, ...]:
    """The steps of some stages at once, for one byte; equal steps are one object."""
    known: dict[int, UnitStep] = {}
    steps = outline.together(first, end)
    for step in steps:
        if id(step) not in known:
            known[id(step)] = UnitStep(_flows(group, outline, step), group.topology)
    return tuple(known[id(step)] for step in steps)


def _flows(group: Group, outline: Outline, step: Step) -> Flows:
    edges = list(step)
    dies = np.array(group.members, dtype=np.int32)
    source, target = dies[[a for a, _ in edges]], dies[[b for _, b in edges]]
    routes = _routes(group, outline, edges)
    return make_flows(group.topology, source, target, list(step.values()), routes)


def _routes(group: Group, outline: Outline, edges: list[Edge]) -> list[Route] | None:
    """The outline's own routes, neighbours' links, else the usual ones (None if all are such)."""
    own, near = outline.routes, group.edges
    found = [own.get(edge) or near.get(edge) for edge in edges]
    if not any(found):
        return None
    missing = [k for k, route in enumerate(found) if route is None]
    if missing:
        dies = np.array(group.members, dtype=np.int32)
        ends = np.array(edges, dtype=np.int32)[missing]
        links, start = make_routes(group.topology, dies[ends[:, 0]], dies[ends[:, 1]], None)
        for row, k in enumerate(missing):
            found[k] = tuple(links[start[row] : start[row + 1]].tolist())
    return [route for route in found if route is not None]


_prototypes: dict[Hashable, Group] = {}


def prototype(group: Group) -> Group:
    """The first group seen of the same shape, on the same links but for their place."""
    if group.ordered:
        return group
    if len(_prototypes) > 1024:
        _prototypes.clear()
    return _prototypes.setdefault(shape_of(group), group)


def shape_of(group: Group) -> Hashable:
    """What groups share that differ only in where they lie."""
    topology = group.topology
    places = [topology.places[die] for die in group.members]
    if isinstance(topology.machine, Cluster):
        nodes: dict[int, int] = {}
        return topology, tuple(nodes.setdefault(node, len(nodes)) for node, _ in places)
    corner = min(r for r, _ in places), min(c for _, c in places)
    shape = tuple((r - corner[0], c - corner[1]) for r, c in places)
    uniform = is_uniform(topology)
    if group.confined:
        pairs = tuple(group.inside)
        links = [route[0] for route in group.inside.values()]
        speed = (
            ()
            if uniform
            else tuple((topology.bytes_per_s[links] + 1j * topology.latency_s[links]).tolist())
        )
        return topology, shape, pairs, speed
    faulty = bool(topology.machine.dead_dies or topology.machine.dead_links)
    return (topology, group.members) if faulty or not uniform else (topology, shape)


@lru_cache(maxsize=32)
def is_uniform(topology: Topology) -> bool:
    """Whether all links are equally fast, in bandwidth and latency."""
    speeds, delays = topology.bytes_per_s, topology.latency_s
    return bool((speeds == speeds[:1]).all() and (delays == delays[:1]).all())


@lru_cache(maxsize=1024)
def sized_steps(
    group: Group, op: str, algorithm: str, size: float
) -> tuple[Flows, ...] | NoPlanError:
    """All steps in order for `size` bytes on a group; equal steps are one object."""
    first = prototype(group)
    if first is not group:
        steps = sized_steps(first, op, algorithm, size)
        if isinstance(steps, NoPlanError):
            return steps
        place = _relocation(first, group)
        moved = {id(flows): move_flows(flows, *place) for flows in _distinct(steps)}
        return tuple(moved[id(flows)] for flows in steps)
    choice = choose(group, op, algorithm, size)
    if isinstance(choice, NoPlanError):
        return choice
    units = [
        unit
        for span in choice.outline.spans(choice.chunks)
        for unit in unit_steps(group, choice.outline, *span)
    ]
    share = size / choice.chunks
    sized = {id(unit): scale_flows(unit.flows, share) for unit in _distinct(units)}
    return tuple(sized[id(unit)] for unit in units)


def _distinct(things: Iterable[Thing]) -> list[Thing]:
    return list({id(thing): thing for thing in things}.values())


@lru_cache(maxsize=1024)
def _relocation(first: Group, group: Group) -> tuple[IntArray, IntArray]:
    topology = group.topology
    if not isinstance(topology.machine, Cluster):
        a, b = topology.places[first.members[0]], topology.places[group.members[0]]
        return shift_map(topology, b[0] - a[0], b[1] - a[1])
    old, new = np.array(first.members), np.array(group.members)
    die = np.full(topology.vertices, -1, dtype=np.int32)
    link = np.full(topology.links, -1, dtype=np.int32)
    die[old] = new
    for port in switch_ports(topology):
        for column in range(port.shape[1]):
            if port[old[0], column] >= 0:
                link[port[old, column]] = port[new, column]
    return die, link
