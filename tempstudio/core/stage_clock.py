"""All pipeline stages and their hand-overs on one clock, sharing links where they meet (SPEC 5).

A stage whose links nobody else uses runs as its templates say, span after span.  It is followed
item by item only while a hand-over is under way on its links, or while one of its items meets an
item of another stage: then all that is in flight shares the links, event by event.  Copies that
come out otherwise than alone become templates of their own.  Where stages meet too often to look at
every item, the later copies are what was usual before.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tempstudio.core.copy_run import EDGE, SAME, Alone, CopyRun, alone
from tempstudio.core.handover import Handover
from tempstudio.core.in_flight import InFlight, Sending
from tempstudio.core.network import phase_time
from tempstudio.core.template import Template
from tempstudio.core.topology import FloatArray, Topology

# Events that are followed one by one, as items may meet others; a few seconds' worth.
PATIENCE = 30_000

ITEM_END, SENT, ARRIVED, TURN_END, MEETING = range(5)

Runs = Sequence[tuple[int, int]]  # template numbers with repeats
Key = tuple[bool, int, int]  # forward or backward, model chunk, micro-batch


@dataclass(frozen=True)
class Task:
    """One turn of a stage: what it runs, what it waits for, what it is then good for."""

    runs: Runs
    micro_batch: int
    after: Key | None = None  # what must be there before it starts
    gives: Key | None = None  # what is there once it has ended, or its hand-over has arrived
    send: Handover | None = None


class Usual:
    """How copies of each template came out so far."""

    def __init__(self) -> None:
        self.seen: dict[int, dict[int, tuple[float, int]]] = {}

    def saw(self, template: int, as_: int, length_s: float, times: int) -> None:
        """Copies of a template came out as another one, or as themselves."""
        rows = self.seen.setdefault(template, {})
        rows[as_] = length_s, rows.get(as_, (0.0, 0))[1] + times

    def of(self, template: int) -> int:
        """The one whose length is nearest to the mean."""
        rows = self.seen.get(template)
        if not rows:
            return template
        count = sum(times for _, times in rows.values())
        mean = sum(length * times for length, times in rows.values()) / count
        return min(rows, key=lambda number: (abs(rows[number][0] - mean), number))


class Book:
    """Who writes down what happens: spans of a stage, and hand-overs."""

    def ran(self, stage: int, template: int, start_s: float, repeats: int, task: Task) -> None:
        """`repeats` copies of a template, undisturbed."""

    def disturbed(self, stage: int, copy: CopyRun, task: Task) -> int:
        """One copy that was in somebody's way; the number of the template that it came out as."""
        return copy.number

    def waited(self, stage: int, start_s: float, end_s: float, forward: bool, task: Task) -> None:
        """A stage had nothing to do but wait for a hand-over under way."""

    def sent(self, send: Handover, start_s: float, finish_s: FloatArray, task: Task) -> None:
        """A hand-over started, and its flows arrived after `finish_s` [flows]."""


@dataclass(eq=False)
class Stage:
    """Where a stage is in its tasks: copies made of run `run`, the present one begun at `since_s`.

    `at` is the task at hand, `copy` the present copy where it does not run as alone; `followed`
    while it is stepped through item by item.
    """

    number: int
    tasks: Sequence[Task]
    at: Task = Task((), -1)
    links: int = 0  # of the task at hand
    task: int = 0
    busy: bool = False
    blocked: bool = False  # by its own hand-over
    run: int = 0
    made: int = 0
    since_s: float = 0.0
    copy: CopyRun | None = None
    followed: bool = False
    version: int = 0
    free_s: float = 0.0

    def runs_on(self, now: float, templates: Sequence[Template]) -> bool:
        """Whether the present copy, as alone, surely lasts beyond now."""
        if self.copy is not None or self.run >= len(self.at.runs):
            return False
        length = templates[self.at.runs[self.run][0]].duration_s
        return now < self.since_s + length * (1 - SAME)


@dataclass(eq=False)
class Underway:
    """A hand-over on its way; `solo` while nobody else is on its links."""

    send: Handover
    task: Task
    start_s: float
    solo: bool


class StageClock:
    """Runs every stage's tasks; `templates` may be added to by the book, not changed."""

    def __init__(
        self,
        tasks: Sequence[Sequence[Task]],
        templates: Sequence[Template],
        topology: Topology,
        book: Book,
    ) -> None:
        self.templates, self.topology, self.book = templates, topology, book
        self.now = 0.0
        self.air = InFlight(topology, None)
        self.events: list[tuple[float, int, int, tuple[int, ...]]] = []
        self.count = 0
        self.there: dict[Key, tuple[float, bool]] = {}  # key: (since when, by a hand-over)
        self.underway: dict[int, Underway] = {}
        self.arriving: dict[int, Underway] = {}
        self.items: dict[int, tuple[Stage, CopyRun, int, int]] = {}
        self.columns: dict[int, Alone] = {}
        self.links: dict[Runs, int] = {}
        self.meets: dict[tuple[int, int], FloatArray] = {}
        self.usual = Usual()
        self.patience = PATIENCE if len(tasks) > 1 else 0
        self.stages = [Stage(i, line) for i, line in enumerate(tasks)]
        masks = [_union(map(self._links_of, line)) for line in tasks]
        self.meeting = [
            mask & _union(other for k, other in enumerate(masks) if k != i)
            for i, mask in enumerate(masks)
        ]

    def _alone(self, number: int) -> Alone:
        if number not in self.columns:
            self.columns[number] = alone(self.templates[number], self.topology)
        return self.columns[number]

    def _links_of(self, task: Task) -> int:
        """All links that a task uses; none where there is only one stage, which meets nobody."""
        if len(self.stages) < 2:
            return 0
        runs = tuple(task.runs)
        if runs not in self.links:
            self.links[runs] = _union(self._alone(number).all_links for number, _ in runs)
        return self.links[runs]

    def run(self) -> float:
        """Run everything; when the last stage is done."""
        handlers: dict[int, Callable[[tuple[int, ...]], None]] = {
            ITEM_END: self._item_ended,
            SENT: self._solo_sent,
            ARRIVED: self._arrived,
            TURN_END: self._turn_ended,
            MEETING: self._may_meet,
        }
        for stage in self.stages:
            self._try(stage)
        while self.events or self.air.crowds:
            if self.air.crowds and self.air.next_drain_s <= self._next_s():
                self._drain()
                continue
            self.now, kind, _, what = heapq.heappop(self.events)
            handlers[kind](what)
        if any(stage.task < len(stage.tasks) for stage in self.stages):
            raise AssertionError("the pipeline order waits for itself")
        return max((stage.free_s for stage in self.stages), default=0.0)

    def _next_s(self) -> float:
        return self.events[0][0] if self.events else math.inf

    def _post(self, time_s: float, kind: int, *what: int) -> None:
        self.count += 1
        heapq.heappush(self.events, (time_s, kind, self.count, what))

    # -- turns

    def _try(self, stage: Stage) -> None:
        """Start the stage's next task if it is free and what it waits for is there."""
        if stage.busy or stage.blocked or stage.task >= len(stage.tasks):
            return
        stage.at = task = self._as_usual(stage.tasks[stage.task])
        if task.after is not None:
            if task.after not in self.there:
                return
            sent_s, by_handover = self.there[task.after]
            waits_from = max(stage.free_s, sent_s)
            if by_handover and self.now > waits_from:
                self.book.waited(stage.number, waits_from, self.now, task.after[0], task)
        stage.busy, stage.run, stage.made = True, 0, 0
        stage.links = self._links_of(task)
        stage.since_s, stage.copy, stage.followed = self.now, None, False
        if self._has_company(stage):
            self._follow(stage, self.now)
        if not stage.followed:
            self._let_run(stage, self.now)

    def _as_usual(self, task: Task) -> Task:
        """Out of patience, stages run the copies that were usual before: meetings repeat."""
        if self.patience > 0 or not any(self.meeting):
            return task
        return replace(task, runs=tuple((self.usual.of(k), times) for k, times in task.runs))

    def _let_run(self, stage: Stage, from_s: float) -> None:
        """Nobody is in the way: the turn's end is known, and the next item that may meet one."""
        stage.version += 1
        self._post(self._turn_end_s(stage), TURN_END, stage.number, stage.version)
        if self.meeting[stage.number] and self.patience > 0:
            meeting_s = self._next_meeting_s(stage, from_s)
            if meeting_s is not None:
                self._post(meeting_s, MEETING, stage.number, stage.version)

    def _turn_end_s(self, stage: Stage) -> float:
        runs = stage.at.runs
        if stage.run >= len(runs):
            return stage.since_s
        number, repeats = runs[stage.run]
        left = repeats - stage.made - (stage.copy is not None)
        end = stage.since_s + (stage.copy.length_s if stage.copy else 0.0)
        end += left * self.templates[number].duration_s
        return end + sum(self.templates[k].duration_s * n for k, n in runs[stage.run + 1 :])

    def _turn_ended(self, what: tuple[int, ...]) -> None:
        stage = self.stages[what[0]]
        if stage.busy and not stage.followed and what[1] == stage.version:
            self._advance(stage, math.inf)
            self._end_turn(stage)

    def _end_turn(self, stage: Stage) -> None:
        task = stage.at
        stage.busy, stage.followed, stage.free_s = False, False, self.now
        stage.version += 1
        stage.task += 1
        if task.send is not None:
            stage.blocked = task.send.blocking
            self._send(task, task.send)
        elif task.gives is not None:
            self.there[task.gives] = self.now, False
        for other in (stage, *(self.stages if task.send is None else ())):
            self._try(other)

    def _advance(self, stage: Stage, until_s: float) -> None:
        """Write down the copies that have ended by a time, as alone or as they came about."""
        runs = stage.at.runs
        while stage.run < len(runs):
            number, repeats = runs[stage.run]
            if stage.copy is not None:
                if stage.since_s + stage.copy.length_s * (1 - EDGE) > until_s:
                    return
                self._close_copy(stage, stage.since_s + stage.copy.length_s)
                continue
            length, left = self.templates[number].duration_s, repeats - stage.made
            if length > 0 and until_s < math.inf:
                left = min(left, int((until_s - stage.since_s) / length + EDGE * repeats))
            if left > 0:
                self.book.ran(stage.number, number, stage.since_s, left, stage.at)
                self.usual.saw(number, number, length, left)
                stage.made += left
                stage.since_s += left * length
            if stage.made < repeats:
                return
            stage.run, stage.made = stage.run + 1, 0

    def _close_copy(self, stage: Stage, end_s: float) -> None:
        assert stage.copy is not None
        number = self.book.disturbed(stage.number, stage.copy, stage.at)
        self.usual.saw(stage.copy.number, number, self.templates[number].duration_s, 1)
        stage.copy, stage.since_s = None, end_s
        stage.made += 1
        if stage.made == stage.at.runs[stage.run][1]:
            stage.run, stage.made = stage.run + 1, 0

    # -- item by item

    def _follow(self, stage: Stage, now: float) -> None:
        """Step through the stage's items from now on."""
        self._advance(stage, now)
        if stage.run >= len(stage.at.runs):
            return  # its turn ends this very moment
        if stage.copy is None:
            number = stage.at.runs[stage.run][0]
            stage.copy = CopyRun(number, self.templates[number], self._alone(number), stage.since_s)
        stage.followed = True
        stage.version += 1
        copy = stage.copy
        copy.seek(now - stage.since_s + EDGE * now)
        self._replay(stage, copy, now)

    def _replay(self, stage: Stage, copy: CopyRun, now: float) -> None:
        """What the copy has in flight now, as it came about while it was alone."""
        everyone, clock = (self.air, self.events), self.now
        self.air, self.events = InFlight(self.topology, None, self.air), []
        if not copy.lanes:
            self._post(copy.start_s, ITEM_END, stage.number, stage.version, -1, -1)
        for lane, items in enumerate(copy.lanes):
            first = items[copy.next[lane]]
            at = copy.start_s + (float(copy.start[first]) if copy.single else 0.0)
            self._start_item(stage, copy, lane, first, min(at, now), alone=True)
        while stage.copy is copy and min(self.air.next_drain_s, self._next_s()) < now:
            if self.air.next_drain_s <= self._next_s():
                self._drain()
            else:
                self.now, _, _, what = heapq.heappop(self.events)
                self._item_ended(what, alone=True)
        alone, events = self.air, self.events
        (self.air, self.events), self.now = everyone, clock
        self._wake(stage.links)
        self.air.adopt(alone, now)
        for event in events:
            heapq.heappush(self.events, event)

    def _start_item(
        self, stage: Stage, copy: CopyRun, lane: int, item: int, now: float, alone: bool = False
    ) -> None:
        copy.begin(lane, item, now)
        flows = copy.flows_of(item)
        event = copy.template.events[item]
        if flows is None:
            self._post(now + event.compute_s, ITEM_END, stage.number, stage.version, lane, item)
            return
        if not alone:
            self._disturb(stage, flows.link_set)
        self.count += 1
        self.items[self.count] = stage, copy, lane, item
        self.air.join(self.count, flows, now)

    def _item_ended(self, what: tuple[int, ...], alone: bool = False) -> None:
        stage, version, lane, item = self.stages[what[0]], *what[1:]
        copy = stage.copy
        if not stage.followed or version != stage.version or copy is None:
            return
        if item >= 0 and copy.finish_item(lane, item, self.now):
            if not alone and copy.single and not self._has_company(stage):
                copy.begin(lane, copy.lanes[lane][copy.next[lane]], self.now)
                stage.followed = False
                self._let_run(stage, self.now)
                return
            self._start_item(stage, copy, lane, copy.lanes[lane][copy.next[lane]], self.now, alone)
            return
        if item < 0 or copy.done:
            self._end_copy(stage)

    def _end_copy(self, stage: Stage) -> None:
        self._close_copy(stage, self.now)
        if stage.run >= len(stage.at.runs):
            self._end_turn(stage)
        elif self._has_company(stage):
            self._follow(stage, self.now)
        else:
            stage.followed = False
            self._let_run(stage, self.now)

    def _drain(self) -> None:
        self.patience -= 1
        for sent in self.air.drain():
            self._drained(sent)

    def _drained(self, sent: Sending) -> None:
        if sent.item in self.underway:
            self._landed(sent.item, sent.finish_s)
            return
        stage, copy, lane, item = self.items.pop(sent.item)
        end_s = copy.sent(item, sent.finish_s)
        self._post(end_s, ITEM_END, stage.number, stage.version, lane, item)

    # -- hand-overs

    def _send(self, task: Task, send: Handover) -> None:
        links = send.flows.link_set
        company = self._disturb(None, links)
        company |= any(crowd.links & links for crowd in self.air.crowds)
        company |= any(stage.busy and stage.links & links for stage in self.stages)
        self.count += 1
        self.underway[self.count] = Underway(send, task, self.now, not company)
        phase = phase_time(send.flows, self.topology)
        if company and phase.duration_s > 0:
            self.air.join(self.count, send.flows, self.now)
        else:
            self._post(self.now + float(phase.drain_s.max(initial=0.0)), SENT, self.count)

    def _solo_sent(self, what: tuple[int, ...]) -> None:
        found = self.underway.get(what[0])
        if found is not None and found.solo:
            self._landed(what[0], phase_time(found.send.flows, self.topology).finish_s)

    def _landed(self, number: int, finish_s: FloatArray) -> None:
        found = self.underway.pop(number)
        self.book.sent(found.send, found.start_s, finish_s, found.task)
        arrives_s = found.start_s + float(finish_s.max(initial=0.0))
        self.count += 1
        self.arriving[self.count] = found
        self._post(max(arrives_s, self.now), ARRIVED, self.count)

    def _arrived(self, what: tuple[int, ...]) -> None:
        found = self.arriving.pop(what[0])
        if found.task.gives is not None:
            self.there[found.task.gives] = found.start_s, True
        sender = self.stages[found.send.stage]
        if found.send.blocking:
            sender.blocked = False
            self.book.waited(sender.number, sender.free_s, self.now, found.send.forward, found.task)
            sender.free_s = self.now
            self._try(sender)
        self._try(self.stages[found.send.towards])

    # -- company

    def _has_company(self, stage: Stage) -> bool:
        """Whether a hand-over is under way on the stage's links."""
        return any(sent.send.flows.link_set & stage.links for sent in self.underway.values())

    def _disturb(self, me: Stage | None, links: int) -> bool:
        """Follow whoever is on these links now; whether anyone is.

        A hand-over (`me` None) disturbs stages for as long as it lasts, an item of a stage only who
        has an item on these links.
        """
        found = self._wake(links)
        for other in self.stages:
            if other is me or not other.busy or other.followed or not other.links & links:
                continue
            if me is None or self._current(other) & links:
                self._follow(other, self.now)
                found = True
        return found

    def _wake(self, links: int) -> bool:
        """Hand-overs that had these links to themselves get company; whether there are any."""
        found = False
        for number, sent in self.underway.items():
            if sent.solo and sent.send.flows.link_set & links:
                sent.solo, found = False, True
                self.air.join(number, sent.send.flows, sent.start_s)
        return found

    def _current(self, stage: Stage) -> int:
        """Links of what the stage, let run, has in flight now."""
        if not stage.runs_on(self.now, self.templates):
            self._advance(stage, self.now)
        if stage.run >= len(stage.at.runs):
            return 0
        at, copy = self.now - stage.since_s + EDGE * self.now, stage.copy
        if copy is None:
            return self._alone(stage.at.runs[stage.run][0]).links_at(at)
        running = np.flatnonzero((copy.start <= at) & (at < copy.end))
        return _union(copy.alone.links[item] for item in running.tolist())

    def _next_meeting_s(self, stage: Stage, from_s: float, after: bool = False) -> float | None:
        """When the stage, let run, next starts an item on links that other stages use as well."""
        runs, since = stage.at.runs, stage.since_s
        run, made, copy = stage.run, stage.made, stage.copy
        while run < len(runs):
            number, repeats = runs[run]
            length = self.templates[number].duration_s
            starts = self._meeting_starts(stage, number)
            if copy is not None and len(starts):
                links = self.meeting[stage.number]
                starts = copy.start[[i for i, on in enumerate(copy.alone.links) if on & links]]
            edge = EDGE * max(length, from_s)
            while made < repeats and len(starts):
                place = int(
                    np.searchsorted(starts, from_s - since + (edge if after else -edge), "right")
                )
                if place < len(starts):
                    return since + float(starts[place])
                since += copy.length_s if copy else length
                made, copy, starts = made + 1, None, self._meeting_starts(stage, number)
            left = repeats - made
            since += (copy.length_s - length if copy and left else 0.0) + left * length
            run, made, copy = run + 1, 0, None
        return None

    def _meeting_starts(self, stage: Stage, number: int) -> FloatArray:
        key = stage.number, number
        if key not in self.meets:
            self.meets[key] = self._alone(number).meeting(self.meeting[stage.number])
        return self.meets[key]

    def _may_meet(self, what: tuple[int, ...]) -> None:
        """An item of a stage that is let run starts on links that others use too."""
        stage = self.stages[what[0]]
        if not stage.busy or stage.followed or what[1] != stage.version:
            return
        self.patience -= 1
        links = self._current(stage)
        others = [other for other in self.stages if other is not stage and other.busy]
        company = any(crowd.links & links for crowd in self.air.crowds) or any(
            not other.followed and other.links & links and self._current(other) & links
            for other in others
        )
        if company:
            self._disturb(stage, links)
            self._follow(stage, self.now)
            return
        meeting_s = self._next_meeting_s(stage, self.now, after=True)
        if meeting_s is not None:
            self._post(meeting_s, MEETING, stage.number, stage.version)


def _union(masks: Iterable[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total
