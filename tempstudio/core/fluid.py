"""Event-driven fluid simulation: items that compute and send at once, sharing the links.

An item ends when its compute has ended and its last flow has arrived; until a flow has drained it
holds bandwidth on all its links at once (cut-through, SPEC 5).  Between two events (an item starts
or ends, a flow drains) all rates are constant and max-min fair: weighted by bytes inside one item,
plain between strangers, for which each item's weights are scaled to a mean of 1.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tempstudio.core.errors import InputError
from tempstudio.core.flows import Flows
from tempstudio.core.in_flight import InFlight, Observer
from tempstudio.core.network import phase_time
from tempstudio.core.topology import FloatArray, Topology

END, START = 0, 1


@dataclass(frozen=True, eq=False, slots=True)
class Item:
    """Work that computes for `compute_s` while its flows move."""

    compute_s: float
    flows: Flows | None = None


@dataclass(frozen=True, eq=False, slots=True)
class LaneTimes:
    """Times of a run of items [items]: `finish_s` has each item's flow arrivals after its start."""

    start_s: FloatArray
    duration_s: FloatArray
    finish_s: tuple[FloatArray | None, ...]

    @property
    def end_s(self) -> float:
        """When the last item ends; 0 without items."""
        return float((self.start_s + self.duration_s).max(initial=0.0))


def simulate_lanes(
    lanes: Sequence[Sequence[Item]],
    topology: Topology,
    release_s: Sequence[float] | None = None,
    observe: Observer | None = None,
) -> list[LaneTimes]:
    """Run lanes side by side, the items of a lane one after the other; one answer a lane.

    A lane starts at its `release_s` (0).  `observe(start_s, end_s, link_rate)` is told the bytes/s
    [links] of every set of items that share links, for every stretch in which they are constant;
    at no time do two sets use one link.

    >>> from tempstudio.core.machine import Wafer
    >>> from tempstudio.core.flows import make_flows
    >>> from tempstudio.core.topology import topology_of
    >>> topology = topology_of(Wafer(rows=1, cols=2))
    >>> send = Item(0.0, make_flows(topology, [0], [1], 4e6))  # 1 us alone, and 0.2 us of latency
    >>> [round(lane.end_s * 1e6, 3) for lane in simulate_lanes([[send], [send]], topology)]
    [2.2, 2.2]
    """
    counts = [len(lane) for lane in lanes]
    if release_s is not None and len(release_s) != len(lanes):
        raise InputError(f"lanes: {len(lanes)} lanes, {len(release_s)} release times")
    items = [item for lane in lanes for item in lane]
    before: list[tuple[int, ...]] = []
    release = [0.0] * len(items)
    for lane, count in enumerate(counts):
        first = len(before)
        before += [()] * min(count, 1) + [(k,) for k in range(first, first + count - 1)]
        if count and release_s is not None:
            release[first] = release_s[lane]
    times = simulate_tasks(items, before, topology, release, observe)
    answers, first = [], 0
    for count in counts:
        span = slice(first, first + count)
        answers.append(LaneTimes(times.start_s[span], times.duration_s[span], times.finish_s[span]))
        first += count
    return answers


def simulate_tasks(
    items: Sequence[Item],
    dependencies: Sequence[Sequence[int]],
    topology: Topology,
    release_s: Sequence[float] | None = None,
    observe: Observer | None = None,
) -> LaneTimes:
    """Run a graph of items: each starts once its `dependencies` (item numbers) have ended.

    No item starts before its `release_s` (0).  `InputError` for a cycle, an unknown item, or a time
    that is not a finite number from 0.
    """
    waiting, followers = _successors(items, dependencies)
    ready = [0.0] * len(items) if release_s is None else [float(t) for t in release_s]
    _check_times(items, ready)
    start_s, duration_s = np.zeros(len(items)), np.zeros(len(items))
    finish_s: list[FloatArray | None] = [None] * len(items)
    air = InFlight(topology, observe)
    events = [(ready[k], START, k) for k in range(len(items)) if not waiting[k]]
    heapq.heapify(events)
    ended = 0
    now = 0.0

    def start(k: int) -> None:
        start_s[k] = now
        flows = items[k].flows
        if flows is not None and phase_time(flows, topology).duration_s > 0:
            air.join(k, flows, now)
            return
        finish_s[k] = None if flows is None else np.zeros(len(flows))
        duration_s[k] = items[k].compute_s
        heapq.heappush(events, (now + items[k].compute_s, END, k))

    def end(k: int) -> None:
        for other in followers[k]:
            waiting[other] -= 1
            ready[other] = max(ready[other], now)
            if not waiting[other]:
                heapq.heappush(events, (ready[other], START, other))

    while events or air.crowds:
        if air.next_drain_s <= (events[0][0] if events else math.inf):
            for sent in air.drain():
                k = sent.item
                finish_s[k] = sent.finish_s
                duration_s[k] = max(items[k].compute_s, float(sent.finish_s.max()))
                heapq.heappush(events, (float(start_s[k] + duration_s[k]), END, k))
            continue
        now = events[0][0]
        while events and events[0][0] == now:  # all that happens now, then share out once
            _, kind, k = heapq.heappop(events)
            if kind == START:
                start(k)
            else:
                ended += 1
                end(k)
    if ended < len(items):
        raise InputError("tasks: some items wait for one another in a circle")
    return LaneTimes(start_s, duration_s, tuple(finish_s))


def _successors(
    items: Sequence[Item], dependencies: Sequence[Sequence[int]]
) -> tuple[list[int], list[list[int]]]:
    if len(dependencies) != len(items):
        raise InputError(f"tasks: {len(items)} items, {len(dependencies)} dependency lists")
    followers: list[list[int]] = [[] for _ in items]
    for k, before in enumerate(dependencies):
        for other in before:
            if not 0 <= other < len(items):
                raise InputError(
                    f"tasks: item {k} waits for {other}, allowed: 0 to {len(items) - 1}"
                )
            followers[other].append(k)
    return [len(before) for before in dependencies], followers


def _check_times(items: Sequence[Item], release_s: list[float]) -> None:
    if len(release_s) != len(items):
        raise InputError(f"tasks: {len(items)} items, {len(release_s)} release times")
    for what, times in (("compute", [item.compute_s for item in items]), ("release", release_s)):
        for k, time in enumerate(times):
            if not 0 <= time < math.inf:
                raise InputError(f"tasks: item {k}: {what} of {time} s, allowed: finite, from 0")
