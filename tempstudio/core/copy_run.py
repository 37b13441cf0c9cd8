"""One copy of a template while it runs beside strangers: its items' times as they come about."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np

from tempstudio.core.flows import Flows
from tempstudio.core.network import phase_time
from tempstudio.core.patterns import Step
from tempstudio.core.template import Event, Template, accounts
from tempstudio.core.timeline import FOREGROUND, FloatArray
from tempstudio.core.topology import Topology

EDGE = 1e-12  # share of a time within which another is the same instant
SAME = 1e-9  # times this close, counted in the copy's length, are the same


@lru_cache(maxsize=1024)
def scaled_flows(step: Step, scale: float) -> Flows:
    """A step's flows with their real bytes, made once so that what is known of them is kept."""
    return step.scaled(scale)


@dataclass(frozen=True, eq=False)
class Alone:
    """A template's items as they run alone: starts, ends and links (as bits) [items]."""

    start: FloatArray
    end: FloatArray
    links: tuple[int, ...]
    lanes: tuple[tuple[int, ...], ...]

    @cached_property
    def all_links(self) -> int:
        """All links that any item crosses."""
        total = 0
        for links in set(self.links):
            total |= links
        return total

    @cached_property
    def lane_starts(self) -> tuple[list[float], ...]:
        """Starts of each lane's items, for quick search."""
        return tuple(self.start[list(lane)].tolist() for lane in self.lanes)

    @cached_property
    def ends(self) -> list[float]:
        """Ends of the items, for quick search."""
        ends: list[float] = self.end.tolist()
        return ends

    def links_at(self, since_s: float) -> int:
        """Links of what is in flight at a time after the copy's start."""
        links = 0
        for lane, starts in zip(self.lanes, self.lane_starts, strict=True):
            place = bisect_right(starts, since_s) - 1
            if place >= 0 and since_s < self.ends[lane[place]]:
                links |= self.links[lane[place]]
        return links

    def meeting(self, links: int) -> FloatArray:
        """Starts of the items that cross some of these links, in order."""
        wanted = [i for i, mine in enumerate(self.links) if mine & links]
        return np.sort(self.start[wanted])


def alone(template: Template, topology: Topology) -> Alone:
    """A template's items as columns."""
    events = template.events
    lanes = [tuple(i for i, event in enumerate(events) if event.lane == lane) for lane in (0, 1)]
    return Alone(
        np.array([event.start_s for event in events]),
        np.array([event.end_s for event in events]),
        tuple(_links(event, topology) for event in events),
        tuple(sorted((lane for lane in lanes if lane), key=lambda lane: lane[0])),
    )


def _links(event: Event, topology: Topology) -> int:
    if event.step is None:
        return 0
    flows = event.step.flows
    return flows.link_set if phase_time(flows, topology).duration_s > 0 else 0


@dataclass(eq=False)
class CopyRun:
    """Items' starts and ends [items] from the copy's own start; as alone until told otherwise.

    `next` is the place in each lane of the item that runs or is to run next.
    """

    number: int  # of the template
    template: Template
    alone: Alone
    start_s: float
    start: FloatArray = field(init=False)
    end: FloatArray = field(init=False)
    finish: list[FloatArray] = field(init=False)
    next: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.start, self.end = self.alone.start.copy(), self.alone.end.copy()
        self.finish = [event.finish_s for event in self.template.events]
        self.next = [0] * len(self.lanes)

    @property
    def lanes(self) -> tuple[tuple[int, ...], ...]:
        """Item numbers by lane."""
        return self.alone.lanes

    @property
    def length_s(self) -> float:
        """What the copy lasts as far as is known."""
        return float(self.end.max(initial=0.0))

    @property
    def single(self) -> bool:
        """Whether nothing runs beside the foreground: then only the item at hand counts."""
        return len(self.lanes) == 1

    def seek(self, since_s: float) -> None:
        """Go to the item that runs at a time after the copy's start, or to the beginning."""
        if self.single:
            place = int(np.searchsorted(self.start, since_s, side="right")) - 1
            self.next = [max(0, place)]
        else:
            self.next = [0] * len(self.lanes)

    def flows_of(self, item: int) -> Flows | None:
        """An item's flows, if any of them takes time."""
        event = self.template.events[item]
        if event.step is None or not self.alone.links[item]:
            return None
        return scaled_flows(event.step, event.scale)

    def begin(self, lane: int, item: int, now: float) -> None:
        """An item starts; in a copy of one lane all later ones move along."""
        at = now - self.start_s
        moved = at - self.start[item]
        if self.single and moved != 0.0:
            self.start[item:] += moved
            self.end[item:] += moved
        self.start[item] = at

    def sent(self, item: int, finish_s: FloatArray) -> float:
        """All flows of an item have drained: when it ends, by the clock."""
        self.finish[item] = finish_s
        event = self.template.events[item]
        lasts = max(event.compute_s, float(finish_s.max(initial=0.0)))
        return self.start_s + float(self.start[item]) + lasts

    def finish_item(self, lane: int, item: int, now: float) -> bool:
        """An item has ended; whether its lane goes on."""
        self.end[item] = now - self.start_s
        self.next[lane] += 1
        return self.next[lane] < len(self.lanes[lane])

    @property
    def done(self) -> bool:
        """Whether all lanes have ended."""
        return all(at >= len(lane) for at, lane in zip(self.next, self.lanes, strict=True))

    @property
    def key(self) -> bytes:
        """Equal for copies whose items have the same times."""
        return self._ticks(self.start, self.end)

    @property
    def undisturbed(self) -> bool:
        """Whether all went as alone."""
        return self.key == self._ticks(self.alone.start, self.alone.end)

    def _ticks(self, *times: FloatArray) -> bytes:
        tick = SAME * max(self.template.duration_s, 1e-30)
        return (np.concatenate(times) / tick).round().astype(np.int64).tobytes()

    def as_template(self) -> Template:
        """The events as they came about."""
        events = tuple(
            replace(
                event,
                start_s=float(self.start[i]),
                end_s=float(self.end[i]),
                finish_s=self.finish[i],
            )
            for i, event in enumerate(self.template.events)
        )
        ordered = tuple(sorted(events, key=lambda event: (event.lane != FOREGROUND, event.start_s)))
        length = self.length_s
        compute, exposed, moving = accounts(ordered, length)
        return replace(
            self.template,
            duration_s=length,
            events=ordered,
            compute_s=compute,
            exposed_s=exposed,
            communication_s=moving,
        )
