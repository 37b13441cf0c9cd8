"""The hottest link and what crosses it: copies merged, the rest routed anew, until nothing helps.

The mapper (SPEC 8) looks for the window in which flows lose most time to one another and takes of
what crosses its hottest links the traffic that has other ways to go.  Where one tensor goes to
several dies its copies are merged into multicast trees, anything else is routed anew, while all
else keeps its links.  A change stays where the windows, simulated event by event, become shorter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tempstudio.core.flow_copies import join_flows, scale_flows
from tempstudio.core.flows import Flows, make_trees
from tempstudio.core.machine import Machine
from tempstudio.core.mapping import Mapping, Route
from tempstudio.core.network import link_bytes
from tempstudio.core.parallel import axis_groups
from tempstudio.core.partition import Partition
from tempstudio.core.patterns import Step
from tempstudio.core.progress import Progress
from tempstudio.core.simulate import run_step
from tempstudio.core.topology import FloatArray, IntArray, Topology, topology_of
from tempstudio.strategies.mappers.windows import Sending, Window, windows_of

WORTH_IT = 0.999  # of the windows' seconds: changes are kept where no more than this is left
WORTH_ITS_BITS = 0.9  # of their links' energy: the same where they last as long
SAME = 1e-9  # of the windows' seconds: no longer than before
SHORT_STEP = 2  # micro-batches a stage of the steps by which mappings are compared
TIGHT = 1.01  # of the bound: load of trees, on which the windows' seconds depend
WORTH_A_LOOK = 0.003  # of the step: what a key's windows must lose before it is looked at
MOST_STEPS = 12  # distinct steps of a collective
MOST_WORK = 1_500_000  # flows x dies that are routed at once

MOST_ROUNDS = 8

Pairs = dict[tuple[int, int], Route]


@dataclass(eq=False)
class Relief:
    """A mapping under improvement."""

    partition: Partition
    machine: Machine
    mapping: Mapping
    paths: int
    detour: int
    step_s: float
    merge: bool = True
    tried: set[tuple[int, str]] = field(default_factory=set)

    def relieved(self) -> Mapping:
        """The mapping with trees and routes for what meets on the hottest links, where faster.

        Pipeline stages meet one another, which no window tells: there what comes of merging, of
        routes alone and of neither are compared by a short step.
        """
        plain = self.mapping
        found = [self._improved(plain)]
        if self.partition.degrees.pp == 1 or found[0] is plain:
            return found[0]
        if found[0].trees:
            self.merge = False
            found.append(self._improved(plain))
        return min([*found, plain], key=self._short_step_s)

    def _improved(self, mapping: Mapping) -> Mapping:
        """The mapping after changes that each make its windows shorter, the worst first."""
        self.mapping = mapping
        self.tried.clear()
        windows = [self._windows(stage) for stage in range(self.partition.degrees.pp)]
        for _ in range(MOST_ROUNDS):
            hottest = self._hottest(windows)
            if hottest is None:
                break
            self.tried.add(hottest)
            stage, key = hottest
            best = self.mapping
            for changed in self._changes(stage, key, windows[stage]):
                self.mapping = changed
                after = self._windows(stage, windows[stage], key)
                if _is_better(after, windows[stage]):
                    windows[stage], best = after, changed
                    self.tried = {hottest}  # what was in vain before may now pay
            self.mapping = best
        return self.mapping

    def _short_step_s(self, mapping: Mapping) -> float:
        """Seconds of a step of few micro-batches."""
        few = min(self.partition.micro_batches, SHORT_STEP * self.partition.degrees.pp)
        partition = replace(self.partition, micro_batches=few)
        return run_step(partition, mapping, self.machine, Progress()).duration_s

    def _windows(self, stage: int, before: Sequence[Window] = (), key: str = "") -> list[Window]:
        return windows_of(self.partition, self.mapping, self.machine, stage, before, key)

    def _hottest(self, windows: list[list[Window]]) -> tuple[int, str] | None:
        """The stage and key whose windows lose most, with something movable over their busiest
        link; not what was tried before."""
        best, lost = None, WORTH_A_LOOK * self.step_s
        for stage, of_stage in enumerate(windows):
            for window in of_stage:
                key = self._culprit(stage, window) if window.lost_s > lost else None
                if key is not None:
                    best, lost = (stage, key), window.lost_s
        return best

    def _culprit(self, stage: int, window: Window) -> str | None:
        """The movable traffic with most bytes over the window's hottest links, from these down."""
        sent = [s for lane in window.lanes for s in lane if s.movable]
        fresh = [s for s in sent if (stage, s.key) not in self.tried]
        for link in np.argsort(-window.busy_s, kind="stable")[:8].tolist():
            crossing = [s for s in fresh if s.bytes[link] > 0]
            if crossing:
                return max(crossing, key=lambda s: float(s.bytes[link])).key
        return None

    def _changes(self, stage: int, key: str, windows: list[Window]) -> Iterator[Mapping]:
        """The mapping with copies of a key merged, or with its flows on other routes."""
        before = self.mapping
        sendings = [s for window in windows for _, s in window.sendings(key)]
        if self.merge and any(s.mergeable for s in sendings):
            yield from self._merged(stage, key, windows)
        self.mapping = before
        yield from self._moved(stage, key, windows)

    def _merged(self, stage: int, key: str, windows: list[Window]) -> Iterator[Mapping]:
        """The gathers of a key over trees, found for where they lose most."""
        placement = np.array(self.mapping.placement, dtype=np.int32)
        groups = placement[axis_groups(self.partition.degrees, tuple(key.split()[1:]), stage)]
        copies = groups.size * (groups.shape[1] - 1)
        if groups.shape[1] < 3 or copies * self.machine.die_count > MOST_WORK:
            return
        window = max((w for w in windows if any(w.sendings(key))), key=lambda w: w.lost_s)
        lane, sending = max(window.sendings(key), key=lambda found: found[1].seconds)
        assert sending.collective is not None
        share = sending.collective.bytes / groups.shape[1]
        beside = window.beside(lane, sending.seconds)
        topology = topology_of(self.machine)
        trees = gather_trees(topology, groups, share, beside, self.paths, self.detour)
        if not _is_promising(trees, share, sending, beside, topology):
            return
        known = self.mapping.trees
        trees = join_flows([known[key], trees]) if key in known else trees
        yield replace(self.mapping, trees={**known, key: trees})

    def _moved(self, stage: int, key: str, windows: list[Window]) -> Iterator[Mapping]:
        """New routes for all pairs of a key, found where it loses most, beside what is there."""
        found: Pairs = {}
        for window in sorted(windows, key=lambda window: -window.lost_s):
            for lane, sending in window.sendings(key):
                if sending.movable:
                    self._route_steps(sending, window, lane, found)
        known = self.mapping.routes
        if found:
            yield replace(self.mapping, routes={**known, key: {**known.get(key, {}), **found}})

    def _route_steps(self, sending: Sending, window: Window, lane: int, found: Pairs) -> None:
        distinct = {id(step): step for step in sending.steps if not step.flows.targets}
        if len(distinct) > MOST_STEPS:
            return
        for step in sorted(distinct.values(), key=lambda step: -step.longest_s(sending.scale)):
            flows = step.flows
            pairs = set(zip(flows.source.tolist(), flows.target.tolist(), strict=True))
            if len(flows) * step.topology.vertices > MOST_WORK or pairs <= found.keys():
                continue
            beside = window.beside(lane, step.longest_s(sending.scale))
            fresh = route_step(step, sending.scale, beside, self.paths, self.detour)
            found.update({pair: way for pair, way in fresh.items() if pair not in found})


def _others(groups: IntArray) -> tuple[tuple[int, ...], ...]:
    """All others of each die's group, in the dies' order."""
    return tuple(
        tuple(die for die in row if die != root) for row in groups.tolist() for root in row
    )


def _is_promising(
    trees: Flows, share: float, sending: Sending, beside: FloatArray, topology: Topology
) -> bool:
    """Whether trees for `share` bytes a die are shorter than what they replace, or leave the
    hottest link less, others' bytes `beside` [links] counted.
    """
    part = sending.gathered
    moved, known = link_bytes(scale_flows(trees, share), topology), part * sending.bytes
    if moved @ topology.joule_per_bit < WORTH_ITS_BITS * (known @ topology.joule_per_bit):
        return True
    after, before = (
        float(((sent + beside) / topology.bytes_per_s).max()) for sent in (moved, known)
    )
    return after < WORTH_IT * max(before, part * sending.seconds)


def _is_better(after: list[Window], before: list[Window]) -> bool:
    """Whether windows take less time, or as long with less energy over the links."""
    seconds, least_s = (
        sum(window.times * window.seconds for window in windows) for windows in (after, before)
    )
    if seconds < WORTH_IT * least_s:
        return True
    joules, most_j = (
        sum(window.times * window.joule_bits for window in windows) for windows in (after, before)
    )
    return seconds <= least_s * (1 + SAME) and joules < WORTH_ITS_BITS * most_j


def gather_trees(
    topology: Topology,
    groups: IntArray,
    share: float,
    beside: FloatArray,
    paths: int,
    detour: int,
) -> Flows:
    """Trees from every die of `groups` [groups, members] to all others of its group, at once.

    A row's bytes are its part of a die's `share` bytes, while others send `beside` [links].
    """
    from tempstudio.core.routing.demands import Demands
    from tempstudio.core.routing.router import RouteOptions, route

    source = groups.ravel()
    targets = _others(groups)
    demands = Demands.multicast(source, targets, np.full(len(source), share))
    options = RouteOptions(max_paths=paths, max_detour=detour, programs=False, within=TIGHT)
    answer = route(topology, demands, options, beside=beside)
    rows = zip(answer.start[:-1].tolist(), answer.start[1:].tolist(), strict=True)
    edges = [answer.link[first:end].tolist() for first, end in rows]
    wanted = [targets[demand] for demand in answer.demand.tolist()]
    trees = make_trees(topology, source[answer.demand], edges, answer.fraction, wanted)
    return replace(trees, parent=answer.demand.astype(np.int32))


def route_step(step: Step, scale: float, beside: FloatArray, paths: int, detour: int) -> Pairs:
    """Paths by (source, target) for the flows of a step, while others send `beside` [links]."""
    from tempstudio.core.routing.demands import Demands
    from tempstudio.core.routing.router import RouteOptions, route

    flows = step.scaled(scale)
    ends = np.stack([flows.source, flows.target], axis=1)
    pairs, number = np.unique(ends[flows.moving], axis=0, return_inverse=True)
    amounts = np.bincount(number.ravel(), flows.bytes[flows.moving])
    demands = Demands.unicast(pairs[:, 0], pairs[:, 1], amounts)
    options = RouteOptions(max_paths=paths, max_detour=detour, programs=False, within=TIGHT)
    answer = route(step.topology, demands, options, beside=beside)
    found: dict[tuple[int, int], list[tuple[float, tuple[int, ...]]]] = {}
    for way in range(len(answer)):
        source, target = pairs[answer.demand[way]].tolist()
        links = answer.link[answer.start[way] : answer.start[way + 1]]
        found.setdefault((source, target), []).append(
            (float(answer.fraction[way]), tuple(links.tolist()))
        )
    return {pair: tuple(ways) for pair, ways in found.items()}
